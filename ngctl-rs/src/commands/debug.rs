// SPDX-License-Identifier: BSD-2-Clause
//! `debug`: how much is shown of what goes over the socket.

use super::{Command, Failure, Flow, Outcome};
use crate::session::Session;

pub static COMMAND: Command = Command {
    usage: "debug [level]",
    summary: "Show or set how much is told about messages",
    help: "The level is a number, or \"+\" or \"-\" for one more or less. At 1 failed \
           requests are shown, at 2 all messages, at 3 the bytes of packets too.",
    aliases: &[],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let level = session.debug();
    match args {
        [] => writeln!(session.out, "Current debug level is {level}")?,
        ["+"] => session.set_debug(level.saturating_add(1)),
        ["-"] => session.set_debug(level.saturating_sub(1)),
        [level] => session.set_debug(level.parse().map_err(|_| Failure::Usage)?),
        _ => return Err(Failure::Usage),
    }
    Ok(Flow::Continue)
}
