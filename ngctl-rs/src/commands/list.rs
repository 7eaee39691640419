// SPDX-License-Identifier: BSD-2-Clause
//! `list`: all nodes.

use super::{options, request_failed, show, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "list [-ln]",
    summary: "List the nodes",
    help: "Every node there is gets a line. With -n only those that have a name do, with -l \
           each is followed by its hooks and what they are connected to.",
    aliases: &["ls"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let options = options(session, &["l", "n"], args)?;
    if !options.free.is_empty() {
        return Err(Failure::Usage);
    }
    let client = session.client()?;
    let (nodes, which) = match options.opt_present("n") {
        true => (client.listnames(), "named "),
        false => (client.listnodes(), ""),
    };
    let nodes = nodes.map_err(request_failed)?;
    writeln!(session.out, "There are {} total {which}nodes:", nodes.len())?;
    for (index, node) in nodes.iter().enumerate() {
        if options.opt_present("l") {
            if index > 0 {
                writeln!(session.out)?;
            }
            show::node(session, &node.path(), true)?;
        } else {
            show::line(session, node)?;
        }
    }
    Ok(Flow::Continue)
}
