// SPDX-License-Identifier: BSD-2-Clause
//! Nodes get messages while they are being made, from somebody who guesses their
//! numbers.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::Result;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "messages to nodes that are being made, and nodes shut down at once",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let made = guest.ok("vm-guest newborn 500")?;
    guest.note(made.trim().to_string());
    Ok(())
}
