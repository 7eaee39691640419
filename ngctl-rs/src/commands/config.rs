// SPDX-License-Identifier: BSD-2-Clause
//! `config`: a node's configuration as text.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;
use sys_bindings::NG_TEXTRESPONSE;

pub static COMMAND: Command = Command {
    usage: "config <path> [arguments]",
    summary: "Show or set the text configuration of a node",
    help: "",
    aliases: &[],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let Some((path, config)) = args.split_first() else {
        return Err(Failure::Usage);
    };
    let config = config.join(" ");
    if config.len() >= NG_TEXTRESPONSE {
        return Err(Failure::Usage);
    }
    match session
        .client()?
        .text_config(path, &config)
        .map_err(request_failed)?
    {
        Some(config) => writeln!(session.out, "Config for \"{path}\":\n{config}")?,
        None => writeln!(session.out, "No config available for \"{path}\"")?,
    }
    Ok(Flow::Continue)
}
