// SPDX-License-Identifier: BSD-2-Clause
//! How many packets a second pass through base's node and ours, in turns in one
//! boot, by the guest's clock.

use super::{Scenario, USUAL};
use crate::{
    count,
    guest::{Guest, BASE, OURS},
};
use anyhow::{ensure, Context, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "inline, no fewer packets a second than base's node",
    limit: 1800,
    is_bench: true,
    story,
    ..USUAL
};

/// Numbers of live flows to measure at.
const FLOWS: &[u32] = &[1_000, 10_000, 100_000];
/// Packets in one go: long enough that a clock's tick does not show.
const PACKETS: u32 = 200_000;
/// Turns; each figure is the best of them: what the host takes meanwhile counts
/// as the packets', and only ever adds.
const ROUNDS: usize = 9;

fn story(guest: &mut Guest) -> Result<()> {
    count::begin(guest)?;
    let hz: f64 = guest.ok("sysctl -n machdep.tsc_freq")?.trim().parse()?;
    let mut table = format!(
        "    {:<36} {:>12} {:>12} {:>6}",
        "packets a second, source included", "base", "ours", "ratio"
    );
    let mut behind = Vec::new();
    for &flows in FLOWS {
        let mut ticks = [f64::MAX; 2];
        for _ in 0..ROUNDS {
            for (least, module) in ticks.iter_mut().zip([BASE, OURS]) {
                *least = least.min(turn(guest, module, flows)?);
            }
        }
        let [base, ours] = ticks.map(|least| hz / least);
        let what = format!("of {flows} flows");
        table += &format!("\n    {what:<36} {base:>12.0} {ours:>12.0} {:>6.2}", ours / base);
        if ours < base {
            behind.push(what);
        }
    }
    count::end(guest)?;
    println!("{table}");
    ensure!(behind.is_empty(), "fewer than through base's: {}", behind.join("; "));
    Ok(())
}

/// Ticks a packet through a new node, once its flows are there.
fn turn(guest: &mut Guest, module: &str, flows: u32) -> Result<f64> {
    guest.ok("kldunload ng_netflow")?;
    guest.load(module)?;
    count::through_a_node(guest)?;
    count::time(guest, flows, 0, flows)?;
    let (ticks, _) = count::time(guest, PACKETS, 0, flows)?;
    guest.ok("ngctl shutdown netflow:")?;
    guest.is_loaded(module).context("which module was measured")?;
    Ok(ticks)
}
