// SPDX-License-Identifier: BSD-2-Clause
//! vm-test's hands in the guest: what a shell there cannot do, or not fast.

mod agent;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The command line.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the commands that come over a serial line
    Agent {
        /// The line, such as /dev/cuau1
        line: PathBuf,
    },
}

fn main() -> Result<()> {
    match Options::parse().command {
        Command::Agent { line } => agent::serve(&line),
    }
}
