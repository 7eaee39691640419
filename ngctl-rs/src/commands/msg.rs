// SPDX-License-Identifier: BSD-2-Clause
//! `msg`: any command that a node knows in ASCII; and what nodes send us.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;
use ngctl_rs::{cli::Exit, client::AsciiMessage, trace::hexdump, Client, Error, Message, Received};
use std::{io, time::Duration};

pub static COMMAND: Command = Command {
    usage: "msg path command [args ... ]",
    summary: "Send a node a command of its own",
    help: "The node at \"path\" is asked to translate the command and its arguments from \
           ASCII to its binary form, and is then sent that. A reply is shown as the node \
           translates it back.",
    aliases: &["cmd"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let [path, command, ..] = args else {
        return Err(Failure::Usage);
    };
    // As in base a space ends the command's name, even one within a word.
    let line = match args[2..] {
        [] => command.to_string(),
        _ => args[1..].join(" "),
    };
    let client = session.client()?;
    let sent = client.send_ascii(path, &line).map_err(request_failed)?;
    match reply(client, &sent) {
        Ok(Some(received)) => show(session, received)?,
        Ok(None) => {}
        // The command was carried out, so this is no failure of it.
        Err(error) => session
            .program
            .warn(format!("recv incoming message: {error}")),
    }
    Ok(Flow::Continue)
}

/// What the command brought: waited for if it always brings a reply, else what
/// is there by now.
fn reply(client: &mut Client, sent: &Message) -> Result<Option<Received>, Error> {
    if sent.has_reply() {
        client.receive_reply().map(Some)
    } else {
        match client.receive(Some(Duration::ZERO)) {
            // The command may have been the last that was wanted of it.
            Err(Error::Closed) => Ok(None),
            received => received,
        }
    }
}

/// Shows what came to our node.
pub fn show(session: &mut Session, received: Received) -> Result<(), Exit> {
    let written = match received {
        Received::Packet { hook, bytes } => write!(
            session.out,
            "Rec'd data packet on hook \"{hook}\":\n{}",
            hexdump(&bytes)
        ),
        Received::Message { from, message } => match session.client()?.to_ascii(&from, &message) {
            Ok(ascii) => show_ascii(session, &from, &ascii),
            Err(_) => show_binary(session, &from, &message),
        },
    };
    written.map_err(Exit::unwritten)
}

fn show_ascii(session: &mut Session, from: &str, ascii: &AsciiMessage) -> io::Result<()> {
    let AsciiMessage { command, args, .. } = ascii;
    let kind = kind(ascii.is_response);
    let cmd = ascii.cmd as i32;
    writeln!(
        session.out,
        "Rec'd {kind} \"{command}\" ({cmd}) from \"{from}\":"
    )?;
    match args.as_str() {
        "" => writeln!(session.out, "No arguments"),
        args => writeln!(session.out, "Args:\t{args}"),
    }
}

/// For a node that cannot translate.
fn show_binary(session: &mut Session, from: &str, message: &Message) -> io::Result<()> {
    let kind = kind(message.is_response());
    let cmd = message.header.cmd as i32;
    writeln!(session.out, "Rec'd {kind} {cmd} from \"{from}\":")?;
    match message.args.as_slice() {
        [] => writeln!(session.out, "No arguments"),
        args => write!(session.out, "{}", hexdump(args)),
    }
}

fn kind(is_response: bool) -> &'static str {
    match is_response {
        true => "response",
        false => "command",
    }
}
