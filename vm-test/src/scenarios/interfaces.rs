// SPDX-License-Identifier: BSD-2-Clause
//! Interfaces of all numbers that a node can have; and a list of more nodes than any
//! has interfaces here.

use super::{Scenario, USUAL};
use crate::{count, guest::Guest};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "interfaces up to the last of 65,535, memory for those in use; lists of 8,000 nodes",
    limit: 300,
    story,
    ..USUAL
};

/// The highest number, one below `NG_NETFLOW_MAXIFACES`.
const LAST: u64 = 65_534;
/// Every so many there is one: netgraph walks through the names of all hooks to
/// find one, which would take all of them ten minutes here.
const STEP: u64 = 32;

/// More nodes than a list of half a megabyte has, which ngctl-rs shows whole.
const NODES: u64 = 8000;

fn story(guest: &mut Guest) -> Result<()> {
    guest.load_test()?;
    count::node_between(guest)?;
    let one = guest.memory()?;
    guest.ok("ngctl mkpeer netflow: hub iface65534 x")?;
    let two = guest.memory()?;
    ensure!(two - one < 64 << 10, "{} octets for one interface", two - one);

    guest.ok(&format!(
        "awk 'BEGIN {{
            for (n = {STEP}; n < {LAST}; n += {STEP})
                print \"mkpeer netflow: hub iface\" n \" x\"
        }}' > /tmp/script && ngctl -f /tmp/script"
    ))?;
    let many = guest.memory()?;
    guest.refused("ngctl mkpeer netflow: hub iface65535 x", "Invalid argument")?;

    // The last is as good as the first. A source without a hook would go.
    guest.ok("ngctl msg netflow: setifindex '{ iface=65534 index=65534 }' &&
        ngctl shutdown netflow:iface65534 &&
        ngctl connect source: netflow:out0 stay stay &&
        ngctl rmhook source: out &&
        ngctl connect source: netflow: out iface65534")?;
    guest.ok("ngctl msg source: send '{ packets=1000 flows=10 }'")?;
    guest.expect("ngctl msg netflow: ifinfo 65534", "packets=1000 data link type=1 index=65534 ")?;
    guest.ok("ngctl shutdown netflow: && ngctl shutdown source:")?;
    count::end(guest)?;
    guest.ok(&format!(
        "awk 'BEGIN {{
            for (n = 0; n < {NODES}; n++)
                print \"mkpeer hub x\" n \" x\"
            print \"list\"
        }}' > /tmp/script"
    ))?;
    let hubs = guest.ok("/mnt/bin/ngctl-rs -f /tmp/script | grep -c 'Type: hub '")?;
    ensure!(hubs.trim() == NODES.to_string(), "{hubs} of {NODES} nodes in a list");
    let interfaces = LAST / STEP;
    guest.note(format!(
        "{interfaces} interfaces, {} octets each",
        (many - two) / interfaces
    ));
    Ok(())
}
