// SPDX-License-Identifier: BSD-2-Clause
//! One node behind the other, each with a ksocket to the same collector.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "two nodes at once, one behind the other",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    guest.hubs()?;
    guest.ngctl(
        "mkpeer below: netflow node iface0
         name below:node first
         mkpeer first: netflow out0 iface0
         name first:out0 second
         connect above: second: node out0",
    )?;
    guest.export("first")?;
    guest.export("second")?;
    guest.pour()?;
    guest.passes("first")?;
    guest.passes("second")?;
    guest.collects()?;
    // The second goes from under the first, which then has no way out.
    guest.close("second")?.has("handed_over")?;
    guest.passes("first")?;
    guest.close("first")?.has("handed_over")?;
    Ok(())
}
