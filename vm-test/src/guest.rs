// SPDX-License-Identifier: BSD-2-Clause
//! What a scenario does in the guest, in the words a story is told with.

use crate::{
    console,
    machine::{Machine, Output},
};
use anyhow::{bail, ensure, Context, Result};
use end_to_end::programs::accounted;
use std::{
    thread,
    time::{Duration, Instant},
};

/// Our module's place in the guest, and base's.
pub const OURS: &str = "/tmp/modules/ng_netflow.ko";
/// See [`OURS`].
pub const BASE: &str = "/boot/kernel/ng_netflow.ko";
/// The module that only tests have: faults and packets on demand.
const TEST: &str = "/mnt/modules/vmtest.ko";

/// The host's loopback, as the guest reaches it.
pub const HOST: &str = "10.0.2.2";

/// A booted FreeBSD, in which a scenario runs.
pub struct Guest {
    machine: Machine,
    deadline: Instant,
    jobs: Vec<u32>,
    notes: Vec<String>,
    /// How much of the console has been judged.
    heard: usize,
    /// See [`Guest::slowness`].
    slowness: u32,
}

/// A scenario cannot be told on this kernel, for this reason.
#[derive(Debug)]
pub struct NotRun(pub &'static str);

impl std::fmt::Display for NotRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotRun {}

/// An epair: one end here with 192.168.1.1, the other with 192.168.1.2 in a
/// jail named `far` that has a network stack of its own.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The end on this side, such as `epair0a`.
    pub near: String,
    /// The end in the jail.
    pub far: String,
    /// This side's interface index.
    pub index: u16,
}

impl Guest {
    /// The guest on this machine.
    pub fn new(machine: Machine, slowness: u32) -> Self {
        Guest {
            machine,
            deadline: Instant::now() + Duration::from_secs(60),
            jobs: Vec::new(),
            notes: Vec::new(),
            heard: 0,
            slowness,
        }
    }

    /// The machine it runs on.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// How much longer everything may take.
    pub fn limit(&mut self, limit: Duration) {
        self.deadline = Instant::now() + limit;
    }

    /// How many times longer things take here than in a kernel as it is shipped.
    pub fn slowness(&self) -> u32 {
        self.slowness
    }

    /// Runs a shell command.
    pub fn run(&mut self, command: &str) -> Result<Output> {
        self.machine.run(command, self.deadline)
    }

    /// Runs a shell command that must succeed. What it wrote.
    pub fn ok(&mut self, command: &str) -> Result<String> {
        let output = self.run(command)?;
        ensure!(
            output.status == 0,
            "$ {command}\n{}[exit {}]",
            output.text(),
            output.status
        );
        Ok(output.text())
    }

    /// Runs a command that must succeed and write this, among others.
    pub fn expect(&mut self, command: &str, text: &str) -> Result<String> {
        let written = self.ok(command)?;
        ensure!(
            written.contains(text),
            "no \"{text}\" from\n$ {command}\n{written}"
        );
        Ok(written)
    }

    /// Runs a command that must fail and say this.
    pub fn refused(&mut self, command: &str, text: &str) -> Result<()> {
        let output = self.run(command)?;
        ensure!(
            output.status != 0 && output.text().contains(text),
            "not refused with \"{text}\":\n$ {command}\n{}[exit {}]",
            output.text(),
            output.status
        );
        Ok(())
    }

    /// Repeats a command until it writes this; for `seconds` at most.
    pub fn until(&mut self, command: &str, text: &str, seconds: u64) -> Result<String> {
        let deadline = Instant::now() + Duration::from_secs(seconds) * self.slowness;
        loop {
            let output = self.run(command)?;
            if output.text().contains(text) {
                return Ok(output.text());
            }
            if Instant::now() > deadline {
                bail!(
                    "after {seconds} s still no \"{text}\" from\n$ {command}\n{}",
                    output.text()
                );
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Starts a command that goes on beside the story, silently, until it ends
    /// or [`stop`](Self::stop) or the scenario does.
    pub fn beside(&mut self, command: &str) -> Result<u32> {
        let pid = self.ok(&format!("({command}) > /dev/null 2>&1 & echo $!"))?;
        let pid = pid.trim().parse().context("a process ID")?;
        self.jobs.push(pid);
        Ok(pid)
    }

    /// Ends what goes on beside.
    pub fn stop(&mut self) -> Result<()> {
        for pid in std::mem::take(&mut self.jobs) {
            self.halt(pid)?;
        }
        Ok(())
    }

    /// Ends one of them, and its children, and waits until it is gone.
    pub fn halt(&mut self, pid: u32) -> Result<()> {
        self.run(&format!(
            "pkill -P {pid}; kill {pid}; while kill -0 {pid} 2> /dev/null; do sleep 0.05; done"
        ))?;
        Ok(())
    }

    /// Lets time pass.
    pub fn wait(&self, milliseconds: u64) {
        thread::sleep(Duration::from_millis(milliseconds));
    }

    /// Goes on only where the kernel has a sysctl of this name.
    pub fn needs(&mut self, sysctl: &str, why: &'static str) -> Result<()> {
        match self.has(sysctl)? {
            true => Ok(()),
            false => Err(NotRun(why).into()),
        }
    }

    /// Whether the kernel has a sysctl of this name.
    pub fn has(&mut self, sysctl: &str) -> Result<bool> {
        Ok(self.run(&format!("sysctl -n {sysctl}"))?.status == 0)
    }

    /// What the kernel has complained of since the scenario began,
    /// but for what was [expected](Self::complains).
    pub fn complaints(&self) -> Vec<String> {
        console::complaints(&self.machine.console.since(self.heard))
    }

    /// The kernel complains of this now, as it should.
    pub fn complains(&mut self, what: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(10) * self.slowness;
        loop {
            if self
                .complaints()
                .iter()
                .any(|complaint| complaint.contains(what))
            {
                // The rest of it.
                self.wait(500);
                self.heard = self.machine.console.len();
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the kernel does not complain of {what}"
            );
            self.wait(100);
        }
    }

    /// Something worth a place in the scenario's line of the report.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The notes so far.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Loads a module by its path, and makes sure that it is this one.
    pub fn load(&mut self, module: &str) -> Result<()> {
        self.ok(&format!("kldload {module}"))?;
        self.is_loaded(module)
    }

    /// Loads the module that only tests have.
    pub fn load_test(&mut self) -> Result<()> {
        if self.run(&format!("test -f {TEST}"))?.status != 0 {
            return Err(NotRun("needs vmtest.ko, which is built from Debian only").into());
        }
        self.ok(&format!("kldload {TEST}"))?;
        Ok(())
    }

    /// The `ng_netflow.ko` that is loaded is this one.
    pub fn is_loaded(&mut self, module: &str) -> Result<()> {
        self.expect("kldstat -v -n ng_netflow.ko", &format!("({module})"))
            .map(|_| ())
    }

    /// An epair with a jail behind it.
    pub fn pair(&mut self) -> Result<Pair> {
        let near = self.ok("ifconfig epair create")?.trim().to_string();
        let far = format!("{}b", near.trim_end_matches('a'));
        self.ok(&format!(
            "jail -c name=far vnet persist path=/ vnet.interface={far} &&
            jexec far ifconfig lo0 inet 127.0.0.1/8 up &&
            jexec far ifconfig {far} inet 192.168.1.2/24 up &&
            ifconfig {near} inet 192.168.1.1/24 up"
        ))?;
        self.until("ping -c 1 -t 1 192.168.1.2 2>&1", "1 packets received", 10)?;
        let index = format!(
            "netstat -I {near} -n -b -W -f link | sed -n 's/.*<Link#\\([0-9]*\\)>.*/\\1/p'"
        );
        let index = self
            .ok(&index)?
            .trim()
            .parse()
            .context("an interface index")?;
        Ok(Pair { near, far, index })
    }

    /// Removes that jail. Its network stack is gone then, not only its name.
    pub fn remove_jail(&mut self) -> Result<()> {
        let jid = self.ok("jls -j far jid")?;
        self.ok("jail -r far")?;
        let left = format!("jls -d jid | grep -cx {}", jid.trim());
        self.until(&left, "0", 10)?;
        Ok(())
    }

    /// Runs an ngctl script with base's ngctl.
    pub fn ngctl(&mut self, script: &str) -> Result<String> {
        let script = script.trim().replace('\'', "'\\''");
        self.ok(&format!(
            "echo '{script}' > /tmp/script && ngctl -f /tmp/script"
        ))
    }

    /// The accounts that nodes have logged at their end since the scenario
    /// began, oldest first.
    pub fn accounts(&mut self) -> Result<Vec<String>> {
        let log = self.ok("dmesg")?;
        let accounts = log.lines().filter_map(|line| {
            let (_, by) = line.split_once("ng_netflow: [")?;
            let (_, account) = by.split_once("]: ")?;
            let is_first = account.starts_with("packets received=");
            is_first.then(|| account.to_string())
        });
        Ok(accounts.collect())
    }

    /// The one account that there is now.
    pub fn account(&mut self) -> Result<Account> {
        let mut accounts = self.accounts()?;
        let last = accounts.pop().context("no node has logged an account")?;
        Ok(Account(last))
    }

    /// Octets that the module's kinds of memory take.
    pub fn memory(&mut self) -> Result<u64> {
        let table = self.ok("vmstat -m")?;
        let of = table
            .lines()
            .filter(|line| line.trim_start().starts_with("netflow"));
        of.map(|line| {
            // Type InUse MemUse Requests Size(s)
            let memory = line.split_whitespace().nth(2).unwrap_or_default();
            memory.parse::<u64>().with_context(|| line.to_string())
        })
        .sum()
    }

    /// Before a scenario: our module, and an empty kernel log.
    pub fn begin(&mut self) -> Result<()> {
        self.heard = self.machine.console.len();
        self.ok("sysctl kern.msgbuf_clear=1
            for module in ng_socket ng_ether ng_tee ng_hub ng_ksocket if_epair; do
                kldload -n /tmp/modules/$module.ko 2>&1 || kldstat -q -m $module || exit
            done")?;
        self.load(OURS)
    }

    /// After a scenario: nothing of it may be left, and no packet be missing.
    pub fn end(&mut self) -> Result<()> {
        self.stop()?;
        self.is_loaded(OURS)?;
        self.ok(
            "for jail in $(jls name); do jail -r $jail; done
            for node in $(ngctl list | awk '$4 == \"netflow\" { print $6 }'); do
                ngctl shutdown [$node]:
            done
            for if in $(ifconfig -g epair | grep 'a$'); do ifconfig $if destroy; done
            for node in $(ngctl list | awk '$4 == \"tee\" || $4 == \"ksocket\" || $4 == \"hub\" { print $6 }'); do
                ngctl shutdown [$node]:
            done; true",
        )?;
        self.until("kldunload ng_netflow 2>&1 && echo gone", "gone", 20)
            .context("the module cannot be unloaded after the scenario")?;
        for account in self.accounts()? {
            ensure!(account.contains(" unaccounted=0 "), "{account}");
        }
        Ok(())
    }
}

/// What a node logged when it closed.
pub struct Account(String);

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Account {
    /// A number of it: 0 for a reason that never occurred.
    pub fn packets(&self, name: &str) -> Result<u64> {
        accounted(&self.0, name)
    }

    /// Packets that were dropped or refused for a reason, which must be some.
    pub fn has(&self, name: &str) -> Result<u64> {
        let packets = self.packets(name)?;
        ensure!(packets > 0, "no {name} in: {}", self.0);
        Ok(packets)
    }
}

impl Output {
    /// What was written, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}
