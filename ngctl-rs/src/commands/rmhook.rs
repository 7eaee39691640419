// SPDX-License-Identifier: BSD-2-Clause
//! `rmhook`: the end of a link.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "rmhook [path] <hook>",
    summary: "Disconnect a hook of a node",
    help: "The link that hook \"hook\" of the node at \"path\" is an end of is removed, if \
           there is one. Without \"path\" it is \".\", our own node.",
    aliases: &["disconnect"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let (path, hook) = match args {
        [hook] => (&".", hook),
        [path, hook] => (path, hook),
        _ => return Err(Failure::Usage),
    };
    session
        .client()?
        .rmhook(path, hook)
        .map_err(request_failed)?;
    Ok(Flow::Continue)
}
