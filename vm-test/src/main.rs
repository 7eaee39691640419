// SPDX-License-Identifier: BSD-2-Clause
//! Boots FreeBSD in QEMU, loads the module there and runs the scenarios.
//!
//! `vm-test` is the host's half; [`vm-guest`](../guest) is what it talks to
//! inside, over the second serial line. The first is the console, which says
//! whether the kernel is well.

mod collectors;
mod console;
mod count;
mod drive;
mod fetch;
mod guest;
mod load;
mod machine;
mod made;
mod run;
mod scenarios;
mod system;

use anyhow::Result;
use clap::Parser;
use std::{path::PathBuf, process::ExitCode};
use system::{Flavour, System};

/// No FreeBSD is at hand: the scenarios were not run. sysexits(3).
const EX_TEMPFAIL: u8 = 75;

/// The command line.
#[derive(Parser)]
#[command(about = "Runs ng_netflow.ko in a FreeBSD kernel under QEMU")]
struct Options {
    /// Scenarios to run; all of them if none is named
    scenarios: Vec<String>,
    /// List the scenarios and end
    #[arg(long)]
    list: bool,
    /// Without a system at hand say so and succeed; fetch nothing
    #[arg(long)]
    if_available: bool,
    /// Say which system would be booted and end
    #[arg(long)]
    which: bool,
    /// The kernel: debug and kasan are those with checks
    #[arg(long, value_enum, default_value = "plain")]
    kernel: Flavour,
    /// The module
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// The module that only tests need
    #[arg(long, value_name = "FILE")]
    test_module: Option<PathBuf>,
    /// The folder of FreeBSD programs
    #[arg(long, value_name = "FOLDER", default_value = "build/freebsd")]
    programs: PathBuf,
    /// Where console logs are kept
    #[arg(long, value_name = "FOLDER", default_value = "build/vm-test")]
    logs: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("vm-test: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &Options) -> Result<ExitCode> {
    if options.list {
        for scenario in scenarios::ALL {
            println!("{:<16} {}", scenario.name, scenario.proves);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let flavour = options.kernel;
    let system = match system::at_hand(flavour)? {
        Some(system) => system,
        None if options.if_available => {
            println!("vm-test: not run");
            return Ok(ExitCode::SUCCESS);
        }
        None if flavour != Flavour::Plain => {
            let (ending, suffix) = (flavour.ending(), flavour.suffix());
            eprintln!(
                "vm-test: not run: no kernel{ending}: FreeBSD publishes none with checks; \
                 VM_KERNEL{suffix} and VM_ROOT{suffix} name one"
            );
            return Ok(ExitCode::from(EX_TEMPFAIL));
        }
        None => match system::official() {
            Ok(system) => system,
            Err(error) if error.is::<fetch::Unreachable>() => return Ok(not_run(&error)),
            Err(error) => return Err(error),
        },
    };
    if options.which {
        match system {
            System::Direct { kernel, root } => {
                println!("kernel {}, root {}", kernel.display(), root.display());
            }
            System::Image(image) => println!("disk image {}", image.display()),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let kmod = format!("kmod{}", flavour.ending());
    let built = PathBuf::from("build").join(&kmod);
    let named = |path: &Option<PathBuf>, name| path.clone().unwrap_or_else(|| built.join(name));
    let passed = run::all(&run::Plan {
        system,
        slowness: flavour.slowness(),
        module: named(&options.module, "ng_netflow.ko"),
        test_module: named(&options.test_module, "vmtest/vmtest.ko"),
        programs: options.programs.clone(),
        logs: options.logs.join(kmod),
        wanted: options.scenarios.clone(),
    })?;
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Says what to give.
fn not_run(why: &anyhow::Error) -> ExitCode {
    eprintln!(
        "vm-test: not run: {why}.
Name a FreeBSD 15 for amd64, one of:
  VM_KERNEL=FILE VM_ROOT=FOLDER-OR-ISO   a kernel to start directly, and its root
  VM_IMAGE=FILE.img|FILE.qcow2   a disk whose serial console lets root in without password
  {cache}/kernel and root.iso, or disk.img: the same, found without being named",
        cache = system::cache().display(),
    );
    ExitCode::from(EX_TEMPFAIL)
}
