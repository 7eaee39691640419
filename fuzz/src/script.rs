// SPDX-License-Identifier: BSD-2-Clause
//! Scripts of any bytes: their words are those of the plainest definition, and
//! what `msg` makes of them is translated by its node or refused, then sent.

use ngctl_rs::words::of_line;
use nghost::message::Message;
use sys_bindings::{ng_msghdr, NGM_ASCII2BINARY, NGM_GENERIC_COOKIE, NG_VERSION};
use zerocopy::{FromZeros, IntoBytes};

use crate::{graph, tally};

/// Lines of a script that are run.
const LINES: usize = 64;

/// Lines, as a file has them.
pub fn run(data: &[u8]) {
    let (graph, client, ours) = graph::graph();
    for line in data.split(|octet| *octet == b'\n').take(LINES) {
        tally::add(1);
        let words = of_line(line).ok();
        assert_eq!(words, plainest(line), "{line:x?}");
        let Some([command, path, rest @ ..]) = words.as_deref() else {
            continue;
        };
        if *command != "msg" {
            continue;
        }
        let binary = Message::new(NGM_GENERIC_COOKIE, NGM_ASCII2BINARY, ascii(rest));
        let _ = graph.send_message(client, path.as_bytes(), &binary);
        while graph.run() {}
        for reply in ours.messages() {
            let message = Message::parse(&reply.args).expect("a message in the reply");
            let _ = graph.send_message(client, path.as_bytes(), &message);
            while graph.run() {}
        }
        ours.messages(); // What it answered.
    }
}

/// A message in ASCII: its command's name in the header, the rest as arguments.
fn ascii(words: &[&str]) -> Vec<u8> {
    let mut header = ng_msghdr::new_zeroed();
    header.version = NG_VERSION;
    let (name, args) = words.split_first().map_or(("", words), |(n, a)| (*n, a));
    let len = name.len().min(header.cmdstr.len() - 1);
    header.cmdstr[..len].copy_from_slice(&name.as_bytes()[..len]);
    let mut args = args.join(" ").into_bytes();
    args.push(0);
    header.arglen = args.len() as u32;
    [header.as_bytes(), &args].concat()
}

/// The words of a line, octet by octet.
fn plainest(line: &[u8]) -> Option<Vec<&str>> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = Vec::new();
    if line.as_bytes().first() == Some(&b'#') {
        return Some(words);
    }
    let mut begin = 0;
    for (at, octet) in line.bytes().chain([b' ']).enumerate() {
        if octet == b' ' || (9..=13).contains(&octet) {
            if at > begin {
                words.push(&line[begin..at]);
            }
            begin = at + 1;
        }
    }
    Some(words)
}
