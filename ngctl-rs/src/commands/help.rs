// SPDX-License-Identifier: BSD-2-Clause
//! `help`: what there is, and how it is used.

use super::{find, Command, Flow, Outcome, COMMANDS};
use crate::session::Session;
use std::io;

pub static COMMAND: Command = Command {
    usage: "help [command]",
    summary: "List the commands, or describe one",
    help: "",
    aliases: &["?"],
    run,
};

/// Where a description's lines end.
const COLUMNS: usize = 63;

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    match args.first() {
        None => list(session)?,
        Some(word) => match find(word) {
            Ok(command) => describe(session, command)?,
            // As in base: help that cannot help is no error.
            Err(exit) => session.program.warn(exit.message),
        },
    }
    Ok(Flow::Continue)
}

/// Lists all commands.
pub fn list(session: &mut Session) -> io::Result<()> {
    writeln!(session.out, "Available commands:")?;
    for command in COMMANDS {
        writeln!(session.out, "  {:<10} {}", command.name(), command.summary)?;
    }
    Ok(())
}

fn describe(session: &mut Session, command: &Command) -> io::Result<()> {
    let out = &mut session.out;
    writeln!(out, "usage:    {}", command.usage)?;
    if !command.aliases.is_empty() {
        writeln!(out, "Aliases:  {}", command.aliases.join(", "))?;
    }
    writeln!(out, "Summary:  {}", command.summary)?;
    if !command.help.is_empty() {
        writeln!(out, "Description:")?;
        for line in wrap(command.help) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

/// Lines of whole words.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{wrap, COLUMNS, COMMANDS};

    #[test]
    fn no_word_is_lost_and_no_line_too_long() {
        for command in COMMANDS {
            let lines = wrap(command.help);
            assert!(lines.iter().all(|line| line.len() <= COLUMNS));
            let words: Vec<&str> = command.help.split_whitespace().collect();
            assert_eq!(lines.join(" "), words.join(" "));
        }
    }
}
