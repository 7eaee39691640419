// SPDX-License-Identifier: BSD-2-Clause
//! Where the routing tables send a new flow: what the record says of its way,
//! for every kind of route, and nothing where there is none.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Context, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "output interface, next hop and masks of every kind of route, in the packet's FIB",
    story,
    ..USUAL
};

/// A flow's way as `flowctl show verbose` tells it.
#[derive(Debug, PartialEq)]
struct Way {
    output: String,
    next_hop: String,
    source_mask: String,
    destination_mask: String,
}

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    let (near, far) = (pair.near.as_str(), pair.far.as_str());
    guest.ok(&format!(
        "jexec far route -q add -net 10.0.0.0/8 192.168.1.1
        route -q add -net 10.1.0.0/16 192.168.1.2
        route -q add -host 10.1.0.9 192.168.1.3
        route -q add -net 10.2.0.0/16 127.0.0.1 -blackhole
        route -q add -net 10.3.0.0/16 127.0.0.1 -reject
        sysctl -q net.route.multipath=1
        route -q add -net 10.4.0.0/16 192.168.1.4
        route -q add -net 10.4.0.0/16 192.168.1.5
        route -q delete default
        ifconfig {near} inet6 2001:db8::1/64 no_dad
        jexec far ifconfig {far} inet6 2001:db8::2/64 no_dad
        jexec far route -q -6 add -net 2001:db8:1::/48 2001:db8::1
        route -q -6 add -net 2001:db8:1:1::/64 2001:db8::3"
    ))?;
    guest.ngctl(&format!(
        "mkpeer {near}: tee lower right
         connect {near}: {near}:lower upper left
         mkpeer {near}:lower netflow right2left iface0
         name {near}:lower.right2left netflow
         msg netflow: settimeouts {{ inactive=3600 active=3600 }}"
    ))?;

    let none = "0.0.0.0";
    let from_link = |output: &str, next_hop: &str, destination_mask: &str| Way {
        output: output.into(),
        next_hop: next_hop.into(),
        source_mask: "/24".into(),
        destination_mask: destination_mask.into(),
    };
    for (to, way) in [
        ("10.1.0.1", from_link(near, "192.168.1.2", "/16")),
        ("10.1.0.9", from_link(near, "192.168.1.3", "/32")),
        // What is thrown away goes to lo0, as base has it.
        ("10.2.0.1", from_link("lo0", "127.0.0.1", "/16")),
        ("10.3.0.1", from_link("lo0", "127.0.0.1", "/16")),
        // Nobody knows beforehand which of several ways a packet will take: the
        // first stands for all.
        ("10.4.0.1", from_link(near, "192.168.1.4", "/16")),
        ("192.168.1.1", from_link("lo0", none, "/32")),
        ("10.9.0.1", from_link("0", none, "/0")),
    ] {
        packet(guest, to)?;
        let told = told(guest, "ipv4", to)?;
        ensure!(told == way, "to {to}: {told:?}, not {way:?}");
    }

    let to = "2001:db8:1:1::7";
    packet(guest, to)?;
    let told6 = told(guest, "ipv6", to)?;
    let way6 = Way {
        output: near.into(),
        next_hop: "2001:db8::3".into(),
        source_mask: "/64".into(),
        destination_mask: "/64".into(),
    };
    ensure!(told6 == way6, "to {to}: {told6:?}, not {way6:?}");

    // What the configuration leaves out is not looked up.
    guest.ok("ngctl msg netflow: setconfig '{ iface=0 conf=49 }'")?;
    packet(guest, "10.1.0.2")?;
    let unlooked = told(guest, "ipv4", "10.1.0.2")?;
    ensure!(unlooked.output == "0" && unlooked.source_mask == "/0", "{unlooked:?}");
    guest.ok("ngctl msg netflow: setconfig '{ iface=0 conf=1 }'")?;

    // The same destination in another FIB goes another way, in a flow of its
    // own; the FIB came when the node was there already.
    guest.ok(&format!(
        "sysctl -q net.fibs=2
        ifconfig {near} fib 1
        setfib 1 route -q add -net 10.1.0.0/16 -iface lo0"
    ))?;
    packet(guest, "10.1.0.1")?;
    let rows = rows(guest, "ipv4", "10.1.0.1")?;
    ensure!(
        rows.len() == 2 && rows.iter().any(|way| way.output == "lo0"),
        "in two FIBs: {rows:?}"
    );
    guest.ok(&format!("ifconfig {near} fib 0; route -q add default 10.0.2.2"))?;
    Ok(())
}

/// One UDP datagram from the jail.
fn packet(guest: &mut Guest, to: &str) -> Result<()> {
    guest.ok(&format!("echo x | jexec far nc -u -w 0 -p 5353 {to} 9; sleep 0.1")).map(|_| ())
}

/// The one flow to an address.
fn told(guest: &mut Guest, family: &str, to: &str) -> Result<Way> {
    let mut rows = rows(guest, family, to)?;
    ensure!(rows.len() == 1, "{} flows to {to}", rows.len());
    rows.pop().context("a flow")
}

/// The UDP flows to an address.
fn rows(guest: &mut Guest, family: &str, to: &str) -> Result<Vec<Way>> {
    let table = guest.ok(&format!("/mnt/bin/flowctl netflow show {family} verbose"))?;
    let lines: Vec<Vec<&str>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
    let flows = lines.windows(2).filter_map(|pair| match pair {
        [first, second] => match (&first[..], &second[..]) {
            (
                [_, _, output, destination, "17", ..],
                [_, source_mask, _, _, destination_mask, _, next_hop, ..],
            ) if *destination == to => Some(Way {
                output: (*output).into(),
                next_hop: (*next_hop).into(),
                source_mask: (*source_mask).into(),
                destination_mask: (*destination_mask).into(),
            }),
            _ => None,
        },
        _ => None,
    });
    Ok(flows.collect())
}
