// SPDX-License-Identifier: BSD-2-Clause
//! One shard of the cache: an index over pages of records.  Whoever calls
//! holds the shard's lock.
//!
//! A table never allocates.  It says what is [`Lacking`], the caller allocates
//! that without the lock and supplies it.

use crate::address::Address;
use crate::counters::Sum;
use crate::key::Packed;
use crate::platform::Platform;
use crate::route::Path;

use super::index::{Index, Link, Place};
use super::page::Bounds;
use super::pages::{join_place, split_place, Pages};
use super::record::{Cause, FlowRecord, Observation, Record};
use super::supply::{Lacking, Supply};
use super::{Moment, New, SetTimeouts};

/// Chain links followed before a lookup gives up.  With a keyed hash next to
/// no record is in a chain; it bounds the work if the index could not grow for
/// want of memory.
const MAX_CHAIN: usize = 1024;

/// Records read under one hold of the lock, beside those that are handed out.
const MAX_READ: usize = 1024;

/// Pages looked at for an idle record, before any will do.
const MAX_LOOK: usize = 64;

/// Each CPU reads the clock before it gets the lock; what differs by less
/// than this, in milliseconds, has waited and not stepped back.
const SLACK_MS: u64 = 100;

/// In this order, all that a hit changes here is in the line of memory that
/// the lock is in, and what leads it to its record is in one other, as long as
/// there are not many.
#[repr(C)]
pub(super) struct Table<P: Platform, A: Address> {
    /// The latest time seen; the table's clock never runs backwards.
    now: u64,
    /// Packets and octets ever accounted here.
    pub packets: u64,
    pub octets: u64,
    open: usize,
    closed: usize,
    /// Packets that came with an earlier time than another before.
    steps_back: u64,
    pages: Pages<P, A>,
    index: Index<P>,
    /// Lower bounds of the times of all open records.
    bounds: Bounds,
    /// When every page was visited last.
    visited: u64,
    /// Where an idle record is looked for next: a page, and a place in it.
    hand: (usize, usize),
}

/// What became of a packet whose flow was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// It is accounted.
    Counted,
    /// It is accounted, and its record is now closed.
    Ended,
    /// The flow's record was due and is now closed: the packet opens another.
    Stale,
    /// There is no such flow.
    Miss,
}

impl<P: Platform, A: Address> Table<P, A> {
    pub fn new() -> Self {
        Table {
            now: 0,
            packets: 0,
            octets: 0,
            index: Index::new(),
            pages: Pages::new(),
            open: 0,
            closed: 0,
            bounds: Bounds::NONE,
            visited: 0,
            hand: (0, 0),
            steps_back: 0,
        }
    }

    pub fn open(&self) -> usize {
        self.open
    }

    /// Lower bounds of the times of all open records, 0 when a record waits to
    /// be taken; and when every page was visited last.
    pub fn outlook(&self) -> (Bounds, u64) {
        let bounds = if self.closed > 0 {
            Bounds { first: 0, last: 0 }
        } else {
            self.bounds
        };
        (bounds, self.visited)
    }

    /// Packets that came with an earlier time than another before.
    pub fn steps_back(&self) -> u64 {
        self.steps_back
    }

    /// Moves the table's clock forwards, never backwards.
    #[inline]
    pub fn clock(&mut self, moment: Moment) -> Moment {
        self.now = self.now.max(moment.now);
        Moment {
            now: self.now,
            ..moment
        }
    }

    /// As [`Table::clock`], for a packet: a step back is counted.
    #[inline(always)]
    pub fn packet_clock(&mut self, mut now: u64) -> u64 {
        if now < self.now {
            now = self.stepped_back(now);
        }
        self.now = now;
        now
    }

    #[cold]
    #[inline(never)]
    fn stepped_back(&mut self, now: u64) -> u64 {
        if self.now.saturating_sub(now) > SLACK_MS {
            self.steps_back = self.steps_back.wrapping_add(1);
        }
        self.now
    }

    /// Accounts a packet to the flow's record, if that is easily found and the
    /// packet cannot be its last; anything else is left to [`Table::hit_any`].
    #[inline(always)]
    pub fn hit(
        &mut self,
        hash: u32,
        key: &Packed<A>,
        seen: Observation,
        now: u64,
        timeouts: &SetTimeouts,
    ) -> Option<Hit> {
        let Some(bucket) = self.index.bucket(hash) else {
            return Some(Hit::Miss);
        };
        let Some(link) = bucket.matching(hash).next() else {
            return (bucket.overflow() == Link::NONE).then_some(Hit::Miss);
        };
        let (page, at) = self.pages.page_of(link)?;
        let record = page.record_mut(at).filter(|record| record.is_of(key))?;
        if !record.add_plain(seen, now, timeouts) {
            return None;
        }
        page.touch(at);
        self.count(seen);
        Some(Hit::Counted)
    }

    #[inline(always)]
    fn count(&mut self, seen: Observation) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(u64::from(seen.octets));
    }

    /// Accounts any packet to the flow's record, if there is one.  `may_close`
    /// says whether another record may wait to be taken.
    pub fn hit_any(
        &mut self,
        hash: u32,
        key: &Packed<A>,
        seen: Observation,
        moment: Moment,
        may_close: bool,
    ) -> Hit {
        match self.find(hash, key) {
            Some(link) => self.hit_found(link, seen, moment, may_close),
            None => Hit::Miss,
        }
    }

    /// The first place where a record of a flow with this hash may be, which the
    /// index alone can tell.
    #[inline]
    pub fn candidate(&self, hash: u32) -> Option<Place> {
        let link = self.index.bucket(hash)?.matching(hash).next()?;
        link.place()
    }

    /// Is a record of a flow with this hash at this place?
    #[inline]
    pub fn has_record(&self, hash: u32, place: Place) -> bool {
        self.pages
            .record(place)
            .is_some_and(|record| record.hash == hash)
    }

    /// Where the flow's record is.
    fn find(&self, hash: u32, key: &Packed<A>) -> Option<Link> {
        let bucket = self.index.bucket(hash)?;
        // None where no record is: a tag of 0 may be that of an empty slot.
        let record = |link: Link| self.pages.record(link.place_or_last());
        let is_it = |link: &Link| record(*link).is_some_and(|record| record.is_of(key));
        if let Some(link) = bucket.matching(hash).find(is_it) {
            return Some(link);
        }
        let next = |link: &Link| record(*link).map(|record| record.next);
        let chain = core::iter::successors(Some(bucket.overflow()), next);
        chain.take(MAX_CHAIN).find(is_it)
    }

    /// Accounts a packet to a record that may end with it.  A record that is
    /// due, that TCP has ended or whose counters are full is closed.  The
    /// others may wait until there is room, what is full may not.
    fn hit_found(&mut self, link: Link, seen: Observation, moment: Moment, may_close: bool) -> Hit {
        let place = link.place_or_last();
        let Some((page, at)) = self.pages.page_of(link) else {
            return Hit::Miss;
        };
        let Some(record) = page.record_mut(at) else {
            return Hit::Miss;
        };
        if let Some(cause) = record.is_due(moment).filter(|_| may_close) {
            self.close(place, cause);
            return Hit::Stale;
        }
        if !record.add(seen, moment.now) {
            self.close(place, Cause::Active);
            return Hit::Stale;
        }
        page.touch(at);
        self.count(seen);
        if may_close && Record::<A>::has_ended(seen) {
            self.close(place, Cause::Active);
            return Hit::Ended;
        }
        Hit::Counted
    }

    /// Takes what was allocated.  What is not wanted any more is dropped.
    pub fn supply(&mut self, supply: Supply<P, A>) {
        match supply {
            Supply::Segment(segment) => self.index.supply_segment(segment),
            Supply::Directory(directory) => self.pages.supply_directory(directory),
            Supply::Page(page) => self.pages.supply_page(page),
        }
    }

    /// What is lacking before there can be one more record.
    pub fn lacking(&mut self) -> Option<Lacking> {
        if self.pages.vacancy().is_none() && !self.pages.go_on() {
            return Some(self.pages.lacking());
        }
        let lacks_segment = self.index.lacks_segment(self.open);
        lacks_segment.then_some(Lacking::Segment)
    }

    /// Adds a record for a flow that has none, whose routes `path` looks up, and
    /// says whether that changed the outlook; or what is lacking.  With `grow`
    /// that is also what later flows will lack: without it chains may grow
    /// instead of the index, of which only the first segment is needed.
    #[inline(always)]
    pub fn insert(
        &mut self,
        new: &New<A>,
        path: impl FnOnce(&Packed<A>) -> Path<A>,
        grow: bool,
    ) -> Result<bool, Lacking> {
        if grow && self.pages.lacks_directory() {
            return Err(Lacking::Directory);
        }
        let vacancy = loop {
            if let Some(vacancy) = self.pages.vacancy() {
                break vacancy;
            }
            if !self.pages.go_on() {
                return Err(self.pages.lacking());
            }
        };
        if self.index.lacks_segment(self.open) && (grow || self.index.is_empty()) {
            return Err(Lacking::Segment);
        }
        let path = path(&new.key);
        let next = self
            .index
            .insert(new.hash, vacancy.place)
            .unwrap_or(Link::NONE);
        vacancy.fill(Record::new(new, path, next), new.now);
        self.open += 1;
        self.count(new.seen);
        if grow && self.index.is_small_for(self.open) {
            self.grow();
        }
        Ok(self.bounds.include_now(new.now))
    }

    fn link(&mut self, hash: u32, place: Place) {
        let next = self.index.insert(hash, place).unwrap_or(Link::NONE);
        if let Some(record) = self.pages.record_mut(place) {
            record.next = next;
        }
    }

    /// Splits one bucket.
    #[inline(never)]
    fn grow(&mut self) {
        let mut chain = self.index.split();
        while let Some(place) = chain.place() {
            let Some(&Record { hash, next, .. }) = self.pages.record(place) else {
                return;
            };
            self.link(hash, place);
            chain = next;
        }
    }

    /// Takes a record out of the index and leaves it in its page, to be taken.
    fn close(&mut self, place: Place, cause: Cause) {
        self.unlink(place);
        if let Some(record) = self.pages.record_mut(place) {
            record.cause = cause;
        }
        self.pages.close(place);
        self.open = self.open.saturating_sub(1);
        self.closed += 1;
    }

    fn unlink(&mut self, place: Place) {
        let Some(&Record { hash, next, .. }) = self.pages.record(place) else {
            return;
        };
        let mut chain = self.index.remove(hash, place, next);
        while let Some(before) = chain.place() {
            let Some(record) = self.pages.record_mut(before) else {
                return;
            };
            if record.next == Link::to(place) {
                record.next = next;
                return;
            }
            chain = record.next;
        }
    }

    /// Closes a record that has been idle for long, to make room: a hand goes
    /// round the pages and takes what was not hit since it, or a sweep, came
    /// by (the "clock" of F. Corbató, 1968).
    pub fn close_idle(&mut self, now: u64) -> Option<Place> {
        let place = self.idle(now)?;
        self.close(place, Cause::Full);
        Some(place)
    }

    fn idle(&mut self, now: u64) -> Option<Place> {
        for _ in 0..MAX_LOOK.min(2 * self.pages.len() + 1) {
            let (number, from) = self.hand;
            if let Some((page, ledger)) = self.pages.page_mut(number) {
                if let Some(at) = ledger.idle(page, from, now) {
                    self.hand = (number, at + 1);
                    return Some(join_place(number, at));
                }
            }
            let next = number + 1;
            self.hand = (if next < self.pages.len() { next } else { 0 }, 0);
        }
        // All were hit just now: any will do.
        let (hand, _) = self.hand;
        let mut numbers = (hand..self.pages.len()).chain(0..hand);
        numbers.find_map(|number| {
            let at = self.pages.page(number)?.1.open_from(0).next()?;
            Some(join_place(number, at))
        })
    }

    /// Frees a closed record's place without handing it out.
    pub fn discard(&mut self, place: Place, now: u64) -> Option<FlowRecord<A>> {
        let record = self.pages.record(place)?.to_record(now);
        self.pages.remove(place);
        self.closed = self.closed.saturating_sub(1);
        Some(record)
    }

    /// Closes what is due and hands out what is closed, at most `room`
    /// records, each with its cause.
    pub fn sweep(
        &mut self,
        moment: Moment,
        mut room: usize,
        mut take: impl FnMut(FlowRecord<A>, Cause),
    ) -> Swept {
        let mut swept = Swept::default();
        let round = moment.is_time_for_visits(self.visited);
        if self.closed == 0 && !round && !self.bounds.may_be_due(moment) {
            return swept;
        }
        if round {
            self.visited = moment.now;
        }
        let mut bounds = Bounds::NONE;
        let mut read = 0;
        for number in 0..self.pages.len() {
            let Some((page, ledger)) = self.pages.page_mut(number) else {
                continue;
            };
            let may_be_due = ledger.bounds().may_be_due(moment);
            if room == 0 || read >= MAX_READ {
                // Not looked at: its bounds stand.
                swept.more |= ledger.has_closed() || may_be_due;
                bounds.include(ledger.bounds());
                continue;
            }
            if may_be_due || round {
                let visit = ledger.visit(page, moment);
                read += visit.read;
                for (at, cause) in visit.due() {
                    self.close(join_place(number, at), cause);
                    swept.closed += 1;
                }
            }
            let Some((page, ledger)) = self.pages.page_mut(number) else {
                continue;
            };
            if ledger.has_closed() {
                for at in ledger.closed() {
                    if room == 0 {
                        swept.more = true;
                        break;
                    }
                    if let Some(record) = page.record(at) {
                        take(record.to_record(moment.now), record.cause);
                    }
                    room -= 1;
                    swept.taken += 1;
                    ledger.remove(at);
                }
                bounds.include(ledger.bounds());
                self.pages.has_been_emptied(number);
            } else {
                bounds.include(ledger.bounds());
            }
        }
        self.closed = self.closed.saturating_sub(swept.taken);
        self.bounds = bounds;
        swept
    }

    /// Hands out up to `room` open records from `from` on, in the order of
    /// their places, without changing them.  The place to go on from, or
    /// `None` at the table's end.
    pub fn read(
        &self,
        from: Place,
        now: u64,
        mut room: usize,
        mut show: impl FnMut(FlowRecord<A>),
    ) -> Option<Place> {
        let (first_page, mut from) = split_place(from);
        for number in first_page..self.pages.len() {
            if let Some((page, ledger)) = self.pages.page(number) {
                for at in ledger.open_from(from) {
                    if room == 0 {
                        return Some(join_place(number, at));
                    }
                    room -= 1;
                    if let Some(record) = page.record(at) {
                        show(record.to_record(now));
                    }
                }
            }
            from = 0;
        }
        None
    }

    /// Packets and octets in the records that are here, open or closed, and
    /// how many records that is.
    pub fn contents(&self) -> Sum {
        let mut sum = Sum::default();
        for (page, ledger) in (0..self.pages.len()).filter_map(|number| self.pages.page(number)) {
            for record in ledger.places().filter_map(|at| page.record(at)) {
                let (packets, octets) = record.contents();
                sum.add(packets, octets);
            }
        }
        sum
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    /// Open records that were due.
    pub closed: usize,
    /// Records handed out.
    pub taken: usize,
    /// There was no room for all.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::index::tests::Heap;
    use core::mem::offset_of;
    use core::net::Ipv4Addr;

    type Full = Table<Heap, Ipv4Addr>;

    #[test]
    fn a_hit_needs_two_lines_of_a_table() {
        /// Octets of a `struct mtx`, behind which the table lies.
        const LOCK: usize = 32;
        let line = |offset| (LOCK + offset) / 64;
        assert_eq!(line(offset_of!(Full, octets)), 0);
        // The first two directories, the first page, the number of buckets, the
        // first segment.
        let index = offset_of!(Full, index);
        assert_eq!(line(index - 48), line(index));
        assert_eq!(line(index + 8), line(index));
    }
}
