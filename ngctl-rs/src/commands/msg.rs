// SPDX-License-Identifier: BSD-2-Clause
//! `msg`: any command that a node knows in ASCII; and what nodes send us.

use super::{request_failed, Command, Failure, Flow, Outcome};
use crate::session::Session;
use ngctl_rs::{client::AsciiMessage, trace::hexdump, Client, Error, Message, Received};
use std::time::Duration;

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
        Ok(Some(received)) => {
            let text = text(client, received);
            write!(session.out, "{text}")?;
        }
        Ok(None) => {}
        // The command was carried out, so this is no failure of it.
        Err(error) => session
            .program
            .warn(format!("recv incoming message: {error}")),
    }
    Ok(Flow::Continue)
}

/// What the command brought: waited for if it always brings a reply, else what
/// is there by now. Packets are for the prompt to show, as in base.
fn reply(client: &mut Client, sent: &Message) -> Result<Option<Received>, Error> {
    if sent.has_reply() {
        client.receive_reply().map(Some)
    } else {
        match client.receive_message(Some(Duration::ZERO)) {
            // The command may have been the last that was wanted of it.
            Err(Error::Closed) => Ok(None),
            received => received,
        }
    }
}

/// What came to our node, as it is shown. The node that sent a message is asked
/// to translate it.
pub fn text(client: &mut Client, received: Received) -> String {
    match received {
        Received::Packet { hook, bytes } => {
            format!("Rec'd data packet on hook \"{hook}\":\n{}", hexdump(&bytes))
        }
        Received::Message { from, message } => match client.to_ascii(&from, &message) {
            Ok(ascii) => ascii_text(&from, &ascii),
            Err(_) => binary_text(&from, &message),
        },
    }
}

fn ascii_text(from: &str, ascii: &AsciiMessage) -> String {
    let AsciiMessage { command, args, .. } = ascii;
    let kind = kind(ascii.is_response);
    let cmd = ascii.cmd as i32;
    let args = match args.as_str() {
        "" => "No arguments".into(),
        args => format!("Args:\t{args}"),
    };
    format!("Rec'd {kind} \"{command}\" ({cmd}) from \"{from}\":\n{args}\n")
}

/// For a node that cannot translate.
fn binary_text(from: &str, message: &Message) -> String {
    let kind = kind(message.is_response());
    let cmd = message.header.cmd as i32;
    let args = match message.args.as_slice() {
        [] => "No arguments\n".into(),
        args => hexdump(args),
    };
    format!("Rec'd {kind} {cmd} from \"{from}\":\n{args}")
}

fn kind(is_response: bool) -> &'static str {
    match is_response {
        true => "response",
        false => "command",
    }
}
