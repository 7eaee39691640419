// SPDX-License-Identifier: BSD-2-Clause
//! The node in a home made for tests: messages, hooks, data, timer and end.

mod home;

use std::sync::atomic::Ordering::SeqCst;

use flow::Sum;
use home::*;
use ng_netflow::kpi::Errno;
use ng_netflow::{DropReason, Node, Pass, Role, BURST_PAUSE_MS, TICK_MS};
use proptest::prelude::*;
use sys_bindings::*;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

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
fn messages_refuse_every_length_but_their_own() {
    let home = Home::new();
    let node = exporting_node(&home);
    let expectations = [
        (NGM_NETFLOW_IFINFO, 2),
        (NGM_NETFLOW_SHOW, 16),
        (NGM_NETFLOW_SETDLT, 4),
        (NGM_NETFLOW_SETIFINDEX, 4),
        (NGM_NETFLOW_SETTIMEOUTS, 8),
        (NGM_NETFLOW_SETCONFIG, 8),
        (NGM_NETFLOW_SETTEMPLATE, 4),
        (NGM_NETFLOW_SETMTU, 2),
    ];
    for (command, len) in expectations {
        for wrong in (0..100).filter(|wrong| *wrong != len) {
            assert_eq!(
                message(&node, command, &vec![0; wrong]),
                Err(EINVAL),
                "{command} {wrong}"
            );
        }
    }
    // Commands without arguments do not look at them.
    for len in 0..100 {
        assert!(message(&node, NGM_NETFLOW_V9INFO, &vec![0xff; len]).is_ok());
        assert!(message(&node, NGM_NETFLOW_INFO, &vec![0xff; len]).is_ok());
    }
    for unknown in [0, 1, 2, 3, 11, 0xffff_ffff, NGM_NETFLOW_INFO & 0xff] {
        assert_eq!(message(&node, unknown, &[]), Err(EINVAL));
    }
    let mut answer = Answer::default();
    assert_eq!(
        node.rcvmsg(NGM_NETFLOW_COOKIE + 1, NGM_NETFLOW_INFO, &[], &mut answer),
        Err(EINVAL)
    );
    assert_eq!(answer.0, None);
}

#[test]
fn settings_are_kept_and_told() {
    let home = Home::new();
    let node = exporting_node(&home);
    let ifinfo = |number: u16| -> Result<ng_netflow_ifinfo, Errno> {
        let answer = message(&node, NGM_NETFLOW_IFINFO, number.as_bytes())?.unwrap();
        Ok(ng_netflow_ifinfo::read_from_bytes(&answer).unwrap())
    };
    node.rcvdata(Role::Iface(0), &packet(udp(1)));
    let set = ng_netflow_setifindex { iface: 0, index: 7 };
    message(&node, NGM_NETFLOW_SETIFINDEX, set.as_bytes()).unwrap();
    let set = ng_netflow_setconfig {
        iface: 0,
        conf: 0x13,
        ..ng_netflow_setconfig::new_zeroed()
    };
    message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
    let told = ifinfo(0).unwrap();
    assert_eq!(
        (
            told.ifinfo_packets,
            told.ifinfo_dlt,
            told.ifinfo_index,
            told.conf
        ),
        (1, DLT_RAW, 7, 0x13)
    );
    assert_eq!(ifinfo(1).unwrap_err(), EINVAL, "not connected");
    assert_eq!(ifinfo(65535).unwrap_err(), EINVAL);

    for (iface, dlt) in [(0, 13), (1, DLT_RAW), (65535, DLT_RAW)] {
        let set = ng_netflow_setdlt {
            iface,
            dlt,
            ..ng_netflow_setdlt::new_zeroed()
        };
        assert_eq!(
            message(&node, NGM_NETFLOW_SETDLT, set.as_bytes()),
            Err(EINVAL)
        );
    }
    let set = ng_netflow_setifindex { iface: 9, index: 2 };
    assert_eq!(
        message(&node, NGM_NETFLOW_SETIFINDEX, set.as_bytes()),
        Err(EINVAL)
    );
    let mut set = ng_netflow_setconfig::new_zeroed();
    set.iface = 65534;
    assert_eq!(
        message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()),
        Ok(None),
        "before its hook"
    );
    set.iface = 65535;
    assert_eq!(
        message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()),
        Err(EINVAL)
    );

    set_timeouts(&node, 3, 6);
    assert_eq!(
        (info(&node).nfinfo_inact_t, info(&node).nfinfo_act_t),
        (3, 6)
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
fn egress_and_once_are_configured() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.newhook(b"out0", hook(2)).unwrap();
    let set = ng_netflow_setconfig {
        iface: 0,
        conf: NG_NETFLOW_CONF_INGRESS | NG_NETFLOW_CONF_EGRESS | NG_NETFLOW_CONF_ONCE,
        ..ng_netflow_setconfig::new_zeroed()
    };
    message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
    let passing = packet(udp(1));
    node.rcvdata(Role::Iface(0), &passing);
    node.rcvdata(Role::Out(0), &passing);
    assert_eq!(passing.marks.borrow().len(), 1);
    node.rcvdata(Role::Out(0), &packet(udp(1)));
    let account = node.conservation();
    assert_eq!(
        (account.received, account.bypassed, account.cached.packets),
        (3, 1, 2)
    );
}

/// "once" heeds any node's mark, "thisonce" only this node's own.
#[test]
fn once_and_thisonce_heed_their_marks() {
    let home = Home::new();
    for (conf, other_nodes, own) in [
        (0, true, true),
        (NG_NETFLOW_CONF_ONCE, false, false),
        (NG_NETFLOW_CONF_THISONCE, true, false),
    ] {
        let node = exporting_node(&home);
        let set = ng_netflow_setconfig {
            iface: 0,
            conf: NG_NETFLOW_CONF_INGRESS | conf,
            ..ng_netflow_setconfig::new_zeroed()
        };
        message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
        let is_accounted = |marked_by: Option<usize>| {
            let packet = packet(udp(1));
            packet.marks.borrow_mut().extend(marked_by);
            let before = node.conservation().cached.packets;
            node.rcvdata(Role::Iface(0), &packet);
            let marks = packet.marks.borrow().len();
            let accounted = node.conservation().cached.packets > before;
            let expected = usize::from(marked_by.is_some()) + usize::from(accounted && conf != 0);
            assert_eq!(marks, expected, "marked when accounted, with conf {conf}");
            accounted
        };
        assert!(is_accounted(None), "conf {conf}");
        assert_eq!(is_accounted(Some(2)), other_nodes, "conf {conf}");
        assert_eq!(is_accounted(Some(1)), own, "conf {conf}");
    }
}

#[test]
fn two_hooks_with_one_ifindex_share_flows() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.newhook(b"iface1", hook(2)).unwrap();
    node.newhook(b"iface2", hook(3)).unwrap();
    for (iface, index) in [(0, 5), (1, 5), (2, 6)] {
        set_raw(&node, iface);
        let set = ng_netflow_setifindex { iface, index };
        message(&node, NGM_NETFLOW_SETIFINDEX, set.as_bytes()).unwrap();
    }
    for iface in 0..3 {
        node.rcvdata(Role::Iface(iface), &packet(udp(1)));
    }
    assert_eq!(info(&node).nfinfo_used, 2);
}

#[test]
fn without_a_configured_index_the_packets_own_interface_counts() {
    let home = Home::new();
    let node = exporting_node(&home);
    for received_on in [3, 4, 3] {
        let mut packet = packet(udp(1));
        packet.received_on = received_on;
        node.rcvdata(Role::Iface(0), &packet);
    }
    assert_eq!(info(&node).nfinfo_used, 2);
}

#[test]
fn each_fib_has_its_own_sequence_and_engine_id() {
    let home = Home::new();
    let node = exporting_node(&home);
    for fib in [0, 1, 1] {
        let mut packet = packet(udp(1));
        packet.fib = fib;
        node.rcvdata(Role::Iface(0), &packet);
    }
    assert_eq!(info(&node).nfinfo_used, 2);
    run(&node, &home, 16_000);
    let mut engines: Vec<(u8, u32)> = home
        .sent()
        .iter()
        .map(|d| (d[21], word(d, 24 + 16)))
        .collect();
    engines.sort_unstable();
    assert_eq!(engines, [(0, 1), (1, 2)], "engine_id and packets");
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
    for flow in 0..FLOWS {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
    }
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

/// What is left at the end is paced as well.
#[test]
fn close_takes_its_time() {
    let home = Home::new();
    let node = exporting_node(&home);
    for flow in 0..100_000 {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
    }
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
fn version_9_settings_are_kept_and_told() {
    let home = Home::new();
    let node = exporting_node(&home);
    let v9info = || {
        let answer = message(&node, NGM_NETFLOW_V9INFO, &[]).unwrap().unwrap();
        let info = ng_netflow_v9info::read_from_bytes(&answer).unwrap();
        (info.templ_packets, info.templ_time, info.mtu)
    };
    assert_eq!(v9info(), (500, 600, 1500), "base's defaults");
    let set = ng_netflow_settemplate {
        time: 1,
        packets: 2,
    };
    message(&node, NGM_NETFLOW_SETTEMPLATE, set.as_bytes()).unwrap();
    for (mtu, result) in [
        (10, Err(EINVAL)),
        (355, Err(EINVAL)),
        (356, Ok(None)),
        (16_385, Err(EINVAL)),
        (9000, Ok(None)),
    ] {
        let set = ng_netflow_setmtu { mtu };
        assert_eq!(
            message(&node, NGM_NETFLOW_SETMTU, set.as_bytes()),
            result,
            "{mtu}"
        );
    }
    assert_eq!(v9info(), (2, 1, 9000));
}

#[test]
fn a_failed_send_leaves_a_gap_and_a_count() {
    let home = Home::new();
    let node = exporting_node(&home);
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
    assert_eq!(info(&node).nfinfo_export_failed, 1);
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
fn timeouts_that_are_shortened_hold_at_the_next_tick() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.rcvdata(Role::Iface(0), &packet(udp(1)));
    home.wait(4000);
    node.tick();
    assert_eq!(info(&node).nfinfo_used, 1);
    set_timeouts(&node, 3, 1800);
    node.tick();
    assert_eq!(info(&node).nfinfo_used, 0);
}

#[test]
fn close_sends_all_and_logs_the_account() {
    let home = Home::new();
    let node = exporting_node(&home);
    for flow in 0..1000 {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
    }
    node.rcvdata(Role::Iface(0), &packet(vec![0x45]));
    while node.close().is_some() {}
    let records: u32 = home.sent().iter().map(|d| sequence_and_count(d).1).sum();
    assert_eq!(records, 1000);
    let log = home.0.log.lock().unwrap();
    assert_eq!(
        log[..],
        [
            "ng_netflow: packets received=1001 unaccounted=0 cached=0 expired=1000 (export handed_over=1000 pending=0) \
          refused[IP header truncated]=1"
        ]
    );
}

#[test]
fn show_walks_the_whole_cache() {
    let home = Home::new();
    let node = exporting_node(&home);
    assert!(show(&node, 4).is_empty());
    for flow in 0..5000 {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
        node.rcvdata(Role::Iface(0), &packet(udp6(flow)));
    }
    for version in [4, 6] {
        let mut shown = show(&node, version);
        shown.sort_unstable();
        assert_eq!(shown, (0..5000).collect::<Vec<u32>>());
    }
    for (version, hash_id) in [(5, 0), (0, 0), (4, 257), (6, u32::MAX)] {
        let request = ngnf_show_header {
            version,
            hash_id,
            ..ngnf_show_header::new_zeroed()
        };
        assert_eq!(
            message(&node, NGM_NETFLOW_SHOW, request.as_bytes()),
            Err(EINVAL)
        );
    }
    let nowhere = ngnf_show_header {
        version: 4,
        hash_id: 256,
        list_id: u32::MAX,
        ..ngnf_show_header::new_zeroed()
    };
    let answer = message(&node, NGM_NETFLOW_SHOW, nowhere.as_bytes())
        .unwrap()
        .unwrap();
    assert_eq!(
        answer.len(),
        size_of::<ngnf_show_header>(),
        "beyond the end is the end"
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

#[derive(Clone, Debug)]
enum Event {
    Packets(u32, u32),
    Packets6(u32, u32),
    Garbage(Vec<u8>),
    Ticks(u64),
    SendsFail(bool),
    Exporter(bool),
    Exporter9(bool),
    Memory(usize),
    Timeouts(u32, u32),
    Message(u32, Vec<u8>),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0u32..300, 1u32..50).prop_map(|(from, n)| Event::Packets(from, n)),
        2 => (0u32..300, 1u32..50).prop_map(|(from, n)| Event::Packets6(from, n)),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Event::Garbage),
        3 => (1u64..20).prop_map(Event::Ticks),
        1 => any::<bool>().prop_map(Event::SendsFail),
        1 => any::<bool>().prop_map(Event::Exporter),
        1 => any::<bool>().prop_map(Event::Exporter9),
        1 => prop_oneof![(0usize..20), Just(usize::MAX)].prop_map(Event::Memory),
        1 => (0u32..5, 0u32..9).prop_map(|(i, a)| Event::Timeouts(i, a)),
        1 => (
            prop_oneof![0u32..12, (1u32..12).prop_map(|c| c | NGM_NETFLOW_INFO & !0xff)],
            prop::collection::vec(any::<u8>(), 0..20),
        ).prop_map(|(command, args)| Event::Message(command, args)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever fails and whoever comes and goes: no packet is unaccounted.
    #[test]
    fn packets_are_conserved(events in prop::collection::vec(event(), 1..120)) {
        let home = Home::new();
        let node = exporting_node(&home);
        let mut connected = true;
        for event in events {
            match event {
                Event::Packets(from, n) => for flow in from..from + n {
                    node.rcvdata(Role::Iface(0), &packet(udp(flow)));
                },
                Event::Packets6(from, n) => for flow in from..from + n {
                    node.rcvdata(Role::Iface(0), &packet(udp6(flow)));
                },
                Event::Garbage(bytes) => {
                    node.rcvdata(Role::Iface(0), &packet(bytes));
                }
                Event::Ticks(ticks) => run(&node, &home, ticks * u64::from(TICK_MS)),
                Event::SendsFail(fail) => home.0.sends_fail.store(fail, SeqCst),
                Event::Exporter(connect) => {
                    if connect && !connected {
                        node.newhook(b"export", hook(9)).unwrap();
                    } else if !connect {
                        node.disconnect(Role::Export);
                    }
                    connected = connect;
                }
                Event::Exporter9(connect) => {
                    if connect {
                        let _ = node.newhook(b"export9", hook(8));
                    } else {
                        node.disconnect(Role::Export9);
                    }
                }
                Event::Memory(allocations) => home.0.memory.allow(allocations),
                Event::Timeouts(inactive, active) => set_timeouts(&node, inactive, active),
                Event::Message(command, args) => {
                    let _ = message(&node, command, &args);
                }
            }
            prop_assert_eq!(node.conservation().unaccounted(), 0);
        }
        while node.close().is_some() {}
        let account = node.conservation();
        prop_assert_eq!(account.unaccounted(), 0);
        prop_assert_eq!(account.cached.packets, 0);
        let sent = home.sent();
        let version5 = sent.iter().filter(|d| word(d, 0) >> 16 == 5);
        let records: u32 = version5.map(|d| sequence_and_count(d).1).sum();
        prop_assert_eq!(u64::from(records), account.exports[0].handed_over.records);
        for export in account.exports {
            prop_assert_eq!(export.pending.packets, 0);
        }
    }
}
