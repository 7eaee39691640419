// SPDX-License-Identifier: BSD-2-Clause
//! Traffic that means harm, beside flows that do not: the cache stays within
//! its limit, nothing is lost uncounted, and the flows that go on are accounted
//! to the octet. What is said of it is in `docs/overload.md`.
//!
//! `ATTACK_LIMIT=1048576 cargo test --release -p flow --test attacks --
//! --show-output --test-threads 1` runs the floods at a node's own limit, three
//! times each, and tells the worst packet: of each packet the shortest time, so
//! that what else the machine did is not in it.
//! `tools/instructions.sh flood` tells the worst packet in instructions.

use std::collections::HashMap;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use flow::cache::SHARDS;
use flow::{Engine, FlowRecord, LinkType, Moment, NoRoutes, Timeouts};
use flow_testing::packets::{claiming, tcp, udp, udp6};
use flow_testing::{engine, source, Memory};

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
/// Flows that mean no harm, from 10.0.0.0 on.
const STEADY: u32 = 200;
/// Packets of an attack for each of theirs.
const FLOOD: u32 = 20;

/// Records that may be open, and how often a flood is run.
fn limit() -> (usize, usize) {
    match std::env::var("ATTACK_LIMIT") {
        Ok(limit) => (limit.parse().unwrap(), 3),
        Err(_) => (16 * SHARDS, 1),
    }
}

/// A clock's second, in milliseconds.
const SECOND: u64 = 1000;

/// An engine, what went in and what came out.
struct World {
    engine: Engine<Memory>,
    /// Packets and octets of each steady flow, in and out.
    steady: HashMap<u32, [(u64, u64); 2]>,
    accepted: (u64, u64),
    taken: (u64, u64),
    /// Records that were taken.
    records: u64,
    most_open: u64,
    /// Octets.
    most_memory: usize,
    /// How long each packet took.
    times: Vec<Duration>,
}

impl World {
    fn new() -> Self {
        World {
            engine: engine(&Memory::plenty(), limit().0),
            steady: HashMap::new(),
            accepted: (0, 0),
            taken: (0, 0),
            records: 0,
            most_open: 0,
            most_memory: 0,
            times: Vec::new(),
        }
    }

    /// A packet of so many octets, which must be accounted.
    fn packet(&mut self, packet: &[u8], octets: u16, now: u64) {
        let begun = Instant::now();
        let observed = self
            .engine
            .observe(packet, source(LinkType::Raw), now, &NoRoutes);
        self.times.push(begun.elapsed());
        assert_eq!(observed, Ok(()));
        self.accepted.0 += 1;
        self.accepted.1 += u64::from(octets);
    }

    /// A packet of one of the flows that mean no harm.
    fn steady(&mut self, n: u32, now: u64) {
        let flow = 0x0a00_0000 | (n % STEADY);
        let octets = 40 + (n % 1400) as u16;
        self.packet(&claiming(octets, tcp(flow, ACK)), octets, now);
        let [sent, _] = self.steady.entry(flow).or_default();
        (sent.0, sent.1) = (sent.0 + 1, sent.1 + u64::from(octets));
    }

    /// Takes what is due, as a node's timer does.
    fn sweep(&mut self, moment: Moment) {
        let counts = self.engine.v4().counts();
        self.most_open = self.most_open.max(counts.open);
        let used = self.engine.platform().used.load(SeqCst);
        self.most_memory = self.most_memory.max(used);
        for shard in 0..SHARDS {
            let (mut v4, mut v6) = (Vec::new(), Vec::new());
            while self
                .engine
                .sweep(shard, moment, 64, |r| v4.push(r), |r| v6.push(r))
            {}
            for record in v4 {
                self.take(record.key.src.into(), &record);
            }
            for record in v6 {
                self.take(0, &record);
            }
        }
    }

    fn take<A: flow::Address>(&mut self, flow: u32, record: &FlowRecord<A>) {
        let (packets, octets) = (u64::from(record.packets), u64::from(record.octets));
        self.records += 1;
        self.taken = (self.taken.0 + packets, self.taken.1 + octets);
        if let Some([_, seen]) = self.steady.get_mut(&flow) {
            *seen = (seen.0 + packets, seen.1 + octets);
        }
    }

    /// Ends it: everything is accounted for, and the steady flows to the octet.
    fn end(mut self, attack: &str, now: u64) -> Vec<Duration> {
        self.sweep(Moment {
            now,
            timeouts: Timeouts::NONE,
        });
        let counts = self.engine.v4().counts();
        assert_eq!(counts.displaced.packets, 0, "the sweeps keep up");
        assert_eq!(self.taken, self.accepted, "nothing is lost");
        for (flow, [sent, seen]) in &self.steady {
            assert_eq!(sent, seen, "flow {flow:x}");
        }
        let limit = limit().0;
        println!(
            "{attack}: {} packets, {} records, {} open at most of {limit}, {} evicted",
            self.accepted.0, self.records, self.most_open, counts.evictions,
        );
        // Where a flow's shard is empty it has nothing to give.
        assert!(self.most_open <= (limit + SHARDS) as u64);
        self.times
    }
}

/// An attack of so many times the limit in packets, and steady flows beside it.
fn flood(name: &str, times: usize, attack: impl Fn(u32) -> [u8; 40]) {
    let (limit, runs) = limit();
    let packets = (times * limit) as u32;
    let mut shortest = Vec::new();
    for _ in 0..runs {
        let (mut world, mut now) = (World::new(), SECOND);
        let mut half = 0;
        for n in 0..packets {
            if n == packets / 2 {
                half = world.most_memory;
            }
            world.packet(&attack(n), 40, now);
            if n % FLOOD == 0 {
                world.steady(n / FLOOD, now);
            }
            if n % (limit as u32 / 64) == 0 {
                now += 1;
            }
            if n % (limit as u32 / 16) == 0 {
                world.sweep(world.engine.at(now));
            }
        }
        assert!(world.engine.v4().counts().evictions > 0, "{name}");
        let most = world.most_memory;
        println!("{name}: {most} octets of memory at most, {half} in its first half");
        assert!(most <= half + half / 100, "a full cache grows");
        let took = world.end(name, now);
        shortest.resize(took.len(), Duration::MAX);
        for (least, took) in shortest.iter_mut().zip(took) {
            *least = took.min(*least);
        }
    }
    if runs > 1 {
        let mean = shortest.iter().sum::<Duration>() / shortest.len() as u32;
        let worst = shortest.iter().max().unwrap();
        println!("{name}: {mean:?} a packet with the clock's own, the worst {worst:?}");
    }
}

/// Any bits of 32, each once.
fn scattered(n: u32) -> u32 {
    (n ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b1) | 0x8000_0000
}

#[test]
fn a_flood_of_spoofed_flows_of_one_packet() {
    flood("spoofed SYN flood", 20, |n| tcp(scattered(n), SYN));
}

/// Base XORs halves of addresses and ports; these all meet in one place there.
#[test]
fn keys_that_collide_in_bases_hash() {
    flood("collisions in base's hash", 4, |n| {
        let mut packet = tcp(0xc000_0000 | ((n & 0xffff) << 8) | (n >> 16), SYN);
        packet[20..22].copy_from_slice(&(n as u16).to_be_bytes());
        packet[22..24].copy_from_slice(&(n as u16).to_le_bytes());
        packet
    });
}

/// Without the seed nothing better is known against a multiply-shift hash than
/// keys in even steps, as their hashes are too.
#[test]
fn keys_in_even_steps() {
    for step in [1, 3, 1 << 8, 1 << 12] {
        flood(&format!("keys {step} apart"), 4, |n| {
            let number = u64::from(n) * step;
            // What does not fit an address goes on in the port.
            let mut packet = tcp(0x8000_0000 | (number as u32 & 0x3fff_ffff), SYN);
            packet[20..22].copy_from_slice(&((number >> 30) as u16).to_be_bytes());
            packet
        });
    }
}

#[test]
fn a_clock_that_steps_far_in_both_directions() {
    let mut world = World::new();
    let (mut now, mut latest) = (100 * SECOND, 0);
    for n in 0..40_000u32 {
        match n % 1000 {
            250 => now += 40 * 86_400 * SECOND, // Beyond 2^31 ms and all timeouts.
            500 => now -= 39 * 86_400 * SECOND,
            750 => now = now.saturating_sub(3600 * SECOND),
            _ => now += 1,
        }
        latest = now.max(latest);
        world.steady(n, now);
        world.packet(&tcp(scattered(n), SYN), 40, now);
        if n % 100 == 0 {
            world.sweep(world.engine.at(now));
        }
    }
    assert!(world.engine.v4().counts().stepped_back > 0);
    world.end("clock steps", latest);
}

/// What a packet says of its length is what is accounted, as in base: it is
/// believed for nothing else.
#[test]
fn lengths_that_lie() {
    let mut world = World::new();
    for n in 0..50_000u32 {
        let now = SECOND + u64::from(n);
        let flow = scattered(n % 5000);
        for octets in [0, 19, 28, u16::MAX] {
            world.packet(&claiming(octets, udp(flow)), octets, now);
        }
        let mut packet = tcp(flow, ACK);
        packet[32] = 0xf0; // A TCP header of 60 octets, which are not there.
        world.packet(&packet, 40, now);
        let mut packet = udp6(flow);
        packet[4..6].copy_from_slice(&[0xff, 0x00]);
        world.packet(&packet, 40 + 0xff00, now);
        world.steady(n, now);
        if n % 100 == 0 {
            world.sweep(world.engine.at(now));
        }
    }
    world.end("lengths that lie", 100_000 * SECOND);
}
