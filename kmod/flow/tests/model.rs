// SPDX-License-Identifier: BSD-2-Clause
//! The cache against a model written in the plainest way.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use flow::{Engine, FlowRecord};
use flow_testing::drive::{everything, observe, sweep, walk};
use flow_testing::flags::{ACK, FIN};
use flow_testing::packets::{claiming, tcp};
use flow_testing::{cases, Memory, PLENTY};
use proptest::prelude::*;

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
                observe(engine, &claiming(octets, tcp(flow, flags)), now).unwrap();
                model.packet(flow, flags, octets, now, timeouts);
            }
            Step::Wait(milliseconds) => now += milliseconds,
            Step::Sweep => {
                let taken = sweep(engine, engine.at(now));
                assert_eq!(lines(&taken), model.sweep(now, timeouts), "{steps:?}");
            }
            Step::Timeouts(inactive, active) => {
                engine.set_timeouts(inactive, active);
                // A timeout of 0 means a second.
                timeouts = (inactive.max(1).into(), active.max(1).into());
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
    #![proptest_config(ProptestConfig::with_cases(cases(512)))]

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
