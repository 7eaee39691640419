// SPDX-License-Identifier: BSD-2-Clause
//! Commands from a file, one to a line, as `-f` and the read command take them.

use crate::session::{Session, Status};
use ngctl_rs::{
    cli::{EX_IOERR, EX_NOINPUT, EX_OSERR},
    error::describe,
    words::of_line,
};
use std::{
    fs::File,
    io::{self, stdin, BufRead, BufReader, Read},
    os::{fd::AsFd, unix::fs::MetadataExt},
};

/// A file of commands.
pub struct Script {
    name: String,
    lines: Box<dyn BufRead>,
    /// What tells the file from all others, by whatever path it was reached.
    id: FileId,
}

/// The longest line, in bytes: an endless one must not fill the memory.
const MAX_LINE: usize = 65_536;

/// A file's device and inode.
pub type FileId = (u64, u64);

impl Script {
    /// Standard input.
    pub fn stdin() -> io::Result<Self> {
        let stdin = stdin();
        let file = File::from(stdin.as_fd().try_clone_to_owned()?);
        Ok(Self {
            name: "standard input".into(),
            id: id(&file)?,
            lines: Box::new(BufReader::new(stdin)),
        })
    }

    /// Opens the file.
    pub fn open(path: &str) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self {
            name: path.into(),
            id: id(&file)?,
            lines: Box::new(BufReader::new(file)),
        })
    }

    /// Runs the commands until one fails, and then says which it was. A script
    /// that would run within itself fails before its first command.
    pub fn run(self, session: &mut Session) -> Status {
        if session.running.contains(&self.id) {
            let name = &self.name;
            session.program.warn(format!(
                "{name}: is being read already: a script cannot read itself"
            ));
            return Status::Failed(EX_OSERR);
        }
        session.running.push(self.id);
        let status = self.run_lines(session);
        session.running.pop();
        status
    }

    fn run_lines(self, session: &mut Session) -> Status {
        let Self {
            name, mut lines, ..
        } = self;
        for number in 1usize.. {
            let mut line = Vec::new();
            let longest = MAX_LINE + b"\n".len();
            let mut start = lines.by_ref().take(longest as u64);
            if let Err(error) = start.read_until(b'\n', &mut line) {
                session
                    .program
                    .warn(format!("{name}: {}", describe(&error)));
                return Status::Failed(EX_NOINPUT);
            }
            if line.is_empty() {
                break;
            }
            let is_cut = line.len() == longest && !line.ends_with(b"\n");
            let words = match is_cut {
                true => Err(format!("longer than {MAX_LINE} bytes")),
                false => of_line(&line).map_err(|_| "not UTF-8".to_string()),
            };
            let status = match words {
                Ok(words) => session.execute(&words),
                Err(why) => {
                    session.program.warn(why);
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

fn id(file: &File) -> io::Result<FileId> {
    let found = file.metadata()?;
    Ok((found.dev(), found.ino()))
}
