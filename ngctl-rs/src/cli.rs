// SPDX-License-Identifier: BSD-2-Clause
//! What the commands built on this library share: err(3)'s way of speaking and
//! sysexits(3)'s numbers.

use crate::{
    client::Client,
    errno::Errno,
    error::{describe, Error},
    trace::Trace,
    transport::Endpoint,
};
use std::{
    ffi::OsString,
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
pub use sys_bindings::sysexits::*;
use sys_bindings::{EACCES, EPERM};

/// An error to end a program with.
#[derive(Debug, PartialEq, Eq)]
pub struct Exit {
    /// What to say on standard error, after the program's name; may be empty.
    pub message: String,
    /// The program's exit status.
    pub code: u8,
}

impl Exit {
    /// An end with words.
    pub fn new(code: u8, message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
            code,
        }
    }

    /// Standard output cannot be written. If its reader went away, as head(1)
    /// does, there is nothing to say.
    pub fn unwritten(error: io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::BrokenPipe => String::new(),
            _ => format!("standard output: {}", describe(&error)),
        };
        Self::new(EX_IOERR, message)
    }

    /// Why a client could not be opened. Base has one status for all of it;
    /// an absent `nghost` has its own, and so has what the user may not.
    pub fn not_open(error: &Error) -> Self {
        match error {
            Error::Connect { source, .. } => {
                let code = match source.kind() {
                    io::ErrorKind::PermissionDenied => EX_NOPERM,
                    _ => EX_UNAVAILABLE,
                };
                Self::new(code, error)
            }
            _ => {
                let code = match error {
                    // The kernel's, to whoever is not root.
                    Error::Errno(Errno(EPERM | EACCES)) => EX_NOPERM,
                    _ => EX_OSERR,
                };
                Self::new(code, format!("can't create node: {error}"))
            }
        }
    }
}

/// What a command was called: messages begin with it, as with err(3), so that
/// `ngctl-rs` installed as `ngctl` speaks as `ngctl`.
///
/// ```no_run
/// use ngctl_rs::cli::{Exit, Program, EX_USAGE};
///
/// fn main() -> std::process::ExitCode {
///     let (program, args) = Program::from_args(std::env::args_os());
///     program.end(args.and_then(|args| match args.as_slice() {
///         [] => Ok(()),
///         [first, ..] => Err(Exit::new(EX_USAGE, format!("{first}: no arguments, please"))),
///     }))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Program(String);

impl Program {
    /// Takes the name from the command line, and the rest of that as text.
    ///
    /// # Errors
    /// An [`Exit`] when an argument is not UTF-8; netgraph's names are ASCII.
    pub fn from_args(
        args: impl IntoIterator<Item = OsString>,
    ) -> (Self, Result<Vec<String>, Exit>) {
        let mut args = args.into_iter();
        let name = args.next().unwrap_or_default();
        let name = Path::new(&name).file_name().unwrap_or_default();
        let rest = args
            .map(|arg| {
                arg.into_string().map_err(|arg| {
                    let arg = arg.to_string_lossy();
                    Exit::new(EX_USAGE, format!("argument \"{arg}\" is not UTF-8"))
                })
            })
            .collect();
        (Self(name.to_string_lossy().into_owned()), rest)
    }

    /// The name, for usage.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Says something on standard error, as warnx(3).
    pub fn warn(&self, message: impl fmt::Display) {
        say(format_args!("{}: {message}", self.0));
    }

    /// Says what is to be said, and gives the status to end with.
    pub fn end(&self, result: Result<(), Exit>) -> ExitCode {
        match result {
            Ok(()) => EX_OK.into(),
            Err(exit) => {
                if !exit.message.is_empty() {
                    self.warn(&exit.message);
                }
                exit.code.into()
            }
        }
    }

    /// Opens a client that traces to standard error.
    ///
    /// # Errors
    /// [`Exit::not_open`].
    pub fn open(
        &self,
        node_name: &str,
        socket: Option<PathBuf>,
        debug: u32,
    ) -> Result<Client, Exit> {
        let mut client = Client::open(node_name, &Endpoint::choose(socket))
            .map_err(|error| Exit::not_open(&error))?;
        client.set_trace(self.trace(debug));
        Ok(client)
    }

    /// A trace to standard error.
    pub fn trace(&self, level: u32) -> Trace {
        let program = self.clone();
        Trace::new(level, move |line| program.warn(line))
    }
}

/// Prints text, as `--help` and `--version` do.
///
/// # Errors
/// [`Exit::unwritten`].
pub fn print(text: &str) -> Result<(), Exit> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Exit::unwritten)
}

/// A line on standard error. If its reader went away there is nobody to tell,
/// and eprintln! would panic.
pub fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::{Exit, EX_NOPERM, EX_OSERR};
    use crate::errno::Errno;
    use sys_bindings::{EADDRINUSE, EPERM};

    #[test]
    fn what_the_kernel_forbids_has_its_own_status() {
        for (errno, code, words) in [
            (EPERM, EX_NOPERM, "Operation not permitted"),
            (EADDRINUSE, EX_OSERR, "Address already in use"),
        ] {
            let exit = Exit::not_open(&Errno(errno).into());
            assert_eq!(exit, Exit::new(code, format!("can't create node: {words}")));
        }
    }
}
