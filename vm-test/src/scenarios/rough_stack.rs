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
    // An interface that is given back goes first of all; one that the jail made
    // goes after the nodes.
    let pair = guest.pair()?;
    goes_with(guest, &pair.far, "")?;
    guest.ok(&format!("ifconfig {} destroy", pair.near))?;
    guest.pair()?;
    guest.ok("jexec far ifconfig epair9 create")?;
    // A collector that does not keep the stack is not sent to.
    goes_with(guest, "epair9a", "mkpeer netflow: hub export9 a")?;
    count::end(guest)?;
    guest.note(format!("{FLOWS} packets, twice"));
    Ok(())
}

/// The jail goes, with a node inline in this interface, and more.
fn goes_with(guest: &mut Guest, interface: &str, more: &str) -> Result<()> {
    let script = format!(
        "mkpeer {interface}: netflow lower iface0
         name {interface}:lower netflow
         connect {interface}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=600 active=600 }}
         {more}
         mkpeer netflow: vmtest iface1 out
         name netflow:iface1 source
         msg source: send {{ packets={FLOWS} flows={FLOWS} }}
         rmhook netflow: iface1"
    );
    guest.ok(&format!("echo '{script}' > /tmp/far && jexec far ngctl -f /tmp/far"))?;
    let before = guest.accounts()?.len();
    guest.remove_jail()?;
    ensure!(guest.accounts()?.len() == before + 1, "no account");
    let account = guest.account()?;
    ensure!(
        account.packets("dropped[no exporter]")? >= u64::from(FLOWS),
        "{account}"
    );
    Ok(())
}
