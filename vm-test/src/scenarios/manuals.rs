// SPDX-License-Identifier: BSD-2-Clause
//! The examples of the manual pages that only a FreeBSD kernel can run, word for
//! word.

use super::{Scenario, USUAL};
use crate::guest::{Guest, NotRun, OURS};
use anyhow::{bail, ensure, Result};
use end_to_end::manuals::{examples, page};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "the manual pages' examples for FreeBSD: module, PPP link, jail",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    if guest.run("test -d /boot/modules")?.status != 0 {
        return Err(NotRun("there is no /boot/modules here").into());
    }
    let mut told = 0;
    for name in ["ng_netflow.4", "ngctl-rs.8"] {
        let page = page(name)?;
        for (_, script) in examples(&page)?.iter().filter(|(with, _)| *with == "FreeBSD") {
            match script.split_whitespace().next() {
                Some("kldload") => module(guest, script)?,
                Some("ngctl") => link(guest, script)?,
                Some("ngctl-rs") => jail(guest, script)?,
                _ => bail!("{name} has an example that has no story:\n{script}"),
            }
            told += 1;
        }
    }
    ensure!(told > 2, "only {told} examples");
    guest.note(format!("{told} examples"));
    Ok(())
}

/// The module is loaded from where `make install` puts it.
fn module(guest: &mut Guest, script: &str) -> Result<()> {
    guest.ok("kldunload ng_netflow && mount -t nullfs /tmp/modules /boot/modules")?;
    guest.ok(script)?;
    guest.is_loaded("/boot/modules/ng_netflow.ko")?;
    guest.ok("kldunload ng_netflow && umount /boot/modules")?;
    guest.load(OURS)
}

/// What the far end of a link sends is accounted: here all that goes there comes
/// back.
fn link(guest: &mut Guest, script: &str) -> Result<()> {
    guest.ok("kldload -n ng_iface ng_echo")?;
    guest.ngctl(
        "mkpeer iface x inet
         rmhook x
         mkpeer ng0: tee inet left
         mkpeer ng0:inet echo right x",
    )?;
    guest.ok("ifconfig ng0 10.9.0.1 10.9.0.2 up")?;
    guest.ok(script)?;
    // Its alarm may go off before it has begun, on a slow host.
    guest.run("ping -q -c 3 -i 0.1 -t 5 10.9.0.2")?;
    guest.expect("flowctl netflow: show", "10.9.0.1  ")?;
    guest.expect("ngctl msg netflow: ifinfo 0", "data link type=12 ")?;
    guest.ok("for node in netflow: ng0:inet.right ng0:inet ng0:; do ngctl shutdown $node; done")?;
    guest.until("kldunload ng_iface ng_echo 2>&1 && echo gone", "gone", 20)?;
    Ok(())
}

/// The nodes in a jail's own netgraph.
fn jail(guest: &mut Guest, script: &str) -> Result<()> {
    guest.ok("jail -c name=www vnet persist path=/")?;
    guest.expect(&format!("PATH=/mnt/bin:$PATH\n{script}"), "There are ")?;
    guest.ok("jail -r www")?;
    Ok(())
}
