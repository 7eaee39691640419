// SPDX-License-Identifier: BSD-2-Clause
//! The options of the commands built on this library, told once: what is
//! parsed, what `--help` says, and what manual pages and completions are tested
//! against.

use crate::cli::{Exit, EX_USAGE};
use getopts::{Matches, Options, ParsingStyle};
use std::fmt::Write as _;

/// An option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// Its letter, or nothing.
    pub letter: &'static str,
    /// Its long name, or nothing.
    pub long: &'static str,
    /// What its value is called; nothing if it takes none.
    pub value: &'static str,
    /// What it does.
    pub text: &'static str,
}

impl Opt {
    /// As it is typed.
    fn name(&self) -> String {
        match self.letter {
            "" => format!("--{}", self.long),
            letter => format!("-{letter}"),
        }
    }
}

/// The options that all our commands have beside those of base.
pub const OURS: [Opt; 4] = [
    Opt {
        letter: "",
        long: "socket",
        value: "path",
        text: "where nghost listens [default: $NGHOST_SOCKET; without it the kernel on FreeBSD, \
               /tmp/nghost.UID/socket elsewhere]",
    },
    Opt {
        letter: "",
        long: "complete",
        value: "",
        text: "say what the last of the words behind it can become, for shells",
    },
    Opt {
        letter: "",
        long: "help",
        value: "",
        text: "say this",
    },
    Opt {
        letter: "",
        long: "version",
        value: "",
        text: "say which version this is",
    },
];

/// Where the text of an option or a command begins, and where lines end.
const INDENT: usize = 18;
const COLUMNS: usize = 79;

/// Reads the options in front of the first other word, as getopt(3).
///
/// # Errors
/// An [`Exit`] in getopt(3)'s words, without usage.
///
/// ```
/// use ngctl_rs::options::{parse, OURS};
///
/// let given = parse(&OURS, &["--socket".into(), "/run/s".into(), "show".into()])?;
/// assert_eq!(given.opt_str("socket").as_deref(), Some("/run/s"));
/// assert_eq!(given.free, ["show"]);
/// assert_eq!(parse(&OURS, &["-x".into()]).unwrap_err().message, "illegal option -- x");
/// # Ok::<(), ngctl_rs::cli::Exit>(())
/// ```
pub fn parse(options: &[Opt], args: &[String]) -> Result<Matches, Exit> {
    let mut parser = Options::new();
    parser.parsing_style(ParsingStyle::StopAtFirstFree);
    for option in options {
        // An option may be given twice: of a value the last one counts.
        match option.value {
            "" => parser.optflagmulti(option.letter, option.long, ""),
            _ => parser.optmulti(option.letter, option.long, "", ""),
        };
    }
    let wrong = |message: String| Exit::new(EX_USAGE, message);
    parser.parse(args).map_err(|fail| {
        wrong(match &fail {
            getopts::Fail::UnrecognizedOption(option) => format!("illegal option -- {option}"),
            getopts::Fail::ArgumentMissing(option) => {
                format!("option requires an argument -- {option}")
            }
            other => other.to_string(),
        })
    })
}

/// What the last word of a command line can become, for `--complete`: an option
/// while there are only options, else what `of` knows of the words in front of
/// it. A word that is an option's value is nobody's business.
pub fn complete(
    options: &[Opt],
    line: &[String],
    of: impl FnOnce(&Matches, &str) -> Vec<String>,
) -> String {
    let Some((start, before)) = line.split_last() else {
        return String::new();
    };
    let Ok(given) = parse(options, before) else {
        return String::new();
    };
    let mut words = if given.free.is_empty() && start.starts_with('-') {
        options.iter().map(Opt::name).collect()
    } else {
        of(&given, start)
    };
    words.retain(|word| word.starts_with(start.as_str()));
    words.sort();
    words.dedup();
    words.iter().map(|word| format!("{word}\n")).collect()
}

/// What `--help` prints: usage, what the command is for, its options, and its
/// own commands with what follows them.
pub fn help(
    usage: &str,
    about: &str,
    options: &[Opt],
    commands: impl Iterator<Item = (&'static str, &'static str)>,
) -> String {
    let mut help = format!("usage: {usage}\n\n{about}\n\nOptions:\n");
    for option in options {
        let name = format!("{} {}", option.name(), option.value);
        entry(&mut help, &name, option.text);
    }
    help += "\nCommands:\n";
    for (usage, summary) in commands {
        entry(&mut help, usage, summary);
    }
    help
}

fn entry(help: &mut String, name: &str, text: &str) {
    let name = name.trim_end();
    let mut line = format!("  {name:<width$}", width = INDENT - 2);
    if name.len() > INDENT - 4 {
        let _ = writeln!(help, "{}", line.trim_end()); // A String takes all.
        line = " ".repeat(INDENT);
    }
    for word in text.split_whitespace() {
        if line.len() + word.len() > COLUMNS {
            let _ = writeln!(help, "{}", line.trim_end());
            line = " ".repeat(INDENT);
        }
        line += word;
        line.push(' ');
    }
    let _ = writeln!(help, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::{help, OURS};

    #[test]
    fn help_names_everything_and_stays_on_the_screen() {
        let commands = [("show [-n] <path>", "Describe a node"), ("a", "b")];
        let help = help("x [-d]", "Does x.", &OURS, commands.into_iter());
        for text in [
            "usage: x [-d]\n",
            "  --socket path   where",
            "<path>\n",
            "  a               b\n",
        ] {
            assert!(help.contains(text), "{text:?} in {help}");
        }
        assert!(help
            .lines()
            .all(|line| line.len() <= 79 && line == line.trim_end()));
    }
}
