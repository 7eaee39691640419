// SPDX-License-Identifier: BSD-2-Clause
//! The cache against a model written in the plainest way, at its limit, and
//! without memory.

use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;

use flow::cache::{Cursor, SHARDS};
use flow::{Engine, FlowRecord, LinkType, Moment, NoRoutes, Refused, Source, Timeouts};
use flow_testing::packets::{self, claiming};
use flow_testing::{source, Memory};
use proptest::prelude::*;

const FIN: u8 = 0x01;
const ACK: u8 = 0x10;
const PLENTY: usize = 1 << 20;

/// A TCP packet of flow `flow`, as raw IPv4.
fn tcp(flow: u32, flags: u8, octets: u16) -> [u8; 40] {
    claiming(octets, packets::tcp(flow, flags))
}

fn observe(engine: &Engine<Memory>, packet: &[u8], now: u64) -> Result<(), Refused> {
    engine.observe(packet, source(LinkType::Raw), now, &NoRoutes)
}

fn sweep(engine: &Engine<Memory>, moment: Moment) -> Vec<FlowRecord<Ipv4Addr>> {
    let mut taken = Vec::new();
    for shard in 0..SHARDS {
        // There is room for all, but a lock is not held for as long as it takes.
        while engine.sweep(shard, moment, usize::MAX, |r| taken.push(r), |_| ()) {}
    }
    taken
}

fn everything(now: u64) -> Moment {
    Moment {
        now,
        timeouts: Timeouts::NONE,
    }
}

fn walk(engine: &Engine<Memory>, now: u64, room: usize) -> Vec<FlowRecord<Ipv4Addr>> {
    let mut shown = Vec::new();
    let mut cursor = Some(Cursor::START);
    while let Some(from) = cursor {
        let before = shown.len();
        cursor = engine
            .v4()
            .read(from, everything(now), room, |r| shown.push(r));
        assert!(shown.len() - before <= room);
    }
    shown
}

/// What the model and the cache are compared by.
type Line = (u32, u32, u32, u64, u64, u16);

fn line(record: &FlowRecord<Ipv4Addr>) -> Line {
    (
        record.key.src.into(),
        record.packets,
        record.octets,
        record.first,
        record.last,
        record.tcp_flags,
    )
}

fn lines(records: &[FlowRecord<Ipv4Addr>]) -> Vec<Line> {
    let mut lines: Vec<Line> = records.iter().map(line).collect();
    lines.sort_unstable();
    lines
}

/// The cache as one would describe it to a friend.
#[derive(Default)]
struct Model {
    open: BTreeMap<u32, Line>,
    closed: Vec<Line>,
}

impl Model {
    fn is_due(line: &Line, now: u64, (inactive, active): (u64, u64)) -> bool {
        now - line.4 >= inactive * 1000 || now - line.3 >= active * 1000
    }

    fn packet(&mut self, flow: u32, flags: u8, octets: u16, now: u64, timeouts: (u64, u64)) {
        let flags = u16::from(flags);
        let octets = u32::from(octets);
        if self
            .open
            .get(&flow)
            .is_some_and(|line| Self::is_due(line, now, timeouts))
        {
            self.closed.extend(self.open.remove(&flow));
        }
        let Some(line) = self.open.get_mut(&flow) else {
            self.open.insert(flow, (flow, 1, octets, now, now, flags));
            return;
        };
        line.1 += 1;
        line.2 += octets;
        line.4 = now;
        line.5 |= flags;
        if flags & u16::from(FIN) != 0 {
            self.closed.extend(self.open.remove(&flow));
        }
    }

    fn sweep(&mut self, now: u64, timeouts: (u64, u64)) -> Vec<Line> {
        let (due, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|(_, line)| Self::is_due(line, now, timeouts));
        self.open = open;
        let due: BTreeMap<u32, Line> = due;
        let mut taken = std::mem::take(&mut self.closed);
        taken.extend(due.into_values());
        taken.sort_unstable();
        taken
    }
}

#[derive(Clone, Debug)]
enum Step {
    Packet { flow: u32, fin: bool, octets: u16 },
    Wait(u64),
    Sweep,
    Timeouts(u32, u32),
    Walk(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0u32..40, prop::bool::weighted(0.1), any::<u16>())
            .prop_map(|(flow, fin, octets)| Step::Packet { flow, fin, octets }),
        3 => (0u64..4000).prop_map(Step::Wait),
        2 => Just(Step::Sweep),
        1 => (0u32..10, 0u32..20).prop_map(|(i, a)| Step::Timeouts(i, a)),
        1 => (1usize..20).prop_map(Step::Walk),
    ]
}

/// Lets both live through these steps from `now` on, ends with an empty cache,
/// and says when that is.
fn compare(engine: &Engine<Memory>, steps: &[Step], mut now: u64) -> u64 {
    let mut model = Model::default();
    let mut timeouts = (15, 1800);
    engine.set_timeouts(15, 1800);
    for step in steps {
        match *step {
            Step::Packet { flow, fin, octets } => {
                let flags = if fin { FIN | ACK } else { ACK };
                observe(engine, &tcp(flow, flags, octets), now).unwrap();
                model.packet(flow, flags, octets, now, timeouts);
            }
            Step::Wait(milliseconds) => now += milliseconds,
            Step::Sweep => {
                let taken = sweep(engine, engine.at(now));
                assert_eq!(lines(&taken), model.sweep(now, timeouts), "{steps:?}");
            }
            Step::Timeouts(inactive, active) => {
                engine.set_timeouts(inactive, active);
                timeouts = (inactive.into(), active.into());
            }
            Step::Walk(room) => {
                let expected: Vec<Line> = model.open.values().copied().collect();
                assert_eq!(lines(&walk(engine, now, room)), expected, "{steps:?}");
            }
        }
    }
    let rest = model.sweep(now, (0, 0));
    assert_eq!(lines(&sweep(engine, everything(now))), rest, "{steps:?}");
    assert_eq!(engine.v4().counts().records, 0, "{steps:?}");
    now
}

/// Shortly before 32-bit milliseconds wrap.
const START: u64 = u32::MAX as u64 - 20_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_cache_does_what_the_model_does(steps in prop::collection::vec(step(), 1..200)) {
        let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
        compare(&engine, &steps, START);
    }
}

/// A small world, whole: every sequence of so many steps, of two flows and
/// timeouts of one and two seconds.  `SMALL_WORLD` sets how many.
#[test]
fn every_sequence_of_a_few_steps() {
    let packet = |flow, fin| Step::Packet {
        flow,
        fin,
        octets: 40,
    };
    let world = [
        packet(1, false),
        packet(1, true),
        packet(2, false),
        Step::Wait(999),
        Step::Wait(1001),
        Step::Sweep,
        Step::Timeouts(1, 2),
        Step::Timeouts(2, 1),
        Step::Walk(1),
    ];
    let depth = std::env::var("SMALL_WORLD").map_or(5, |depth| depth.parse().unwrap());
    let sequences = world.len().pow(depth);
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let mut now = START;
    for mut number in 0..sequences {
        let steps: Vec<Step> = (0..depth)
            .map(|_| {
                let step = world[number % world.len()].clone();
                number /= world.len();
                step
            })
            .collect();
        now = compare(&engine, &steps, now);
    }
    println!(
        "{sequences} sequences of {depth} steps, in {} s of the cache's time",
        (now - START) / 1000
    );
}

#[test]
fn a_sweep_takes_no_more_than_there_is_room_for_and_forgets_nothing() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    for flow in 0..5000 {
        observe(&engine, &tcp(flow, ACK, 100), 1000).unwrap();
    }
    let mut taken = HashSet::new();
    let mut rounds = 0;
    loop {
        let mut more = false;
        for shard in 0..SHARDS {
            let mut count = 0;
            more |= engine.sweep(
                shard,
                engine.at(16_000),
                3,
                |record| {
                    count += 1;
                    assert!(taken.insert(record.key.src));
                },
                |_| (),
            );
            assert!(count <= 3);
        }
        rounds += 1;
        if !more {
            break;
        }
    }
    assert_eq!(taken.len(), 5000);
    assert!(rounds > 5, "about 20 flows in each shard, 3 at a time");
}

#[test]
fn records_that_are_not_due_stay_and_nothing_is_due_too_late() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    observe(&engine, &tcp(1, ACK, 100), 0).unwrap();
    assert_eq!(sweep(&engine, engine.at(14_999)).len(), 0);
    assert_eq!(sweep(&engine, engine.at(15_000)).len(), 1, "idle for 15 s");
    observe(&engine, &tcp(2, ACK, 100), 20_000).unwrap();
    for second in 21..1820 {
        observe(&engine, &tcp(2, ACK, 100), second * 1000).unwrap();
        assert_eq!(sweep(&engine, engine.at(second * 1000)).len(), 0);
    }
    let taken = sweep(&engine, engine.at(1_820_000));
    assert_eq!(taken.len(), 1, "30 minutes old");
    assert_eq!(
        (taken[0].packets, taken[0].first, taken[0].last),
        (1800, 20_000, 1_819_000)
    );
}

#[test]
fn counters_never_overflow() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let packet = tcp(1, ACK, u16::MAX);
    // So many fill a counter to the last octet.
    let packets = 3 * 65_537u64 + 1;
    for _ in 0..packets {
        observe(&engine, &packet, 0).unwrap();
    }
    let records = sweep(&engine, everything(0));
    assert_eq!(records.len(), 4, "three full ones and a rest");
    let sum = |field: fn(&FlowRecord<Ipv4Addr>) -> u32| -> u64 {
        records.iter().map(|record| u64::from(field(record))).sum()
    };
    assert_eq!(sum(|record| record.packets), packets);
    assert_eq!(sum(|record| record.octets), packets * 65_535);
}

#[test]
fn interfaces_have_flows_of_their_own_unless_they_share_an_index() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let packet = tcp(1, ACK, 100);
    for input in [1, 2, 2] {
        let source = Source {
            input,
            ..source(LinkType::Raw)
        };
        engine.observe(&packet[..], source, 0, &NoRoutes).unwrap();
    }
    let mut records: Vec<(u16, u32)> = sweep(&engine, everything(0))
        .iter()
        .map(|record| (record.key.input, record.packets))
        .collect();
    records.sort_unstable();
    assert_eq!(records, [(1, 1), (2, 2)]);
}

#[test]
fn time_only_runs_forwards() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    observe(&engine, &tcp(1, ACK, 100), 10_000).unwrap();
    observe(&engine, &tcp(1, ACK, 100), 4_000).unwrap();
    assert_eq!(engine.v4().counts().stepped_back, 1);
    let records = sweep(&engine, engine.at(25_000));
    assert_eq!((records[0].first, records[0].last), (10_000, 10_000));
}

/// A full cache exports what has been idle for longest and loses nothing, as
/// long as what it closes is taken in time.
#[test]
fn at_the_limit_the_oldest_record_leaves_early() {
    const LIMIT: usize = 16 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    let mut taken = Vec::new();
    for flow in 0..10 * LIMIT as u32 {
        observe(&engine, &tcp(flow, ACK, 100), u64::from(flow)).unwrap();
        if flow % 64 == 0 {
            taken.extend(sweep(&engine, engine.at(u64::from(flow))));
        }
        // Where a flow's shard is empty it has nothing to give.
        assert!(engine.v4().counts().open <= (LIMIT + SHARDS) as u64);
    }
    let last = 10 * LIMIT as u64;
    assert_eq!(engine.v4().counts().displaced.packets, 0);
    assert!(engine.v4().counts().evictions > 8 * LIMIT as u64);
    let kept = walk(&engine, last, 100);
    taken.extend(sweep(&engine, everything(last)));
    let flows: HashSet<Ipv4Addr> = taken.iter().map(|record| record.key.src).collect();
    assert_eq!(
        (flows.len(), taken.len()),
        (10 * LIMIT, 10 * LIMIT),
        "every flow, once"
    );
    let oldest_kept = kept.iter().map(|record| record.first).min().unwrap();
    assert!(
        oldest_kept > last - 4 * LIMIT as u64,
        "shards differ a little, ages by {oldest_kept}"
    );
}

/// The same with many pages in a shard: what is evicted has been idle for
/// longer than what is kept.
#[test]
fn in_a_large_cache_too_the_oldest_record_leaves_early() {
    const LIMIT: usize = 1024 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    engine.set_timeouts(3600, 3600);
    let mut youngest_evicted = 0;
    let flows = 3 * LIMIT as u32;
    for flow in 0..flows {
        observe(&engine, &tcp(flow, ACK, 100), u64::from(flow)).unwrap();
        if flow % 1024 == 0 {
            let now = u64::from(flow);
            for record in sweep(&engine, engine.at(now)) {
                youngest_evicted = youngest_evicted.max(record.last);
            }
        }
    }
    let kept = walk(&engine, flows.into(), 1000);
    let older = kept
        .iter()
        .filter(|record| record.last < youngest_evicted)
        .count();
    assert!(
        older < kept.len() / 5,
        "{older} of {} kept are older than one evicted",
        kept.len()
    );
    let oldest_kept = kept.iter().map(|record| record.last).min().unwrap();
    assert!(
        oldest_kept + 5 * LIMIT as u64 / 4 > flows.into(),
        "{oldest_kept} of {flows}"
    );
}

/// Bursts that leave a few long flows behind do not use up a shard's pages.
#[test]
fn survivors_of_bursts_do_not_fill_the_cache() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let mut survivors = Vec::new();
    for burst in 0..6u32 {
        let now = u64::from(burst) * 10_000;
        for flow in 0..400_000 {
            observe(&engine, &tcp(burst << 24 | flow, ACK, 100), now).unwrap();
        }
        survivors.extend((398_000..400_000).map(|flow| burst << 24 | flow));
        for flow in &survivors {
            observe(&engine, &tcp(*flow, ACK, 100), now + 9_000).unwrap();
        }
        engine.set_timeouts(9, 3600);
        sweep(&engine, engine.at(now + 9_500));
        assert_eq!(engine.v4().counts().open, survivors.len() as u64);
    }
    assert_eq!(engine.no_memory(), 0);
}

/// When nobody takes what is closed, it is dropped and every packet counted.
#[test]
fn beyond_what_may_wait_records_are_dropped_and_counted() {
    const LIMIT: usize = 4 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    let packets = 20 * LIMIT as u32;
    for flow in 0..packets {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
    }
    let displaced = engine.v4().counts().displaced;
    assert!(displaced.records > 0);
    assert_eq!(displaced.octets, 100 * displaced.packets);
    let cached = engine.v4().contents();
    assert_eq!(cached.packets + displaced.packets, u64::from(packets));
    assert!(
        cached.records <= (LIMIT + LIMIT / 8 + SHARDS) as u64,
        "memory is bounded"
    );
    assert_eq!(sweep(&engine, everything(0)).len() as u64, cached.records);
}

/// Without memory packets are refused and counted; with memory again the
/// cache goes on as if nothing had been.
#[test]
fn without_memory_nothing_is_lost_that_was_accounted() {
    for allowed in 0..40 {
        let memory = Memory::plenty();
        let engine = flow_testing::engine(&memory, PLENTY);
        memory.allow(allowed);
        let (mut accounted, mut refused) = (0u64, 0u64);
        for flow in 0..2000 {
            match observe(&engine, &tcp(flow, ACK, 100), 0) {
                Ok(()) => accounted += 1,
                Err(Refused::NoMemory) => refused += 1,
                Err(Refused::Packet(reason)) => panic!("{reason:?}"),
            }
        }
        assert!(refused > 0, "with {allowed} allocations");
        assert_eq!(engine.no_memory(), refused);
        assert_eq!(engine.v4().contents().packets, accounted);
        memory.allow(usize::MAX);
        for flow in 0..2000 {
            observe(&engine, &tcp(flow, ACK, 100), 1).unwrap();
        }
        let records = sweep(&engine, everything(1));
        assert_eq!(records.len(), 2000);
        let packets: u64 = records.iter().map(|record| u64::from(record.packets)).sum();
        assert_eq!(packets, accounted + 2000);
    }
}

/// When memory is to be had in single pages only, the index stays small and
/// every flow is accounted all the same.
#[test]
fn large_pieces_are_not_needed() {
    let memory = Memory::plenty();
    let engine = flow_testing::engine(&memory, PLENTY);
    memory
        .largest
        .store(4096, std::sync::atomic::Ordering::SeqCst);
    for flow in 0..600_000 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
    }
    assert_eq!(sweep(&engine, everything(0)).len(), 600_000);
}

/// With no room for closed records a full one leaves all the same: not an
/// octet is lost to a counter at its end.
#[test]
fn a_backlog_loses_no_octets() {
    const LIMIT: usize = 4 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    let mut octets = 0;
    for flow in 0..20 * LIMIT as u32 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
        octets += 100;
    }
    assert!(
        engine.v4().counts().displaced.records > 0,
        "nothing may wait any more"
    );
    for _ in 0..3 * 65_537 {
        observe(&engine, &tcp(1 << 30, ACK, u16::MAX), 0).unwrap();
        octets += 65_535;
    }
    let known = engine.v4().contents().octets + engine.v4().counts().displaced.octets;
    assert_eq!(known, octets);
}

/// Memory is given back when flows are gone.
#[test]
fn pages_are_released() {
    let memory = Memory::plenty();
    let engine = flow_testing::engine(&memory, PLENTY);
    let grow = |now| {
        for flow in 0..200_000 {
            observe(&engine, &tcp(flow, ACK, 100), now).unwrap();
        }
    };
    let before = memory.left.load(std::sync::atomic::Ordering::SeqCst);
    grow(0);
    let first = before - memory.left.load(std::sync::atomic::Ordering::SeqCst);
    sweep(&engine, everything(1));
    let before = memory.left.load(std::sync::atomic::Ordering::SeqCst);
    grow(2);
    let second = before - memory.left.load(std::sync::atomic::Ordering::SeqCst);
    assert!(
        second > 9 * 200_000 / 64 / 10,
        "{first} allocations, then {second}"
    );
    assert_eq!(sweep(&engine, everything(3)).len(), 200_000);
}

/// Eight threads, shared and own flows: the sum is exact.
#[test]
fn threads_lose_nothing() {
    let engine = flow_testing::engine(&Memory::plenty(), 1 << 14);
    const THREADS: u32 = 8;
    const PACKETS: u32 = 50_000;
    let taken = std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let engine = &engine;
            scope.spawn(move || {
                for n in 0..PACKETS {
                    let shared = n % 2 == 0;
                    let flow = if shared {
                        n % 1000
                    } else {
                        ((thread + 1) << 20) | (n % 7000)
                    };
                    let flags = if n % 97 == 0 { FIN } else { ACK };
                    observe(engine, &tcp(flow, flags, 100), u64::from(n) / 10).unwrap();
                }
            });
        }
        let mut taken = 0u64;
        for now in 0..200 {
            let records = engine.v4().counts().records;
            assert!(records < 1 << 20, "{records} records");
            for record in sweep(&engine, engine.at(now * 25)) {
                taken += u64::from(record.packets);
            }
        }
        taken
    });
    let cached = engine.v4().contents().packets;
    let displaced = engine.v4().counts().displaced.packets;
    assert_eq!(taken + cached + displaced, u64::from(THREADS * PACKETS));
    assert_eq!(engine.v4().counts().packets, u64::from(THREADS * PACKETS));
}
