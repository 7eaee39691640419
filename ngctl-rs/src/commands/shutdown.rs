// SPDX-License-Identifier: BSD-2-Clause
//! `shutdown`: the end of a node.

use super::{failed, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "shutdown <path>",
    summary: "Shut a node down",
    help: "",
    aliases: &["kill", "rmnode"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let [path] = args else {
        return Err(Failure::Usage);
    };
    session
        .client()?
        .shutdown(path)
        .map_err(|error| failed("shutdown", error))?;
    Ok(Flow::Continue)
}
