// SPDX-License-Identifier: BSD-2-Clause
//! A node in either of two network stacks; one is a jail's, which is removed
//! with its node in it.

use super::{Scenario, USUAL};
use crate::{
    guest::Guest,
    load::{hubs, node},
};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "two network stacks with a node each, and one destroyed under its node",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.watched()?;
    // The jail's node sees what goes out, and its records go out as well: to
    // this side, and through the node here.
    let script = hubs(&pair.far) + &node("192.168.1.1:4445");
    guest.ok(&format!("echo '{script}' > /tmp/far && jexec far ngctl -f /tmp/far"))?;
    guest.ok("jexec far ngctl msg netflow: setconfig '{ iface=0 conf=3 }'")?;
    guest.pour()?;
    guest.passes("netflow")?;
    guest.collects()?;
    guest.until("flowctl netflow: show human | grep ' 4445 '", "192.168.1.2", 10)?;

    // A ksocket's socket would keep its jail for ever, whoever is connected.
    guest.ok("jexec far ngctl shutdown netflow:export")?;
    guest.remove_jail()?;
    guest.until("dmesg", "packets received", 20)?;
    let account = guest.account()?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    for counter in ["received", "handed_over"] {
        account.has(counter)?;
    }
    // The other one goes on.
    guest.close("netflow")?.has("handed_over")?;
    guest.note(format!("{} packets in the jail", account.packets("received")?));
    Ok(())
}
