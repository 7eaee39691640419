// SPDX-License-Identifier: BSD-2-Clause
//! The `nghost` command.

use std::io::{stderr, Write};
use std::process::ExitCode;

use clap::Parser;
use nghost::cli::Cli;
use nghost::failure::EX_USAGE;
use nghost::run::Nghost;
use nghost::signals::Stop;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done when this cannot be written either.
            let _ = error.print();
            let status = if error.use_stderr() { EX_USAGE } else { 0 };
            return status.into();
        }
    };
    let result = cli.into_options().and_then(|options| {
        let stop = Stop::on_signals()?;
        Nghost::new(options, stop)?.run()
    });
    match result {
        Ok(status) => status.into(),
        Err(failure) => {
            // Whoever read it may be gone; the status says it too.
            let _ = writeln!(stderr(), "nghost: {failure}");
            failure.status.into()
        }
    }
}
