// SPDX-License-Identifier: BSD-2-Clause
//! Each allocation, send, lookup and reply that fails, one at a time and by
//! chance: it is counted, no packet is unaccounted, and when it is over the
//! node serves as before.

use std::cell::Cell;

use flow_testing::fault::Fault;
use flow_testing::packets::{udp, udp6};
use netflow_testing::*;
use ng_netflow::kpi::Reply;
use ng_netflow::{Conservation, DropReason, Node, Role};
use sys_bindings::*;
use zerocopy::{FromZeros, IntoBytes};

/// Longer than a record may be idle and a datagram wait, in milliseconds.
const OVER: u64 = 2500;

fn node(home: &Home) -> Node<Home> {
    let node = exporting_node(home);
    node.newhook(b"export9", hook(8)).unwrap();
    set_timeouts(&node, 1, 60);
    node
}

/// A packet of each of these flows, of both IP versions.
fn packets(node: &Node<Home>, flows: std::ops::Range<u32>) {
    for flow in flows {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
        node.rcvdata(Role::Iface(0), &packet(udp6(flow)));
    }
    assert_eq!(node.conservation().unaccounted(), 0);
}

/// Flows open, go on and expire, twice; then the node goes. What it knows of
/// them in the end.
fn life(home: &Home, node: &Node<Home>) -> Conservation {
    for _ in 0..2 {
        packets(node, 0..40);
        run(node, home, 500);
        packets(node, 20..60);
        run(node, home, OVER);
        assert_eq!(node.conservation().unaccounted(), 0);
    }
    node.conservation()
}

/// After all of that a new flow is exported by both.
fn serves(home: &Home, node: &Node<Home>) {
    home.sent();
    packets(node, 7000..7001);
    run(node, home, OVER);
    let versions: Vec<u32> = home.sent().iter().map(|d| word(d, 0) >> 16).collect();
    assert!(
        versions.contains(&5) && versions.contains(&9),
        "{versions:?}"
    );
    while node.close().is_some() {}
    let account = node.conservation();
    assert_eq!((account.unaccounted(), account.cached.packets), (0, 0));
}

/// Records, added up over both hooks, that were dropped for this.
fn dropped(account: &Conservation, reason: DropReason) -> u64 {
    let exports = account.exports.iter();
    exports.map(|export| export.dropped(reason).records).sum()
}

/// Datagrams that could not be sent, as a message tells.
fn failed(node: &Node<Home>) -> u64 {
    let told = info(node);
    u64::from(told.nfinfo_export_failed) + u64::from(told.nfinfo_export9_failed)
}

/// Lives one life for each time that something is tried in one, failing that
/// time. How many there were.
fn one_at_a_time(
    fault: fn(&Home) -> &Fault,
    check: impl Fn(&Home, &Node<Home>, &Conservation),
) -> u64 {
    for nth in 0.. {
        let home = Home::new();
        let node = node(&home);
        fault(&home).once(nth);
        let account = life(&home, &node);
        if fault(&home).provoked() == 0 {
            return nth;
        }
        check(&home, &node, &account);
        serves(&home, &node);
    }
    unreachable!("lives end");
}

#[test]
fn each_allocation_fails_once() {
    let tried = one_at_a_time(
        |home| &home.0.memory.fault,
        |_, node, account| {
            let refused = account.no_memory;
            assert_eq!(u64::from(info(node).nfinfo_alloc_failed), refused);
            // The index does without a part of it; all else is counted.
            let lost = refused + dropped(account, DropReason::NoMemory);
            let sent = account.expired.packets;
            assert!(lost > 0 || sent == account.received, "{account}");
        },
    );
    println!("{tried} allocations");
    assert!(tried > 200, "{tried}");
}

#[test]
fn each_send_fails_once() {
    let tried = one_at_a_time(
        |home| &home.0.sends,
        |_, node, account| {
            assert_eq!(failed(node), 1);
            assert!(dropped(account, DropReason::SendFailed) > 0, "{account}");
        },
    );
    println!("{tried} sends");
    assert!(tried > 10, "{tried}");
}

/// Records of version 5 that were sent, and say that there is no way out.
fn without_output(home: &Home) -> u64 {
    let sent = home.sent();
    let v5 = sent.iter().filter(|datagram| datagram[1] == 5);
    let records = v5.flat_map(|datagram| datagram[24..].chunks(48));
    records.filter(|record| record[14..16] == [0, 0]).count() as u64
}

/// A flow without a route is exported without one, and nothing else changes: the
/// record is where such a lookup is counted.
#[test]
fn each_lookup_fails_once() {
    let told = Cell::new(0);
    let tried = one_at_a_time(
        |home| &home.0.lookups,
        |home, _, account| {
            let gone = account.expired.packets;
            assert_eq!((gone, account.refused.iter().sum()), (account.received, 0));
            let without = without_output(home);
            assert!(without <= 1, "{without}");
            told.set(told.get() + without);
        },
    );
    println!(
        "{tried} lookups, {} of them the way of a record",
        told.get()
    );
    // One in three is of an IPv4 destination; sources and IPv6 are the others.
    assert!(tried > 200 && told.get() == tried / 3, "{tried}, {told:?}");
}

/// No memory for a reply: the message fails, and may be sent again.
#[test]
fn each_reply_may_fail() {
    struct NoMemory;
    impl Reply for NoMemory {
        fn make(&mut self, _: usize) -> Option<&mut [u8]> {
            None
        }
        fn shorten(&mut self, _: usize) {}
    }
    let node = node(&Home::new());
    packets(&node, 0..10);
    let show = ngnf_show_header {
        version: 4,
        ..ngnf_show_header::new_zeroed()
    };
    for (command, args) in [
        (NGM_NETFLOW_INFO, &[][..]),
        (NGM_NETFLOW_IFINFO, &[0, 0]),
        (NGM_NETFLOW_SHOW, show.as_bytes()),
        (NGM_NETFLOW_V9INFO, &[]),
    ] {
        let refused = node.rcvmsg(NGM_NETFLOW_COOKIE, command, args, &mut NoMemory);
        assert_eq!(refused, Err(ENOMEM), "{command}");
        assert!(message(&node, command, args).unwrap().is_some());
    }
}

#[test]
fn all_of_them_fail_by_chance() {
    let (mut provoked, mut lives) = ([0; 3], 0);
    for seed in 0..100u64 {
        let home = Home::new();
        let node = node(&home);
        let faults = [&home.0.memory.fault, &home.0.sends, &home.0.lookups];
        for (fault, n) in faults.iter().zip(0..) {
            fault.often(2 + (seed + n) % 7, seed << 8 | n);
        }
        let account = life(&home, &node);
        let unmade = dropped(&account, DropReason::NoMemory);
        let unsent = home.0.sends.provoked();
        assert_eq!(failed(&node), unsent + unmade, "each is counted");
        let lost = account.no_memory + unmade;
        assert!(lost > 0 || home.0.memory.fault.provoked() == 0, "{account}");
        for (sum, fault) in provoked.iter_mut().zip(faults) {
            *sum += fault.provoked();
            fault.often(0, 0);
        }
        serves(&home, &node);
        lives += 1;
    }
    let [memory, sends, lookups] = provoked;
    println!("{lives} lives: {memory} allocations, {sends} sends, {lookups} lookups failed");
    assert!(provoked.iter().all(|n| *n > 100), "{provoked:?}");
}
