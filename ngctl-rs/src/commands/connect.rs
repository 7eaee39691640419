// SPDX-License-Identifier: BSD-2-Clause
//! `connect`: a hook of one node to a hook of another.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "connect [path] <relpath> <hook> <peerhook>",
    summary: "Connect two nodes by their hooks",
    help: "Hook \"hook\" of the node at \"path\" and hook \"peerhook\" of the node at \
           \"relpath\" become the two ends of a link. A \"relpath\" that is not absolute \
           starts from the first node. Without \"path\" that is \".\", our own node.",
    aliases: &["join"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let (path, relpath, hook, peerhook) = match args {
        [relpath, hook, peerhook] => (&".", relpath, hook, peerhook),
        [path, relpath, hook, peerhook] => (path, relpath, hook, peerhook),
        _ => return Err(Failure::Usage),
    };
    session
        .client()?
        .connect(path, relpath, hook, peerhook)
        .map_err(request_failed)?;
    Ok(Flow::Continue)
}
