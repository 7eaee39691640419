// SPDX-License-Identifier: BSD-2-Clause
//! A node's data hooks come and go while packets pour through them.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "data hooks connected and removed under load",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    guest.watched()?;
    guest.pour()?;
    guest.passes("netflow")?;

    guest.ok(
        "for n in 1 2 3 4 5 6 7 8 9 10; do
            ngctl rmhook netflow: out0 &&
            ngctl connect above: netflow: node out0 &&
            ngctl rmhook netflow: iface0 &&
            ngctl connect below: netflow: node iface0 || exit
        done",
    )?;

    // Without out0 the node counts what it frees, and the stack gets nothing.
    guest.ok("ngctl rmhook netflow: out0")?;
    guest.wait(500);
    let nobody = |guest: &mut Guest| guest.statistic("", "udp", "dropped due to no socket");
    let before = nobody(guest)?;
    guest.passes("netflow")?;
    let after = nobody(guest)?;
    ensure!(after == before, "{} packets got past a node without out0", after - before);
    guest.ok("ngctl connect above: netflow: node out0")?;
    guest.grows("packets in the stack", before, nobody)?;

    // Without iface0 it sees nothing.
    guest.ok("ngctl rmhook netflow: iface0")?;
    guest.wait(500);
    let before = guest.counted("netflow")?;
    guest.wait(1000);
    let after = guest.counted("netflow")?;
    ensure!(after == before, "{} packets came without iface0", after - before);
    guest.ok("ngctl connect below: netflow: node iface0")?;
    guest.passes("netflow")?;

    guest.collects()?;
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    guest.note(format!("{} packets", account.packets("received")?));
    Ok(())
}
