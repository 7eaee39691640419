// SPDX-License-Identifier: BSD-2-Clause
//! The node in a home made for tests: hooks, data, timer and end.

use std::sync::atomic::Ordering::SeqCst;

use flow::Sum;
use flow_testing::packets::{tcp, udp, udp6};
use netflow_testing::*;
use ng_netflow::{DropReason, Node, Pass, Role, BURST_PAUSE_MS, TICK_MS};
use sys_bindings::*;
use zerocopy::{FromBytes, IntoBytes};

/// One packet for each of so many flows.
fn open_flows(node: &Node<Home>, flows: u32) {
    for flow in 0..flows {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
    }
}

#[test]
fn the_articles_datagram() {
    let home = Home::new();
    let node = Node::new(home.clone()).unwrap();
    node.newhook(b"iface0", hook(1)).unwrap();
    node.newhook(b"export", hook(9)).unwrap();
    let set = ng_netflow_setifindex { iface: 0, index: 1 };
    message(&node, NGM_NETFLOW_SETIFINDEX, set.as_bytes()).unwrap();
    node.rcvdata(Role::Iface(0), &echo_reply());
    run(&node, &home, 16_000);

    let [datagram] = &home.sent()[..] else {
        panic!("one datagram");
    };
    let mut words: Vec<u32> = (0..72).step_by(4).map(|at| word(datagram, at)).collect();
    let sent_at = words[1];
    assert_eq!(u64::from(words[2]), BOOT + u64::from(sent_at) / 1000);
    assert_eq!(
        (words[12], words[13]),
        (60_000, 60_000),
        "milliseconds of uptime"
    );
    assert!(
        (75_000..=76_000).contains(&sent_at),
        "within a second of falling due: {sent_at}"
    );
    for time in [1, 2, 3, 12, 13] {
        words[time] = 0;
    }
    assert_eq!(
        words,
        [
            0x0005_0001,
            0,
            0,
            0,
            0,
            0,
            0xc0a8_0102,
            0xc0a8_0101,
            0,
            0x0001_0001,
            1,
            0x54,
            0,
            0,
            0,
            0x0000_0100,
            0,
            0x1818_0000,
        ]
    );
}

#[test]
fn hooks_connect_once_and_again_after_they_went() {
    let home = Home::new();
    let node = Node::new(home.clone()).unwrap();
    for name in [&b"iface0"[..], b"out0", b"export"] {
        let role = node.newhook(name, hook(1)).unwrap();
        assert_eq!(node.newhook(name, hook(2)), Err(EISCONN));
        node.disconnect(role);
        assert_eq!(node.newhook(name, hook(2)), Ok(role));
    }
    assert_eq!(node.newhook(b"iface65535", hook(3)), Err(EINVAL));
    assert_eq!(node.newhook(b"nonsense", hook(3)), Err(EINVAL));
}

/// As many as base has, and memory for no more than are used.
#[test]
fn every_interface_number_has_its_interface() {
    let home = Home::new();
    let node = exporting_node(&home);
    let left = || home.0.memory.left.load(SeqCst);
    let before = left();
    home.0.memory.largest.store(32 << 10, SeqCst);
    node.newhook(b"iface65534", hook(2)).unwrap();
    assert!(before - left() < 4, "{} allocations", before - left());

    for number in 1..65_534 {
        let name = format!("iface{number}");
        node.newhook(name.as_bytes(), hook(2)).unwrap();
    }
    for number in 0..65_535 {
        for _ in 0..1 + number % 3 {
            node.rcvdata(Role::Iface(number), &echo_reply());
        }
    }
    for number in 0..65_535u16 {
        let answer = message(&node, NGM_NETFLOW_IFINFO, number.as_bytes()).unwrap();
        let told = ng_netflow_ifinfo::read_from_bytes(&answer.unwrap()).unwrap();
        assert_eq!(told.ifinfo_packets, u32::from(1 + number % 3), "{number}");
    }
}

#[test]
fn packets_are_passed_on_between_iface_and_out() {
    let home = Home::new();
    let node = exporting_node(&home);
    let to = |pass: Pass| pass.to;
    let free = Pass { to: None, error: 0 };
    assert_eq!(node.rcvdata(Role::Iface(0), &packet(udp(1))), free);
    node.newhook(b"out0", hook(2)).unwrap();
    assert_eq!(
        to(node.rcvdata(Role::Iface(0), &packet(udp(1)))),
        Some(hook(2))
    );
    assert_eq!(
        to(node.rcvdata(Role::Out(0), &packet(udp(1)))),
        Some(hook(1))
    );
    assert_eq!(
        to(node.rcvdata(Role::Iface(0), &packet(vec![1, 2, 3]))),
        Some(hook(2))
    );
    assert_eq!(
        node.rcvdata(Role::Export, &packet(udp(1))),
        Pass {
            to: None,
            error: EINVAL
        }
    );
    let account = node.conservation();
    assert_eq!(
        (account.received, account.bypassed),
        (4, 1),
        "egress is passed by: {account}"
    );
    assert_eq!(account.cached.packets, 2);
    assert_eq!(account.unaccounted(), 0);

    node.disconnect(Role::Iface(0));
    let egress = node.rcvdata(Role::Out(0), &packet(udp(1)));
    assert_eq!(
        egress,
        Pass {
            to: None,
            error: ENOTCONN
        }
    );
}

#[test]
fn each_fib_has_its_own_sequence_and_engine_id() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.newhook(b"export9", hook(8)).unwrap();
    for _ in 0..2 {
        for fib in [0, 1, 1] {
            let mut packet = packet(udp(1));
            packet.fib = fib;
            node.rcvdata(Role::Iface(0), &packet);
        }
        assert_eq!(info(&node).nfinfo_used, 2);
        run(&node, &home, 16_000);
    }
    let sent = home.sent();
    let of = |version| sent.iter().filter(move |d| word(d, 0) >> 16 == version);
    let mut five: Vec<(u8, u32, u32)> = of(5)
        .map(|d| (d[21], sequence_and_count(d).0, word(d, 24 + 16)))
        .collect();
    five.sort_unstable();
    assert_eq!(
        five,
        [(0, 0, 1), (0, 1, 1), (1, 0, 2), (1, 1, 2)],
        "engine_id, records before, packets"
    );
    let mut nine: Vec<(u32, u32)> = of(9).map(|d| (word(d, 16), word(d, 12))).collect();
    nine.sort_unstable();
    assert_eq!(
        nine,
        [(0, 0), (0, 1), (1, 0), (1, 1)],
        "source id, datagrams before"
    );
    assert_eq!(info(&node).nfinfo_alloc_fibs, 2);
}

/// A FIB that is added while the node is there has its stream too.
#[test]
fn fibs_may_be_added() {
    let home = Home::new();
    let node = exporting_node(&home);
    let one_of_each = || {
        for fib in [0, 1, 5] {
            let mut packet = packet(udp(1));
            packet.fib = fib;
            node.rcvdata(Role::Iface(0), &packet);
        }
        run(&node, &home, 16_000);
        let mut engines: Vec<u8> = home.sent().iter().map(|d| d[21]).collect();
        engines.sort_unstable();
        engines
    };
    assert_eq!(one_of_each(), [0, 1]);
    let account = node.conservation();
    assert_eq!(
        account.exports[0].dropped(DropReason::NotCarried).packets,
        1
    );
    home.0.fibs.store(6, SeqCst);
    home.0.memory.allow(0);
    assert_eq!(
        one_of_each(),
        [0, 1],
        "no memory for it, and nothing is lost"
    );
    home.0.memory.allow(usize::MAX);
    assert_eq!(one_of_each(), [0, 1, 5]);
    let sequences = node.conservation();
    assert_eq!(sequences.unaccounted(), 0);
}

#[test]
fn a_mass_expiry_is_paced_and_the_sequence_has_no_gap() {
    const FLOWS: u32 = 200_000;
    let home = Home::new();
    let node = exporting_node(&home);
    open_flows(&node, FLOWS);
    home.wait(15_000);
    let (mut next, mut datagrams, mut ticks) = (0, 0, 0);
    while next < FLOWS {
        let pause = node.tick();
        let sent = home.sent();
        assert!(sent.len() <= 129, "{} datagrams in one burst", sent.len());
        for datagram in &sent {
            let (sequence, count) = sequence_and_count(datagram);
            assert_eq!(sequence, next);
            next += count;
        }
        datagrams += sent.len();
        ticks += 1;
        assert_eq!(node.conservation().unaccounted(), 0);
        home.wait(pause.into());
        assert!(ticks < 100);
    }
    assert_eq!(next, FLOWS);
    assert_eq!(node.tick(), TICK_MS, "the backlog is gone");
    assert!(
        datagrams as u32 <= FLOWS.div_ceil(30) + 1,
        "{datagrams} datagrams, all but one full"
    );
    assert_eq!(info(&node).nfinfo_inact_exp, u64::from(FLOWS));
}

/// Small datagrams are as many as large ones.
#[test]
fn a_mass_expiry_is_paced_in_datagrams_of_any_size() {
    const FLOWS: u32 = 50_000;
    let home = Home::new();
    let node = exporting_node(&home);
    node.disconnect(Role::Export);
    node.newhook(b"export9", hook(8)).unwrap();
    let set = ng_netflow_setmtu { mtu: 356 };
    message(&node, NGM_NETFLOW_SETMTU, set.as_bytes()).unwrap();
    open_flows(&node, FLOWS);
    home.wait(15_000);
    let (mut datagrams, mut ticks) = (0, 0);
    while node.conservation().cached.records > 0 {
        let pause = node.tick();
        let sent = home.sent().len();
        // And those of the batch in which it reached that.
        assert!(sent <= 128 + 32, "{sent} datagrams in one burst");
        datagrams += sent;
        ticks += 1;
        home.wait(pause.into());
    }
    assert!(
        datagrams > 10_000 && ticks < datagrams / 100,
        "{ticks} ticks"
    );
    home.wait(1000);
    node.tick();
    let account = node.conservation();
    assert_eq!(account.exports[1].handed_over.records, u64::from(FLOWS));
}

/// Sends all that is due, burst after burst.
fn catch_up(node: &Node<Home>, home: &Home) {
    let mut ticks = 0;
    while node.tick() != TICK_MS || node.conservation().cached.records > 0 {
        home.wait(BURST_PAUSE_MS.into());
        ticks += 1;
        assert!(ticks < 100);
    }
    home.wait(1000);
    node.tick();
}

/// A kernel that has no memory for a datagram has none for the next either:
/// what else is due stays in the cache until it has.
#[test]
fn a_short_kernel_costs_few_datagrams() {
    const FLOWS: u32 = 10_000;
    let home = Home::new();
    let node = exporting_node(&home);
    open_flows(&node, FLOWS);
    home.wait(16_000);
    home.0.sends_fail.store(true, SeqCst);
    assert_eq!(node.tick(), BURST_PAUSE_MS);
    let failed = info(&node).nfinfo_export_failed;
    assert!((1..=3).contains(&failed), "{failed} datagrams in a burst");
    home.0.sends_fail.store(false, SeqCst);
    catch_up(&node, &home);
    let account = node.conservation();
    let dropped = account.exports[0].dropped(DropReason::SendFailed);
    assert_eq!(info(&node).nfinfo_export_failed, failed);
    assert_eq!(dropped.records, u64::from(30 * failed));
    assert_eq!(
        account.exports[0].handed_over.records + dropped.records,
        u64::from(FLOWS)
    );
}

/// A collector that takes nothing does not slow the other down: its peer may be a
/// socket that nobody reads.
#[test]
fn a_full_collector_holds_up_no_other() {
    const FLOWS: u32 = 50_000;
    // A datagram of version 9 may be one of many batches.
    for (full, mtu, (stuck, served)) in [
        (9, 1500, (0, 1)),
        (8, 1500, (1, 0)),
        (9, 9000, (0, 1)),
        (8, 9000, (1, 0)),
    ] {
        let home = Home::new();
        let node = exporting_node(&home);
        node.newhook(b"export9", hook(8)).unwrap();
        let set = ng_netflow_setmtu { mtu };
        message(&node, NGM_NETFLOW_SETMTU, set.as_bytes()).unwrap();
        open_flows(&node, FLOWS);
        home.wait(16_000);
        home.0.full_hook.store(full, SeqCst);
        catch_up(&node, &home);
        let account = node.conservation();
        let [stuck, served] = [stuck, served].map(|at| &account.exports[at]);
        assert_eq!(served.handed_over.records, u64::from(FLOWS));
        let lost = stuck.dropped(DropReason::SendFailed).records;
        assert_eq!(lost + stuck.pending.records, u64::from(FLOWS));
        assert_eq!(account.unaccounted(), 0);
    }
}

/// Nor has one without memory for the first datagram of all.
#[test]
fn a_kernel_without_memory_for_a_datagram_costs_few_records() {
    const FLOWS: u32 = 10_000;
    let home = Home::new();
    let node = exporting_node(&home);
    open_flows(&node, FLOWS);
    home.wait(16_000);
    home.0.memory.allow(0);
    assert_eq!(node.tick(), BURST_PAUSE_MS);
    let failed = info(&node).nfinfo_export_failed;
    assert!((1..=64).contains(&failed), "one for each record: {failed}");
    home.0.memory.allow(usize::MAX);
    catch_up(&node, &home);
    let account = node.conservation();
    let dropped = account.exports[0].dropped(DropReason::NoMemory);
    assert_eq!(dropped.records, u64::from(failed));
    assert_eq!(
        account.exports[0].handed_over.records,
        u64::from(FLOWS - failed)
    );
}

#[test]
fn both_exporters_get_every_record_that_they_can_carry() {
    let home = Home::new();
    let node = exporting_node(&home);
    assert_eq!(node.newhook(b"export9", hook(8)), Ok(Role::Export9));
    assert_eq!(node.newhook(b"export9", hook(7)), Err(EISCONN));
    for flow in 0..3 {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
        node.rcvdata(Role::Iface(0), &packet(udp6(flow)));
    }
    run(&node, &home, 16_000);
    let sent = home.sent();
    let count = |version| {
        let datagrams = sent.iter().filter(|d| word(d, 0) >> 16 == version);
        datagrams.map(|d| word(d, 0) & 0xffff).sum::<u32>()
    };
    assert_eq!(count(5), 3);
    assert_eq!(count(9), 2 + 6, "templates and records");
    let account = node.conservation();
    assert_eq!(account.exports[0].handed_over.packets, 3);
    assert_eq!(
        account.exports[0].dropped(DropReason::NotCarried).packets,
        3
    );
    assert_eq!(account.exports[1].handed_over.packets, 6);
    assert_eq!(
        (account.expired.packets, account.unaccounted()),
        (6, 0),
        "{account}"
    );
}

/// A collector that has not seen the templates gets them with the next
/// datagram: after a failed send, and when another one is connected.
#[test]
fn version_9_templates_are_told_again_when_they_were_lost() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.disconnect(Role::Export);
    node.newhook(b"export9", hook(8)).unwrap();
    let has_templates = |flow| {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
        run(&node, &home, 16_500);
        home.sent()
            .last()
            .map(|datagram| word(datagram, 20) >> 16 == 0)
    };
    assert_eq!(has_templates(1), Some(true));
    assert_eq!(has_templates(2), Some(false));
    home.0.sends_fail.store(true, SeqCst);
    assert_eq!(has_templates(3), None);
    home.0.sends_fail.store(false, SeqCst);
    assert_eq!(has_templates(4), Some(true));
    assert_eq!(has_templates(5), Some(false));
    node.disconnect(Role::Export9);
    node.newhook(b"export9", hook(7)).unwrap();
    assert_eq!(has_templates(6), Some(true));
}

#[test]
fn fin_and_rst_end_a_flow() {
    const ACK: u8 = 0x10;
    for (flags, left) in [(ACK, 1), (0x01 | ACK, 0), (0x04, 0), (0x02, 1)] {
        let home = Home::new();
        let node = exporting_node(&home);
        node.rcvdata(Role::Iface(0), &packet(tcp(1, ACK)));
        node.rcvdata(Role::Iface(0), &packet(tcp(1, flags)));
        run(&node, &home, 1500);
        let told = info(&node);
        assert_eq!(told.nfinfo_used, left, "flags {flags:#x}");
        assert_eq!(told.nfinfo_act_exp, u64::from(1 - left));
    }
}

/// What is left at the end is paced as well.
#[test]
fn close_takes_its_time() {
    let home = Home::new();
    let node = exporting_node(&home);
    open_flows(&node, 100_000);
    let mut calls = 0;
    while let Some(pause) = node.close() {
        assert_eq!(pause, BURST_PAUSE_MS);
        calls += 1;
        assert!(home.sent().len() <= 129);
    }
    assert_eq!(calls, 100_000 / 3840);
    assert_eq!(
        home.0.log.lock().unwrap().len(),
        1,
        "one account, at the end"
    );
    assert_eq!(node.conservation().exports[0].handed_over.records, 100_000);
}

#[test]
fn close_takes_no_time_when_there_is_nobody_to_wait_for() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.disconnect(Role::Export);
    open_flows(&node, 100_000);
    let mut calls = 0;
    while let Some(pause) = node.close() {
        assert_eq!(pause, 0);
        calls += 1;
    }
    assert_eq!(
        calls,
        100_000 / 3840,
        "a burst each, not all under one hold"
    );
    let log = home.0.log.lock().unwrap();
    assert_eq!(
        log[..],
        ["packets received=100000 unaccounted=0 cached=0 expired=100000 dropped[no exporter]=100000"]
    );
}

/// At the end a short kernel has a second to get memory again.  Then what it
/// cannot send is dropped, and the node goes.
#[test]
fn close_waits_for_memory_but_not_for_ever() {
    const FLOWS: u32 = 20_000;
    for fails in [10, u32::MAX] {
        let home = Home::new();
        let node = exporting_node(&home);
        open_flows(&node, FLOWS);
        let mut calls = 0;
        home.0.sends_fail.store(true, SeqCst);
        while node.close().is_some() {
            calls += 1;
            home.0.sends_fail.store(calls < fails, SeqCst);
            assert!(calls * BURST_PAUSE_MS < 1500, "so many ms for {fails}");
        }
        let account = node.conservation();
        let dropped = account.exports[0].dropped(DropReason::SendFailed).records;
        assert_eq!((account.cached.records, account.unaccounted()), (0, 0));
        if fails == u32::MAX {
            assert_eq!(dropped, u64::from(FLOWS));
        } else {
            assert!((1..=90 * u64::from(fails)).contains(&dropped), "{dropped}");
        }
    }
}

#[test]
fn a_failed_send_leaves_a_gap_and_a_count() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.newhook(b"export9", hook(8)).unwrap();
    let send_one = |flow| {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
        run(&node, &home, 16_500);
    };
    send_one(1);
    home.0.sends_fail.store(true, SeqCst);
    send_one(2);
    home.0.sends_fail.store(false, SeqCst);
    send_one(3);
    let sequences: Vec<u32> = home
        .sent()
        .iter()
        .filter(|d| word(d, 0) >> 16 == 5)
        .map(|d| sequence_and_count(d).0)
        .collect();
    assert_eq!(sequences, [0, 2]);
    let account = node.conservation();
    let failed = account.exports[0].dropped(DropReason::SendFailed);
    assert_eq!(
        failed,
        Sum {
            records: 1,
            packets: 1,
            octets: 28
        }
    );
    let told = info(&node);
    assert_eq!(
        (told.nfinfo_export_failed, told.nfinfo_export9_failed),
        (1, 1)
    );
    assert_eq!(
        (
            account.exports[0].handed_over.packets,
            account.unaccounted()
        ),
        (2, 0)
    );
}

#[test]
fn without_an_exporter_records_expire_and_are_counted() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.rcvdata(Role::Iface(0), &packet(udp6(1)));
    run(&node, &home, 16_000);
    let account = node.conservation();
    let dropped = account.exports[0].dropped(DropReason::NotCarried);
    assert_eq!(dropped.packets, 1, "version 5 does not carry IPv6");
    node.disconnect(Role::Export);
    node.rcvdata(Role::Iface(0), &packet(udp(1)));
    run(&node, &home, 16_000);
    let account = node.conservation();
    assert_eq!(
        account.exports[0].dropped(DropReason::NotConnected).packets,
        1
    );
    assert_eq!((account.cached.packets, account.unaccounted()), (0, 0));
    assert!(home.sent().is_empty());
}

#[test]
fn close_sends_all_and_logs_the_account() {
    let home = Home::new();
    let node = exporting_node(&home);
    open_flows(&node, 1000);
    node.rcvdata(Role::Iface(0), &packet(vec![0x45]));
    while node.close().is_some() {}
    let records: u32 = home.sent().iter().map(|d| sequence_and_count(d).1).sum();
    assert_eq!(records, 1000);
    let log = home.0.log.lock().unwrap();
    assert_eq!(
        log[..],
        [
            "packets received=1001 unaccounted=0 cached=0 expired=1000 (export handed_over=1000 pending=0) \
          refused[IP header truncated]=1"
        ]
    );
}

/// A node that is made while memory is short is whole, or is not there; and
/// what could not be made once can be made later.
#[test]
fn every_allocation_may_fail() {
    let home = Home::new();
    let mut allowed = 0;
    let node = loop {
        home.0.memory.allow(allowed);
        if let Some(node) = Node::new(home.clone()) {
            break node;
        }
        allowed += 1;
    };
    assert!(allowed > 0);
    let mut refusals = 0;
    for name in [&b"iface0"[..], b"iface65534", b"export", b"export9"] {
        home.0.memory.allow(0);
        let mut allowed = 0;
        while let Err(errno) = node.newhook(name, hook(1)) {
            assert_eq!(errno, ENOMEM);
            refusals += 1;
            allowed += 1;
            home.0.memory.allow(allowed);
        }
    }
    assert!(refusals >= 4, "{refusals}");
    set_raw(&node, 0);
    home.0.memory.allow(0);
    let mut allowed = 0;
    let mut lost = 0;
    while node.rcvdata(Role::Iface(0), &packet(udp(1))).error != 0 {
        lost += 1;
        allowed += 1;
        home.0.memory.allow(allowed);
    }
    let account = node.conservation();
    assert!(lost > 0);
    assert_eq!((account.no_memory, account.cached.packets), (lost, 1));
    assert_eq!(u64::from(info(&node).nfinfo_alloc_failed), lost);
    assert_eq!(info(&node).nfinfo_spackets, lost);
    home.0.memory.allow(0);
    home.wait(15_000);
    node.tick();
    assert_eq!(home.sent().len(), 0, "no memory for a datagram");
    home.0.memory.allow(usize::MAX);
    node.rcvdata(Role::Iface(0), &packet(udp(1)));
    run(&node, &home, 16_000);
    assert_eq!(home.sent().len(), 2, "one of each version");
    let account = node.conservation();
    assert_eq!(account.unaccounted(), 0, "{account}");
}
