// SPDX-License-Identifier: BSD-2-Clause
//! The flow cache of one IP version: shards, each a [`table::Table`] under its
//! own lock, chosen by the top bits of the key's hash.
//!
//! A record's life: it is *open* from its first packet until a timeout, TCP
//! or a full cache closes it; *closed*, it lies where it is, out of the index,
//! until [`Cache::sweep`] takes it.  So the packet path never waits for an
//! exporter and needs no queue, and a backlog is bounded by the cache itself.

mod index;
mod outlook;
mod page;
mod pages;
mod record;
mod supply;
mod table;
mod timeouts;

pub use index::Place;
pub use record::{Cause, FlowRecord, Observation};
pub(crate) use timeouts::SetTimeouts;
pub use timeouts::{Moment, Timeouts};

use crate::address::Address;
use crate::counters::{Sum, Tally};
use crate::key::Packed;
use crate::platform::{Lock, Platform};
use crate::route::Path;
use crate::sync::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use outlook::Outlook;
use supply::{Lacking, Supply};
use table::{Hit, Table};

/// Shards of a cache; the top 8 bits of the hash choose one.
// Two are enough for every order of events, and 256 too many to try them all.
pub const SHARDS: usize = if cfg!(loom) { 2 } else { 256 };

/// The most open records a cache can be limited to: beyond it tables would
/// fill up before the limit is reached.
pub const MAX_LIMIT: usize = 4 << 20;

/// A packet could not be accounted: there was no memory for its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// Where a walk over the cache goes on: a shard and a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The shard, below [`SHARDS`].
    pub shard: u32,
    /// The place in the shard.
    pub place: Place,
}

impl Cursor {
    /// The beginning of the cache.
    pub const START: Cursor = Cursor {
        shard: 0,
        place: Place(0),
    };
}

/// A flow that has no record, and its first packet.
#[derive(Clone, Copy)]
struct New<A: Address> {
    hash: u32,
    key: Packed<A>,
    seen: Observation,
    /// When the packet came.
    now: u64,
}

/// The flow records of one IP version.
pub struct Cache<P: Platform, A: Address> {
    shards: P::Locks<Table<P, A>, SHARDS>,
    /// For each shard, when a sweep may find something.
    outlooks: P::Array<Outlook, SHARDS>,
    limit: usize,
    open: AtomicUsize,
    closed: AtomicUsize,
    /// Records that have left, by [`Cause::Active`] and `Inactive`, and that were
    /// closed by `Full`.
    active_expiries: AtomicU64,
    inactive_expiries: AtomicU64,
    evictions: AtomicU64,
    /// Packets whose records were displaced with no room to wait.
    displaced: Tally,
}

impl<P: Platform, A: Address> Cache<P, A> {
    /// An empty cache for up to `limit` open records, at most [`MAX_LIMIT`].
    // Not inlined: a kernel's stack has room for one table at a time.
    #[inline(never)]
    pub fn new(platform: &P, limit: usize) -> Option<Self> {
        Some(Cache {
            shards: platform.locks(|_| Table::new())?,
            outlooks: platform.array(|_| Outlook::default())?,
            limit: limit.clamp(1, MAX_LIMIT),
            open: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            active_expiries: AtomicU64::new(0),
            inactive_expiries: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            displaced: Tally::new(),
        })
    }

    /// The shard of a hash.
    #[inline]
    fn number(hash: u32) -> usize {
        (hash >> 24) as usize % SHARDS
    }

    /// Allocates what the first flow of each shard needs, so that no packet has
    /// to.  Where there is no memory, packets will.
    // Not inlined: what makes a node has a large frame already.
    #[inline(never)]
    pub fn furnish(&self, platform: &P) {
        for shard in self.shards.iter() {
            while let Some(lacking) = shard.with(|table| table.lacking()) {
                let Some(supply) = Supply::allocate(platform, lacking) else {
                    return;
                };
                shard.with(|table| table.supply(supply));
            }
        }
    }

    /// Is there no record, neither open nor closed?
    pub fn is_empty(&self) -> bool {
        self.open.load(Relaxed) == 0 && self.closed.load(Relaxed) == 0
    }

    /// May another record be closed and wait?  An eighth of the limit may.
    fn may_close(&self) -> bool {
        self.closed.load(Relaxed) < (self.limit / 8).max(64)
    }

    /// Accounts one packet of the flow whose key hashes to `hash`.  `path`
    /// looks up the routes of a new flow.
    /// For `PLAIN` see the engine.
    #[inline(always)]
    pub(crate) fn account<const PLAIN: bool>(
        &self,
        platform: &P,
        hash: u32,
        key: &Packed<A>,
        seen: Observation,
        (now, timeouts): (u64, &SetTimeouts),
        path: impl Fn(&Packed<A>) -> Path<A> + Copy,
    ) -> Result<(), NoMemory> {
        let shard = self.shards.get(Self::number(hash)).ok_or(NoMemory)?;
        let done = shard.with(|table| {
            let now = table.packet_clock(now);
            let hit = match table.hit(hash, key, seen, now, timeouts) {
                Some(hit) => hit,
                None => {
                    let timeouts = timeouts.get();
                    self.hit_any(table, hash, *key, seen, Moment { now, timeouts })
                }
            };
            match hit {
                Hit::Counted | Hit::Ended => Ok(()),
                Hit::Stale | Hit::Miss => {
                    let flow = New {
                        hash,
                        key: *key,
                        seen,
                        now,
                    };
                    self.open(table, flow, path, true)
                }
            }
        });
        match done {
            Ok(()) => Ok(()),
            Err(lacking) => {
                let flow = New {
                    hash,
                    key: *key,
                    seen,
                    now,
                };
                self.open_supplied(platform, shard, flow, timeouts, path, lacking)
            }
        }
    }

    /// Where the record of a flow with this hash may be.
    #[inline]
    pub(crate) fn candidate(&self, hash: u32) -> Option<Place> {
        let shard = self.shards.get(Self::number(hash))?;
        shard.with(|table| table.candidate(hash))
    }

    /// Is the record of a flow with this hash at this place?
    #[inline]
    pub(crate) fn has_record(&self, hash: u32, place: Place) -> bool {
        let shard = self.shards.get(Self::number(hash));
        shard.is_some_and(|shard| shard.with(|table| table.has_record(hash, place)))
    }

    /// As [`Table::hit`], for any packet.
    // Not inlined, to keep the usual way short.
    #[cold]
    #[inline(never)]
    fn hit_any(
        &self,
        table: &mut Table<P, A>,
        hash: u32,
        key: Packed<A>,
        seen: Observation,
        moment: Moment,
    ) -> Hit {
        let hit = table.hit_any(hash, &key, seen, moment, self.may_close());
        if let Hit::Ended | Hit::Stale = hit {
            self.note_closed(hash, table);
        }
        hit
    }

    /// Opens a record for a flow that has none; or says what must be there
    /// first.  For `grow` see [`Table::insert`].
    // Called cold so that the way of a known flow is laid out without a jump.
    #[cold]
    #[inline(never)]
    fn open(
        &self,
        table: &mut Table<P, A>,
        flow: New<A>,
        path: impl Fn(&Packed<A>) -> Path<A>,
        grow: bool,
    ) -> Result<(), Lacking> {
        if self.open.fetch_add(1, Relaxed) >= self.limit {
            self.make_room(flow.hash, table, flow.now);
        }
        match table.insert(&flow, path, grow) {
            Ok(is_news) => {
                if is_news {
                    self.publish(Self::number(flow.hash), table);
                }
                Ok(())
            }
            Err(lacking) => {
                self.open.fetch_sub(1, Relaxed);
                Err(lacking)
            }
        }
    }

    /// Allocates what is lacking, without the lock, and goes on.  What only later
    /// flows will lack comes with other packets, so that none has all of it to do.
    #[cold]
    #[inline(never)]
    fn open_supplied(
        &self,
        platform: &P,
        shard: &P::Lock<Table<P, A>>,
        flow: New<A>,
        timeouts: &SetTimeouts,
        path: impl Fn(&Packed<A>) -> Path<A>,
        mut lacking: Lacking,
    ) -> Result<(), NoMemory> {
        /// A directory, a page and the first segment of the index may be missing,
        /// and others may use up what was supplied; more rounds than this mean
        /// bad luck.
        const ROUNDS: usize = 8;
        for _ in 0..ROUNDS {
            let supply = Supply::allocate(platform, lacking);
            let refused = supply.is_none();
            let done = shard.with(|table| {
                if let Some(supply) = supply {
                    table.supply(supply);
                }
                // Another CPU may have opened the flow since it was missing.
                let moment = table.clock(Moment {
                    now: flow.now,
                    timeouts: timeouts.get(),
                });
                match self.hit_any(table, flow.hash, flow.key, flow.seen, moment) {
                    Hit::Counted | Hit::Ended => Ok(()),
                    Hit::Stale | Hit::Miss => {
                        let flow = New {
                            now: moment.now,
                            ..flow
                        };
                        self.open(table, flow, &path, false)
                    }
                }
            });
            match done {
                Ok(()) => return Ok(()),
                Err(_) if refused => break,
                Err(still) => lacking = still,
            }
        }
        Err(NoMemory)
    }

    /// Closes an idle record of the table to make room for a new one.  When
    /// too many wait already it is dropped, and counted.
    fn make_room(&self, hash: u32, table: &mut Table<P, A>, now: u64) {
        let may_close = self.may_close();
        let Some(place) = table.close_idle(now) else {
            return;
        };
        self.evictions.fetch_add(1, Relaxed);
        if may_close {
            self.note_closed(hash, table);
        } else {
            self.open.fetch_sub(1, Relaxed);
            if let Some(record) = table.discard(place, now) {
                self.displaced.add(record.packets, record.octets);
            }
        }
    }

    /// Counts a record that a packet has closed.  With the shard's lock held:
    /// the next sweep counts it out again.
    fn note_closed(&self, hash: u32, table: &Table<P, A>) {
        self.closed.fetch_add(1, Relaxed);
        self.open.fetch_sub(1, Relaxed);
        self.publish(Self::number(hash), table);
    }

    /// Lets sweeps know when to look at a shard, whose lock is held.
    fn publish(&self, shard: usize, table: &Table<P, A>) {
        if let Some(outlook) = self.outlooks.get(shard) {
            outlook.set(table.outlook());
        }
    }

    /// Takes records of one shard that are due or closed, at most `room`, and
    /// hands them to `take` under the shard's lock.  `true` when there are
    /// more.
    #[inline]
    pub fn sweep(
        &self,
        shard: usize,
        moment: Moment,
        room: usize,
        take: impl FnMut(FlowRecord<A>),
    ) -> bool {
        match self.outlooks.get(shard) {
            Some(outlook) if outlook.may_be_due(moment) => {
                self.sweep_shard(shard, moment, room, take)
            }
            _ => false,
        }
    }

    fn sweep_shard(
        &self,
        number: usize,
        moment: Moment,
        room: usize,
        mut take: impl FnMut(FlowRecord<A>),
    ) -> bool {
        let Some(shard) = self.shards.get(number) else {
            return false;
        };
        let (mut active, mut inactive) = (0u64, 0u64);
        let swept = shard.with(|table| {
            let moment = table.clock(moment);
            let swept = table.sweep(moment, room, |record, cause| {
                match cause {
                    Cause::Active => active += 1,
                    Cause::Inactive => inactive += 1,
                    Cause::Full => {}
                }
                take(record);
            });
            if swept.closed > 0 {
                self.closed.fetch_add(swept.closed, Relaxed);
                self.open.fetch_sub(swept.closed, Relaxed);
            }
            if swept.taken > 0 {
                self.closed.fetch_sub(swept.taken, Relaxed);
            }
            self.publish(number, table);
            swept
        });
        if swept.taken > 0 {
            self.active_expiries.fetch_add(active, Relaxed);
            self.inactive_expiries.fetch_add(inactive, Relaxed);
        }
        swept.more
    }

    /// Shows up to `room` open records from `cursor` on; each shard's lock is
    /// held only while its records are shown.  A record that is there
    /// throughout a walk is shown exactly once in it.  `None` at the end.
    pub fn read(
        &self,
        mut cursor: Cursor,
        moment: Moment,
        mut room: usize,
        mut show: impl FnMut(FlowRecord<A>),
    ) -> Option<Cursor> {
        while let Some(shard) = self.shards.get(cursor.shard as usize) {
            let next = shard.with(|table| {
                let now = table.clock(moment).now;
                table.read(cursor.place, now, room, |record| {
                    room = room.saturating_sub(1);
                    show(record);
                })
            });
            cursor = match next {
                Some(place) => return Some(Cursor { place, ..cursor }),
                None => Cursor {
                    shard: cursor.shard + 1,
                    place: Place(0),
                },
            };
        }
        None
    }

    /// What has gone through the cache, and what is in it.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            active_expiries: self.active_expiries.load(Relaxed),
            inactive_expiries: self.inactive_expiries.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            displaced: self.displaced.sum(),
            ..Counts::default()
        };
        for shard in self.shards.iter() {
            shard.with(|table| {
                counts.packets += table.packets;
                counts.octets += table.octets;
                counts.open += table.open() as u64;
                counts.stepped_back += table.steps_back();
            });
        }
        counts.records = self
            .open
            .load(Relaxed)
            .saturating_add(self.closed.load(Relaxed)) as u64;
        counts
    }

    /// The packets and octets in the records that are in the cache now, added
    /// up record by record.
    pub fn contents(&self) -> Sum {
        let mut sum = Sum::default();
        for shard in self.shards.iter() {
            sum += shard.with(|table| table.contents());
        }
        sum
    }
}

/// Counters of one cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets accounted.
    pub packets: u64,
    /// Octets accounted, from the IP headers on.
    pub octets: u64,
    /// Records in the cache, open or waiting to be taken.
    pub records: u64,
    /// Open records.
    pub open: u64,
    /// Records that left for [`Cause::Active`].
    pub active_expiries: u64,
    /// Records that left for [`Cause::Inactive`].
    pub inactive_expiries: u64,
    /// Records closed for [`Cause::Full`].
    pub evictions: u64,
    /// What was in evicted records that found no room to wait, and is lost.
    pub displaced: Sum,
    /// Packets that came with a time before that of an earlier one.
    pub stepped_back: u64,
}
