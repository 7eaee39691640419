// SPDX-License-Identifier: BSD-2-Clause
//! Control messages of every command at every length, and random ones, each
//! with the error that base's node answers it with.

use crate::random::Random;
use anyhow::{bail, ensure, Result};
use ngctl_rs::{Client, Endpoint, Error};
use std::time::Duration;
use sys_bindings::{
    ng_netflow_setconfig, ng_netflow_setdlt, ng_netflow_setifindex, ng_netflow_setmtu,
    ng_netflow_settemplate, ng_netflow_settimeouts, ngnf_show_header, DLT_EN10MB, DLT_RAW, EINVAL,
    NGM_NETFLOW_COOKIE, NGM_NETFLOW_IFINFO, NGM_NETFLOW_INFO, NGM_NETFLOW_SETCONFIG,
    NGM_NETFLOW_SETDLT, NGM_NETFLOW_SETIFINDEX, NGM_NETFLOW_SETMTU, NGM_NETFLOW_SETTEMPLATE,
    NGM_NETFLOW_SETTIMEOUTS, NGM_NETFLOW_SHOW, NGM_NETFLOW_V9INFO,
};

/// Every command that the type has, with the length of its arguments; none
/// for those that take whatever comes.
const COMMANDS: &[(u32, Option<usize>)] = &[
    (NGM_NETFLOW_INFO, None),
    (NGM_NETFLOW_IFINFO, Some(size_of::<u16>())),
    (NGM_NETFLOW_SHOW, Some(size_of::<ngnf_show_header>())),
    (NGM_NETFLOW_SETDLT, Some(size_of::<ng_netflow_setdlt>())),
    (
        NGM_NETFLOW_SETIFINDEX,
        Some(size_of::<ng_netflow_setifindex>()),
    ),
    (
        NGM_NETFLOW_SETTIMEOUTS,
        Some(size_of::<ng_netflow_settimeouts>()),
    ),
    (
        NGM_NETFLOW_SETCONFIG,
        Some(size_of::<ng_netflow_setconfig>()),
    ),
    (
        NGM_NETFLOW_SETTEMPLATE,
        Some(size_of::<ng_netflow_settemplate>()),
    ),
    (NGM_NETFLOW_SETMTU, Some(size_of::<ng_netflow_setmtu>())),
    (NGM_NETFLOW_V9INFO, None),
];

/// Well beyond the longest arguments.
const LONGEST: usize = 300;

/// Sends them to a node of their own, and writes how many there were.
pub fn send(random: u32) -> Result<()> {
    let mut netgraph = Client::open("", &Endpoint::choose(None))?;
    netgraph.mkpeer(".", "netflow", "in", "iface0")?;
    let mut dice = Random::new(0x2004);
    let mut sent = 0;
    for (command, len) in COMMANDS {
        for actual in 0..=LONGEST {
            let args = dice.bytes(actual);
            let errno = deliver(&mut netgraph, NGM_NETFLOW_COOKIE, *command, &args)?;
            let expected = match len {
                Some(len) if *len != actual => EINVAL,
                _ => of_value(*command, &args),
            };
            ensure!(
                errno == expected,
                "command {command}, {actual} octets {args:x?}: errno {errno}, not {expected}"
            );
            sent += 1;
        }
    }
    // Commands that do not exist, and other nodes' cookies.
    for command in (0..32).chain([u32::MAX, 1 << 31]) {
        let known = COMMANDS.iter().any(|(known, _)| *known == command);
        for (cookie, command) in [(NGM_NETFLOW_COOKIE, command), (4711, command)] {
            if known && cookie == NGM_NETFLOW_COOKIE {
                continue;
            }
            let errno = deliver(&mut netgraph, cookie, command, &[])?;
            ensure!(
                errno == EINVAL,
                "cookie {cookie}, command {command}: {errno}"
            );
            sent += 1;
        }
    }
    for _ in 0..random {
        let command = match dice.below(8) {
            0 => dice.next() as u32,
            _ => COMMANDS[dice.below(COMMANDS.len())].0,
        };
        let len = dice.below(40);
        let args = dice.bytes(len);
        let errno = deliver(&mut netgraph, NGM_NETFLOW_COOKIE, command, &args)?;
        ensure!(
            [0, EINVAL].contains(&errno),
            "command {command}, {args:x?}: errno {errno}"
        );
        sent += 1;
    }
    netgraph.shutdown(".:in")?;
    println!("{sent} messages");
    Ok(())
}

/// What base says to arguments of the right length.
fn of_value(command: u32, args: &[u8]) -> i32 {
    let u16_at = |at: usize| match args.get(at..at + 2) {
        Some(&[low, high]) => u16::from_ne_bytes([low, high]),
        _ => 0,
    };
    let good = match command {
        NGM_NETFLOW_IFINFO | NGM_NETFLOW_SETIFINDEX => u16_at(0) == 0,
        NGM_NETFLOW_SETDLT => u16_at(0) == 0 && [DLT_EN10MB, DLT_RAW].contains(&args[2]),
        NGM_NETFLOW_SETCONFIG => u16_at(0) != u16::MAX,
        // Base's bounds: a header of version 5, and what its mbuf holds.
        NGM_NETFLOW_SETMTU => (24..=16_384).contains(&u16_at(0)),
        // A walk begins at 0, and no random number is where one goes on.
        NGM_NETFLOW_SHOW => matches!(args, [4 | 6, _, _, _, 0, 0, 0, 0, ..]),
        _ => true,
    };
    if good {
        0
    } else {
        EINVAL
    }
}

/// Delivers a message and throws its answer away.
fn deliver(netgraph: &mut Client, cookie: u32, command: u32, args: &[u8]) -> Result<i32> {
    let errno = match netgraph.send(".:in", cookie, command, args) {
        Ok(_) => 0,
        Err(Error::Errno(errno)) => errno.0,
        Err(error) => bail!("command {command}: {error}"),
    };
    while netgraph.receive(Some(Duration::ZERO))?.is_some() {}
    Ok(errno)
}
