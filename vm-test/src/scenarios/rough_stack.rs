// SPDX-License-Identifier: BSD-2-Clause
//! A network stack that goes while its node's cache is full of records that
//! nobody takes: the stack waits for no node, so the node must not wait either.

use super::{Scenario, USUAL};
use crate::{count, guest::Guest};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "a jail's network stack destroyed with a full node inline in it",
    story,
    ..USUAL
};

/// In bursts, with a pause after each, more than a second's.
const FLOWS: u32 = 500_000;

fn story(guest: &mut Guest) -> Result<()> {
    guest.load_test()?;
    let far = guest.pair()?.far;
    // Nothing but the interface's own hooks keeps the node, and those go first.
    let script = format!(
        "mkpeer {far}: netflow lower iface0
         name {far}:lower netflow
         connect {far}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=600 active=600 }}
         mkpeer netflow: vmtest iface1 out
         name netflow:iface1 source
         msg source: send {{ packets={FLOWS} flows={FLOWS} }}
         rmhook netflow: iface1"
    );
    guest.ok(&format!("echo '{script}' > /tmp/far && jexec far ngctl -f /tmp/far"))?;
    guest.remove_jail()?;
    guest.until("dmesg", "ng_netflow: packets received", 20)?;
    let account = guest.account()?;
    ensure!(
        account.packets("dropped[no exporter]")? >= u64::from(FLOWS),
        "{account}"
    );
    count::end(guest)?;
    guest.note(format!("{} packets", account.packets("received")?));
    Ok(())
}
