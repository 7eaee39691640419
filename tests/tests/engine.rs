// SPDX-License-Identifier: BSD-2-Clause
//! Every shared capture through the engine: what expiry hands over and what
//! the cache still holds, added up by key, is what the oracle counts, for
//! IPv4 and for IPv6.

use anyhow::{ensure, Context, Result};
use end_to_end::oracle::{self, Account};
use flow::cache::{Cursor, SHARDS};
use flow::{Engine, FlowRecord, Moment, NoRoutes, Timeouts};
use flow_testing::captures::read_pcap;
use flow_testing::{source, Memory};

/// What became of one capture.
#[derive(Default)]
struct Outcome {
    account: Account,
    handed_over: u64,
    cached: u64,
}

fn sweep(engine: &Engine<Memory>, at: Moment, outcome: &mut Outcome) {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for shard in 0..SHARDS {
        engine.sweep(shard, at, usize::MAX, |r| v4.push(r), |r| v6.push(r));
    }
    for r in &v4 {
        oracle::add(
            &mut outcome.account.v4,
            (&r.key).into(),
            r.packets,
            r.octets,
        );
    }
    for r in &v6 {
        oracle::add(
            &mut outcome.account.v6,
            (&r.key).into(),
            r.packets,
            r.octets,
        );
    }
    outcome.handed_over += (v4.len() + v6.len()) as u64;
}

/// Runs a capture through an engine whose cache is swept every 250 ms, without
/// timeouts of all that it holds.
fn replay(file: &[u8], timeouts: Option<(u32, u32)>) -> Outcome {
    let engine = flow_testing::engine(&Memory::plenty(), 1 << 20);
    if let Some((inactive, active)) = timeouts {
        engine.set_timeouts(inactive, active);
    }
    let at = |now| match timeouts {
        Some(_) => engine.at(now),
        None => Moment {
            now,
            timeouts: Timeouts::NONE,
        },
    };
    let (link_type, packets) = read_pcap(file);
    let source = source(link_type);
    let mut outcome = Outcome::default();
    let mut now = packets.first().map_or(0, |packet| packet.at);
    let mut swept = now;
    for packet in packets {
        now = now.max(packet.at);
        if now - swept >= 250 {
            sweep(&engine, at(now), &mut outcome);
            swept = now;
        }
        if engine
            .observe(packet.bytes, source, now, &NoRoutes)
            .is_err()
        {
            outcome.account.unaccounted += 1;
        }
    }
    let refused: u64 = engine.refused().iter().sum();
    assert_eq!(
        refused, outcome.account.unaccounted,
        "each refusal is counted by its reason"
    );

    sweep(&engine, at(now), &mut outcome);
    let at = engine.at(now);
    let add4 = |r: FlowRecord<_>| {
        oracle::add(
            &mut outcome.account.v4,
            (&r.key).into(),
            r.packets,
            r.octets,
        );
        outcome.cached += 1;
    };
    assert_eq!(engine.v4().read(Cursor::START, at, usize::MAX, add4), None);
    let add6 = |r: FlowRecord<_>| {
        oracle::add(
            &mut outcome.account.v6,
            (&r.key).into(),
            r.packets,
            r.octets,
        );
        outcome.cached += 1;
    };
    assert_eq!(engine.v6().read(Cursor::START, at, usize::MAX, add6), None);
    outcome
}

fn all_captures(timeouts: Option<(u32, u32)>) -> Result<()> {
    let Some(shared) = oracle::shared() else {
        return Ok(());
    };
    let files = oracle::captures(&shared)?;
    let accounts = oracle::ask(&shared, &files)?;
    let (mut packets, mut flows, mut flows6, mut unaccounted) = (0, 0, 0, 0);
    let (mut handed_over, mut cached, mut without_flow) = (0, 0, 0);
    for (file, expected) in files.iter().zip(accounts) {
        let bytes = std::fs::read(file).with_context(|| format!("{}", file.display()))?;
        let outcome = replay(&bytes, timeouts);
        let name = file.display();
        assert_eq!(outcome.account.v4, expected.v4, "{name}");
        assert_eq!(outcome.account.v6, expected.v6, "{name}");
        assert_eq!(outcome.account.unaccounted, expected.unaccounted, "{name}");
        packets += expected.packets();
        flows += expected.v4.len();
        flows6 += expected.v6.len();
        unaccounted += expected.unaccounted;
        handed_over += outcome.handed_over;
        cached += outcome.cached;
        without_flow += usize::from(expected.packets() == 0);
    }
    println!(
        "timeouts {timeouts:?}: {} files ({without_flow} without a flow), {packets} packets, \
         {flows} IPv4 and {flows6} IPv6 flows, {unaccounted} packets refused, \
         {handed_over} records expired, {cached} cached at the end",
        files.len()
    );
    ensure!(
        packets > 0 && flows > 0 && flows6 > 0,
        "nothing was accounted"
    );
    Ok(())
}

#[test]
fn totals_with_default_timeouts() -> Result<()> {
    all_captures(Some((15, 1800)))
}

#[test]
fn totals_with_timeouts_of_a_second() -> Result<()> {
    all_captures(Some((1, 1)))
}

#[test]
fn totals_with_no_timeouts_at_all() -> Result<()> {
    all_captures(None)
}
