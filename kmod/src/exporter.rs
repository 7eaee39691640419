// SPDX-License-Identifier: BSD-2-Clause
//! The way out: records that are due, out of the cache and to every collector.
//!
//! One thread at a time has the [`Exporter`]: it takes it out of the node,
//! works without any lock but a shard's for the copy of a few records, and
//! puts it back.

use flow::cache::SHARDS;
use flow::export::{AnyRecord, V5, V9};
use flow::{Engine, Moment, Sum, Tally, Timeouts};

use crate::collector::{Collector, Last, Way};
use crate::kpi::Kpi;

/// Records of each IP version copied under one hold of a shard's lock.
const BATCH: usize = 32;

/// Datagrams that go to a collector in one burst, and those of the batch in
/// which it reaches that.  Netgraph's queue holds 4,096 items (net.graph.maxdata),
/// and a collector's socket buffer should hold a burst; FreeBSD's usual one has
/// room for 28 datagrams.  What is left stays in the cache, due, and leaves with
/// the next bursts, in order.
const DATAGRAMS_PER_BURST: usize = 128;

/// Records that leave in one burst, whoever takes them: as many full datagrams
/// of version 5.
const RECORDS_PER_BURST: usize = DATAGRAMS_PER_BURST * 30;

/// Bursts of all there is that may end, one after the other, for want of memory
/// or room: a second of them.  Then what cannot be sent is dropped.
const PATIENCE: usize = 100;

/// A record that is due leaves within a second: it is swept at most one tick
/// (250 ms) after it fell due, waits this long at most, and the datagram goes
/// with the tick after that.  That is the second tick, though the clock of either
/// may be a little late.
const LONGEST_WAIT_MS: u64 = 400;

/// The collectors, and a batch of records on its way to them.
pub struct Exporter<K: Kpi> {
    batch: K::Array<Option<AnyRecord>, { 2 * BATCH }>,
    pub v5: Collector<K, V5>,
    pub v9: Collector<K, V9>,
    /// Where the next sweep begins, so that a backlog is drained in order.
    next_shard: usize,
    /// Of [`PATIENCE`], what is left.
    patience: usize,
}

/// How much leaves the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is due, paced.
    Due,
    /// Whatever is cached, paced as well.
    All,
}

/// Where everything goes.
pub struct Ways<'a, K: Kpi> {
    pub v5: Way<'a, K, V5>,
    pub v9: Way<'a, K, V9>,
    /// What has left the cache.
    pub expired: &'a Tally,
}

impl<K: Kpi> Exporter<K> {
    pub fn new(kpi: &K) -> Option<Self> {
        Some(Exporter {
            batch: kpi.array(|_| None)?,
            // engine_id is the FIB, as in base; it has 8 bits only.
            v5: Collector::new(kpi, |fib| V5::new(fib as u8))?,
            v9: Collector::new(kpi, |fib| V9::new(fib.into()))?,
            next_shard: 0,
            patience: PATIENCE,
        })
    }

    /// FIBs that something was exported from.
    pub fn fibs(&self) -> usize {
        self.v5.streams().max(self.v9.streams())
    }

    /// Does a record wait in a datagram?
    pub fn has_pending(&self) -> bool {
        self.v5.pending().records > 0 || self.v9.pending().records > 0
    }

    /// Moves records from the cache to the collectors.  `true` when the burst
    /// ended early, for the pace or for want of memory: there may be more.
    pub fn run(&mut self, engine: &Engine<K>, ways: &Ways<'_, K>, extent: Extent) -> bool {
        let kpi = engine.platform();
        let now = kpi.uptime();
        let (moment, wait) = match extent {
            Extent::Due => (engine.at(now), LONGEST_WAIT_MS),
            Extent::All => {
                let timeouts = Timeouts::NONE;
                (Moment { now, timeouts }, 0)
            }
        };
        let is_patient = extent == Extent::Due || self.patience > 0;
        let (mut room, mut is_cut) = (RECORDS_PER_BURST, false);
        self.v5.begin(kpi, &ways.v5);
        self.v9.begin(kpi, &ways.v9);
        'shards: for _ in 0..SHARDS {
            loop {
                let (count, more) = self.fill_batch(engine, moment, room.min(BATCH));
                room = room.saturating_sub(count);
                if count > 0 {
                    self.drain_batch(kpi, ways, now);
                }
                is_cut = room == 0 || is_patient && self.is_short() || self.has_sent_a_burst();
                if is_cut {
                    break 'shards;
                }
                if !more {
                    break;
                }
            }
            self.next_shard = (self.next_shard + 1) % SHARDS;
        }
        if !is_patient || self.v5.last() != Last::Short {
            self.v5.flush(kpi, &ways.v5, wait, now);
        }
        if !is_patient || self.v9.last() != Last::Short {
            self.v9.flush(kpi, &ways.v9, wait, now);
        }
        self.patience = match extent {
            Extent::All if self.is_short() => self.patience.saturating_sub(1),
            _ => PATIENCE,
        };
        is_cut
    }

    fn has_sent_a_burst(&self) -> bool {
        self.v5.datagrams().max(self.v9.datagrams()) >= DATAGRAMS_PER_BURST
    }

    /// Is the system short of memory or of room in a queue?  Then records that
    /// are due are safer in the cache than in a datagram, for the moment.  But a
    /// collector that takes nothing while the other is served is short by itself,
    /// and must not hold up the other's records.
    fn is_short(&self) -> bool {
        let last = [self.v5.last(), self.v9.last()];
        last.contains(&Last::Short) && !last.contains(&Last::Sent)
    }

    /// Copies records of the next shard; how many, and whether it has more.
    #[inline(never)]
    fn fill_batch(&mut self, engine: &Engine<K>, moment: Moment, room: usize) -> (usize, bool) {
        let (batch4, batch6) = self.batch.split_at_mut_checked(BATCH).unwrap_or_default();
        let (mut places4, mut places6) = (batch4.iter_mut(), batch6.iter_mut());
        let (mut count4, mut count6) = (0, 0);
        let more = engine.sweep(
            self.next_shard,
            moment,
            room,
            |record| {
                if let Some(place) = places4.next() {
                    *place = Some(AnyRecord::V4(record));
                    count4 += 1;
                }
            },
            |record| {
                if let Some(place) = places6.next() {
                    *place = Some(AnyRecord::V6(record));
                    count6 += 1;
                }
            },
        );
        (count4 + count6, more)
    }

    fn drain_batch(&mut self, kpi: &K, ways: &Ways<'_, K>, now: u64) {
        let mut expired = Sum::default();
        for record in self.batch.iter_mut().filter_map(Option::take) {
            expired.add(record.packets(), record.octets());
            self.v5.take(kpi, &record, &ways.v5, now);
            self.v9.take(kpi, &record, &ways.v9, now);
        }
        ways.expired.add_sum(expired);
    }
}
