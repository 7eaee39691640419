// SPDX-License-Identifier: BSD-2-Clause
//! When no mbuf is to be had, records that are due are dropped and counted;
//! when there are some again, records leave again.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "without mbufs records are dropped and counted, and life goes on after",
    limit: 180,
    kenv: &["kern.ipc.nmbclusters=3000", "kern.ipc.nmbufs=9000"],
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    let near = &pair.near;
    guest.expect("sysctl -n kern.ipc.nmbclusters", "3000")?;
    guest.beside("exec nc -u -l 127.0.0.1 4444")?;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=1 active=1 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/127.0.0.1:4444"
    ))?;
    // Records are in the cache by the time that the memory is not.
    guest.beside("exec jexec far /mnt/bin/vm-guest flood 192.168.1.1 --flows 200 --seconds 8")?;
    guest.wait(600);
    // Either processor has a stock of its own.
    let hoarded = guest.ok(
        "cpuset -l 0 vm-guest hoard --seconds 5 & cpuset -l 1 vm-guest hoard --seconds 5; wait",
    )?;
    guest.until("ping -q -c 1 -t 1 192.168.1.2", "1 packets received", 20)?;
    guest.ok("sleep 2")?;
    guest.expect("ping -q -c 3 -i 0.2 192.168.1.2", "3 packets received")?;
    guest.ok("ngctl shutdown netflow:")?;
    let account = guest.account()?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    account.has("handed_over")?;
    let dropped = account.packets("dropped[send failed]")? + account.packets("dropped[no memory]")?;
    ensure!(dropped > 0, "{hoarded}; nothing was dropped: {account}");
    guest.note(format!("{}; {dropped} packets in dropped records", hoarded.trim().replace('\n', ", ")));
    Ok(())
}
