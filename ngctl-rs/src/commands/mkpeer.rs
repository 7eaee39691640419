// SPDX-License-Identifier: BSD-2-Clause
//! `mkpeer`: a new node, connected to one that is there.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "mkpeer [path] <type> <hook> <peerhook>",
    summary: "Make a new node, connected to another",
    help: "A node of type \"type\" is made, and its hook \"peerhook\" connected to hook \
           \"hook\" of the node at \"path\"; if that cannot be, no node is made. Without \
           \"path\" it is \".\", our own node.",
    aliases: &[],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let (path, node_type, hook, peerhook) = match args {
        [node_type, hook, peerhook] => (&".", node_type, hook, peerhook),
        [path, node_type, hook, peerhook] => (path, node_type, hook, peerhook),
        _ => return Err(Failure::Usage),
    };
    session
        .client()?
        .mkpeer(path, node_type, hook, peerhook)
        .map_err(request_failed)?;
    Ok(Flow::Continue)
}
