// SPDX-License-Identifier: BSD-2-Clause
//! More flows than the cache has room for: records leave early, and every packet
//! is handed over.

use super::{Scenario, USUAL};
use crate::{count, guest::Guest};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "at the limit of a million flows records leave early, and none uncounted",
    limit: 300,
    story,
    ..USUAL
};

/// Records of one IP version that may be open.
const LIMIT: u32 = 1 << 20;
/// Flows of one packet, some more than that.
const FLOWS: u32 = 1_200_000;
/// What base's has in all.
const BASE_LIMIT_OCTETS_A_FLOW: u64 = 135;

fn story(guest: &mut Guest) -> Result<()> {
    guest.load_test()?;
    count::through_a_node(guest)?;
    guest.ok(&format!(
        "ngctl msg source: send '{{ packets={FLOWS} flows={FLOWS} }}'"
    ))?;
    // Those that left early are among them until the next tick.
    let used = format!("IPv4 records used={LIMIT} ");
    guest.until("ngctl msg netflow: info", &used, 10)?;
    let octets = guest.memory()?;
    ensure!(
        octets < u64::from(LIMIT) * BASE_LIMIT_OCTETS_A_FLOW,
        "{octets} octets of memory for {LIMIT} records"
    );
    // It goes on: one that is still there, one that had to leave, and a new one.
    for first in [FLOWS - 1, 0, FLOWS] {
        guest.ok(&format!(
            "ngctl msg source: send '{{ packets=100 flows=1 first={first} }}'"
        ))?;
    }
    guest.until("ngctl msg netflow: info", &used, 10)?;
    guest.ok("ngctl shutdown netflow:")?;
    count::end(guest)?;

    let account = guest.account()?;
    let received = u64::from(FLOWS) + 300;
    ensure!(
        account.packets("received")? == received
            && account.packets("handed_over")? == received
            && account.packets("unaccounted")? == 0,
        "not {received} packets: {account}"
    );
    let evicted = account.has("records evicted")?;
    guest.note(format!(
        "{evicted} records left early, {} octets a flow",
        octets / u64::from(LIMIT)
    ));
    Ok(())
}
