// SPDX-License-Identifier: BSD-2-Clause
//! The commands, one a file.

use ngctl_rs::{cli::Exit, Client};

mod show;

/// A command.
pub struct Command {
    /// Its name, then what follows it.
    pub usage: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Makes sense of the words after its name, before anything is connected.
    pub parse: fn(&[String]) -> Result<Action, Exit>,
}

/// What is then done with the node at a path.
pub type Action = Box<dyn Fn(&mut Client, &str) -> Result<(), Exit>>;

/// All commands.
pub static COMMANDS: [&Command; 1] = [&show::COMMAND];

/// The exit status that base has for everything.
const EX_BASE: u8 = 1;

/// The command that a word means: any beginning of its name will do.
pub fn find(word: &str) -> Result<&'static Command, Exit> {
    COMMANDS
        .into_iter()
        .find(|command| {
            let name = command.usage.split(' ').next().unwrap_or_default();
            !word.is_empty() && name.starts_with(word)
        })
        .ok_or_else(|| Exit::new(EX_BASE, format!("bad command: {word}")))
}
