// SPDX-License-Identifier: BSD-2-Clause
//! One node behind the other, each with a ksocket to the same collector.

use super::{Scenario, USUAL};
use crate::{guest::Guest, load::hubs};
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "two nodes at once, one behind the other",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    guest.collect()?;
    guest.ngctl(&hubs(&pair.near))?;
    guest.ngctl(
        "mkpeer below: netflow node iface0
         name below:node first
         mkpeer first: netflow out0 iface0
         name first:out0 second
         connect above: second: node out0
         msg first: settimeouts { inactive=1 active=1 }
         msg second: settimeouts { inactive=1 active=1 }
         mkpeer first: ksocket export inet/dgram/udp
         msg first:export connect inet/127.0.0.1:4444
         mkpeer second: ksocket export inet/dgram/udp
         msg second:export connect inet/127.0.0.1:4444",
    )?;
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
