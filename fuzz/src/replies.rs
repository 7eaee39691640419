// SPDX-License-Identifier: BSD-2-Clause
//! Whatever a tool reads from its socket: frames and messages of any bytes.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use ngctl_rs::transport::envelope::Frames;
use ngctl_rs::transport::nghost::Nghost;
use ngctl_rs::{Client, Message};
use sys_bindings::{flow6_entry_data, flow_entry_data, ngnf_show_header};

use crate::tally;

/// What a socket's buffer surely holds.
const ROOM: usize = 32 * 1024;

/// What the socket hands out is the bytes.
pub fn run(data: &[u8]) {
    tally::add(1);
    let data = &data[..data.len().min(ROOM)];
    if let Ok(message) = Message::parse(data) {
        assert!(data.starts_with(&message.to_bytes()));
        let _ = message.args_as_list::<ngnf_show_header, flow_entry_data>(|head| head.nentries);
        let _ = message.args_as_list::<ngnf_show_header, flow6_entry_data>(|head| head.nentries);
    }

    // However the bytes are cut up on the way, the frames are the same.
    let (mut whole, mut cut) = (Frames::default(), Frames::default());
    whole.push(data);
    let mut octets = data.iter();
    loop {
        let expected = whole.pop();
        let found = loop {
            match (cut.pop(), octets.next()) {
                (Ok(None), Some(octet)) => cut.push(&[*octet]),
                (found, next) => {
                    if let Some(octet) = next {
                        cut.push(&[*octet]);
                    }
                    break found;
                }
            }
        };
        match (expected, found) {
            (Ok(Some(expected)), Ok(Some(found))) => assert_eq!(expected, found),
            (Ok(None), Ok(None)) | (Err(_), Err(_)) => break,
            (expected, found) => panic!("{expected:?} in one piece, {found:?} in many"),
        }
    }

    let Ok((ours, mut theirs)) = UnixStream::pair() else {
        return;
    };
    if theirs.write_all(data).is_err() || theirs.shutdown(Shutdown::Write).is_err() {
        return;
    }
    let mut client = Client::over(Box::new(Nghost::over(ours)));
    let _ = client.listhooks("a:");
    let _ = client.listnodes();
    let _ = client.listtypes();
    let _ = client.interface_name(1);
    let _ = client.send_ascii("a:", "command { argument=1 }");
}
