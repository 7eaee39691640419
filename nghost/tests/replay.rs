// SPDX-License-Identifier: BSD-2-Clause
//! Captures on their way through the program: order, pace, time and ends.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::common::process::{nghost, until, Connection, Process};
use crate::common::{frame, string};
use ::nghost::ascii::sockaddr;
use ::nghost::live::Ear;
use ::nghost::message::c_array;
use ::nghost::nodes::ether::{NGM_NGHOST_CAPTURE, NGM_NGHOST_COOKIE, NGM_NGHOST_START};
use sys_bindings::*;
use zerocopy::{FromZeros, IntoBytes};

/// 2023-11-14 22:13:20 UTC, in microseconds.
pub const THEN: u64 = 1_700_000_000_000_000;

/// Writes a capture of frames with their times in microseconds after [`THEN`].
pub fn capture(path: &Path, frames: &[(i64, Vec<u8>)]) -> String {
    let mut bytes = Vec::new();
    for word in [0xa1b2c3d4u32, 2 | 4 << 16, 0, 0, 65535, 1] {
        bytes.extend(word.to_le_bytes());
    }
    for (time, frame) in frames {
        let time = THEN.checked_add_signed(*time).unwrap();
        let len = frame.len() as u64;
        for word in [time / 1_000_000, time % 1_000_000, len, len] {
            bytes.extend((word as u32).to_le_bytes());
        }
        bytes.extend(frame);
    }
    fs::write(path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// An ICMP echo reply of 84 octets in an Ethernet frame.
pub fn pong(from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![0; 14 + 84];
    frame[12] = 8;
    frame[14..24].copy_from_slice(&[0x45, 0, 0, 84, 0, 0, 0, 0, 64, 1]);
    frame[26..30].copy_from_slice(&from);
    frame[30..34].copy_from_slice(&to);
    frame
}

pub const SECOND: i64 = 1_000_000;

#[derive(Debug, PartialEq)]
pub struct Account {
    pub state: String,
    pub packets: u64,
    octets: u64,
    steps_back: u64,
}

pub fn account(client: &mut Connection, node: &str) -> Account {
    let answer = client.ask(node, NGM_NGHOST_COOKIE, NGM_NGHOST_CAPTURE);
    let number = |at: usize| u64::from_ne_bytes(answer[at..at + 8].try_into().unwrap());
    Account {
        state: string(&answer[..16]),
        packets: number(16),
        octets: number(24),
        steps_back: number(32),
    }
}

pub fn start(client: &mut Connection, node: &str) -> i32 {
    client.control(node, NGM_NGHOST_COOKIE, NGM_NGHOST_START, &[])
}

pub fn numbers(client: &mut Connection, count: usize) -> Vec<(String, u8)> {
    let packets = (0..count).map(|_| client.packet());
    packets.map(|(hook, packet)| (hook, packet[13])).collect()
}

#[test]
fn packets_of_all_captures_come_in_the_order_of_their_stamps() {
    let folder = tempfile::tempdir().unwrap();
    let odd = [(0, frame(1)), (20, frame(3)), (2 * SECOND, frame(5))];
    let even = [(10, frame(2)), (30, frame(4)), (3 * SECOND, frame(6))];
    let odd = capture(&folder.path().join("odd"), &odd);
    let even = capture(&folder.path().join("even"), &even);
    let args = [
        "--interface",
        &format!("em0,pace=fast,capture={odd}"),
        "--interface",
        &format!("em1,pace=fast,capture={even}"),
        "--hold",
    ];
    let process = Process::start(folder.path(), &args);
    let mut client = process.connect();
    client.listen_to("em0:", "lower", "a");
    client.listen_to("em1:", "lower", "b");
    assert_eq!(account(&mut client, "em0:").state, "held");
    assert_eq!(start(&mut client, "em1:"), 0);
    let expected = [("a", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5), ("b", 6)];
    let expected = expected.map(|(hook, number)| (hook.to_owned(), number));
    assert_eq!(numbers(&mut client, 6), expected);
    let ended = Account {
        state: "ended".into(),
        packets: 3,
        octets: 180,
        steps_back: 0,
    };
    assert_eq!(account(&mut client, "em0:"), ended);
    assert_eq!(account(&mut client, "em1:"), ended);
    assert_eq!(start(&mut client, "em0:"), EALREADY);
}

#[test]
fn without_hold_it_begins_with_the_first_listener() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [(0, frame(1)), (5, frame(2))];
    let path = capture(&folder.path().join("capture"), &frames);
    let interface = format!("em0,pace=fast,capture={path}");
    let process = Process::start(folder.path(), &["--interface", &interface]);
    let mut client = process.connect();
    assert_eq!(account(&mut client, "em0:").state, "waiting");
    assert_eq!(start(&mut client, "em0:"), EALREADY);
    client.listen_to("em0:", "orphans", "o");
    assert_eq!(account(&mut client, "em0:").state, "waiting");
    client.listen_to("em0:", "lower", "l");
    assert_eq!(numbers(&mut client, 2), [("l".into(), 1), ("l".into(), 2)]);
}

#[test]
fn a_capture_keeps_its_pace_or_a_multiple_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let frames: Vec<_> = (0..5).map(|n| (n * SECOND / 5, frame(n as u8))).collect();
    let path = capture(&folder.path().join("capture"), &frames);
    for (pace, least) in [("real", 800), ("4x", 200), ("0.5x", 1600)] {
        let least = Duration::from_millis(least);
        // A busy machine delays packets, and never hastens them.
        let is_in_time = (0..10).any(|_| {
            let interface = format!("em0,pace={pace},capture={path}");
            let folder = tempfile::tempdir().unwrap();
            let process = Process::start(folder.path(), &["--interface", &interface]);
            let mut client = process.connect();
            let begin = Instant::now();
            client.listen_to("em0:", "lower", "l");
            assert_eq!(numbers(&mut client, 5).len(), 5);
            let took = begin.elapsed();
            assert!(took >= least, "{pace}: {took:?}");
            took < least * 3 / 2
        });
        assert!(is_in_time, "{pace}: late each time");
    }
}

#[test]
fn captures_of_one_process_have_one_pace() {
    let folder = tempfile::tempdir().unwrap();
    let path = capture(&folder.path().join("capture"), &[]);
    let args = [
        "--interface",
        &format!("em0,pace=fast,capture={path}"),
        "--interface",
        &format!("em1,pace=real,capture={path}"),
    ];
    let output = nghost(&args);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the same 'pace='"));
}

#[test]
fn stamps_that_step_back_are_fed_at_once_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [
        (10 * SECOND, frame(1)),
        (5 * SECOND, frame(2)),
        (11 * SECOND, frame(3)),
        (-SECOND, frame(4)),
        (12 * SECOND, frame(5)),
    ];
    let path = capture(&folder.path().join("capture"), &frames);
    let interface = format!("em0,pace=fast,capture={path}");
    let process = Process::start(folder.path(), &["--interface", &interface]);
    let mut client = process.connect();
    client.listen_to("em0:", "lower", "l");
    let fed: Vec<u8> = numbers(&mut client, 5).iter().map(|n| n.1).collect();
    assert_eq!(fed, [1, 2, 3, 4, 5]);
    assert_eq!(account(&mut client, "em0:").steps_back, 2);
    process.terminate();
    let (_, said) = process.wait();
    let line = format!("{path}: 2 packets have a time before that of an earlier one");
    assert!(said.contains(&line), "{said}");
}

/// Starts nghost on a capture with a netflow node that exports to the socket.
fn exporting(folder: &Path, frames: &[(i64, Vec<u8>)], args: &[&str]) -> (Process, UdpSocket) {
    let path = capture(&folder.join("capture"), frames);
    let interface = format!("em0,index=1,address=192.168.1.254/24,pace=fast,capture={path}");
    let args = [&["--interface", &interface, "--hold"], args].concat();
    let process = Process::start(folder, &args);
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    collector
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut client = process.connect();
    client.mkpeer("em0:", "tee", "lower", "right");
    client.mkpeer("em0:lower", "netflow", "right2left", "iface0");
    let name = ngm_name {
        name: c_array(b"netflow"),
    };
    let path = "em0:lower.right2left";
    let status = client.control(path, NGM_GENERIC_COOKIE, NGM_NAME, name.as_bytes());
    assert_eq!(status, 0);
    let index = ng_netflow_setifindex { iface: 0, index: 1 };
    let set = (NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETIFINDEX);
    assert_eq!(
        client.control("netflow:", set.0, set.1, index.as_bytes()),
        0
    );
    client.mkpeer("netflow:", "ksocket", "export", "inet/dgram/udp");
    let address = sockaddr::to_bytes(collector.local_addr().unwrap());
    let connect = (NGM_KSOCKET_COOKIE, NGM_KSOCKET_CONNECT);
    assert_eq!(
        client.control("netflow:export", connect.0, connect.1, &address),
        0
    );
    (process, collector)
}

pub fn receive(collector: &UdpSocket) -> Vec<u8> {
    let mut datagram = [0; 2000];
    let len = collector.recv(&mut datagram).unwrap();
    datagram[..len].to_vec()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn the_articles_datagram() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [(0, pong([192, 168, 1, 2], [192, 168, 1, 1]))];
    let (process, collector) = exporting(folder.path(), &frames, &["--exit-at-end"]);
    assert_eq!(start(&mut process.connect(), "em0:"), 0);
    let datagram = receive(&collector);
    let (status, said) = process.wait();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("packets received=1 unaccounted=0"), "{said}");
    assert_eq!(datagram.len(), 72);
    assert_eq!(datagram[..4], [0, 5, 0, 1]);
    let record = &datagram[24..];
    assert_eq!(
        record[..24],
        [0xc0, 0xa8, 1, 2, 0xc0, 0xa8, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x54]
    );
    assert_eq!(
        record[32..],
        [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x18, 0x18, 0, 0]
    );
}

#[test]
fn timeouts_are_in_the_captures_time() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [
        (0, pong([10, 0, 0, 1], [10, 0, 0, 2])),
        (60 * SECOND, pong([10, 0, 0, 3], [10, 0, 0, 4])),
    ];
    let (process, collector) = exporting(folder.path(), &frames, &[]);
    let mut client = process.connect();
    let begin = Instant::now();
    assert_eq!(start(&mut client, "em0:"), 0);
    let datagram = receive(&collector);
    // A minute passed in a moment.
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(datagram[24..28], [10, 0, 0, 1]);
    // 15 s inactive timeout, and what a datagram waits for company.
    let sent = u64::from(word(&datagram, 8)) - THEN / 1_000_000;
    assert!((15..=17).contains(&sent), "{sent}");
    // The second flow is still cached: from here on time passes as it does.
    until("the capture ends", || {
        account(&mut client, "em0:").state == "ended"
    });
    let mut request = ngnf_show_header::new_zeroed();
    request.version = 4;
    let show = (NGM_NETFLOW_COOKIE, NGM_NETFLOW_SHOW);
    assert_eq!(
        client.control("netflow:", show.0, show.1, request.as_bytes()),
        0
    );
    // An end at any time hands over what is there.
    process.terminate();
    let (status, said) = process.wait();
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(receive(&collector)[24..28], [10, 0, 0, 3]);
    assert!(
        said.contains("cached=0") && said.contains("pending=0"),
        "{said}"
    );
}

#[test]
fn a_gap_of_decades_is_walked_in_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let years = |years: i64| years * 365 * 86400 * SECOND;
    let frames = [
        (0, pong([10, 0, 0, 1], [10, 0, 0, 2])),
        (years(40), pong([10, 0, 0, 1], [10, 0, 0, 2])),
    ];
    let (process, collector) = exporting(folder.path(), &frames, &["--exit-at-end"]);
    let mut client = process.connect();
    // An hour passes before the clock may jump.
    let timeouts = ng_netflow_settimeouts {
        inactive_timeout: 3600,
        active_timeout: 4_000_000_000,
    };
    let set = (NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETTIMEOUTS);
    assert_eq!(
        client.control("netflow:", set.0, set.1, timeouts.as_bytes()),
        0
    );
    assert_eq!(start(&mut client, "em0:"), 0);
    let sent = u64::from(word(&receive(&collector), 8)) - THEN / 1_000_000;
    // Late by a thousandth at most.
    assert!((3600..=3606).contains(&sent), "{sent}");
    receive(&collector);
    let (status, said) = process.wait();
    assert_eq!(status, Some(0), "{said}");
}

#[test]
fn after_a_gap_ticks_are_as_close_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let gap = 86400;
    let mut fin = pong([10, 0, 0, 1], [10, 0, 0, 2]);
    fin[14 + 9] = 6; // TCP
    fin[14 + 20 + 12..][..2].copy_from_slice(&[0x50, 1]);
    let frames = [
        (0, pong([10, 0, 0, 3], [10, 0, 0, 4])),
        // The second ends the flow that the first began.
        (gap * SECOND, fin.clone()),
        (gap * SECOND + 1, fin),
        ((gap + 60) * SECOND, pong([10, 0, 0, 3], [10, 0, 0, 4])),
    ];
    let (process, collector) = exporting(folder.path(), &frames, &["--exit-at-end"]);
    let mut client = process.connect();
    let timeouts = ng_netflow_settimeouts {
        inactive_timeout: 864_000,
        active_timeout: 864_000,
    };
    let set = (NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETTIMEOUTS);
    assert_eq!(
        client.control("netflow:", set.0, set.1, timeouts.as_bytes()),
        0
    );
    assert_eq!(start(&mut client, "em0:"), 0);
    let sent = u64::from(word(&receive(&collector), 8)) - THEN / 1_000_000 - gap as u64;
    assert!(sent <= 2, "{sent}");
}

/// What is missing in the records is told, also when the file is damaged behind it.
#[test]
fn what_was_passed_over_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let block = |ty: u32, body: &[u32]| {
        let len = body.len() as u32 * 4 + 12;
        [&[ty, len], body, &[len]].concat()
    };
    let packet = |interface: u32| block(6, &[interface, 0, 0, 0, 0]);
    let words = [
        block(0x0a0d_0d0a, &[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]),
        block(1, &[1, 0]),
        block(1, &[105, 0]),
        packet(0),
        packet(1),
        packet(2),
    ];
    let path = folder.path().join("capture");
    let bytes: Vec<u8> = words
        .concat()
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    for is_broken in [true, false] {
        // Without the last packet.
        let len = bytes.len() - if is_broken { 0 } else { 32 };
        fs::write(&path, &bytes[..len]).unwrap();
        let output = nghost(&["probe", "-r", path.to_str().unwrap(), "127.0.0.1:9"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(65), "{said}");
        assert!(said.contains("1 packets passed over"), "{said}");
        assert_eq!(said.contains("record 3 is corrupt"), is_broken, "{said}");
    }
}

/// With `--exit-at-end` an end before the captures' is no success.
#[test]
fn an_interrupted_replay_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [(0, pong([10, 0, 0, 1], [10, 0, 0, 2]))];
    let (process, collector) = exporting(folder.path(), &frames, &["--exit-at-end"]);
    process.terminate();
    let (status, said) = process.wait();
    assert_eq!(status, Some(128 + 15), "{said}");
    drop(collector);
}

#[test]
fn a_capture_that_is_cut_off_is_fed_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [
        (0, pong([10, 0, 0, 1], [10, 0, 0, 2])),
        (1, pong([10, 0, 0, 3], [10, 0, 0, 4])),
    ];
    let (process, collector) = {
        let path = folder.path().join("capture");
        let whole = capture(&path, &frames);
        let bytes = fs::read(&whole).unwrap();
        let cut = folder.path().join("cut");
        fs::write(&cut, &bytes[..bytes.len() - 1]).unwrap();
        let extra = format!("em1,pace=fast,capture={}", cut.display());
        exporting(
            folder.path(),
            &frames,
            &["--exit-at-end", "--interface", &extra],
        )
    };
    let mut client = process.connect();
    client.listen_to("em1:", "lower", "l");
    assert_eq!(start(&mut client, "em1:"), 0);
    assert_eq!(client.packet().0, "l");
    // The other capture is fed to its end nevertheless.
    assert_eq!(receive(&collector)[..4], [0, 5, 0, 2]);
    let (status, said) = process.wait();
    assert_eq!(status, Some(65), "{said}");
    assert!(
        said.contains("cut: record 2 is cut off; 1 packets read"),
        "{said}"
    );
    assert_eq!(said.matches("record 2").count(), 1, "said once: {said}");
}

#[test]
fn a_live_interface_is_tapped() {
    let folder = tempfile::tempdir().unwrap();
    if let Err(failure) = ::nghost::live::Tap::open("lo", &Ear::default()) {
        assert!([69, 77].contains(&failure.status), "{failure}");
        println!("not run: {failure}");
        return;
    }
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = receiver.local_addr().unwrap();
    let interface = format!("em0,live=lo,filter=udp port {}", address.port());
    let process = Process::start(folder.path(), &["--interface", &interface]);
    let mut client = process.connect();
    client.listen_to("em0:", "lower", "in");
    client.listen_to("em0:", "upper", "out");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    // Not for us, by its port.
    sender
        .send_to(b"a word", sender.local_addr().unwrap())
        .unwrap();
    for word in [b"the first", b"the other"] {
        sender.send_to(word, address).unwrap();
        // What is looped back is sent and received: once is enough.
        let (hook, packet) = client.packet();
        assert_eq!(packet[12..14], [8, 0]);
        assert!(packet.ends_with(word), "{packet:x?}");
        assert_eq!(hook, "in");
    }
}
