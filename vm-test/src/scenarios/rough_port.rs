// SPDX-License-Identifier: BSD-2-Clause
//! Nobody listens where the records go.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "a ksocket whose collector's port is closed",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    // The jail gets no other UDP.
    guest.inline(&pair, "192.168.1.2:4444")?;
    guest.pour()?;
    guest.passes("netflow")?;
    // A ksocket takes what it is sent into its queue and sends it later, so
    // that no node hears what became of it: the stacks at both ends do.
    let refused = |guest: &mut Guest| {
        guest.statistic("jexec far", "udp", "dropped due to no socket")
    };
    guest.grows("datagrams refused", 0, refused)?;
    guest.expect("netstat -s -p icmp", "destination unreachable: ")?;
    guest.wait(3000);
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    let refused = refused(guest)?;
    guest.note(format!("{refused} datagrams refused"));
    Ok(())
}
