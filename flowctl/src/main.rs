// SPDX-License-Identifier: BSD-2-Clause
//! The `flowctl` command: what is in the flow cache of an ng_netflow(4) node,
//! as FreeBSD's flowctl(8).

#![forbid(unsafe_code)]

mod commands;
mod flows;
mod format;

use ngctl_rs::cli::{print, say, Exit, Program, EX_OK, EX_USAGE};
use ngctl_rs::options::{complete, help, parse, Opt, OURS};
use std::process::ExitCode;
use sys_bindings::NG_NETFLOW_NODE_TYPE;

/// After "usage: " and the program's name, as in base.
const USAGE: &str = "[-d level] nodename command";

fn main() -> ExitCode {
    let (program, args) = Program::from_args(std::env::args_os());
    let result = args.and_then(|args| run(&program, &args));
    program.end(result)
}

/// Base's option, and what it does.
const BASES: [Opt; 1] = [Opt {
    letter: "d",
    long: "",
    value: "level",
    text: "how much to tell about messages, on standard error: 1 failed requests, 2 every message",
}];

fn run(program: &Program, args: &[String]) -> Result<(), Exit> {
    let known = [&BASES[..], &OURS].concat();
    let options = parse(&known, args).map_err(|exit| {
        program.warn(&exit.message);
        usage(program, EX_USAGE)
    })?;
    let last = |name| options.opt_strs(name).pop();

    if options.opt_present("help") {
        let commands = commands::COMMANDS.iter();
        let commands = commands.map(|command| (command.usage, command.summary));
        let about = "Shows the flow cache of an ng_netflow(4) node, the kernel's or nghost's.";
        let usage = format!("{} {USAGE}", program.name());
        return print(&help(&usage, about, &known, commands));
    }
    if options.opt_present("complete") {
        let found = complete(&known, &options.free, |given, _| {
            match given.free.as_slice() {
                [] => nodes(program, given.opt_strs("socket").pop()),
                [_, words @ ..] => commands::next_words(words),
            }
        });
        return print(&found);
    }
    if options.opt_present("version") {
        return print(concat!("flowctl ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    let debug = match last("d").map(|level| level.parse()) {
        None => 0,
        Some(Ok(level)) => level,
        Some(Err(_)) => return Err(Exit::new(EX_USAGE, "-d: the level is a number")),
    };
    // Base ends well when there is nothing to do.
    let [node, command, args @ ..] = options.free.as_slice() else {
        return Err(usage(program, EX_OK));
    };
    let command = commands::find(command)?;
    let action = (command.parse)(args)?;
    let mut client = program.open(
        &format!("flowctl{}", std::process::id()),
        last("socket").map(Into::into),
        debug,
    )?;
    action(&mut client, &path(node))
}

fn usage(program: &Program, code: u8) -> Exit {
    let name = program.name();
    say(format_args!("usage: {name} {USAGE}"));
    Exit::new(code, "")
}

/// The paths of the nodes that have a cache, none if there is nobody to ask.
fn nodes(program: &Program, socket: Option<String>) -> Vec<String> {
    let client = program.open("", socket.map(Into::into), 0);
    let nodes = client.ok().and_then(|mut client| client.listnodes().ok());
    let nodes = nodes.into_iter().flatten();
    nodes
        .filter(|node| node.node_type == NG_NETFLOW_NODE_TYPE)
        .map(|node| node.known_path())
        .collect()
}

/// The path of the node. Base wants the colon, and takes a bare name for a
/// hook of its own node, which has none.
fn path(node: &str) -> String {
    match node.contains(':') {
        true => node.to_string(),
        false => format!("{node}:"),
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_node_has_its_colon_or_is_given_it() {
        assert_eq!(path("netflow"), "netflow:");
        assert_eq!(path("netflow:"), "netflow:");
        assert_eq!(path("[5]"), "[5]:");
        assert_eq!(path("em0:lower.right2left"), "em0:lower.right2left");
    }
}
