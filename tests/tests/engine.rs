// SPDX-License-Identifier: BSD-2-Clause
//! Every shared capture through the engine: what expiry hands over and what
//! the cache still holds, added up by key, is what the oracle counts, for
//! IPv4 and for IPv6.

#[path = "../../kmod/flow/tests/support/mod.rs"]
mod support;

use anyhow::{ensure, Context, Result};
use end_to_end::oracle::{self, Account, FlowKey};
use flow::cache::{Cursor, SHARDS};
use flow::{Address, Engine, FlowRecord, Lookups, Source};
use std::net::IpAddr;
use support::{Memory, NoRoutes};

fn key<A: Address + Into<IpAddr>>(record: &FlowRecord<A>) -> FlowKey {
    FlowKey {
        src: record.key.src.into(),
        dst: record.key.dst.into(),
        proto: record.key.proto,
        sport: record.key.sport,
        dport: record.key.dport,
        tos: record.key.tos,
    }
}

/// What became of one capture.
#[derive(Default)]
struct Outcome {
    account: Account,
    handed_over: u64,
    cached: u64,
}

fn sweep(engine: &Engine<Memory>, now: u64, outcome: &mut Outcome) {
    let mut records = 0;
    let mut take = |totals: &mut oracle::Totals, key, packets, octets| {
        oracle::add(totals, key, packets, octets);
        records += 1;
    };
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for shard in 0..SHARDS {
        engine.sweep(
            shard,
            engine.at(now),
            usize::MAX,
            |r| v4.push(r),
            |r| v6.push(r),
        );
    }
    for record in &v4 {
        take(
            &mut outcome.account.v4,
            key(record),
            record.packets,
            record.octets,
        );
    }
    for record in &v6 {
        take(
            &mut outcome.account.v6,
            key(record),
            record.packets,
            record.octets,
        );
    }
    outcome.handed_over += records;
}

/// Runs a capture through an engine whose cache is swept every 250 ms.
fn replay(file: &[u8], (inactive, active): (u32, u32)) -> Outcome {
    let engine = support::engine(&Memory::plenty(), 1 << 20);
    engine.set_timeouts(inactive, active);
    let (link_type, packets) = support::read_pcap(file);
    let source = Source {
        link_type,
        input: 1,
        fib: 0,
        lookups: Lookups {
            source: true,
            destination: true,
        },
    };
    let mut outcome = Outcome::default();
    let mut now = packets.first().map_or(0, |packet| packet.at);
    let mut swept = now;
    for packet in packets {
        now = now.max(packet.at);
        if now - swept >= 250 {
            sweep(&engine, now, &mut outcome);
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

    sweep(&engine, now, &mut outcome);
    let at = engine.at(now);
    let add4 = |r: FlowRecord<_>| {
        oracle::add(&mut outcome.account.v4, key(&r), r.packets, r.octets);
        outcome.cached += 1;
    };
    assert_eq!(engine.v4().read(Cursor::START, at, usize::MAX, add4), None);
    let add6 = |r: FlowRecord<_>| {
        oracle::add(&mut outcome.account.v6, key(&r), r.packets, r.octets);
        outcome.cached += 1;
    };
    assert_eq!(engine.v6().read(Cursor::START, at, usize::MAX, add6), None);
    outcome
}

fn all_captures(timeouts: (u32, u32)) -> Result<()> {
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
    all_captures((15, 1800))
}

#[test]
fn totals_with_timeouts_of_a_second() -> Result<()> {
    all_captures((1, 1))
}

#[test]
fn totals_with_no_timeouts_at_all() -> Result<()> {
    all_captures((0, 0))
}
