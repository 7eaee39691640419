// SPDX-License-Identifier: BSD-2-Clause
//! `object-gate`: see `--help`, and the library's documentation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use object_gate::symbols::KernelSymbols;
use object_gate::{inspect, Module, Report, Rules};

/// Checks a FreeBSD amd64 kernel module before anyone loads it.
///
/// Exits 0 when it may pass, 1 when it may not, 65 when it is no module, and
/// 66 when it cannot be read.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The module.
    module: PathBuf,
    /// The symbols that the kernel has, one a line; # begins a comment.
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,
    /// The largest stack frame allowed, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    max_frame: u64,
    /// The name that the module must have.
    #[arg(long, default_value = "ng_netflow")]
    name: String,
    /// A module that it must say it depends on. May be given more than once.
    #[arg(long, value_name = "MODULE", default_value = "netgraph")]
    depends: Vec<String>,
}

const EX_DATAERR: u8 = 65;
const EX_NOINPUT: u8 = 66;

fn main() -> ExitCode {
    let args = Args::parse();
    let data = match fs::read(&args.module) {
        Ok(data) => data,
        Err(error) => return give_up(&args.module, &error, EX_NOINPUT),
    };
    let rules = Rules {
        kernel: args.symbols.as_deref().and_then(read_symbols),
        max_frame: args.max_frame,
        name: args.name,
        depends: args.depends,
    };
    let reports = Module::parse(&*data)
        .map_err(anyhow::Error::from)
        .and_then(|module| inspect(&module, &rules));
    match reports {
        Ok(reports) => print(&args.module, &reports),
        Err(error) => give_up(&args.module, &error, EX_DATAERR),
    }
}

/// The list of symbols, unless there is none on this machine.
fn read_symbols(path: &Path) -> Option<KernelSymbols> {
    match fs::read_to_string(path) {
        Ok(text) => Some(KernelSymbols::parse(&text)),
        Err(error) => {
            eprintln!("object-gate: {}: {error}: symbols not run", path.display());
            None
        }
    }
}

fn give_up(module: &Path, error: &dyn std::fmt::Display, status: u8) -> ExitCode {
    eprintln!("object-gate: {}: {error:#}", module.display());
    ExitCode::from(status)
}

fn print(module: &Path, reports: &[Report]) -> ExitCode {
    println!("object gate: {}", module.display());
    for report in reports {
        let verdict = if report.faults.is_empty() {
            "ok"
        } else {
            "FAULT"
        };
        println!("  {:<14}{verdict:<7}{}", report.check, report.summary);
        for fault in &report.faults {
            println!("      {fault}");
        }
    }
    let faults: usize = reports.iter().map(|report| report.faults.len()).sum();
    if faults == 0 {
        println!("passed");
        ExitCode::SUCCESS
    } else {
        println!("not passed: {faults} faults");
        ExitCode::FAILURE
    }
}
