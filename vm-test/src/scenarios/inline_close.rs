// SPDX-License-Identifier: BSD-2-Clause
//! A node between an Ethernet interface and the stack goes, and its collector is
//! behind that interface: no packet comes through a node that goes.

use super::{Scenario, USUAL};
use crate::{collectors::Collected, count, guest::Guest};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "a collector behind the interface that is watched gets all there is at the end",
    story,
    ..USUAL
};

/// More than leave in one burst.
const FLOWS: u32 = 20_000;

/// What the collector has had.
const COLLECTED: &str = "/tmp/collected";

fn story(guest: &mut Guest) -> Result<()> {
    guest.load_test()?;
    let near = &guest.pair()?.near;
    guest.ok("sysctl kern.ipc.maxsockbuf=16777216 net.inet.udp.recvspace=4194304")?;
    guest.beside(&format!("exec jexec far /mnt/bin/vm-guest collect 4444 {COLLECTED}"))?;
    guest.until("jexec far netstat -an -p udp", "*.4444", 30)?;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=600 active=600 }}
         mkpeer netflow: vmtest iface1 out
         name netflow:iface1 source
         msg source: send {{ packets={FLOWS} flows={FLOWS} }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/192.168.1.2:4444"
    ))?;
    // Its neighbour's address is known, and packets pass.
    guest.expect("ping -q -c 3 -i 0.1 192.168.1.2", " 0.0% packet loss")?;
    guest.ok("ngctl shutdown netflow:")?;
    guest.expect("ping -q -c 3 -i 0.1 192.168.1.2", " 0.0% packet loss")?;

    let account = guest.account()?;
    let handed_over = account.packets("handed_over")?;
    ensure!(handed_over > u64::from(FLOWS), "{account}");
    guest.wait(1500);
    let collected = Collected::read(guest, COLLECTED)?;
    ensure!(
        collected.in_order() && collected.packets == handed_over,
        "{collected:?}, but {account}"
    );
    count::end(guest)?;
    guest.note(format!("{} records", collected.records));
    Ok(())
}
