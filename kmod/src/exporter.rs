// SPDX-License-Identifier: BSD-2-Clause
//! The way out: records that are due, into datagrams, down the export hook.
//!
//! One thread at a time has the [`Exporter`]: it takes it out of the node,
//! works without any lock but a shard's for the copy of a few records, and
//! puts it back.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use flow::cache::SHARDS;
use flow::export::{AnyRecord, Appended, Clock, Protocol, Stream, V5};
use flow::{Engine, Moment, Sum, Tally, Timeouts};

use crate::conservation::DropReason;
use crate::kpi::Kpi;

/// Records of each IP version copied under one hold of a shard's lock.
const BATCH: usize = 32;

/// Records that may leave in one tick: a thousand full datagrams.  Netgraph's
/// queue holds 4,096 items (net.graph.maxdata), and a collector's socket
/// buffer much less than a million records.  What is left stays in the cache,
/// due, and leaves with the next ticks.
const RECORDS_PER_TICK: usize = 1024 * 30;

/// A record that is due leaves within a second: it is swept at most one tick
/// (250 ms) after it fell due, waits this long at most, and the datagram goes
/// with the tick after that.
const LONGEST_WAIT_MS: u64 = 500;

/// What became of records that left the cache.
pub struct Outcome {
    pub handed_over: Tally,
    dropped: [Tally; DropReason::ALL.len()],
    /// Datagrams that could not be sent.
    pub failed_datagrams: AtomicU32,
    /// Streams that exist, one for each FIB seen.
    pub streams: AtomicU32,
}

impl Outcome {
    pub const fn new() -> Self {
        Outcome {
            handed_over: Tally::new(),
            dropped: [const { Tally::new() }; DropReason::ALL.len()],
            failed_datagrams: AtomicU32::new(0),
            streams: AtomicU32::new(0),
        }
    }

    fn drop(&self, reason: DropReason, records: Sum) {
        if let Some(tally) = self.dropped.get(reason as usize) {
            tally.add_sum(records);
        }
    }

    pub fn dropped(&self, reason: DropReason) -> Sum {
        self.dropped
            .get(reason as usize)
            .map_or(Sum::default(), Tally::sum)
    }
}

/// Streams of version 5, one for each FIB, and a batch of records on its way
/// there.
pub struct Exporter<K: Kpi> {
    batch: K::Slab<Option<AnyRecord>>,
    v5: K::Slab<Option<Stream<K, V5>>>,
    /// Where the next sweep begins, so that a backlog is drained in order.
    next_shard: usize,
}

/// How much leaves the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is due, paced.
    Due,
    /// Everything, at once.
    All,
}

impl<K: Kpi> Exporter<K> {
    pub fn new(kpi: &K) -> Option<Self> {
        Some(Exporter {
            batch: kpi.slab(2 * BATCH, |_| None)?,
            v5: kpi.slab(usize::from(kpi.fibs().max(1)), |_| None)?,
            next_shard: 0,
        })
    }

    /// What waits in datagrams.
    pub fn pending(&self) -> Sum {
        let mut sum = Sum::default();
        for stream in self.v5.iter().flatten() {
            sum += stream.pending();
        }
        sum
    }

    /// Moves records from the cache to the collector.
    pub fn run(
        &mut self,
        engine: &Engine<K>,
        hook: Option<&K::Hook>,
        outcome: &Outcome,
        extent: Extent,
    ) {
        let now = engine.platform().uptime();
        let (moment, mut room) = match extent {
            Extent::Due => (engine.at(now), RECORDS_PER_TICK),
            Extent::All => {
                let timeouts = Timeouts::NONE;
                (Moment { now, timeouts }, usize::MAX)
            }
        };
        'shards: for _ in 0..SHARDS {
            loop {
                if room == 0 {
                    break 'shards;
                }
                let (count, more) = self.fill_batch(engine, moment, room.min(BATCH));
                room = room.saturating_sub(count);
                self.drain_batch(engine.platform(), hook, outcome, now);
                if !more {
                    break;
                }
            }
            self.next_shard = (self.next_shard + 1) % SHARDS;
        }
        for stream in self.v5.iter_mut().flatten() {
            let waited = stream.has_waited(LONGEST_WAIT_MS, now);
            if waited || (extent == Extent::All && stream.pending().records > 0) {
                send(stream, engine.platform(), hook, outcome);
            }
        }
    }

    /// Copies records of the next shard; how many, and whether it has more.
    fn fill_batch(&mut self, engine: &Engine<K>, moment: Moment, room: usize) -> (usize, bool) {
        let mut count = 0;
        let (batch4, batch6) = self.batch.split_at_mut_checked(BATCH).unwrap_or_default();
        let (mut places4, mut places6) = (batch4.iter_mut(), batch6.iter_mut());
        let mut count6 = 0;
        let more = engine.sweep(
            self.next_shard,
            moment,
            room,
            |record| {
                if let Some(place) = places4.next() {
                    *place = Some(AnyRecord::V4(record));
                    count += 1;
                }
            },
            |record| {
                if let Some(place) = places6.next() {
                    *place = Some(AnyRecord::V6(record));
                    count6 += 1;
                }
            },
        );
        (count + count6, more)
    }

    fn drain_batch(&mut self, kpi: &K, hook: Option<&K::Hook>, outcome: &Outcome, now: u64) {
        for record in self.batch.iter_mut().filter_map(Option::take) {
            let mut sum = Sum::default();
            sum.add(record.packets(), record.octets());
            if hook.is_none() {
                outcome.drop(DropReason::NoExporter, sum);
                continue;
            }
            let Some(place) = self.v5.get_mut(usize::from(record.fib())) else {
                outcome.drop(DropReason::NoExporter, sum);
                continue;
            };
            if place.is_none() {
                // engine_id is the FIB, as in base; it has 8 bits only.
                *place = Stream::new(kpi, V5::new(record.fib() as u8));
                if place.is_some() {
                    outcome.streams.fetch_add(1, Relaxed);
                }
            }
            let Some(stream) = place else {
                outcome.drop(DropReason::NoMemory, sum);
                continue;
            };
            match stream.append(&record, now) {
                Appended::Room => {}
                Appended::Full => send(stream, kpi, hook, outcome),
                Appended::NotCarried => outcome.drop(DropReason::NoExporter, sum),
            }
        }
    }
}

/// Sends a stream's datagram, and accounts what was in it.
fn send<K: Kpi, E: Protocol>(
    stream: &mut Stream<K, E>,
    kpi: &K,
    hook: Option<&K::Hook>,
    outcome: &Outcome,
) {
    let wall_clock = kpi.wall_clock();
    let clock = Clock {
        uptime: kpi.uptime(),
        unix_secs: wall_clock.secs,
        unix_nanos: wall_clock.nanos,
    };
    let Some(ready) = stream.finish(clock) else {
        return;
    };
    let Some(hook) = hook else {
        outcome.drop(DropReason::NoExporter, ready.records);
        return;
    };
    match kpi.send(hook, ready.datagram) {
        Ok(()) => outcome.handed_over.add_sum(ready.records),
        Err(_) => {
            outcome.failed_datagrams.fetch_add(1, Relaxed);
            outcome.drop(DropReason::SendFailed, ready.records);
        }
    }
}
