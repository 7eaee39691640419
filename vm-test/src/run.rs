// SPDX-License-Identifier: BSD-2-Clause
//! One scenario after the other, a line for each.

use crate::{
    drive,
    guest::{Guest, NotRun},
    machine::{Machine, Needs},
    scenarios::{Scenario, ALL},
    system::System,
};
use anyhow::{ensure, Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Lines of the console that a failure shows.
const TAIL: usize = 60;

/// What to run, where.
pub struct Plan {
    pub system: System,
    /// How many times longer than usual it may take.
    pub slowness: u32,
    pub module: PathBuf,
    /// Faults and packets on demand; some scenarios need it.
    pub test_module: PathBuf,
    pub programs: PathBuf,
    /// Where logs of failures go, and the console of each boot.
    pub logs: PathBuf,
    /// Names of scenarios; all if empty.
    pub wanted: Vec<String>,
}

/// Runs the scenarios. Whether all passed.
pub fn all(plan: &Plan) -> Result<bool> {
    for name in &plan.wanted {
        let known = ALL.iter().any(|scenario| scenario.name == name);
        ensure!(known, "there is no scenario {name}; --list shows them");
    }
    let is_wanted = |scenario: &&Scenario| {
        plan.wanted.is_empty() && !scenario.is_bench
            || plan.wanted.iter().any(|name| name == scenario.name)
    };

    let begun = Instant::now();
    let mut lab = Lab::new(plan)?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for scenario in ALL.iter().filter(is_wanted) {
        let can_set = matches!(plan.system, System::Direct { .. });
        if !scenario.kenv.is_empty() && !can_set {
            println!(
                "{:<16} not run: needs VM_KERNEL, to set {}",
                scenario.name,
                scenario.kenv.join(" ")
            );
            skipped += 1;
            continue;
        }
        let from = Instant::now();
        match lab.run(scenario) {
            Ok(notes) => {
                passed += 1;
                println!(
                    "{:<16} ok, {} s{notes}",
                    scenario.name,
                    from.elapsed().as_secs()
                );
            }
            Err(error) if error.is::<NotRun>() => {
                skipped += 1;
                println!("{:<16} not run: {error}", scenario.name);
            }
            Err(error) => {
                failed += 1;
                println!(
                    "{:<16} FAILED, {} s",
                    scenario.name,
                    from.elapsed().as_secs()
                );
                lab.post_mortem(scenario, &error)?;
            }
        }
    }
    lab.keep_console()?;
    let skipped = match skipped {
        0 => String::new(),
        count => format!(", {count} not run"),
    };
    println!(
        "{passed} passed, {failed} failed{skipped}, {} s",
        begun.elapsed().as_secs()
    );
    Ok(failed == 0)
}

/// The drive, and the machine that is running, if one is.
struct Lab<'a> {
    plan: &'a Plan,
    scratch: TempDir,
    drive: PathBuf,
    /// The guest, and what it was booted with.
    guest: Option<(Guest, Needs)>,
    boots: u32,
}

impl<'a> Lab<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let tests = &plan.test_module;
        let drive = drive::make(&plan.module, tests, &plan.programs, scratch.path())?;
        Ok(Lab {
            plan,
            scratch,
            drive,
            guest: None,
            boots: 0,
        })
    }

    fn log(&self) -> PathBuf {
        self.scratch.path().join("console.log")
    }

    /// Runs one scenario, in a machine that no failed one has been in. What it
    /// noted.
    fn run(&mut self, scenario: &Scenario) -> Result<String> {
        let slowness = self.plan.slowness;
        let guest = match &mut self.guest {
            Some((guest, needs)) if *needs == scenario.needs() => guest,
            _ => {
                self.keep_console()?;
                self.guest = None;
                self.boot(scenario.needs())?
            }
        };
        let limit = match guest.machine().accelerator {
            "KVM" => scenario.limit.div_ceil(2),
            _ => scenario.limit,
        };
        guest.limit(Duration::from_secs(limit) * slowness);
        guest.begin()?;
        let told = (scenario.story)(guest);
        if told.as_ref().is_err_and(|error| !error.is::<NotRun>()) {
            return told.map(|()| String::new());
        }
        guest.end()?;
        let complaints = guest.complaints();
        ensure!(
            complaints.is_empty(),
            "the kernel complains:\n{}",
            complaints.join("\n\n")
        );
        told?;
        let notes = guest.take_notes().into_iter();
        Ok(notes.map(|note| format!("; {note}")).collect())
    }

    fn boot(&mut self, needs: Needs) -> Result<&mut Guest> {
        let from = Instant::now();
        let machine = Machine::boot(&self.plan.system, &self.drive, needs, &self.log())
            .context("FreeBSD does not boot")?;
        let mut guest = Guest::new(machine, self.plan.slowness);
        if self.boots == 0 {
            let version = guest.ok("uname -v; sysctl -n kern.osreldate")?;
            let version: Vec<&str> = version.split_whitespace().collect();
            let accelerator = guest.machine().accelerator;
            println!(
                "booted in {} s with {accelerator}: {}",
                from.elapsed().as_secs(),
                version.join(" ")
            );
        }
        self.boots += 1;
        Ok(&mut self.guest.insert((guest, needs)).0)
    }

    /// Keeps what the running machine has said so far.
    fn keep_console(&self) -> Result<()> {
        if self.guest.is_some() {
            fs::create_dir_all(&self.plan.logs)?;
            let kept = format!("boot-{}.log", self.boots);
            keep(&self.log(), &self.plan.logs.join(kept))?;
        }
        Ok(())
    }

    /// Shows why a scenario failed and what the console said last, keeps the
    /// log and gives up the machine.
    fn post_mortem(&mut self, scenario: &Scenario, error: &anyhow::Error) -> Result<()> {
        indented(&format!("{error:#}"));
        if let Some((guest, _)) = self.guest.take() {
            guest.machine().console.last_words();
        }
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        println!("    the console's last {TAIL} lines:");
        indented(&lines[lines.len().saturating_sub(TAIL)..].join("\n"));
        fs::create_dir_all(&self.plan.logs)?;
        let kept = self.plan.logs.join(format!("{}.log", scenario.name));
        keep(&self.log(), &kept)?;
        println!("    all of it: {}", kept.display());
        Ok(())
    }
}

fn keep(log: &Path, kept: &Path) -> Result<()> {
    fs::copy(log, kept).with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(())
}

fn indented(text: &str) {
    for line in text.lines() {
        println!("    {line}");
    }
}
