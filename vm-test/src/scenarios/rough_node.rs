// SPDX-License-Identifier: BSD-2-Clause
//! Nodes are made in the middle of the load, and shut down in it.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "a node shut down under load, five times",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    guest.hubs()?;
    guest.pour()?;
    let mut packets = 0;
    for _ in 0..5 {
        guest.node()?;
        guest.passes("netflow")?;
        let account = guest.close("netflow")?;
        account.has("handed_over")?;
        packets += account.packets("received")?;
    }
    guest.note(format!("{packets} packets"));
    Ok(())
}
