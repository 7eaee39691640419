// SPDX-License-Identifier: BSD-2-Clause
//! The commands, one a file. Each is a [`Command`]: data for help and lookup,
//! and a function that takes the words after its name.
//!
//! Usage, aliases and what is printed are those of ngctl(8), to the byte.

use crate::session::Session;
use getopts::Matches;
use ngctl_rs::{
    cli::{Exit, EX_OSERR},
    options::{parse, Opt},
    Error,
};
use std::{fmt, io};

mod config;
mod connect;
mod debug;
mod dot;
pub mod help;
mod list;
mod mkpeer;
pub mod msg;
mod name;
mod quit;
mod read;
mod rmhook;
mod show;
mod shutdown;
mod status;
mod types;
mod write;

/// A command.
pub struct Command {
    /// Its name, then what follows it.
    pub usage: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// More, if there is more to say; empty if not.
    pub help: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    /// Runs it with the words after its name.
    pub run: fn(&mut Session, &[&str]) -> Outcome,
}

impl Command {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or_default()
    }

    /// Whether the word is the beginning of its name or of an alias.
    fn matches(&self, word: &str) -> bool {
        let begins = |name: &str| {
            name.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        begins(self.name()) || self.aliases.iter().any(|alias| begins(alias))
    }
}

/// All commands, in the order that help shows them.
pub static COMMANDS: [&Command; 17] = [
    &config::COMMAND,
    &connect::COMMAND,
    &debug::COMMAND,
    &dot::COMMAND,
    &help::COMMAND,
    &list::COMMAND,
    &mkpeer::COMMAND,
    &msg::COMMAND,
    &name::COMMAND,
    &read::COMMAND,
    &rmhook::COMMAND,
    &show::COMMAND,
    &shutdown::COMMAND,
    &status::COMMAND,
    &types::COMMAND,
    &write::COMMAND,
    &quit::COMMAND,
];

/// What a command that succeeded wants next.
pub enum Flow {
    /// The next command.
    Continue,
    /// The end of the program.
    Quit,
}

/// Why a command failed.
pub enum Failure {
    /// It was used wrongly.
    Usage,
    /// As said there.
    Exit(Exit),
}

/// How a command ends.
pub type Outcome = Result<Flow, Failure>;

impl From<Exit> for Failure {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

/// Of a failure to write, which is standard output's.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Exit(Exit::unwritten(error))
    }
}

/// The command that a word means: any beginning of a name or an alias will do
/// while it means only one.
pub fn find(word: &str) -> Result<&'static Command, Exit> {
    let mut matching = COMMANDS.iter().filter(|command| command.matches(word));
    let wrong = |why: &str| Exit::new(EX_OSERR, format!("\"{word}\": {why} command"));
    match (matching.next(), matching.next()) {
        (Some(command), None) => Ok(command),
        (None, _) => Err(wrong("unknown")),
        _ => Err(wrong("ambiguous")),
    }
}

/// A failure in the words of err(3): what was being done, and what was said.
fn failed(doing: impl fmt::Display, error: impl fmt::Display) -> Failure {
    Failure::Exit(Exit::new(EX_OSERR, format!("{doing}: {error}")))
}

/// The failure of a request that netgraph carried, or of its reply.
fn request_failed(error: Error) -> Failure {
    let doing = match error.is_of_reply() {
        true => "recv msg",
        false => "send msg",
    };
    failed(doing, error)
}

/// The single-letter options in front of a command's arguments.
fn options(session: &Session, letters: &[&'static str], args: &[&str]) -> Result<Matches, Failure> {
    let options: Vec<Opt> = letters
        .iter()
        .map(|letter| Opt {
            letter,
            long: "",
            value: "",
            text: "",
        })
        .collect();
    let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
    parse(&options, &args).map_err(|exit| {
        session.program.warn(exit.message);
        Failure::Usage
    })
}

#[cfg(test)]
mod tests {
    use super::{find, COMMANDS};

    fn name(word: &str) -> String {
        match find(word) {
            Ok(command) => command.name().to_string(),
            Err(exit) => exit.message,
        }
    }

    #[test]
    fn any_unambiguous_beginning_of_a_name_or_alias_will_do() {
        assert_eq!(name("mk"), "mkpeer");
        assert_eq!(name("ls"), "list");
        assert_eq!(name("KILL"), "shutdown");
        assert_eq!(name("."), "read");
        assert_eq!(name("confd"), "dot");
        assert_eq!(name("conf"), "\"conf\": ambiguous command");
        assert_eq!(name("s"), "\"s\": ambiguous command");
        assert_eq!(name("shows"), "\"shows\": unknown command");
    }

    #[test]
    fn every_name_and_alias_means_its_own_command() {
        for command in COMMANDS {
            for word in command.aliases.iter().chain([&command.name()]) {
                assert_eq!(name(word), command.name(), "{word}");
            }
        }
    }
}
