// SPDX-License-Identifier: BSD-2-Clause
//! The datagrams pass through the interface that the node watches: they come
//! back to it as packets, once, and not as an avalanche.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Context, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "our own export passing through the watched interface",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    guest.beside("exec jexec far nc -k -u -l 192.168.1.2 4444")?;
    guest.inline(&pair, "192.168.1.2:4444")?;
    // What goes out is counted too.
    guest.ok("ngctl msg netflow: setconfig '{ iface=0 conf=3 }'")?;
    let load = guest.pour()?;
    guest.until("flowctl netflow: show human | grep ' 4444 '", "192.168.1.2", 20)?;

    // Without other traffic it comes to rest: a record of the last datagrams,
    // then a record of that datagram, one at a time.
    guest.halt(load)?;
    guest.ok("sleep 4")?;
    let before = guest.counted("netflow")?;
    guest.ok("sleep 5")?;
    let echoes = guest.counted("netflow")? - before;
    ensure!(echoes <= 10, "{echoes} packets in 5 s without traffic");

    let account = guest.close("netflow")?;
    account.has("handed_over").context("nothing was exported")?;
    guest.note(format!("{echoes} echoes in 5 s"));
    Ok(())
}
