// SPDX-License-Identifier: BSD-2-Clause
//! `types`: the types of node that can be made, or are there.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "types",
    summary: "List the types of node, and how many there are of each",
    help: "",
    aliases: &[],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    if !args.is_empty() {
        return Err(Failure::Usage);
    }
    let types = session.client()?.listtypes().map_err(request_failed)?;
    let out = &mut session.out;
    writeln!(out, "There are {} total types:", types.len())?;
    if !types.is_empty() {
        writeln!(out, "{:>15}   Number of living nodes", "Type name")?;
        writeln!(out, "{:>15}   ----------------------", "---------")?;
    }
    for info in types {
        writeln!(out, "{:>15}   {:>5}", info.name, info.nodes)?;
    }
    Ok(Flow::Continue)
}
