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
/// Packets in one go, if there are not more flows: some hundredths of a second,
/// in which a busy host can leave the guest alone.
const PACKETS: u32 = 20_000;
/// Turns, and goes in each. Each figure is the best go: what the host takes
/// meanwhile counts as the packets', and only ever adds.
const ROUNDS: usize = 5;
/// See [`ROUNDS`].
const GOES: usize = 20;

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

/// The least ticks a packet takes through a new node, once its flows are there.
fn turn(guest: &mut Guest, module: &str, flows: u32) -> Result<f64> {
    guest.ok("kldunload ng_netflow")?;
    guest.load(module)?;
    count::through_a_node(guest)?;
    count::time(guest, flows, 0, flows)?;
    let mut least = f64::MAX;
    for _ in 0..GOES {
        let took = count::time(guest, PACKETS.max(flows), 0, flows)?;
        least = least.min(took.mean);
    }
    guest.ok("ngctl shutdown netflow:")?;
    guest.is_loaded(module).context("which module was measured")?;
    Ok(least)
}
