// SPDX-License-Identifier: BSD-2-Clause
//! Eight clients at one nghost: traffic, hooks, messages, nodes that come and
//! go, and nonsense, for as long as `CHURN_SECONDS` says (3).  In the end every
//! packet that it took is accounted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::address;
use crate::common::process::{Connection, Process};
use ::nghost::message::c_array;
use sys_bindings::nghost::Kind;
use sys_bindings::*;
use zerocopy::{FromZeros, IntoBytes};

/// A UDP datagram in an Ethernet frame, from address `flow`.
fn frame(flow: u32) -> Vec<u8> {
    let [a, b, c, d] = flow.to_be_bytes();
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, a, b, c, d]);
    frame.extend([10, 0, 0, 1, 0, 53, 0, 53, 0, 8, 0, 0]);
    frame
}

fn send(client: &mut Connection, hook: &str, packet: &[u8]) -> i32 {
    client.put(Kind::Data.to_wire(), &[&address(hook), packet].concat());
    client.status()
}

fn netflow(client: &mut Connection, path: &str, cmd: u32, args: &[u8]) -> i32 {
    client.control(path, NGM_NETFLOW_COOKIE, cmd, args)
}

/// One turn of a client's: an interface of the common node with packets, then a
/// node of its own that exports back to it, then what means nothing.
fn turn(client: &mut Connection, number: u32, n: u32) -> u64 {
    let (own, peer) = ("in", format!("iface{}", 1 + number));
    client.listen_to("common:", &peer, own);
    let mut taken = 0;
    for flow in 0..20 {
        let frame = frame(n.wrapping_mul(20).wrapping_add(flow));
        let cut = if flow == 7 {
            n as usize % frame.len()
        } else {
            frame.len()
        };
        send(client, own, &frame[..cut]);
        taken += 1;
    }
    let iface = (1 + number) as u16;
    let set = ng_netflow_setifindex {
        iface,
        index: n as u16,
    };
    assert_eq!(
        netflow(client, "common:", NGM_NETFLOW_SETIFINDEX, set.as_bytes()),
        0
    );
    let request = ngnf_show_header {
        version: 4,
        ..ngnf_show_header::new_zeroed()
    };
    assert_eq!(
        netflow(client, "common:", NGM_NETFLOW_SHOW, request.as_bytes()),
        0
    );
    client.ask("common:", NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO);
    let hook = ngm_rmhook {
        ourhook: c_array(own.as_bytes()),
    };
    let generic = NGM_GENERIC_COOKIE;
    assert_eq!(
        client.control(".:", generic, NGM_RMHOOK, hook.as_bytes()),
        0
    );

    client.mkpeer(".:", "netflow", "mine", "iface0");
    client.listen_to("mine", "export9", "datagrams");
    send(client, "mine", &frame(n));
    // Its end exports what it has, to us.
    assert_eq!(client.control("mine", generic, NGM_SHUTDOWN, &[]), 0);

    for cmd in [NGM_NETFLOW_SHOW, NGM_NETFLOW_SETMTU, n] {
        netflow(client, "common:", cmd, &n.to_ne_bytes()[..n as usize % 5]);
    }
    taken
}

#[test]
fn eight_clients() {
    let seconds = std::env::var("CHURN_SECONDS").map(|text| text.parse().expect("a number"));
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[] as &[&str]);
    let mut keeper = process.connect();
    keeper.mkpeer(".:", "netflow", "keep", "iface0");
    let name = ngm_name {
        name: c_array(b"common"),
    };
    assert_eq!(
        keeper.control("keep", NGM_GENERIC_COOKIE, NGM_NAME, name.as_bytes()),
        0
    );
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(3));
    let (taken, turns) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for number in 0..8 {
            let (process, taken, turns) = (&process, &taken, &turns);
            scope.spawn(move || {
                let mut client = process.connect();
                for n in 0.. {
                    if Instant::now() >= end {
                        break;
                    }
                    taken.fetch_add(turn(&mut client, number, n), Relaxed);
                    turns.fetch_add(1, Relaxed);
                    if n % 16 == number {
                        client = process.connect();
                    }
                }
            });
        }
    });
    let (taken, turns) = (taken.into_inner(), turns.into_inner());
    println!("{turns} turns, {taken} packets");
    assert!(turns >= 8, "{turns} turns");
    // The common node's last account.
    assert_eq!(
        keeper.control("common:", NGM_GENERIC_COOKIE, NGM_SHUTDOWN, &[]),
        0
    );
    process.terminate();
    let (status, said) = process.wait();
    assert_eq!(status, Some(0), "{said}");
    let expected = format!("packets received={taken} unaccounted=0 cached=0");
    assert!(said.contains(&expected), "no {expected} in: {said}");
    let nodes = said.matches("packets received=1 ").count() as u64;
    assert_eq!(
        said.matches(" unaccounted=0 cached=0").count() as u64,
        nodes + 1
    );
    assert_eq!(nodes, turns);
}
