// SPDX-License-Identifier: BSD-2-Clause
//! Where netgraph may queue hardly anything, a node still knows what became
//! of everything.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "with netgraph's queue at 8 items the account is even",
    kenv: &["net.graph.maxdata=8", "net.graph.maxalloc=40"],
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    let near = &pair.near;
    guest.expect("sysctl -n net.graph.maxdata", "8")?;
    guest.beside("exec nc -u -l 127.0.0.1 4444")?;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=1 active=1 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/127.0.0.1:4444"
    ))?;
    guest.beside("exec jexec far /mnt/bin/vm-guest flood 192.168.1.1 --threads 8 --flows 500 --seconds 6")?;
    // Writers, behind which data has to wait.
    guest.ok("for n in 1 2 3 4 5 6 7 8 9 10; do ngctl msg netflow: setifindex '{ iface=0 index=7 }'; sleep 0.4; done")?;
    guest.ok("sleep 2; ngctl shutdown netflow:")?;
    let account = guest.account()?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    account.has("handed_over")?;
    // A tick's datagrams come faster than the ksocket's thread takes them.
    account.has("dropped[send failed]")?;
    let queue = guest.ok("vmstat -z | grep NetGraph")?;
    guest.note(format!("refused by netgraph: {}", failures(&queue)));
    Ok(())
}

/// The zones' FAIL column, added up.
fn failures(zones: &str) -> u64 {
    zones
        .lines()
        .filter_map(|line| line.split(',').nth(5)?.trim().parse::<u64>().ok())
        .sum()
}
