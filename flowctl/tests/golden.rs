// SPDX-License-Identifier: BSD-2-Clause
//! What is printed, to the byte, against what base's flowctl printed on
//! FreeBSD: `golden/flowctl.txt`. Two differences are meant: an interface without
//! a name has a number, and a node needs no colon.

use ngctl_testing::{block, compare_with_base, response, Server, World};
use std::net::{Ipv4Addr, Ipv6Addr};
use sys_bindings::*;
use zerocopy::{FromZeros, IntoBytes};

const BASE: &str = include_str!("golden/flowctl.txt");
const FLOWCTL: &str = env!("CARGO_BIN_EXE_flowctl");

const EPAIR: u16 = 3;
const LO: u16 = 1;

fn ipv4(
    (prot, s_port, d_port): (u8, u16, u16),
    (packets, bytes): (u64, u64),
    tcp_flags: u16,
) -> flow_entry_data {
    let address = |text: &str| in_addr {
        s_addr: u32::from_ne_bytes(text.parse::<Ipv4Addr>().expect("an address").octets()),
    };
    let mut entry = flow_entry_data::new_zeroed();
    entry.version = 4;
    entry.r.r_src = address("192.168.1.2");
    entry.r.r_dst = address("192.168.1.1");
    entry.r.ports.dir.s_port = s_port.to_be();
    entry.r.ports.dir.d_port = d_port.to_be();
    entry.r.misc.i.prot = prot;
    entry.r.misc.i.i_ifx = EPAIR;
    entry.fle_o_ifx = LO;
    (entry.src_mask, entry.dst_mask) = (24, 32);
    (entry.packets, entry.bytes) = (packets, bytes);
    entry.tcp_flags = tcp_flags;
    entry
}

fn ipv6(
    (prot, port): (u8, u16),
    (destination, output, dst_mask): (&str, u16, u8),
    (packets, bytes): (u64, u64),
) -> flow6_entry_data {
    let octets = |text: &str| text.parse::<Ipv6Addr>().expect("an address").octets();
    let mut entry = flow6_entry_data::new_zeroed();
    entry.version = 6;
    entry.r.src.r_src6.__u6_addr.__u6_addr8 = octets("2001:db8::2");
    entry.r.dst.r_dst6.__u6_addr.__u6_addr8 = octets(destination);
    entry.r.ports.dir.s_port = port.to_be();
    entry.r.ports.dir.d_port = port.to_be();
    entry.r.misc.i.prot = prot;
    entry.r.misc.i.i_ifx = EPAIR;
    entry.fle_o_ifx = output;
    (entry.src_mask, entry.dst_mask) = (64, dst_mask);
    (entry.packets, entry.bytes) = (packets, bytes);
    entry
}

/// The cache of base's transcript, handed out this many records at a time.
fn base(at_once: usize) -> Server {
    let v4 = [
        ipv4((6, 40000, 80), (2, 104), 0x10),
        ipv4((1, 0, 0), (3, 252), 0),
        ipv4((17, 5353, 5353), (1, 31), 0),
    ]
    .map(|entry| entry.as_bytes().to_vec());
    let v6 = [
        ipv6((58, 0), ("2001:db8::1", LO, 128), (2, 112)),
        ipv6((17, 5354), ("2001:db8::1", LO, 128), (1, 52)),
        ipv6((58, 0), ("ff02::1:ff00:1", 0, 0), (1, 72)),
    ]
    .map(|entry| entry.as_bytes().to_vec());

    let mut world = World::new(move |_, path, message| {
        if path != "netflow:" {
            return Err(ENOENT);
        }
        assert_eq!(message.header.typecookie, NGM_NETFLOW_COOKIE);
        assert_eq!(message.header.cmd, NGM_NETFLOW_SHOW);
        let mut header: ngnf_show_header = message.args_as().expect("a request");
        let entries = if header.version == 4 { &v4 } else { &v6 };
        let from = header.list_id as usize;
        let to = entries.len().min(from + at_once);
        header.nentries = (to - from) as u32;
        header.list_id = if to < entries.len() { to as u32 } else { 0 };
        // As in base, the walk is over at 0, so it goes on at another number.
        header.hash_id = u32::from(header.list_id != 0);
        let reply = [header.as_bytes(), &entries[from..to].concat()].concat();
        Ok(vec![response(message, &reply)])
    });
    world.interfaces = vec![(LO.into(), "lo0"), (EPAIR.into(), "epair0a")];
    Server::start(world)
}

/// Base's words, with the differences that are meant.
fn expected(command: &str) -> String {
    block(BASE, command).replace("(null)", "0     ")
}

fn check(server: &Server, command: &str) {
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let run = server.run(FLOWCTL, "flowctl", &args);
    assert_eq!(run.transcript(), expected(command), "{command}");
}

#[test]
fn the_golden_file_is_what_base_prints() {
    compare_with_base(BASE);
}

#[test]
fn every_command_is_as_in_base() {
    let server = base(1000);
    let commands: Vec<&str> = BASE.lines().filter_map(|l| l.strip_prefix("$ ")).collect();
    assert_eq!(commands.len(), 11);
    for command in commands {
        check(&server, command);
    }
}

#[test]
fn however_many_replies_there_are_the_heading_comes_once() {
    for at_once in [1, 2] {
        let server = base(at_once);
        for command in [
            "show",
            "show human",
            "show ipv4 verbose",
            "show ipv6 verbose",
        ] {
            check(&server, &format!("flowctl netflow: {command}"));
        }
    }
}

#[test]
fn the_node_needs_no_colon() {
    let run = base(1000).run(FLOWCTL, "flowctl", &["netflow", "show", "ipv4"]);
    assert_eq!(run.transcript(), expected("flowctl netflow: show ipv4"));
}

#[test]
fn an_empty_cache_has_a_heading_only_when_verbose() {
    let server = Server::start(World::new(|_, _, message| {
        Ok(vec![response(message, &message.args)]) // No entries, no more hashes.
    }));
    let run = server.run(FLOWCTL, "flowctl", &["netflow:", "show"]);
    assert_eq!(run.transcript(), "[exit 0]\n");
    let run = server.run(FLOWCTL, "flowctl", &["netflow:", "show", "ipv4", "verbose"]);
    let heading: Vec<&str> = run.stdout.lines().collect();
    let base: Vec<&str> = block(BASE, "flowctl netflow: show ipv4 verbose")
        .lines()
        .take(2)
        .collect();
    assert_eq!(heading, base);
}
