// SPDX-License-Identifier: BSD-2-Clause
//! `name`: a name for a node.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "name <path> <name>",
    summary: "Name a node",
    help: "",
    aliases: &[],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let [path, name] = args else {
        return Err(Failure::Usage);
    };
    session.client()?.name(path, name).map_err(request_failed)?;
    Ok(Flow::Continue)
}
