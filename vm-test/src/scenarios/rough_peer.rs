// SPDX-License-Identifier: BSD-2-Clause
//! The collector's ksocket is shut down and replaced, again and again.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "the export peer shut down and replaced under load",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    guest.watched()?;
    guest.pour()?;
    guest.collects()?;
    for _ in 0..3 {
        guest.ok("ngctl shutdown netflow:export")?;
        // Long enough for records to be due meanwhile.
        guest.ok("sleep 1.5")?;
        guest.ok(
            "ngctl mkpeer netflow: ksocket export inet/dgram/udp &&
             ngctl msg netflow:export connect inet/127.0.0.1:4444",
        )?;
        guest.collects()?;
    }
    let account = guest.close("netflow")?;
    account.has("handed_over")?;
    let dropped = account.has("dropped[no exporter]")?;
    guest.note(format!("{dropped} packets in records without a peer"));
    Ok(())
}
