// SPDX-License-Identifier: BSD-2-Clause
//! `quit`: the end.

use super::{Command, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "quit",
    summary: "End the program",
    help: "",
    aliases: &["exit"],
    run,
};

fn run(_: &mut Session, _: &[&str]) -> Outcome {
    Ok(Flow::Quit)
}
