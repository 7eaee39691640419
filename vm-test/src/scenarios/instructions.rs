// SPDX-License-Identifier: BSD-2-Clause
//! Inline, a packet takes no more instructions than through base's node.

use super::{Scenario, USUAL};
use crate::{
    count,
    guest::{Guest, BASE, OURS},
};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "a forwarded packet takes no more instructions than through base's node",
    limit: 300,
    counts: true,
    story,
    ..USUAL
};

const FLOWS: u32 = 1_000;
const PACKETS: u32 = 20_000;

fn story(guest: &mut Guest) -> Result<()> {
    count::begin(guest)?;
    count::bare(guest)?;
    let bare = count::send(guest, PACKETS, 0, FLOWS)?.mean;
    guest.ok("ngctl shutdown source:")?;

    let mut costs = [0.0; 2];
    for (cost, module) in costs.iter_mut().zip([BASE, OURS]) {
        guest.ok("kldunload ng_netflow")?;
        guest.load(module)?;
        count::through_a_node(guest)?;
        // The flows first; what is measured are their later packets.
        count::send(guest, FLOWS, 0, FLOWS)?;
        *cost = count::send(guest, PACKETS, 0, FLOWS)?.mean - bare;
        guest.ok("ngctl shutdown netflow:")?;
    }
    count::end(guest)?;
    let [base, ours] = costs;
    guest.note(format!(
        "{ours:.0} instructions a packet, base {base:.0}, of {FLOWS} flows; {bare:.0} more without a node"
    ));
    ensure!(ours <= base, "{ours:.0} instructions a packet, base has {base:.0}");
    Ok(())
}
