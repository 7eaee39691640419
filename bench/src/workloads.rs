// SPDX-License-Identifier: BSD-2-Clause
//! The work that is timed.  A workload is prepared once and run as often as
//! wanted, each run in nanoseconds; it checks its own sums at the end of every
//! run and panics when they are off: a figure of wrong work is worth nothing.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use flow::cache::{Cursor, SHARDS};
use flow::export::{AnyRecord, Appended, Clock, Stream, V5};
use flow::{Engine, FlowRecord, Moment, NoRoutes, Timeouts};
use flow_workload::platform::Memory;
use flow_workload::traffic::{flags, seed, source, Flow, Packet, Popularity, OCTETS};

use crate::clock::{median, now as clock, time, PLACES};
use crate::cores::scaling;

/// Packets of one run.
pub const PACKETS: usize = 1 << 21;
/// Records that are copied under one hold of a lock, as the node does.
const BATCH: usize = 32;
/// Milliseconds between two ticks of the node.
const TICK_MS: u64 = 250;
/// Records in one reply to SHOW.
const REPLY: usize = 72;

/// An engine, and what came out of it.
pub struct Bed {
    engine: Engine<Memory>,
    v5: Stream<Memory, V5>,
    batch: Vec<AnyRecord>,
    /// Packets given to the engine.
    pub packets: u64,
    exported: Exported,
}

/// What was exported.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exported {
    /// Records.
    pub records: u64,
    /// Packets in them.
    pub packets: u64,
    /// Octets of datagrams.
    pub octets: u64,
}

const CLOCK: Clock = Clock {
    uptime: 0,
    unix_secs: 0,
    unix_nanos: 0,
};

impl Bed {
    /// An empty cache for so many flows.
    pub fn new(limit: usize) -> Self {
        let memory = Memory::default();
        let v5 = Stream::new(&memory, V5::new(0), &()).expect("memory");
        let engine = Engine::new(memory, seed(), limit).expect("memory");
        // As the kernel's node is born.
        engine.furnish();
        Bed {
            engine,
            v5,
            batch: Vec::with_capacity(2 * BATCH),
            packets: 0,
            exported: Exported::default(),
        }
    }

    /// An empty cache that flows never leave by themselves.
    pub fn lasting(limit: usize) -> Self {
        let bed = Bed::new(limit);
        bed.engine.set_timeouts(1 << 20, 1 << 20);
        bed
    }

    /// A cache with flows `0..flows` in it, one packet each.
    pub fn filled(flows: u32) -> Self {
        Bed::with(0..flows)
    }

    fn with(flows: Range<u32>) -> Self {
        let mut bed = Bed::lasting(flows.len());
        let open = flows.len() as u64;
        for number in flows {
            bed.observe(&[Flow::numbered(number).packet(flags::ACK)], 0);
        }
        assert_eq!(bed.engine.v4().counts().open, open);
        bed
    }

    /// Gives packets to the engine, all at `now`.
    #[inline]
    pub fn observe(&mut self, packets: &[Packet], now: u64) {
        observe(&self.engine, packets, now);
        self.packets += packets.len() as u64;
    }

    /// What the node does four times a second.  Records exported.
    pub fn tick(&mut self, now: u64) -> u64 {
        self.sweep(self.engine.at(now))
    }

    fn sweep(&mut self, moment: Moment) -> u64 {
        let before = self.exported.records;
        let shards = if self.engine.is_empty() { 0 } else { SHARDS };
        for shard in 0..shards {
            while self.sweep_once(shard, moment) {}
        }
        self.exported.records - before
    }

    /// One hold of a shard's lock, and what follows from it.
    fn sweep_once(&mut self, shard: usize, moment: Moment) -> bool {
        let batch = &std::cell::RefCell::new(&mut self.batch);
        let more = self.engine.sweep(
            shard,
            moment,
            BATCH,
            |record| batch.borrow_mut().push(AnyRecord::V4(record)),
            |record| batch.borrow_mut().push(AnyRecord::V6(record)),
        );
        for record in self.batch.drain(..) {
            self.exported.records += 1;
            self.exported.packets += u64::from(record.packets());
            let platform = self.engine.platform();
            if self.v5.append(platform, &record, &(), moment.now) == Appended::Full {
                let ready = self.v5.finish(CLOCK).expect("a full datagram");
                self.exported.octets += ready.datagram.len() as u64;
            }
        }
        more
    }

    /// Every packet is in a record, here or exported.
    pub fn check(&self) {
        let (v4, v6) = (self.engine.v4(), self.engine.v6());
        let cached = v4.contents().packets + v6.contents().packets;
        assert_eq!(v4.counts().displaced.packets, 0, "nothing is lost");
        assert_eq!(self.engine.no_memory(), 0);
        assert_eq!(cached + self.exported.packets, self.packets);
        assert_eq!(v4.counts().packets + v6.counts().packets, self.packets);
        assert_eq!(
            v4.counts().octets + v6.counts().octets,
            self.packets * u64::from(OCTETS)
        );
    }

    /// Octets of memory, everything included.
    pub fn octets(&self) -> usize {
        self.engine.platform().taken()
    }
}

fn observe(engine: &Engine<Memory>, packets: &[Packet], now: u64) {
    let source = source();
    for packet in packets {
        let seen = engine.observe(&packet.0[..], source, now, &NoRoutes);
        assert!(seen.is_ok());
    }
}

/// Packets of flows `0..flows`, as popular as this says.
pub fn hits(flows: u32, popularity: Popularity) -> Vec<Packet> {
    let numbers = popularity.draw(flows, PACKETS);
    let packets = numbers.into_iter();
    packets
        .map(|number| Flow::numbered(number).packet(flags::ACK))
        .collect()
}

/// A hit on one of so many flows: nanoseconds a packet, and octets that the
/// cache has.
pub fn hit(flows: u32, popularity: Popularity) -> (impl FnMut() -> f64, usize) {
    let ([run], octets) = hit_placed(flows, popularity);
    (run, octets)
}

/// The same in several places in memory at once: which lines displace each
/// other from a cache is chance.
pub fn hit_placed<const PLACES: usize>(
    flows: u32,
    popularity: Popularity,
) -> ([impl FnMut() -> f64; PLACES], usize) {
    let packets = Rc::new(hits(flows, popularity));
    let mut octets = 0;
    let runs = [(); PLACES].map(|()| {
        let mut bed = Bed::filled(flows);
        octets = bed.octets();
        let packets = packets.clone();
        move || {
            let nanos = time(packets.len(), || bed.observe(&packets, 1));
            bed.check();
            nanos
        }
    });
    (runs, octets)
}

/// New flows of one packet.
pub struct Growth {
    /// Nanoseconds a flow.
    pub all: f64,
    /// The same of the first tenth.
    pub first: f64,
    /// The same of the last tenth.
    pub last: f64,
    /// Octets of memory a flow.
    pub octets: f64,
    /// Octets of the largest piece that a packet asked for.
    pub piece: usize,
}

impl Growth {
    /// The better of two, figure by figure.
    pub fn min(self, other: Self) -> Self {
        Growth {
            all: self.all.min(other.all),
            first: self.first.min(other.first),
            last: self.last.min(other.last),
            ..other
        }
    }
}

/// An empty cache gets so many flows of one packet each.
pub fn growth(flows: u32, v6: bool) -> impl FnMut() -> Growth {
    let packet = move |number| {
        let flow = Flow::numbered(number);
        if v6 {
            flow.packet6(flags::ACK)
        } else {
            flow.packet(flags::ACK)
        }
    };
    let packets: Vec<Packet> = (0..flows).map(packet).collect();
    let tenth = packets.len() / 10;
    move || {
        let mut bed = Bed::lasting(flows as usize);
        // The locks, once for all.
        bed.engine.platform().largest_piece();
        let tenths = packets.chunks(tenth);
        let times = tenths.map(|tenth| time(tenth.len(), || bed.observe(tenth, 0)));
        let times: Vec<f64> = times.collect();
        bed.check();
        Growth {
            all: times.iter().sum::<f64>() / times.len() as f64,
            first: times[0],
            last: times[9],
            octets: bed.octets() as f64 / f64::from(flows),
            piece: bed.engine.platform().largest_piece(),
        }
    }
}

/// Octets of memory that a single packet of them asked for at most: what it
/// has to fill.
pub fn most_memory_at_once(flows: u32) -> usize {
    let mut bed = Bed::lasting(flows as usize);
    let mut most = 0;
    for number in 0..flows {
        let before = bed.octets();
        bed.observe(&[Flow::numbered(number).packet(flags::ACK)], 0);
        most = most.max(bed.octets() - before);
    }
    bed.check();
    most
}

/// Flows that are new to a full cache, the displaced ones exported: as many
/// again as there is room for.
pub fn full(limit: u32) -> impl FnMut() -> f64 {
    let packets: Vec<Packet> = (0..3 * limit)
        .map(|number| Flow::numbered(number).packet(flags::ACK))
        .collect();
    move || {
        let mut bed = Bed::lasting(limit as usize);
        let (fill, more) = packets.split_at(limit as usize);
        // Now and then what waits is taken: at 120,000 records a second, which
        // is the node's pace, this is a quarter of a second's.
        let chunk = 30_000.min(limit as usize / 16);
        for (now, part) in (0..).zip(fill.chunks(chunk)) {
            bed.observe(part, now);
        }
        let nanos = time(more.len(), || {
            for (now, part) in (1000..).zip(more.chunks(chunk)) {
                bed.observe(part, now);
                bed.tick(now);
            }
        });
        bed.check();
        // A shard that is empty has nothing to give.
        assert!(bed.exported.records > u64::from(limit) * 2 - 2 * SHARDS as u64);
        nanos
    }
}

/// TCP connections, all at once: an opening, four packets, FIN, export.
/// Nanoseconds a packet.
pub fn connections(count: u32) -> impl FnMut() -> f64 {
    let round = |tcp_flags| -> Vec<Packet> {
        (0..count)
            .map(|number| Flow::numbered(number).packet(tcp_flags))
            .collect()
    };
    let rounds = [flags::ACK, flags::FIN | flags::ACK].map(round);
    move || {
        let mut bed = Bed::new(1 << 20);
        let nanos = time(6 * count as usize, || {
            for now in 0..5 {
                bed.observe(&rounds[0], now * TICK_MS);
                bed.tick(now * TICK_MS);
            }
            bed.observe(&rounds[1], 5 * TICK_MS);
            bed.tick(6 * TICK_MS);
        });
        bed.check();
        assert_eq!(bed.exported.records, u64::from(count));
        nanos
    }
}

/// Hits on so many flows, which may have been made to fall together:
/// nanoseconds a packet.
pub fn hits_on(flows: u32, flow: fn(u32) -> Flow) -> impl FnMut() -> f64 {
    let mut bed = Bed::lasting(flows as usize);
    let numbers = Popularity::Uniform.draw(flows, PACKETS);
    let mut packets: Vec<Packet> = (0..flows)
        .chain(numbers)
        .map(|number| flow(number).packet(flags::ACK))
        .collect();
    let hits = packets.split_off(flows as usize);
    bed.observe(&packets, 0);
    move || {
        let nanos = time(hits.len(), || bed.observe(&hits, 1));
        bed.check();
        nanos
    }
}

/// A tick with nothing in the cache, in nanoseconds.
pub fn tick_empty() -> impl FnMut() -> f64 {
    let mut bed = Bed::new(1 << 20);
    let ticks = 1000;
    move || {
        time(ticks, || {
            for tick in 0..ticks as u64 {
                bed.tick(tick * TICK_MS);
            }
        })
    }
}

/// Flows that all stay: every one is seen every `period` ticks, and over two
/// inactive timeouts nothing falls due.  Nanoseconds of ticks, a second.
pub fn tick_none_due(flows: u32, period: u64) -> impl FnMut() -> f64 {
    const TICKS: u64 = 120;
    let packets: Vec<Packet> = (0..flows)
        .map(|number| Flow::numbered(number).packet(flags::ACK))
        .collect();
    move || {
        let mut bed = Bed::new(flows as usize);
        let share = packets.len().div_ceil(period as usize);
        for (tick, part) in (0..).zip(packets.chunks(share)) {
            bed.observe(part, tick * TICK_MS);
        }
        let mut total = 0.0;
        for tick in period..period + TICKS {
            let now = tick * TICK_MS;
            let part = packets.chunks(share).nth((tick % period) as usize);
            bed.observe(part.unwrap_or_default(), now);
            let begun = clock();
            bed.tick(now);
            total += clock() - begun;
        }
        bed.check();
        assert_eq!(bed.exported.records, 0);
        total * 1000.0 / (TICKS * TICK_MS) as f64
    }
}

/// Flows that fall due all at once and leave in datagrams: nanoseconds each.
pub fn expiry(flows: u32) -> impl FnMut() -> f64 {
    move || {
        let mut bed = Bed::filled(flows);
        bed.engine.set_timeouts(15, 1800);
        let nanos = time(flows as usize, || {
            assert_eq!(bed.tick(15_000), u64::from(flows));
        });
        bed.check();
        assert!(bed.exported.octets > u64::from(flows) * 48);
        nanos
    }
}

/// TCP, UDP and ICMP, popular flows and rare ones, ticks and export: a minute
/// of two million packets of 200,000 flows.  Nanoseconds a packet.
pub fn mixture() -> impl FnMut() -> f64 {
    let numbers = Popularity::Zipf.draw(200_000, 2_000_000);
    let packets: Vec<Packet> = numbers
        .into_iter()
        .enumerate()
        .map(|(at, number)| {
            let fin = at % 16 == 0;
            let tcp_flags = if fin {
                flags::FIN | flags::ACK
            } else {
                flags::ACK
            };
            Flow::mixed(number).packet(tcp_flags)
        })
        .collect();
    let ticks = 60_000 / TICK_MS;
    move || {
        let mut bed = Bed::new(1 << 20);
        let nanos = time(packets.len(), || {
            for (tick, part) in (1..).zip(packets.chunks(packets.len().div_ceil(ticks as usize))) {
                bed.observe(part, tick * TICK_MS);
                bed.tick(tick * TICK_MS);
            }
        });
        bed.check();
        assert!(bed.exported.records > 100_000);
        nanos
    }
}

/// Shows so many flows, a reply after the other.  Nanoseconds of all.
pub fn show(flows: u32) -> impl FnMut() -> f64 {
    let bed = Bed::filled(flows);
    let moment = Moment {
        now: 0,
        timeouts: Timeouts::NONE,
    };
    move || {
        let mut shown = 0;
        let nanos = time(1, || {
            let mut cursor = Some(Cursor::START);
            while let Some(from) = cursor {
                let show = |record: FlowRecord<Ipv4Addr>| shown += u64::from(record.packets);
                cursor = bed.engine.v4().read(from, moment, REPLY, show);
            }
        });
        assert_eq!(shown, u64::from(flows));
        nanos
    }
}

/// How many times what one core does two cores do, the median of several
/// places in memory.
pub struct TwoCores {
    /// Hits in one engine, each core on flows of its own.
    pub own: f64,
    /// The same in two engines, which share nothing.
    pub engines: f64,
    /// Hits in one engine, both cores on all flows.
    pub shared: f64,
    /// A bare loop of reads from a line for each flow, each core in its half.
    pub reads: f64,
    /// The same, the line's number read from the packet.
    pub packets: f64,
    /// A bare loop of locked additions anywhere.
    pub writes: f64,
}

/// What two cores do with so many flows, and bare loops beside them over as
/// many lines of memory, with the same numbers, by turns.
pub fn two_cores(flows: u32) -> TwoCores {
    let numbers = |from: u32, of: u32, seed: usize| -> Vec<u32> {
        let numbers = Popularity::Uniform.draw(of, PACKETS * (seed + 1));
        let numbers = numbers.into_iter().skip(PACKETS * seed);
        numbers.map(|number| number + from).collect()
    };
    let half = flows / 2;
    let own = [numbers(0, half, 0), numbers(half, half, 1)];
    let shared = [numbers(0, flows, 0), numbers(0, flows, 1)];
    let packets = |numbers: &Vec<u32>| -> Vec<Packet> {
        let flows = numbers.iter().map(|number| Flow::numbered(*number));
        flows.map(|flow| flow.packet(flags::ACK)).collect()
    };
    let own_packets = own.each_ref().map(packets);
    let shared_packets = shared.each_ref().map(packets);
    // All stay until the end, so that each has a place of its own.
    let mut places = [(); PLACES].map(|()| {
        let engines = [Bed::with(0..half), Bed::with(half..flows)];
        (Bed::filled(flows), engines, Lines::new(flows))
    });
    let figures = places.each_mut().map(|(bed, engines, lines)| {
        [
            scaling_of_hits([bed], &own_packets),
            scaling_of_hits(engines.each_mut(), &own_packets),
            scaling_of_hits([bed], &shared_packets),
            lines.scaling_of_reads(&own, |number| *number),
            lines.scaling_of_reads(&own_packets, Packet::flow_number),
            lines.scaling_of_additions(&shared),
        ]
    });
    let [own, engines, shared, reads, packets, writes] =
        std::array::from_fn(|figure| median(figures.map(|figures| figures[figure])));
    TwoCores {
        own,
        engines,
        shared,
        reads,
        packets,
        writes,
    }
}

/// What two cores gain that give packets to the engine, or to one each.
fn scaling_of_hits<const N: usize>(beds: [&mut Bed; N], packets: &[Vec<Packet>; 2]) -> f64 {
    let [first, second] = packets;
    let engines = [&beds[0].engine, &beds[N - 1].engine];
    let scaling = scaling(
        || observe(engines[0], first, 1),
        || observe(engines[1], second, 1),
    );
    for bed in beds {
        bed.packets += scaling.runs * PACKETS as u64 / N as u64;
        bed.check();
    }
    scaling.factor
}

#[repr(align(64))]
struct Line(AtomicU64);

/// Memory alone, without an engine: a line for each flow.
struct Lines(Vec<Line>);

impl Lines {
    fn new(count: u32) -> Self {
        Lines((0..count).map(|_| Line(AtomicU64::new(1))).collect())
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|line| line.0.load(Relaxed)).sum()
    }

    fn scaling_of_reads<T: Sync>(
        &self,
        work: &[Vec<T>; 2],
        number: impl Fn(&T) -> u32 + Sync,
    ) -> f64 {
        let read = |work: &[T]| {
            let lines = work.iter().map(|each| &self.0[number(each) as usize]);
            black_box(lines.map(|line| line.0.load(Relaxed)).sum::<u64>());
        };
        scaling(|| read(&work[0]), || read(&work[1])).factor
    }

    fn scaling_of_additions(&self, numbers: &[Vec<u32>; 2]) -> f64 {
        let write = |numbers: &[u32]| {
            let lines = numbers.iter().map(|number| &self.0[*number as usize]);
            lines.for_each(|line| _ = line.0.fetch_add(1, Relaxed));
        };
        let before = self.sum();
        let writes = scaling(|| write(&numbers[0]), || write(&numbers[1]));
        assert_eq!(self.sum(), before + writes.runs * PACKETS as u64);
        writes.factor
    }
}
