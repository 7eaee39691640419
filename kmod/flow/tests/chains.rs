// SPDX-License-Identifier: BSD-2-Clause
//! The cache where there is memory for records and none for the index to grow: its
//! buckets are full, and records chained behind them.

use flow::Engine;
use flow_testing::drive::{everything, observe, sweep};
use flow_testing::flags::{ACK, FIN};
use flow_testing::{packets, Memory, PLENTY};

/// So many that each of the first buckets has a chain.
const FLOWS: u32 = 500_000;

/// Accounts a packet of each flow. For a record that lacks memory there are as many
/// pieces as it takes, so that all others do without.
fn observe_all(
    engine: &Engine<Memory>,
    memory: &Memory,
    flows: impl Iterator<Item = u32>,
    flags: u8,
) {
    for flow in flows {
        let packet = packets::tcp(flow, flags);
        let is_accounted = |pieces| {
            memory.allow(pieces);
            observe(engine, &packet, 0).is_ok()
        };
        assert!((0..4).any(is_accounted), "{flow}");
    }
    memory.allow(usize::MAX);
}

fn open(engine: &Engine<Memory>) -> u64 {
    engine.v4().counts().open
}

/// Each flow has one record, whether it is found in a chain, leaves from the middle of
/// one, or moves to another bucket once the index grows.
#[test]
fn chains_lose_no_record() {
    let memory = Memory::plenty();
    let engine = flow_testing::engine(&memory, PLENTY);
    observe_all(&engine, &memory, 0..FLOWS, ACK);
    observe_all(&engine, &memory, 0..FLOWS, ACK);
    assert_eq!(open(&engine), FLOWS.into());
    // Every fifth one ends; an eighth of the limit may wait to be taken.
    let ends = || (0..FLOWS).step_by(5);
    observe_all(&engine, &memory, ends(), FIN);
    let left = FLOWS - ends().count() as u32;
    assert_eq!(open(&engine), left.into());
    let goes_on = || (0..FLOWS).filter(|flow| flow % 5 != 0);
    observe_all(&engine, &memory, goes_on(), ACK);
    assert_eq!(open(&engine), left.into());
    // There is memory again, and with every flow that opens a bucket is split.
    for flow in FLOWS..2 * FLOWS {
        observe(&engine, &packets::tcp(flow, ACK), 0).unwrap();
    }
    for flow in goes_on().chain(FLOWS..2 * FLOWS) {
        observe(&engine, &packets::tcp(flow, ACK), 0).unwrap();
    }
    assert_eq!(open(&engine), u64::from(left + FLOWS));
    let counts = engine.v4().counts();
    let records = sweep(&engine, everything(0));
    assert_eq!(records.len() as u64, counts.records);
    let packets: u64 = records.iter().map(|record| u64::from(record.packets)).sum();
    assert_eq!(packets, counts.packets);
}
