// SPDX-License-Identifier: BSD-2-Clause
//! The node: hooks with any name, messages of any bytes, packets, ticks, and
//! memory and sends that fail.  No packet is ever missing.

use std::sync::atomic::Ordering::SeqCst;

use flow_testing::packets::{tcp, udp, udp6};
use netflow_testing::{exporting_node, hook, packet, show, Answer, Home};
use ng_netflow::{Node, Role};
use sys_bindings::*;

use crate::{tally, Input};

/// Messages, and the octets of their arguments.
const MESSAGES: [(u32, usize); 10] = [
    (NGM_NETFLOW_INFO, 0),
    (NGM_NETFLOW_IFINFO, size_of::<u16>()),
    (NGM_NETFLOW_SHOW, size_of::<ngnf_show_header>()),
    (NGM_NETFLOW_SETDLT, size_of::<ng_netflow_setdlt>()),
    (NGM_NETFLOW_SETIFINDEX, size_of::<ng_netflow_setifindex>()),
    (NGM_NETFLOW_SETTIMEOUTS, size_of::<ng_netflow_settimeouts>()),
    (NGM_NETFLOW_SETCONFIG, size_of::<ng_netflow_setconfig>()),
    (NGM_NETFLOW_SETTEMPLATE, size_of::<ng_netflow_settemplate>()),
    (NGM_NETFLOW_SETMTU, size_of::<ng_netflow_setmtu>()),
    (NGM_NETFLOW_V9INFO, 0),
];

/// Each octet is a step, with its arguments behind it.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let home = Home::new();
    let node = exporting_node(&home);
    while !input.is_empty() {
        tally::add(1);
        step(&node, &home, &mut input);
        assert_eq!(node.conservation().unaccounted(), 0);
    }
    home.0.memory.allow(usize::MAX);
    while node.close().is_some() {}
    let account = node.conservation();
    assert_eq!((account.unaccounted(), account.cached.packets), (0, 0));
    assert!(node.rest().is_some(), "something waits");
}

fn step(node: &Node<Home>, home: &Home, input: &mut Input<'_>) {
    match input.u8() % 12 {
        0 => {
            let len = input.u8() % 16;
            let _ = node.newhook(input.take(len.into()), hook(usize::from(input.u8()) + 1));
        }
        1 => {
            let names = [&b"iface0"[..], b"iface1", b"out0", b"export", b"export9"];
            let name = names[usize::from(input.u8()) % names.len()];
            let _ = node.newhook(name, hook(7));
        }
        2 => {
            if let Some(role) = Role::from_bits(input.u32() as usize) {
                node.disconnect(role);
            }
        }
        3 => {
            let roles = [Role::Iface(0), Role::Out(0), Role::Export, Role::Export9];
            node.disconnect(roles[usize::from(input.u8()) % roles.len()]);
        }
        4 => {
            let (command, len) = MESSAGES[usize::from(input.u8()) % MESSAGES.len()];
            message(node, NGM_NETFLOW_COOKIE, command, input.take(len));
        }
        5 => {
            let (command, _) = MESSAGES[usize::from(input.u8()) % MESSAGES.len()];
            let len = input.u8() % 48;
            message(node, NGM_NETFLOW_COOKIE, command, input.take(len.into()));
        }
        6 => match input.u8() {
            0..=99 => _ = show(node, 4),
            100..=199 => _ = show(node, 6),
            _ => {
                let (cookie, command, len) = (input.u32(), input.u32(), input.u8() % 48);
                message(node, cookie, command, input.take(len.into()));
            }
        },
        7 => {
            let flow = input.u8().into();
            let tcp = tcp(flow, input.u8());
            for mut packet in [packet(udp(flow)), packet(udp6(flow)), packet(tcp)] {
                packet.fib = u16::from(input.u8() % 4);
                let coming = [&packet.bytes[..]; 2];
                assert!(node.look_ahead(Role::Iface(0), &coming, 0, packet.fib) <= 2);
                // It comes again, as it does where it came in and where it leaves.
                node.rcvdata(Role::Iface(0), &packet);
                node.rcvdata(Role::Iface(0), &packet);
            }
        }
        8 => {
            let len = input.u8();
            let role = Role::from_bits(input.u32() as usize).unwrap_or(Role::Out(0));
            node.rcvdata(role, &packet(input.take(len.into()).to_vec()));
        }
        9 => {
            home.wait(u64::from(input.u16()));
            node.tick();
        }
        10 => match input.u8() {
            left @ 0..=30 => home.0.memory.allow(left.into()),
            _ => home.0.memory.allow(usize::MAX),
        },
        _ => home.0.sends_fail.store(input.u8() & 1 == 0, SeqCst),
    }
}

fn message(node: &Node<Home>, cookie: u32, command: u32, args: &[u8]) {
    let mut answer = Answer::default();
    let done = node.rcvmsg(cookie, command, args, &mut answer);
    assert!(done.is_ok() || answer.0.is_none(), "an error has no answer");
}
