// SPDX-License-Identifier: BSD-2-Clause
//! When a flow began and ended, as its records tell: when its packets were captured,
//! or came.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::address;
use crate::common::process::{nghost, Process, PATIENCE};
use crate::replay::{capture, pong, receive, SECOND, THEN};
use ::nghost::ascii::sockaddr;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use sys_bindings::nghost::Kind;
use sys_bindings::*;
use zerocopy::IntoBytes;

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// First and last packet of the flows in a datagram of version 5, by the last octet of
/// their source, in milliseconds since 1970.
fn times(datagram: &[u8]) -> Vec<(u8, u64, u64)> {
    let (uptime, secs, nanos) = (word(datagram, 4), word(datagram, 8), word(datagram, 12));
    let sent = u64::from(secs) * 1000 + u64::from(nanos) / 1_000_000;
    let time = |at: u32| sent - u64::from(uptime.wrapping_sub(at));
    let records = datagram[24..].chunks_exact(48);
    records
        .map(|record| (record[3], time(word(record, 24)), time(word(record, 28))))
        .collect()
}

fn collector() -> UdpSocket {
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    collector.set_read_timeout(Some(PATIENCE)).unwrap();
    collector
}

#[test]
fn records_of_a_capture_have_its_stamps() {
    let flow = |n: u8| pong([10, 0, 0, n], [10, 0, 1, 1]);
    // In microseconds: apart by less than a tick, by more than the timeouts, and back.
    let packets = [
        (1, 0),
        (2, 1_500),
        (1, 2_250),
        (3, SECOND - 1),
        (2, 3 * SECOND + 999),
        (4, 20 * SECOND),
        (5, 19 * SECOND),
        (4, 20 * SECOND + 123_456),
        (6, 4_000 * SECOND),
        (6, 4_014 * SECOND + 999_999),
        (7, 86_400 * SECOND + 7_000),
    ];
    let frames: Vec<_> = packets.iter().map(|&(n, at)| (at, flow(n))).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = capture(&folder.path().join("capture"), &frames);
    let collector = collector();
    let to = collector.local_addr().unwrap().to_string();
    let output = nghost(&["probe", "-r", &file, &to]);
    assert!(output.status.success(), "{output:?}");

    let mut expected = BTreeMap::new();
    let mut latest = 0;
    for (n, at) in packets {
        // One that steps back counts as of the latest before.
        latest = latest.max(at);
        let at = (THEN + latest as u64) / 1000;
        expected.entry(n).or_insert((at, at)).1 = at;
    }
    let mut found = BTreeMap::new();
    while found.len() < expected.len() {
        for (n, first, last) in times(&receive(&collector)) {
            assert_eq!(found.insert(n, (first, last)), None, "flow {n} twice");
        }
    }
    assert_eq!(found, expected);
}

/// A process may be stopped, and a machine sleep. What comes then came then, and not
/// when it was stopped.
#[test]
fn a_process_that_was_stopped_knows_what_time_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let collector = collector();
    let process = Process::start(folder.path(), &["--interface", "em0"]);
    let mut client = process.connect();
    client.mkpeer(".:", "netflow", "in", "iface0");
    let index = ng_netflow_setifindex { iface: 0, index: 1 };
    let set = (NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETIFINDEX);
    assert_eq!(client.control("in", set.0, set.1, index.as_bytes()), 0);
    client.mkpeer("in", "ksocket", "export", "inet/dgram/udp");
    let to = sockaddr::to_bytes(collector.local_addr().unwrap());
    let connect = (NGM_KSOCKET_COOKIE, NGM_KSOCKET_CONNECT);
    assert_eq!(client.control("in.export", connect.0, connect.1, &to), 0);

    // It is done with that, and waits.
    std::thread::sleep(Duration::from_millis(100));
    let pid = Pid::from_raw(process.id() as i32);
    kill(pid, Signal::SIGSTOP).unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let before = now().as_millis() as u64;
    let frame = pong([10, 0, 0, 1], [10, 0, 0, 2]);
    let request = [&address("in")[..], &frame].concat();
    client.put(Kind::Data.to_wire(), &request);
    kill(pid, Signal::SIGCONT).unwrap();
    assert_eq!(client.status(), 0);
    let after = now().as_millis() as u64;
    process.terminate();
    let (status, said) = process.wait();
    assert_eq!(status, Some(0), "{said}");
    let [(1, first, last)] = times(&receive(&collector))[..] else {
        panic!("one flow: {said}");
    };
    // The clocks of both are read one after the other, and count in milliseconds.
    let is_then = |time| (before - 50..=after + 50).contains(&time);
    assert!(
        is_then(first) && is_then(last),
        "{before} {first} {last} {after}"
    );
}
