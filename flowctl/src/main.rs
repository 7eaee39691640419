// SPDX-License-Identifier: BSD-2-Clause
//! The `flowctl` command: what is in the flow cache of an ng_netflow(4) node,
//! as FreeBSD's flowctl(8).

#![forbid(unsafe_code)]

mod commands;
mod flows;
mod format;

use getopts::{Matches, Options, ParsingStyle};
use ngctl_rs::cli::{option_error, say, Exit, Program, EX_OK, EX_USAGE};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (program, args) = Program::from_args(std::env::args_os());
    let result = args.and_then(|args| run(&program, &args));
    program.end(result)
}

fn run(program: &Program, args: &[String]) -> Result<(), Exit> {
    let options = parse(args).map_err(|fail| {
        program.warn(option_error(&fail));
        usage(program, EX_USAGE)
    })?;
    // As with getopt(3), of an option given twice the last one counts.
    let last = |name| options.opt_strs(name).pop();

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

fn parse(args: &[String]) -> Result<Matches, getopts::Fail> {
    Options::new()
        .parsing_style(ParsingStyle::StopAtFirstFree)
        .optmulti("d", "", "", "")
        .optmulti("", "socket", "", "")
        .parse(args)
}

fn usage(program: &Program, code: u8) -> Exit {
    let name = program.name();
    say(format_args!("usage: {name} [-d level] nodename command"));
    Exit::new(code, "")
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
