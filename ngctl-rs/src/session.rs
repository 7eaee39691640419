// SPDX-License-Identifier: BSD-2-Clause
//! What commands run in: the client, standard output, and how they end.

use crate::commands::{self, Failure, Flow};
use crate::script::FileId;
use ngctl_rs::{
    cli::{Exit, Program, EX_USAGE},
    Client,
};
use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

/// How a command, or a script of them, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Well.
    Done,
    /// Well, and the program is to end.
    Quit,
    /// Badly, with this exit status; what there was to say has been said.
    Failed(u8),
}

/// One run of the program.
pub struct Session {
    /// Who speaks.
    pub program: Program,
    /// Standard output, flushed after every command.
    pub out: Box<dyn Write + Send>,
    /// The scripts that are being run, each by the one before it.
    pub running: Vec<FileId>,
    node_name: String,
    socket: Option<PathBuf>,
    debug: u32,
    client: Option<Client>,
}

impl Session {
    /// Nothing is connected yet: some commands need no netgraph.
    pub fn new(program: Program, node_name: String, socket: Option<PathBuf>, debug: u32) -> Self {
        Self {
            program,
            out: Box::new(BufWriter::new(io::stdout())),
            running: Vec::new(),
            node_name,
            socket,
            debug,
            client: None,
        }
    }

    /// The client, connected at its first use.
    pub fn client(&mut self) -> Result<&mut Client, Exit> {
        match &mut self.client {
            Some(client) => Ok(client),
            none => {
                let socket = self.socket.clone();
                let client = self.program.open(&self.node_name, socket, self.debug)?;
                Ok(none.insert(client))
            }
        }
    }

    /// The debugging level, as `-d` and the debug command set it.
    pub fn debug(&self) -> u32 {
        self.debug
    }

    /// Sets the debugging level.
    pub fn set_debug(&mut self, level: u32) {
        self.debug = level;
        if let Some(client) = &mut self.client {
            client.set_trace(self.program.trace(level));
        }
    }

    /// Runs one command given as words, none being nothing to do.
    pub fn execute(&mut self, words: &[&str]) -> Status {
        let Some((name, args)) = words.split_first() else {
            return Status::Done;
        };
        if name.is_empty() {
            return Status::Done;
        }
        let outcome = commands::find(name)
            .and_then(|command| {
                (command.run)(self, args).map_err(|failure| match failure {
                    Failure::Usage => Exit::new(EX_USAGE, format!("usage: {}", command.usage)),
                    Failure::Exit(exit) => exit,
                })
            })
            .and_then(|flow| self.out.flush().map(|()| flow).map_err(Exit::unwritten));
        match outcome {
            Ok(Flow::Continue) => Status::Done,
            Ok(Flow::Quit) => Status::Quit,
            Err(exit) => {
                let _ = self.out.flush(); // The failure to report is the first.
                if !exit.message.is_empty() {
                    self.program.warn(&exit.message);
                }
                Status::Failed(exit.code)
            }
        }
    }
}
