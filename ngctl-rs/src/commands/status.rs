// SPDX-License-Identifier: BSD-2-Clause
//! `status`: what a node says of itself.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "status <path>",
    summary: "Show what a node says of its state",
    help: "",
    aliases: &[],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let [path] = args else {
        return Err(Failure::Usage);
    };
    match session
        .client()?
        .text_status(path)
        .map_err(request_failed)?
    {
        Some(status) => writeln!(session.out, "Status for \"{path}\":\n{status}")?,
        None => writeln!(session.out, "No status available for \"{path}\"")?,
    }
    Ok(Flow::Continue)
}
