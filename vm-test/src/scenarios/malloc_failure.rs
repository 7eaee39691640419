// SPDX-License-Identifier: BSD-2-Clause
//! malloc(9) refuses again and again, as a kernel with MALLOC_MAKE_FAILURES can
//! make it: what is lost for it is counted, and when there is memory again the
//! node is as it was.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "when malloc(9) fails, what is lost is counted, and life goes on after",
    limit: 300,
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    guest.needs(
        "debug.malloc.failure_rate",
        "needs a kernel with MALLOC_MAKE_FAILURES",
    )?;
    let pair = guest.pair()?;
    let near = &pair.near;
    guest.beside("exec nc -u -l 127.0.0.1 4444")?;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=1 active=1 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/127.0.0.1:4444"
    ))?;

    // Rates that neither divide each other nor what a packet asks for, so that
    // everyone who asks is refused some time; then one that leaves nobody out.
    guest.beside("exec jexec far /mnt/bin/vm-guest flood 192.168.1.1 --threads 1 --flows 5000")?;
    for rate in [7, 3, 2, 1] {
        guest.ok(&format!("sysctl debug.malloc.failure_rate={rate}"))?;
        // Each may be refused; none may hang or panic.
        guest.ok(
            "for n in 1 2 3; do
                ngctl msg netflow: info
                ngctl msg netflow: setifindex '{ iface=0 index=7 }'
                ngctl msg netflow: setdlt '{ iface=300 dlt=12 }'
                ngctl mkpeer netflow: hub iface$((200 + n)) x
                flowctl netflow: show
                sleep 0.2
            done > /dev/null 2>&1; true",
        )?;
    }
    guest.ok("sysctl debug.malloc.failure_rate=0")?;
    let failures = guest.ok("sysctl -n debug.malloc.failure_count")?;

    // As before: traffic passes, messages are answered, new flows are seen.
    guest.stop()?;
    guest.until("ping -q -c 1 -t 1 192.168.1.2", "1 packets received", 20)?;
    guest.expect("ngctl msg netflow: info", "IPv4 packets=")?;
    guest.ok("echo hello | jexec far nc -u -w 0 -p 5353 192.168.1.1 9")?;
    guest.expect("flowctl netflow: show", " 14e9 0009 ")?;
    guest.ok("ngctl shutdown netflow:")?;

    let account = guest.account()?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    account.has("handed_over")?;
    let lost = account.packets("refused[no memory]")? + account.packets("dropped[no memory]")?;
    ensure!(lost > 0, "nothing was lost for want of memory: {account}");
    guest.note(format!("malloc failed {} times, {lost} packets for it", failures.trim()));
    Ok(())
}
