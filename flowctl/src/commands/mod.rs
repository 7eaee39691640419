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

/// What may follow these words, the first of which is a command: the words in
/// brackets in its usage, while none of their bracket has been said.
pub fn next_words(words: &[String]) -> Vec<String> {
    let Some((command, said)) = words.split_first() else {
        let names = COMMANDS
            .iter()
            .filter_map(|command| command.usage.split(' ').next());
        return names.map(String::from).collect();
    };
    let Ok(command) = find(command) else {
        return Vec::new();
    };
    let brackets = command.usage.split(['[', ']']).skip(1).step_by(2);
    let choices = brackets.map(|bracket| bracket.split('|').collect::<Vec<_>>());
    choices
        .filter(|choices| {
            !choices
                .iter()
                .any(|choice| said.iter().any(|word| word == choice))
        })
        .flatten()
        .map(String::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::next_words;

    #[test]
    fn what_was_said_is_not_offered_again() {
        let next = |words: &str| {
            next_words(
                &words
                    .split_terminator(' ')
                    .map(String::from)
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(next(""), ["show"]);
        assert_eq!(next("sh"), ["ipv4", "ipv6", "human", "verbose"]);
        assert_eq!(next("show ipv6"), ["human", "verbose"]);
        assert!(next("show ipv6 human").is_empty());
        assert!(next("bogus").is_empty());
    }
}
