// SPDX-License-Identifier: BSD-2-Clause
//! When no mbuf is to be had, records that are due are dropped and counted;
//! when there are some again, records leave again. The largest datagrams ask for no
//! memory in one piece, of which a kernel has little after a while.

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
    guest.expect("sysctl -n kern.ipc.nmbclusters", "3000")?;
    guest.collect()?;
    guest.inline(&pair, "127.0.0.1:4444")?;
    // Records are in the cache by the time that the memory is not.
    guest.pour()?;
    guest.collects()?;
    // Either processor has a stock of its own.
    let hoard = format!("vm-guest hoard --seconds {}", 15 * guest.slowness());
    let hoarded = guest.ok(&format!("cpuset -l 0 {hoard} & cpuset -l 1 {hoard}; wait"))?;
    let denied = guest.ok("netstat -m | grep 'requests for mbufs denied'")?;
    ensure!(!denied.starts_with("0/0/0 "), "{hoarded}; {denied}");
    // Life goes on after. ping(8) sets its alarm before its handler: a second may
    // be over before it has begun, with packets pouring on a busy host.
    guest.until("ping -q -c 1 -t 10 192.168.1.2 || netstat -m", "1 packets received", 30)?;
    guest.collects()?;
    let in_one_piece = "vmstat -z | grep -E 'mbuf_jumbo_(9|16)k'";
    let before = guest.ok(in_one_piece)?;
    guest.ngctl(
        "msg netflow: setmtu { mtu=9000 }
         msg netflow: settimeouts { inactive=600 active=600 }
         mkpeer netflow: ksocket export9 inet/dgram/udp
         msg netflow:export9 connect inet/127.0.0.1:4444",
    )?;
    guest.until("[ $(flowctl netflow: show ipv4 | wc -l) -gt 300 ] && echo full", "full", 30)?;
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    guest.expect(in_one_piece, before.trim())?;
    let dropped = account.packets("dropped[send failed]")? + account.packets("dropped[no memory]")?;
    ensure!(dropped > 0, "{hoarded}; nothing was dropped: {account}");
    guest.note(format!("{}; {dropped} packets in dropped records", hoarded.trim().replace('\n', ", ")));
    Ok(())
}
