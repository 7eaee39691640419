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
    guest.expect("sysctl -n net.graph.maxdata", "8")?;
    guest.collect()?;
    guest.inline(&pair, "127.0.0.1:4444")?;
    guest.pour()?;
    guest.passes("netflow")?;
    // Writers, behind which data has to wait.
    guest.ok("for n in 1 2 3 4 5 6 7 8 9 10; do ngctl msg netflow: setifindex '{ iface=0 index=7 }'; sleep 0.4; done")?;
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    // A tick's datagrams come faster than the ksocket's thread takes them.
    let dropped = account.has("dropped[send failed]")?;
    let refused = failures(&guest.ok("vmstat -z | grep NetGraph")?);
    ensure!(refused > 0, "netgraph refused nothing");
    guest.note(format!("netgraph refused {refused} items; {dropped} packets in dropped records"));
    Ok(())
}

/// The zones' FAIL column, added up.
fn failures(zones: &str) -> u64 {
    zones
        .lines()
        .filter_map(|line| line.split(',').nth(5)?.trim().parse::<u64>().ok())
        .sum()
}
