// SPDX-License-Identifier: BSD-2-Clause
//! The route to the collector goes, and comes back.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "a ksocket without a route to its collector",
    story,
    ..USUAL
};

/// The collector's network is behind the jail, which throws away what comes
/// for it.
const BEHIND: &str = "203.0.113.0/24 192.168.1.2";

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    guest.ok(&format!("route -q delete default; route -q add {BEHIND}"))?;
    guest.inline(&pair, "203.0.113.1:4444")?;
    guest.pour()?;
    guest.passes("netflow")?;

    // As with a closed port, IP counts what the node cannot know.
    let discarded = |guest: &mut Guest| guest.statistic("", "ip", "discarded due to no route");
    let arrived = |guest: &mut Guest| guest.statistic("jexec far", "ip", "packets not forwardable");
    let before = arrived(guest)?;
    guest.grows("datagrams in the jail", before, arrived)?;
    let before = discarded(guest)?;
    guest.ok(&format!("route -q delete {BEHIND}"))?;
    guest.grows("datagrams without a route", before, discarded)?;
    guest.wait(2000);
    let lost = discarded(guest)? - before;
    guest.ok(&format!("route -q add {BEHIND}"))?;
    let before = arrived(guest)?;
    guest.grows("datagrams in the jail", before, arrived)?;

    guest.close("netflow")?.has("handed_over")?;
    guest.ok(&format!("route -q delete {BEHIND}; route -q add default 10.0.2.2"))?;
    guest.note(format!("{lost} datagrams had no route"));
    Ok(())
}
