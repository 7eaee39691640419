// SPDX-License-Identifier: BSD-2-Clause
//! The engine, through any sequence of packets, clock steps, timeouts, limits
//! and failures of memory.  No packet is ever missing; after a sweep no record
//! is left that is due.

use std::sync::OnceLock;

use flow::cache::{Cursor, SHARDS};
use flow::packet::{parse, Parsed};
use flow::{Engine, FlowRecord, LinkType, Moment, NoRoutes, Sum, Timeouts};
use flow_testing::packets::{claiming, tcp, udp, udp6};
use flow_testing::{engine, source, Memory};

use crate::{tally, Input};

struct World {
    engine: Engine<Memory>,
    memory: Memory,
    now: u64,
    latest: u64,
    /// Inactive and active timeout, in milliseconds.
    timeouts: (u64, u64),
    /// Packets and octets that the engine has taken.
    accepted: (u64, u64),
    /// What it has given back in records.
    taken: Sum,
}

/// Steps after which packets are added up.  That walks every shard, and what is
/// missing once stays missing.
const OFTEN: usize = 32;

/// The first octet is the cache's limit, each further one a step with its
/// arguments.  With every eighth one packets are added up after each step.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let memory = Memory::plenty();
    let first = input.u8();
    // A large cache grows its index; a small one is full at once.
    let limit = (usize::from(first) + 1) << (first % 8);
    let mut world = World {
        engine: engine(&memory, limit),
        memory,
        now: 100_000,
        latest: 100_000,
        timeouts: (15_000, 1_800_000),
        accepted: (0, 0),
        taken: Sum::default(),
    };
    let often = if first.is_multiple_of(8) { 1 } else { OFTEN };
    for step in 0.. {
        if input.is_empty() {
            break;
        }
        tally::add(1);
        world.step(&mut input);
        if step % often == 0 {
            world.check();
        }
    }
    world.check();
    world.memory.allow(usize::MAX);
    world.now = world.latest + 1000;
    world.engine.set_timeouts(0, 0);
    world.timeouts = (1000, 1000);
    world.sweep();
    assert_eq!(
        (world.taken.packets + world.displaced().packets, 0),
        (world.accepted.0, world.contents().packets)
    );
}

/// Flows that all lie in the first shard, more than its index begins with room
/// for.
fn in_one_shard() -> &'static [u32] {
    static FLOWS: OnceLock<Vec<u32>> = OnceLock::new();
    FLOWS.get_or_init(|| {
        const FLOWS: u32 = 1 << 18;
        let engine = engine(&Memory::plenty(), FLOWS as usize);
        let all = Moment {
            now: 0,
            timeouts: Timeouts::NONE,
        };
        let is_in_first = |flow: &u32| {
            let seen = engine.observe(&udp(*flow)[..], source(LinkType::Raw), 0, &NoRoutes);
            assert!(seen.is_ok());
            let mut found = false;
            engine.sweep(0, all, usize::MAX, |_| found = true, |_| {});
            found
        };
        (0..FLOWS).filter(is_in_first).collect()
    })
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 10 {
            0..=2 => {
                let packet = udp(input.u8().into());
                let octets = u16::from_be_bytes([input.u8(), 28]);
                self.packet(&claiming(octets, packet));
            }
            3 => self.packet(&tcp(input.u8().into(), input.u8())),
            4 => self.packet(&udp6(input.u8().into())),
            5 => {
                let len = input.u8();
                self.packet(input.take(len.into()));
            }
            6 => self.now += u64::from(input.u16()) * 4,
            7 => self.now -= u64::from(input.u8()).min(self.now),
            8 => {
                let (inactive, active) = (u32::from(input.u8()), u32::from(input.u8()));
                self.engine.set_timeouts(inactive, active);
                let milliseconds = |secs: u32| u64::from(secs.max(1)) * 1000;
                self.timeouts = (milliseconds(inactive), milliseconds(active));
            }
            _ => match input.u8() {
                left @ 0..=20 => self.memory.allow(left.into()),
                21..=40 => self.memory.allow(usize::MAX),
                41..=80 => self.sweep(),
                burst @ 81..=90 => {
                    for flow in 0..4096 {
                        self.packet(&udp(u32::from(burst) << 24 | flow));
                    }
                }
                91..=95 => {
                    for flow in in_one_shard() {
                        self.packet(&udp(*flow));
                    }
                }
                flow => self.packet(&udp(flow.into())),
            },
        }
        self.latest = self.latest.max(self.now);
    }

    fn packet(&mut self, packet: &[u8]) {
        let source = source(LinkType::Raw);
        // Looking ahead changes nothing, whatever the packets are.
        assert!(self.engine.look_ahead(&[packet; 2], source) <= 2);
        let observed = self.engine.observe(packet, source, self.now, &NoRoutes);
        if observed.is_ok() {
            let octets = match parse(packet, LinkType::Raw) {
                Ok(Parsed::V4(datagram)) => datagram.octets,
                Ok(Parsed::V6(datagram)) => datagram.octets,
                Err(refused) => panic!("accounted, and yet {:?}", refused.reason),
            };
            self.accepted.0 += 1;
            self.accepted.1 += u64::from(octets);
        }
    }

    fn moment(&self) -> Moment {
        self.engine.at(self.now)
    }

    fn sweep(&mut self) {
        let (moment, taken) = (self.moment(), std::cell::Cell::new(self.taken));
        for shard in 0..SHARDS {
            let take = |packets, octets| {
                let mut sum = taken.get();
                sum.add(packets, octets);
                taken.set(sum);
            };
            while self.engine.sweep(
                shard,
                moment,
                7,
                |record| take(record.packets, record.octets),
                |record| take(record.packets, record.octets),
            ) {}
        }
        self.taken = taken.get();
        // A clock that stepped back stands still until it is where it was.
        if self.now == self.latest {
            let timeouts = self.timeouts;
            let now = self.now;
            let rests = |first: u64, last: u64| {
                assert!(now - last < timeouts.0, "idle since {last} at {now}");
                assert!(now - first < timeouts.1, "there since {first} at {now}");
            };
            self.read(
                |record| rests(record.first, record.last),
                |record| rests(record.first, record.last),
            );
        }
    }

    fn read(
        &self,
        mut v4: impl FnMut(FlowRecord<std::net::Ipv4Addr>),
        mut v6: impl FnMut(FlowRecord<std::net::Ipv6Addr>),
    ) {
        let mut at = Some(Cursor::START);
        while let Some(cursor) = at {
            at = self.engine.v4().read(cursor, self.moment(), 5, &mut v4);
        }
        let mut at = Some(Cursor::START);
        while let Some(cursor) = at {
            at = self.engine.v6().read(cursor, self.moment(), 5, &mut v6);
        }
    }

    fn contents(&self) -> Sum {
        let mut sum = self.engine.v4().contents();
        sum += self.engine.v6().contents();
        sum
    }

    fn displaced(&self) -> Sum {
        let mut sum = self.engine.v4().counts().displaced;
        sum += self.engine.v6().counts().displaced;
        sum
    }

    fn check(&self) {
        let mut all = self.contents();
        all += self.displaced();
        all += self.taken;
        assert_eq!((all.packets, all.octets), self.accepted);
    }
}
