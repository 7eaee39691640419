// SPDX-License-Identifier: BSD-2-Clause
//! Between an Ethernet interface and the stack: what passes through a node is
//! passed on as it came, both ways.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "inline between ether's lower and upper, traffic passes unmodified both ways",
    limit: 180,
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    let (near, far) = (&pair.near, &pair.far);
    guest.ok(&format!(
        "ifconfig {near} inet6 2001:db8::1/64 no_dad &&
        jexec far ifconfig {far} inet6 2001:db8::2/64 no_dad"
    ))?;
    // Both directions: ingress on iface0 and egress on out0.
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: setconfig {{ iface=0 conf=3 }}"
    ))?;

    // Packets of every size, whole and in fragments; ping compares what comes
    // back with what it sent.
    guest.expect("ping -q -c 50 -i 0.01 -g 1 -G 1500 -h 31 192.168.1.2", " 0.0% packet loss")?;
    guest.expect("ping -q -c 10 -i 0.01 -s 9000 192.168.1.2", " 0.0% packet loss")?;
    guest.until("ping -6 -q -c 1 2001:db8::2", " 0.0% packet loss", 10)?;
    guest.expect("ping -6 -q -c 10 -i 0.01 -s 4000 2001:db8::2", " 0.0% packet loss")?;

    // Files by TCP, there and back.
    guest.ok("dd if=/dev/random of=/tmp/sent bs=64k count=64 2>/dev/null")?;
    let sum = guest.ok("md5 -q /tmp/sent")?;
    for (receive, send) in [
        ("jexec far nc -l 192.168.1.2 81", "nc -N 192.168.1.2 81"),
        ("nc -l 192.168.1.1 82", "jexec far nc -N 192.168.1.1 82"),
        ("nc -l 2001:db8::1 83", "jexec far nc -N 2001:db8::1 83"),
    ] {
        guest.ok("rm -f /tmp/received")?;
        guest.beside(&format!("exec {receive} > /tmp/received"))?;
        guest.wait(300);
        guest.ok(&format!("{send} < /tmp/sent"))?;
        guest.until("md5 -q /tmp/received", sum.trim(), 20)?;
    }

    // Nothing passed unseen: the node has counted what the interface did.
    let info = guest.ok("ngctl msg netflow: info")?;
    ensure!(info.contains("IPv4 packets=") && info.contains("IPv6 packets="), "{info}");
    // As ASCII leaves out what is 0: packets were read where they lay.
    ensure!(!info.contains("mbuf reallocations"), "{info}");
    guest.expect("ngctl msg netflow: ifinfo 0", "packets=")?;
    guest.ok("ngctl shutdown netflow:")?;
    let account = guest.account()?;
    ensure!(account.packets("bypassed")? == 0, "packets passed by");
    let received = account.packets("received")?;
    // 12 MiB in segments of 1,448 octets, each in one direction.
    ensure!(received > 8000, "only {received} packets were seen");
    guest.note(format!("{received} packets, 12 MiB by TCP intact"));

    // With the node gone the interface works as before.
    guest.expect("ping -q -c 3 -i 0.1 192.168.1.2", " 0.0% packet loss")?;
    Ok(())
}
