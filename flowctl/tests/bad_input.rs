// SPDX-License-Identifier: BSD-2-Clause
//! Wrong words on the command line, and nodes that answer nonsense.

use ngctl_testing::{response, run, Run, Server, World};
use proptest::prelude::*;
use std::{
    path::Path,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc, Mutex,
    },
};
use sys_bindings::*;
use zerocopy::{FromZeros, IntoBytes};

const FLOWCTL: &str = env!("CARGO_BIN_EXE_flowctl");

fn flowctl(server: &Server, args: &[&str]) -> Run {
    server.run(FLOWCTL, "flowctl", args)
}

/// A node that answers every SHOW with these arguments.
fn answering(args: Vec<u8>) -> Server {
    Server::start(World::new(move |_, _, message| {
        Ok(vec![response(message, &args)])
    }))
}

fn header(version: u8, hash_id: u32, nentries: u32) -> ngnf_show_header {
    let mut header = ngnf_show_header::new_zeroed();
    header.version = version;
    header.hash_id = hash_id;
    header.nentries = nentries;
    header
}

#[test]
fn without_nghost_it_says_so() {
    let run = run(
        FLOWCTL,
        "flowctl",
        &["netflow", "show"],
        Path::new("/nonexistent/s"),
        b"",
    );
    assert_eq!(run.status, Some(69));
    assert!(run
        .stderr
        .starts_with("flowctl: cannot connect to /nonexistent/s: No such file"));
    assert!(run.stderr.contains("is nghost running?"));
}

#[test]
fn wrong_words_are_named_before_anything_is_asked() {
    let nowhere = Path::new("/nonexistent/s");
    for (args, status, stderr) in [
        (
            &["-x", "netflow:", "show"][..],
            64,
            "flowctl: illegal option -- x\n\
             usage: flowctl [-d level] nodename command\n",
        ),
        (
            &["-d", "much", "netflow:", "show"][..],
            64,
            "flowctl: -d: the level is a number\n",
        ),
        (
            &["netflow:", "show", "ipv5"][..],
            64,
            "flowctl: show: bad argument: ipv5; usage: show [ipv4|ipv6] [human|verbose]\n",
        ),
        (&["netflow:", ""][..], 1, "flowctl: bad command: \n"),
    ] {
        let run = run(FLOWCTL, "flowctl", args, nowhere, b"");
        assert_eq!((run.status, run.stderr.as_str()), (Some(status), stderr));
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_path_that_netgraph_cannot_carry_is_refused() {
    let run = flowctl(&answering(vec![]), &[&"x".repeat(300), "show"]);
    assert_eq!(run.status, Some(71));
    assert!(
        run.stderr.contains("is longer than 252 bytes"),
        "{}",
        run.stderr
    );
}

/// A kernel may have one IP version only, and base's node then knows no other.
#[test]
fn what_a_kernel_has_is_shown() {
    let refusing = |version: u8| {
        Server::start(World::new(move |_, _, message| {
            let asked: ngnf_show_header = message.args_as().expect("a header");
            match asked.version == version {
                true => Err(EINVAL),
                false => Ok(vec![response(
                    message,
                    header(asked.version, 0, 0).as_bytes(),
                )]),
            }
        }))
    };
    let message = "flowctl: NgSendMsg(NGM_NETFLOW_SHOW): Invalid argument\n";
    for (version, named) in [(4, "ipv4"), (6, "ipv6")] {
        let server = refusing(version);
        let run = flowctl(&server, &["netflow:", "show"]);
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
        let run = flowctl(&server, &["netflow:", "show", named]);
        assert_eq!((run.status, run.stderr.as_str()), (Some(1), message));
    }
    let neither = Server::start(World::new(|_, _, _| Err(EINVAL)));
    let run = flowctl(&neither, &["netflow:", "show"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(1), message));
}

#[test]
fn a_reply_cut_short_anywhere_is_refused() {
    let mut whole = header(4, 0, 2).as_bytes().to_vec();
    whole.extend([0; 2 * size_of::<flow_entry_data>()]);
    let length = Arc::new(AtomicUsize::new(0));
    let server = Server::start(World::new({
        let (whole, length) = (whole.clone(), length.clone());
        move |_, _, message| {
            let length = length.load(Ordering::SeqCst);
            Ok(vec![response(message, &whole[..length])])
        }
    }));
    for cut in (0..whole.len()).step_by(7) {
        length.store(cut, Ordering::SeqCst);
        let run = flowctl(&server, &["netflow:", "show", "ipv4"]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(76), ""));
        let text = format!("{cut} bytes of arguments, ");
        assert!(run.stderr.contains(&text), "{}", run.stderr);
    }
    length.store(whole.len(), Ordering::SeqCst);
    let run = flowctl(&server, &["netflow:", "show", "ipv4"]);
    assert_eq!(run.status, Some(0));
    assert_eq!(run.stdout.lines().count(), 3);
}

#[test]
fn no_packets_are_no_division() {
    let mut args = header(4, 0, 1).as_bytes().to_vec();
    let mut entry = flow_entry_data::new_zeroed();
    entry.bytes = 5;
    args.extend(entry.as_bytes());
    let run = flowctl(&answering(args), &["netflow:", "show", "ipv4", "verbose"]);
    assert_eq!(run.status, Some(0));
}

#[test]
fn the_other_family_is_refused() {
    let args = header(6, 0, 0).as_bytes().to_vec();
    let run = flowctl(&answering(args), &["netflow:", "show", "ipv4"]);
    assert_eq!(
        run.transcript(),
        "flowctl: node \"netflow:\": asked for the flows of IP version 4, \
         was sent those of version 6\n[exit 76]\n"
    );
}

/// A node that answers the walk with these hashes, one after the other.
fn walking(hashes: &'static [u32]) -> (Server, Arc<Mutex<Vec<u32>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let server = Server::start(World::new({
        let asked = asked.clone();
        move |_, _, message| {
            let request: ngnf_show_header = message.args_as().expect("a request");
            let mut asked = asked.lock().expect("no panic");
            let hash = hashes.get(asked.len()).copied().unwrap_or(0);
            asked.push(request.hash_id);
            Ok(vec![response(message, header(4, hash, 0).as_bytes())])
        }
    }));
    (server, asked)
}

#[test]
fn a_busy_node_is_asked_again() {
    let (server, asked) = walking(&[3, 3, 3, 9]);
    let run = flowctl(&server, &["netflow:", "show", "ipv4"]);
    assert_eq!(run.transcript(), "[exit 0]\n");
    assert_eq!(*asked.lock().expect("no panic"), [0, 3, 3, 3, 9]);
}

#[test]
fn a_walk_that_would_not_end_is_ended() {
    let (server, _) = walking(&[9, 3]);
    let run = flowctl(&server, &["netflow:", "show", "ipv4"]);
    assert_eq!(
        run.transcript(),
        "flowctl: node \"netflow:\": the node goes back from hash 9 to hash 3\n[exit 76]\n"
    );
}

#[test]
fn records_without_end_from_one_place_are_ended() {
    let mut args = header(4, 9, 1).as_bytes().to_vec();
    args.extend([0; size_of::<flow_entry_data>()]);
    let run = flowctl(&answering(args), &["netflow:", "show", "ipv4"]);
    assert_eq!(run.status, Some(76));
    assert_eq!(
        run.stderr,
        "flowctl: node \"netflow:\": the node comes no further than hash 9 in 5000 replies\n"
    );
}

#[test]
fn output_that_nobody_reads_is_no_panic() {
    let mut args = header(4, 0, 1000).as_bytes().to_vec();
    args.extend(vec![0; 1000 * size_of::<flow_entry_data>()]);
    let server = answering(args);
    let mut child = std::process::Command::new(FLOWCTL)
        .args(["netflow:", "show"])
        .env("NGHOST_SOCKET", server.socket())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(74));
    assert_eq!(output.stderr, b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_replies_do_no_harm(
        version in prop::sample::select(vec![4u8, 6, 0]),
        nentries in prop::sample::select(vec![0u32, 1, 2, u32::MAX]),
        rest in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let args = [header(version, 0, nentries).as_bytes(), &rest].concat();
        let server = answering(args);
        for words in [["show", "ipv4"], ["show", "ipv6"], ["show", "verbose"]] {
            let run = flowctl(&server, &[&["netflow:"], words.as_slice()].concat());
            prop_assert!(matches!(run.status, Some(0 | 76)), "{run:?}");
        }
    }
}
