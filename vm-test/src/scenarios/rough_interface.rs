// SPDX-License-Identifier: BSD-2-Clause
//! The interface goes, and takes the node's data hooks with it.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "the interface destroyed under the node",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    guest.collect()?;
    guest.inline(&pair, "127.0.0.1:4444")?;
    guest.pour()?;
    guest.collects()?;
    guest.ok(&format!("ifconfig {} destroy", pair.near))?;
    // What was in the cache still leaves.
    guest.expect("ngctl show netflow:", "Num hooks: 1")?;
    guest.collects()?;
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    guest.note(format!("{} packets", account.packets("received")?));
    Ok(())
}
