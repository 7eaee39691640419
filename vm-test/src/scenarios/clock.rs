// SPDX-License-Identifier: BSD-2-Clause
//! A timeout means what it says, and a node with nothing to do does nothing.

use super::{Scenario, USUAL};
use crate::guest::{Guest, HOST};
use anyhow::{ensure, Context, Result};
use end_to_end::collector::{decode, Collector};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "with timeouts of 2 s and 5 s records leave on time; an idle node costs no measurable CPU",
    story,
    ..USUAL
};

/// Milliseconds that a record may leave late: DESIGN's second.
const LATE: u32 = 1000;

/// Times that it is measured with a node and without, in turn.
const ROUNDS: u32 = 8;

/// Microseconds of processor time in five seconds that cannot be told from
/// none: a twentieth of a percent, of a processor that is emulated and so some
/// fifty times slower than a real one.
const NOISE: i64 = 2500;

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

    // What the clock's threads use with an idle node and without, in turn.  What a
    // node uses it uses each time; what the host takes meanwhile counts as used
    // by whoever ran, and only ever adds: so the least of each.
    let (mut with, mut without) = (i64::MAX, i64::MAX);
    for _ in 0..ROUNDS {
        without = without.min(clock_us(guest)?);
        guest.ngctl(&wire)?;
        with = with.min(clock_us(guest)?);
        guest.ok("ngctl shutdown netflow:")?;
    }
    guest.note(format!(
        "5 idle seconds take {with} us of clock threads with a node, {without} us without"
    ));
    ensure!(
        with <= without + NOISE,
        "the clock's threads use {with} us in 5 s with an idle node, {without} us without"
    );
    Ok(())
}

/// Microseconds of processor time that the threads that run callouts use in
/// five seconds.
fn clock_us(guest: &mut Guest) -> Result<i64> {
    let before = clock_total(guest)?;
    guest.ok("sleep 5")?;
    Ok(clock_total(guest)? - before)
}

fn clock_total(guest: &mut Guest) -> Result<i64> {
    let threads = guest.ok("ps -axH -o lwp,tdname")?;
    let threads: Vec<&str> = threads
        .lines()
        .filter(|line| line.contains("clock"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    ensure!(!threads.is_empty(), "no thread runs callouts");
    let mut total = 0;
    for line in guest.ok("procstat -a -H -r")?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, thread, .., "time", time] = words[..] {
            if threads.contains(&thread) {
                total += microseconds(time).with_context(|| line.to_string())?;
            }
        }
    }
    Ok(total)
}

/// What procstat(1) writes as hours:minutes:seconds.microseconds.
fn microseconds(time: &str) -> Option<i64> {
    let (whole, fraction) = time.split_once('.')?;
    let seconds = whole.split(':').try_fold(0, |sum, part| {
        Some(sum * 60 + part.parse::<i64>().ok()?)
    })?;
    Some(seconds * 1_000_000 + fraction.parse::<i64>().ok()?)
}
