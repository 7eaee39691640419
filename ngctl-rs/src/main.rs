// SPDX-License-Identifier: BSD-2-Clause
//! The `ngctl-rs` command: netgraph from the command line, from scripts and at
//! a prompt, as FreeBSD's ngctl(8).

#![forbid(unsafe_code)]

mod commands;
mod complete;
mod interactive;
mod script;
mod session;

use commands::COMMANDS;
use ngctl_rs::cli::{print, say, Exit, Program, EX_NOINPUT, EX_USAGE};
use ngctl_rs::options::{complete, help, parse, Opt, OURS};
use ngctl_rs::{error::describe, jail};
use script::Script;
use session::{Session, Status};
use std::{
    io::{stdin, stdout, IsTerminal},
    process::ExitCode,
};

/// After "usage: " and the program's name, as in base.
const USAGE: &str = "[-j jail] [-d] [-f filename] [-n nodename] [command [argument ...]]";

const ABOUT: &str = "Makes, joins, asks and removes the nodes of netgraph(4), the kernel's or \
                     nghost's.\nWithout a command or a file, at a terminal, it prompts for commands.";

fn main() -> ExitCode {
    let (program, args) = Program::from_args(std::env::args_os());
    let result = args.and_then(|args| run(&program, &args));
    program.end(result)
}

/// Base's options, and what they do.
const BASES: [Opt; 4] = [
    Opt {
        letter: "j",
        long: "",
        value: "jail",
        text: "attach to the jail with this name or number first; FreeBSD only",
    },
    Opt {
        letter: "d",
        long: "",
        value: "",
        text: "tell more about messages, on standard error; up to three times",
    },
    Opt {
        letter: "f",
        long: "",
        value: "filename",
        text: "run the commands in the file, - for standard input",
    },
    Opt {
        letter: "n",
        long: "",
        value: "nodename",
        text: "call our own node so [default: ngctl and the process id]",
    },
];

fn run(program: &Program, args: &[String]) -> Result<(), Exit> {
    let known = [&BASES[..], &OURS].concat();
    let options = parse(&known, args).map_err(|exit| usage(program, &exit.message))?;
    let last = |name| options.opt_strs(name).pop();

    if options.opt_present("help") {
        let commands = COMMANDS
            .iter()
            .map(|command| (command.usage, command.summary));
        let usage = format!("{} {USAGE}", program.name());
        return print(&help(&usage, ABOUT, &known, commands));
    }
    if options.opt_present("complete") {
        let found = complete(&known, &options.free, |given, start| {
            let socket = given.opt_strs("socket").pop().map(Into::into);
            let mut session = Session::new(program.clone(), String::new(), socket, 0);
            let words: Vec<&str> = given.free.iter().map(String::as_str).collect();
            complete::candidates(&mut session, &words, start)
        });
        return print(&found);
    }
    if options.opt_present("version") {
        return print(concat!("ngctl-rs ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    let script = match last("f") {
        Some(path) => {
            let script = match path.as_str() {
                "-" => Script::stdin(),
                path => Script::open(path),
            };
            let unread = |error| Exit::new(EX_NOINPUT, format!("{path}: {}", describe(&error)));
            Some(script.map_err(unread)?)
        }
        None => None,
    };
    // After the script is open and before the netgraph is: the one is outside
    // of the jail, the other its own.
    if let Some(name) = last("j") {
        if name.is_empty() {
            return Err(usage(program, "invalid jail name"));
        }
        jail::attach(&name)?;
    }
    let node_name = last("n").unwrap_or_else(|| format!("ngctl{}", std::process::id()));
    let mut session = Session::new(
        program.clone(),
        node_name,
        last("socket").map(Into::into),
        options.opt_count("d") as u32,
    );

    let status = if !options.free.is_empty() {
        let words: Vec<&str> = options.free.iter().map(String::as_str).collect();
        session.execute(&words)
    } else if let Some(script) = script {
        session.client()?;
        script.run(&mut session)
    } else if stdin().is_terminal() && stdout().is_terminal() {
        interactive::run(session)?
    } else {
        return Err(usage(program, "no command specified"));
    };
    match status {
        Status::Done | Status::Quit => Ok(()),
        Status::Failed(code) => Err(Exit::new(code, "")),
    }
}

/// Base says what is wrong and how it is done right.
fn usage(program: &Program, message: &str) -> Exit {
    program.warn(message);
    say(format_args!("usage: {} {USAGE}", program.name()));
    Exit::new(EX_USAGE, "")
}
