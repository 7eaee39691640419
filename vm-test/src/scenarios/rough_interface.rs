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
    let near = &pair.near;
    guest.collect()?;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0"
    ))?;
    guest.export("netflow")?;
    guest.pour()?;
    guest.collects()?;
    guest.ok(&format!("ifconfig {near} destroy"))?;
    // What was in the cache still leaves.
    guest.expect("ngctl show netflow:", "Num hooks: 1")?;
    guest.collects()?;
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    guest.note(format!("{} packets", account.packets("received")?));
    Ok(())
}
