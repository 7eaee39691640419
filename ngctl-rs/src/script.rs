// SPDX-License-Identifier: BSD-2-Clause
//! Commands from a file, one to a line, as `-f` and the read command take them.

use crate::session::{Session, Status};
use ngctl_rs::{
    cli::{EX_IOERR, EX_NOINPUT, EX_OSERR},
    error::describe,
};
use std::{
    fs::File,
    io::{self, stdin, BufRead, BufReader},
};

/// A file of commands.
pub struct Script {
    name: String,
    lines: Box<dyn BufRead>,
}

impl Script {
    /// Opens the file, or standard input if it is called `-`.
    pub fn open(path: &str) -> io::Result<Self> {
        Ok(match path {
            "-" => Self {
                name: "standard input".into(),
                lines: Box::new(BufReader::new(stdin())),
            },
            _ => Self {
                name: path.into(),
                lines: Box::new(BufReader::new(File::open(path)?)),
            },
        })
    }

    /// Runs the commands until one fails, and then says which it was.
    pub fn run(self, session: &mut Session) -> Status {
        let Self { name, lines } = self;
        for (line, number) in lines.split(b'\n').zip(1usize..) {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    session
                        .program
                        .warn(format!("{name}: {}", describe(&error)));
                    return Status::Failed(EX_NOINPUT);
                }
            };
            let status = match std::str::from_utf8(&line) {
                Ok(line) if line.starts_with('#') => Status::Done,
                Ok(line) => session.execute(&split(line)),
                Err(_) => {
                    session.program.warn("not UTF-8");
                    Status::Failed(EX_OSERR)
                }
            };
            match status {
                Status::Done => {}
                Status::Quit => return Status::Quit,
                // Nobody reads what we print: not the file's fault.
                Status::Failed(EX_IOERR) => return status,
                Status::Failed(code) => {
                    session
                        .program
                        .warn(format!("{name}: line {number}: error in file"));
                    return Status::Failed(code);
                }
            }
        }
        Status::Done
    }
}

/// The words of a line. There is no quoting.
pub fn split(line: &str) -> Vec<&str> {
    line.split([' ', '\t', '\r', '\n', '\x0b', '\x0c'])
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_split_at_any_white_space_and_never_quoted() {
        let line = "\tmsg  netflow:\x0bsetifindex {\x0ciface=0 \"a b\" }\r\n";
        let words = [
            "msg",
            "netflow:",
            "setifindex",
            "{",
            "iface=0",
            "\"a",
            "b\"",
            "}",
        ];
        assert_eq!(split(line), words);
        assert!(split(" \t\r\n").is_empty());
    }
}
