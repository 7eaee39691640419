// SPDX-License-Identifier: BSD-2-Clause
//! The `ngctl-rs` command: netgraph from the command line, from scripts and at
//! a prompt, as FreeBSD's ngctl(8).

#![forbid(unsafe_code)]

mod commands;
mod complete;
mod interactive;
mod script;
mod session;

use getopts::{Matches, Options, ParsingStyle};
use ngctl_rs::cli::{option_error, say, Exit, Program, EX_NOINPUT, EX_USAGE};
use ngctl_rs::{error::describe, jail};
use script::Script;
use session::{Session, Status};
use std::{
    io::{stdin, stdout, IsTerminal},
    process::ExitCode,
};

/// After "usage: " and the program's name, as in base.
const USAGE: &str = "[-j jail] [-d] [-f filename] [-n nodename] [command [argument ...]]";

fn main() -> ExitCode {
    let (program, args) = Program::from_args(std::env::args_os());
    let result = args.and_then(|args| run(&program, &args));
    program.end(result)
}

fn run(program: &Program, args: &[String]) -> Result<(), Exit> {
    let options = parse(args).map_err(|fail| usage(program, &option_error(&fail)))?;
    // As with getopt(3), of an option given twice the last one counts.
    let last = |name| options.opt_strs(name).pop();

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

fn parse(args: &[String]) -> Result<Matches, getopts::Fail> {
    Options::new()
        .parsing_style(ParsingStyle::StopAtFirstFree)
        .optflagmulti("d", "", "")
        .optmulti("f", "", "", "")
        .optmulti("j", "", "", "")
        .optmulti("n", "", "", "")
        .optmulti("", "socket", "", "")
        .parse(args)
}

/// Base says what is wrong and how it is done right.
fn usage(program: &Program, message: &str) -> Exit {
    program.warn(message);
    say(format_args!("usage: {} {USAGE}", program.name()));
    Exit::new(EX_USAGE, "")
}
