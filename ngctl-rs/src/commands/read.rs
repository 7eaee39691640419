// SPDX-License-Identifier: BSD-2-Clause
//! `read`: commands from a file.

use super::{failed, Command, Failure, Flow, Outcome};
use crate::{
    script::Script,
    session::{Session, Status},
};
use ngctl_rs::{cli::Exit, error::describe};

pub static COMMAND: Command = Command {
    usage: "read <filename>",
    summary: "Run the commands in a file",
    help: "",
    aliases: &["source", "."],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let [path] = args else {
        return Err(Failure::Usage);
    };
    let script = Script::open(path).map_err(|error| failed(path, describe(&error)))?;
    match script.run(session) {
        Status::Done => Ok(Flow::Continue),
        Status::Quit => Ok(Flow::Quit),
        Status::Failed(code) => Err(Exit::new(code, "").into()),
    }
}
