// SPDX-License-Identifier: BSD-2-Clause
//! The `nghost` command.

use std::io::{stderr, stdout, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use nghost::cli::Cli;
use nghost::failure::{EX_IOERR, EX_USAGE};
use nghost::run::Nghost;
use nghost::signals::Stop;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let printed = error.print().and_then(|()| stdout().flush());
            if error.use_stderr() {
                // Nothing can be done when this cannot be written either.
                return EX_USAGE.into();
            }
            return match printed {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    // Whoever has read enough, as head(1), needs no words.
                    if error.kind() != ErrorKind::BrokenPipe {
                        let _ = writeln!(stderr(), "nghost: standard output: {error}");
                    }
                    EX_IOERR.into()
                }
            };
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
