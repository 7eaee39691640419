// SPDX-License-Identifier: BSD-2-Clause
//! malloc(9) refuses again and again, as a kernel with MALLOC_MAKE_FAILURES can
//! make it: what is lost for it is counted, and when there is memory again the
//! node is as it was.

use super::{Scenario, USUAL};
use crate::{count, guest::Guest};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "when malloc(9) fails, what is lost is counted, and life goes on after",
    limit: 300,
    story,
    ..USUAL
};

/// Flows that are new at each rate: enough that the cache asks for memory some
/// thousand times.
const FLOWS: u32 = 20_000;

fn story(guest: &mut Guest) -> Result<()> {
    guest.needs(
        "debug.malloc.failure_rate",
        "needs a kernel with MALLOC_MAKE_FAILURES",
    )?;
    guest.load_test()?;
    guest.collect()?;
    count::node_between(guest)?;
    guest.export("netflow")?;

    // Rates that neither divide each other nor what a packet asks for, so that
    // everyone who asks is refused some time; then one that leaves nobody out.
    for (rate, first) in [7, 3, 2, 1].into_iter().zip((0..).step_by(FLOWS as usize)) {
        guest.ok(&format!("sysctl debug.malloc.failure_rate={rate}"))?;
        // Each may be refused; none may hang or panic.
        guest.ok(&format!(
            "for n in 1 2 3; do
                ngctl msg source: send '{{ packets={FLOWS} flows={FLOWS} first={first} }}'
                ngctl msg netflow: info
                ngctl msg netflow: setifindex '{{ iface=0 index=7 }}'
                ngctl msg netflow: setdlt '{{ iface=300 dlt=12 }}'
                ngctl mkpeer netflow: hub iface$((200 + n)) x
                flowctl netflow: show
                sleep 0.5
            done > /dev/null 2>&1; true"
        ))?;
    }
    guest.ok("sysctl debug.malloc.failure_rate=0")?;
    let failures = guest.ok("sysctl -n debug.malloc.failure_count")?;

    // As before: every packet is accounted, messages are answered, and what is due
    // leaves, even before anybody looks: a host may be slow.
    guest.until("[ -z \"$(flowctl netflow: show)\" ] && echo empty", "empty", 60)?;
    guest.wait(2000);
    let collected = guest.collected()?;
    let before = guest.counted("netflow")?;
    ensure!(before > 0, "nothing was accounted");
    guest.ok("ngctl msg source: send '{ packets=1000 flows=1000 first=1000000 }'")?;
    let after = guest.counted("netflow")?;
    ensure!(after == before + 1000, "{} of 1000 packets accounted afterwards", after - before);
    guest.collects_beyond(collected)?;
    guest.ok("ngctl shutdown netflow:")?;
    count::end(guest)?;

    let account = guest.account()?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    account.has("handed_over")?;
    let lost = account.packets("refused[no memory]")? + account.packets("dropped[no memory]")?;
    ensure!(lost > 0, "nothing was lost for want of memory: {account}");
    guest.note(format!("malloc failed {} times, {lost} packets for it", failures.trim()));
    Ok(())
}
