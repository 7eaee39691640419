// SPDX-License-Identifier: BSD-2-Clause
//! Whatever bytes the socket hands out, the client answers with a value or an
//! error, never with a panic, and never with more than it was told.

use ngctl_rs::{
    transport::{envelope::encode, nghost::Nghost},
    Client, Error, Message,
};
use ngctl_testing::{chars, from_node_5, response, World};
use proptest::prelude::*;
use std::{io::Write, net::Shutdown, os::unix::net::UnixStream, thread, time::Duration};
use sys_bindings::{nghost::Kind, *};
use zerocopy::IntoBytes;

/// A client at whose other end these bytes lie, and then the end.
fn facing(bytes: &[u8]) -> (Client, UnixStream) {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
    theirs.write_all(bytes).expect("room for the bytes");
    theirs.shutdown(Shutdown::Write).expect("an open socket");
    (Client::over(Box::new(Nghost::over(ours))), theirs)
}

/// A client of this world, which ends with it.
fn client_of(mut world: World) -> Client {
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    thread::spawn(move || world.serve(theirs));
    Client::over(Box::new(Nghost::over(ours)))
}

/// Asks for everything there is to ask for.
fn use_all_of(client: &mut Client) {
    let _ = client.listhooks("a:");
    let _ = client.listnodes();
    let _ = client.listtypes();
    let _ = client.nodeinfo(".");
    let _ = client.text_status("a:");
    let _ = client.interface_name(1);
    let _ = client.send_ascii("a:", "command { argument=1 }");
    let _ = client.send_data("hook", b"packet");
    while let Ok(Some(received)) = client.receive(Some(Duration::ZERO)) {
        if let ngctl_rs::Received::Message { from, message } = received {
            let _ = client.to_ascii(&from, &message);
        }
    }
}

/// Frames that are sound outside, with anything inside.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let status = Just((Kind::Status, vec![0; 4]));
    let message =
        (0u32..4, prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(token, args)| {
            let mut message = Message::new(NGM_GENERIC_COOKIE, NGM_LISTHOOKS, &args);
            message.header.flags = NGF_RESP;
            message.header.token = token;
            (Kind::Message, from_node_5(&message))
        });
    let kinds = prop::sample::select(vec![
        Kind::Status,
        Kind::Message,
        Kind::IfNameReply,
        Kind::DataIn,
        Kind::Control,
    ]);
    let any_frame = (kinds, prop::collection::vec(any::<u8>(), 0..100));
    let frame = prop_oneof![3 => status, 3 => message, 1 => any_frame];
    prop::collection::vec(frame, 0..20).prop_map(|frames| {
        let bytes = frames.iter().map(|(kind, payload)| encode(*kind, payload));
        bytes
            .flat_map(|bytes| bytes.expect("short enough"))
            .collect()
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        use_all_of(&mut facing(&bytes).0);
    }

    #[test]
    fn arbitrary_frames_do_no_harm(bytes in frames()) {
        use_all_of(&mut facing(&bytes).0);
    }

    #[test]
    fn arbitrary_arguments_do_no_harm(args in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut client = client_of(World::new(move |_, _, message| {
            Ok(vec![response(message, &args)])
        }));
        use_all_of(&mut client);
    }

    #[test]
    fn arbitrary_messages_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::parse(&bytes) {
            prop_assert!(bytes.starts_with(&message.to_bytes()));
        }
    }
}

/// A sound answer to listhooks, with two hooks.
fn hooks() -> Vec<u8> {
    let info = nodeinfo {
        name: chars("em0"),
        type_: chars("ether"),
        id: 1,
        hooks: 2,
    };
    let link = linkinfo {
        ourhook: chars("lower"),
        peerhook: chars("right"),
        nodeinfo: info,
    };
    [info.as_bytes(), link.as_bytes(), link.as_bytes()].concat()
}

#[test]
fn a_reply_cut_short_anywhere_is_refused() {
    let whole = hooks();
    for length in 0..=whole.len() {
        let args = whole[..length].to_vec();
        let mut client = client_of(World::new(move |_, _, message| {
            Ok(vec![response(message, &args)])
        }));
        match client.listhooks("em0:") {
            Ok((node, links)) => {
                assert_eq!(length, whole.len());
                assert_eq!((node.hooks, links.len()), (2, 2));
            }
            Err(error) => {
                assert!(matches!(error, Error::Malformed { .. }), "{error}");
                let text = format!(": {length} bytes of arguments, ");
                assert!(error.to_string().contains(&text), "{error}");
            }
        }
    }
}

#[test]
fn a_count_of_four_billion_is_refused() {
    let mut client = client_of(World::new(|_, _, message| {
        Ok(vec![response(message, &[0xff; 200])])
    }));
    let error = client.listnodes().expect_err("there are not that many");
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}

#[test]
fn what_came_before_the_reply_is_kept() {
    let mut client = client_of(World::new(|_, _, message| {
        let stray = Message::new(4711, 1, b"stray");
        let mut late = response(message, b"another's");
        late.header.token += 1;
        Ok(vec![stray, late, response(message, &hooks())])
    }));
    assert_eq!(client.listhooks("em0:").expect("a reply").1.len(), 2);
    let mut kept = Vec::new();
    while let Ok(Some(ngctl_rs::Received::Message { message, .. })) =
        client.receive(Some(Duration::ZERO))
    {
        kept.push(message.args);
    }
    assert_eq!(kept, [b"stray".to_vec(), b"another's".to_vec()]);
}

#[test]
fn a_request_to_ourselves_is_no_reply() {
    let mut client = client_of(World::new(|_, _, message| Ok(vec![message.clone()])));
    let error = client
        .call(".", NGM_NETFLOW_COOKIE, NGM_NETFLOW_SHOW, &[])
        .expect_err("our own request");
    assert!(error.to_string().contains("our own node"), "{error}");
}

#[test]
fn a_frame_too_long_or_unknown_is_named() {
    for (frame, text) in [
        (
            [0xff, 0xff, 0xff, 0x7f, 0x81, 0, 0, 0],
            "its length is 2147483647",
        ),
        ([3, 0, 0, 0, 0x81, 0, 0, 0], "its length is 3"),
        ([4, 0, 0, 0, 0x99, 0, 0, 0], "its kind is 0x99"),
        (
            [4, 0, 0, 0, 0x81, 0, 0, 0],
            "status from nghost: 0 bytes, an errno has 4",
        ),
    ] {
        let error = facing(&frame).0.shutdown("a:").expect_err("not a status");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn the_end_of_the_connection_is_named() {
    let error = facing(b"").0.shutdown("a:").expect_err("no status");
    assert!(matches!(error, Error::Closed), "{error}");
}
