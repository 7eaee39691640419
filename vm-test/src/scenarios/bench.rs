// SPDX-License-Identifier: BSD-2-Clause
//! Base's node and ours in one boot, in instructions: the same packets at
//! several numbers of flows, and the clock's work while nothing is due.

use super::{Scenario, USUAL};
use crate::{
    count,
    guest::{Guest, BASE, OURS},
};
use anyhow::{ensure, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "fewer instructions than base's node, whatever the number of flows",
    limit: 1800,
    counts: true,
    is_bench: true,
    story,
    ..USUAL
};

/// Numbers of live flows to measure at.
const FLOWS: &[u32] = &[1_000, 100_000, 500_000];
/// Packets of flows that are there already.
const PACKETS: u32 = 20_000;
/// Seconds of the clock's work.
const SECONDS: u32 = 10;

fn story(guest: &mut Guest) -> Result<()> {
    count::begin(guest)?;
    count::bare(guest)?;
    let bare = count::send(guest, PACKETS, 0, FLOWS[0])?.mean;
    guest.ok("ngctl shutdown source:")?;
    let idle = count::clock(guest, SECONDS)?;

    let base = measure(guest, BASE, bare, idle)?;
    let ours = measure(guest, OURS, bare, idle)?;
    count::end(guest)?;

    let mut table = format!("\n    {:<36} {:>12} {:>12} {:>6}", "instructions", "base", "ours", "ratio");
    let mut behind = Vec::new();
    for ((what, base), (_, ours)) in base.iter().zip(&ours) {
        table += &format!("\n    {what:<36} {base:>12.0} {ours:>12.0} {:>6.2}", ours / base);
        if ours > base {
            behind.push(what.as_str());
        }
    }
    println!("{}", table.trim_start_matches('\n'));
    ensure!(behind.is_empty(), "not below base: {}", behind.join("; "));
    Ok(())
}

/// Each row's name and its figure, with what there is without a node taken off.
fn measure(guest: &mut Guest, module: &str, bare: f64, idle: f64) -> Result<Vec<(String, f64)>> {
    guest.ok("kldunload ng_netflow")?;
    guest.load(module)?;
    count::through_a_node(guest)?;
    let mut rows = vec![(
        "the clock, a second, empty cache".to_string(),
        count::clock(guest, SECONDS)? - idle,
    )];
    let mut live = 0;
    for &flows in FLOWS {
        let new = flows - live;
        let took = count::send(guest, new, live, new)?;
        rows.push((format!("a new flow, {live} to {flows}"), took.mean - bare));
        rows.push(("the worst of them".to_string(), took.worst - bare));
        live = flows;
        let took = count::send(guest, PACKETS, 0, live)?;
        rows.push((format!("a packet of {live} flows"), took.mean - bare));
    }
    rows.push((
        format!("the clock, a second, {live} live"),
        count::clock(guest, SECONDS)? - idle,
    ));
    guest.ok("ngctl shutdown netflow:")?;
    Ok(rows)
}
