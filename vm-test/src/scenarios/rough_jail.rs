// SPDX-License-Identifier: BSD-2-Clause
//! A node in either of two network stacks; one is a jail's, which is removed
//! with its node in it.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "two network stacks with a node each, and one destroyed under its node",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    let far = &pair.far;
    guest.collect()?;
    guest.inline(&pair, "127.0.0.1:4444")?;
    // The jail's node sees what goes out, and its records go out as well: to
    // this side, and through the node here.
    guest.ok(&format!(
        "cat > /tmp/script <<END
mkpeer {far}: netflow lower iface0
name {far}:lower netflow
connect {far}: netflow: upper out0
msg netflow: setconfig {{ iface=0 conf=3 }}
msg netflow: settimeouts {{ inactive=1 active=1 }}
mkpeer netflow: ksocket export inet/dgram/udp
msg netflow:export connect inet/192.168.1.1:4445
END
jexec far ngctl -f /tmp/script"
    ))?;
    guest.pour()?;
    guest.passes("netflow")?;
    guest.collects()?;
    guest.until("flowctl netflow: show human | grep ' 4445 '", "192.168.1.2", 10)?;

    // A ksocket's socket would keep its jail for ever, whoever is connected.
    guest.ok("jexec far ngctl shutdown netflow:export && jail -r far")?;
    guest.until("dmesg", "ng_netflow: packets received", 20)?;
    let account = guest.account()?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    for counter in ["received", "handed_over"] {
        account.has(counter)?;
    }
    // The stack is gone, not only its name.
    guest.until("jls -d name | grep -c far", "0", 10)?;
    // The other one goes on.
    guest.close("netflow")?.has("handed_over")?;
    guest.note(format!("{} packets in the jail", account.packets("received")?));
    Ok(())
}
