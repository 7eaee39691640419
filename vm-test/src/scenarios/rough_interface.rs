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
    // Its records stay while the interface goes, and leave all the same.
    timeouts(guest, 3600)?;
    guest.passes("netflow")?;
    guest.ok(&format!("ifconfig {near} destroy"))?;
    guest.expect("ngctl show netflow:", "Num hooks: 1")?;
    let before = guest.collected()?;
    timeouts(guest, 1)?;
    guest.collects_beyond(before)?;
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    guest.note(format!("{} packets", account.packets("received")?));
    Ok(())
}

fn timeouts(guest: &mut Guest, seconds: u32) -> Result<()> {
    guest.ngctl(&format!(
        "msg netflow: settimeouts {{ inactive={seconds} active={seconds} }}"
    ))?;
    Ok(())
}
