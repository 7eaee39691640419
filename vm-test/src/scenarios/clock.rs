// SPDX-License-Identifier: BSD-2-Clause
//! A timeout means what it says, and a node with nothing to do does nothing.

use super::{Scenario, USUAL};
use crate::count;
use crate::guest::{Guest, HOST};
use anyhow::{ensure, Result};
use end_to_end::collector::{decode, Collector};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "with timeouts of 2 s and 5 s records leave on time; an idle node costs no measurable CPU",
    // What the host does beside cannot show in what an idle node costs.
    counts: true,
    story,
    ..USUAL
};

/// Milliseconds that a record may leave late: DESIGN's second.
const LATE: u32 = 1000;

/// Times that an idle node's cost is measured, with a node and without, in turn,
/// and for how many seconds.
const ROUNDS: u32 = 2;
const SECONDS: u32 = 5;

/// Instructions a second that cannot be told from none, on any kernel: a
/// hundredth of a percent of a processor that executes 10^9.
const NOISE: f64 = 100_000.0;

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    let near = &pair.near;
    let collector = Collector::start()?;
    let wire = format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=2 active=5 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/{HOST}:{}",
        collector.port
    );
    guest.ngctl(&wire)?;

    // One flow that goes silent, and one that does not.
    guest.ok("echo hello | jexec far nc -u -w 0 -p 5353 192.168.1.1 9")?;
    guest.ok("ping -q -c 120 -i 0.1 192.168.1.2")?;
    guest.wait(4000);
    let mut worst = (0, 0);
    let (mut inactive, mut active) = (0, 0);
    for datagram in collector.finish() {
        let datagram = decode(&datagram)?;
        for record in &datagram.records {
            // The exporter's own clock tells both, so the host's load cannot
            // show.
            let (idle, age) = (
                datagram.uptime - record.last,
                datagram.uptime - record.first,
            );
            if idle >= 2000 {
                inactive += 1;
                worst.0 = worst.0.max(idle - 2000);
            } else {
                active += 1;
                ensure!(age >= 5000, "left after {age} ms, idle {idle} ms: {record:?}");
                worst.1 = worst.1.max(age - 5000);
            }
        }
    }
    ensure!(
        inactive >= 2 && active >= 2,
        "{inactive} inactive and {active} active expiries"
    );
    ensure!(
        worst.0 <= LATE && worst.1 <= LATE,
        "records left {} and {} ms late",
        worst.0,
        worst.1
    );
    guest.note(format!(
        "inactive records left up to {} ms late, active ones {} ms",
        worst.0, worst.1
    ));

    guest.ok("ngctl shutdown netflow:")?;

    // What a node uses it uses each time, and other callouts only ever add.
    let (mut with, mut without) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        without = without.min(count::clock(guest, SECONDS)?);
        guest.ngctl(&wire)?;
        with = with.min(count::clock(guest, SECONDS)?);
        guest.ok("ngctl shutdown netflow:")?;
    }
    guest.note(format!(
        "callouts take {with:.0} instructions a second with an idle node, {without:.0} without"
    ));
    ensure!(
        with <= without + NOISE,
        "callouts take {with:.0} instructions a second with an idle node, {without:.0} without"
    );
    Ok(())
}
