// SPDX-License-Identifier: BSD-2-Clause
//! A timeout means what it says, and a node with nothing to do does nothing.

use super::{Scenario, USUAL};
use crate::guest::{Guest, HOST};
use anyhow::{ensure, Result};
use end_to_end::collector::{decode, Collector};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "with timeouts of 2 s and 5 s records leave on time; an idle node costs nothing",
    story,
    ..USUAL
};

/// Milliseconds that a record may leave late: DESIGN's second.
const LATE: u32 = 1000;

/// Milliseconds of processor time that ten idle seconds may cost, where an
/// emulated processor is some fifty times slower than a real one: there it is
/// a hundredth of a percent.
const IDLE: i64 = 100;

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;
    let near = &pair.near;
    let collector = Collector::start()?;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=2 active=5 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/{HOST}:{}",
        collector.port
    ))?;

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

    // What the clock's thread has used, before and after ten idle seconds.
    let before = clock_ms(guest)?;
    guest.ok("sleep 10")?;
    let with = clock_ms(guest)? - before;
    guest.ok("ngctl shutdown netflow:")?;
    let before = clock_ms(guest)?;
    guest.ok("sleep 10")?;
    let without = clock_ms(guest)? - before;
    ensure!(
        with <= without + IDLE,
        "the clock's threads use {with} ms in 10 s with an idle node, {without} ms without"
    );
    guest.note(format!(
        "10 idle seconds cost {with} ms of clock threads, {without} ms without a node"
    ));
    Ok(())
}

/// Milliseconds of processor time of the threads that run callouts.
fn clock_ms(guest: &mut Guest) -> Result<i64> {
    let rows = guest.ok("ps -axH -o time,tdname,comm")?;
    let mut total = 0;
    for row in rows.lines().filter(|row| row.contains("clock")) {
        let time = row.split_whitespace().next().unwrap_or_default();
        if let Some((minutes, seconds)) = time.split_once(':') {
            if let (Ok(minutes), Ok(seconds)) = (minutes.parse::<i64>(), seconds.parse::<f64>()) {
                total += minutes * 60_000 + (seconds * 1000.0) as i64;
            }
        }
    }
    Ok(total)
}
