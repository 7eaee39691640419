// SPDX-License-Identifier: BSD-2-Clause
//! Messages to nodes that are being made: a node has a number, which the next
//! numbers are known by, before it is anything else.

use anyhow::{ensure, Context, Result};
use ngctl_rs::{Client, Endpoint, Error};
use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};
use sys_bindings::{NGM_GENERIC_COOKIE, NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO, NGM_SHUTDOWN};

/// No node has this number.
const NONE: u32 = 0;

/// Makes so many nodes while another thread sends to the next one's number, and
/// writes how many were reached.
pub fn disturb(nodes: u32) -> Result<()> {
    let next = AtomicU32::new(NONE);
    // Here already, so that it is not the next one itself.
    let netgraph = Client::open("", &Endpoint::choose(None))?;
    let (made, reached) = thread::scope(|scope| {
        let other = scope.spawn(|| send_to(netgraph, &next));
        let made = make(nodes, &next);
        next.store(u32::MAX, Relaxed);
        let reached = other.join().ok().context("a thread panicked")?;
        Ok::<_, anyhow::Error>((made?, reached?))
    })?;
    ensure!(reached > 0, "no message reached a node");
    println!("{made} of {nodes} nodes made, {reached} messages reached one");
    Ok(())
}

/// Each by a socket of its own, with which it goes.
fn make(nodes: u32, next: &AtomicU32) -> Result<u32> {
    let mut made = 0;
    for _ in 0..nodes {
        let mut netgraph = Client::open("", &Endpoint::choose(None))?;
        next.store(netgraph.nodeinfo(".")?.id + 1, Relaxed);
        match netgraph.mkpeer(".", "netflow", "in", "iface0") {
            Ok(()) => made += 1,
            Err(error) => ensure!(matches!(error, Error::Errno(_)), "{error}"),
        }
    }
    Ok(made)
}

fn send_to(mut netgraph: Client, next: &AtomicU32) -> Result<u32> {
    let mut reached = 0;
    loop {
        let path = match next.load(Relaxed) {
            NONE => continue,
            u32::MAX => return Ok(reached),
            id => format!("[{id:x}]:"),
        };
        for (cookie, command) in [
            (NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO),
            (NGM_GENERIC_COOKIE, NGM_SHUTDOWN),
        ] {
            reached += u32::from(netgraph.send(&path, cookie, command, &[]).is_ok());
        }
        while netgraph.receive(Some(std::time::Duration::ZERO))?.is_some() {}
    }
}
