// SPDX-License-Identifier: BSD-2-Clause
//! `show`: one node and its hooks.

use super::{options, request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;
use ngctl_rs::generic::NodeInfo;
use std::io;

pub static COMMAND: Command = Command {
    usage: "show [-n] <path>",
    summary: "Describe a node",
    help: "With -n its hooks are left out.",
    aliases: &["inquire", "info"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let options = options(session, &["n"], args)?;
    let [path] = options.free.as_slice() else {
        return Err(Failure::Usage);
    };
    node(session, path, !options.opt_present("n"))?;
    Ok(Flow::Continue)
}

/// Shows the node at `path`, and its hooks if wanted.
pub fn node(session: &mut Session, path: &str, hooks: bool) -> Result<(), Failure> {
    let (node, links) = session.client()?.listhooks(path).map_err(request_failed)?;
    line(session, &node)?;
    if hooks && !links.is_empty() {
        let heads = [
            "Local hook",
            "Peer name",
            "Peer type",
            "Peer ID",
            "Peer hook",
        ];
        row(session, heads)?;
        row(session, heads.map(|head| &"----------"[..head.len()]))?;
        for link in &links {
            let id = format!("{:08x}", link.peer.id);
            let peer = &link.peer;
            row(
                session,
                [
                    &link.ourhook,
                    name(peer),
                    &peer.node_type,
                    &id,
                    &link.peerhook,
                ],
            )?;
        }
    }
    Ok(())
}

/// Shows a node in one line.
pub fn line(session: &mut Session, node: &NodeInfo) -> io::Result<()> {
    writeln!(
        session.out,
        "  Name: {:<15} Type: {:<15} ID: {:08x}   Num hooks: {}",
        name(node),
        node.node_type,
        node.id,
        node.hooks
    )
}

fn row(session: &mut Session, [hook, peer, peer_type, id, peerhook]: [&str; 5]) -> io::Result<()> {
    writeln!(
        session.out,
        "  {hook:<15} {peer:<15} {peer_type:<12} {id:<15} {peerhook:<15}"
    )
}

fn name(node: &NodeInfo) -> &str {
    match node.name.as_str() {
        "" => "<unnamed>",
        name => name,
    }
}
