// SPDX-License-Identifier: BSD-2-Clause
//! Pages: the pieces in which a table's records are allocated, and the unit
//! of its timer.
//!
//! Records never move.  A page keeps a lower bound of the times of its
//! records: hits only make records younger, so a page whose bound is not due
//! has no record that is, and needs no visit.  A hit leaves a bit behind, so
//! that a visit need not read those records that were hit since the last one,
//! or since the one before.
//!
//! What a hit needs of a page is apart from what it does not: together, the
//! former of a million records fit a processor's second cache.

use crate::address::Address;
use crate::platform::Platform;

use super::record::{Cause, Record};
use super::Moment;

/// A page's records.
pub(super) struct Page<P: Platform, A: Address> {
    records: A::Page<P, Record<A>>,
    /// Bit per place: hit since the last visit.
    touched: u64,
}

/// What is known of a page's records without looking at them.
#[derive(Clone, Copy)]
pub(super) struct Ledger {
    /// Bit per place: a record lies there.
    occupied: u64,
    /// Bit per place: the record has left the index and waits to be taken.
    closed: u64,
    /// Bounds of all open records; of the last packet, of those that are not
    /// `recent`.
    bounds: Bounds,
    /// Bit per place: hit between the last visit but one, at `since`, and the
    /// last.
    recent: u64,
    since: u64,
    /// When the page was visited last, or began to be filled: no record that is
    /// touched has been idle for longer.
    visited: u64,
}

/// Lower bounds of the times of some open records, in milliseconds of uptime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub first: u64,
    pub last: u64,
}

impl Bounds {
    /// The bounds of no record at all.
    pub const NONE: Bounds = Bounds {
        first: u64::MAX,
        last: u64::MAX,
    };

    /// May one of the records be due?
    #[inline]
    pub fn may_be_due(self, moment: Moment) -> bool {
        moment.is_due(self.first, self.last).is_some()
    }

    pub fn include(&mut self, other: Bounds) {
        self.first = self.first.min(other.first);
        self.last = self.last.min(other.last);
    }

    /// Includes a record that begins at `now`; `true` if that changes them.
    #[inline]
    pub fn include_now(&mut self, now: u64) -> bool {
        let changes = now < self.first || now < self.last;
        if changes {
            self.include(Bounds {
                first: now,
                last: now,
            });
        }
        changes
    }
}

/// The numbers of the bits set.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let lowest = bits.checked_ilog2().map(|_| bits.trailing_zeros())?;
        bits &= bits.wrapping_sub(1);
        Some(lowest as usize)
    })
}

#[inline]
fn bit(at: usize) -> u64 {
    1 << (at & 63)
}

/// The bits of a place and all after it.
fn from_bit(at: usize) -> u64 {
    u64::MAX.checked_shl(at as u32).unwrap_or(0)
}

impl<P: Platform, A: Address> Page<P, A> {
    /// Every place of a full page.
    const ALL: u64 = {
        assert!(A::RECORDS_PER_PAGE <= 64, "a bit for each place");
        assert!(
            A::RECORDS_PER_PAGE * size_of::<Record<A>>() <= 4096,
            "one page of memory"
        );
        u64::MAX >> (64 - A::RECORDS_PER_PAGE)
    };

    pub fn new(platform: &P) -> Option<Self> {
        Some(Page {
            records: A::page(platform, |_| Record::UNUSED)?,
            touched: 0,
        })
    }

    #[inline]
    pub fn record(&self, at: usize) -> Option<&Record<A>> {
        self.records.as_ref().get(at)
    }

    #[inline]
    pub fn record_mut(&mut self, at: usize) -> Option<&mut Record<A>> {
        self.records.as_mut().get_mut(at)
    }

    /// Remembers that the record at `at` was hit.
    #[inline(always)]
    pub fn touch(&mut self, at: usize) {
        // Written only where it changes, so that CPUs can share the line.
        let touched = self.touched | bit(at);
        if touched != self.touched {
            self.touched = touched;
        }
    }
}

impl Ledger {
    pub const EMPTY: Ledger = Ledger {
        occupied: 0,
        closed: 0,
        bounds: Bounds::NONE,
        recent: 0,
        since: 0,
        visited: 0,
    };

    pub fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    pub fn has_room<P: Platform, A: Address>(&self, _: &Page<P, A>) -> bool {
        self.occupied != Page::<P, A>::ALL
    }

    /// Does a record lie in one of the upper places, which are filled last?
    pub fn has_reached_half(&self) -> bool {
        self.occupied >> 32 != 0
    }

    pub fn has_closed(&self) -> bool {
        self.closed != 0
    }

    pub fn bounds(&self) -> Bounds {
        let last = if self.recent == 0 {
            self.bounds.last
        } else {
            self.bounds.last.min(self.since)
        };
        Bounds {
            last,
            ..self.bounds
        }
    }

    fn open(&self) -> u64 {
        self.occupied & !self.closed
    }

    /// A free place, if there is one.
    pub fn free_place<P: Platform, A: Address>(&self, _: &Page<P, A>) -> Option<usize> {
        ones(!self.occupied & Page::<P, A>::ALL).next()
    }

    /// Puts a record that begins at `now` into a free place.
    pub fn insert<P: Platform, A: Address>(
        &mut self,
        page: &mut Page<P, A>,
        at: usize,
        record: Record<A>,
        now: u64,
    ) {
        let Some(place) = page.record_mut(at) else {
            return;
        };
        *place = record;
        page.touched &= !bit(at);
        if self.open() == 0 {
            self.visited = now;
        }
        self.occupied |= bit(at);
        self.bounds.include(Bounds {
            first: now,
            last: now,
        });
    }

    /// Marks a record that has left the index, to be taken by the next sweep.
    pub fn close(&mut self, at: usize) {
        self.closed |= bit(at) & self.occupied;
    }

    /// Frees a place.
    pub fn remove(&mut self, at: usize) {
        self.occupied &= !bit(at);
        self.closed &= !bit(at);
        self.recent &= self.open();
        if self.open() == 0 {
            self.bounds = Bounds::NONE;
        }
    }

    /// Places of the records that wait to be taken.
    pub fn closed(&self) -> impl Iterator<Item = usize> {
        ones(self.closed)
    }

    /// Places of the records that are open, from place `from` on.
    pub fn open_from(&self, from: usize) -> impl Iterator<Item = usize> {
        ones(self.open() & from_bit(from))
    }

    /// Places of every record, open or closed.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        ones(self.occupied)
    }

    /// Visits the page: the open records that are due, by place, and why.
    /// Sharpens the bounds to those of the others, so every one returned must
    /// be closed.
    pub fn visit<P: Platform, A: Address>(
        &mut self,
        page: &mut Page<P, A>,
        moment: Moment,
    ) -> Visit {
        let mut visit = Visit::default();
        let mut rest = Bounds::NONE;
        // Three kinds of records: hit since the last visit, hit between that
        // and the one before, and all others.  Only of a kind that may be due
        // the records are read.
        let touched = self.open() & page.touched;
        let recent = self.open() & self.recent & !touched;
        let others = self.open() & !self.recent & !touched;
        let first = self.bounds.first;
        let is_settled = |places, last| places != 0 && !Bounds { first, last }.may_be_due(moment);
        let mut settled = 0;
        for (places, last) in [(others, self.bounds.last), (recent, self.since)] {
            if is_settled(places, last) {
                rest.include(Bounds { first, last });
                settled |= places;
            }
        }
        (self.recent, self.since) = (0, self.visited);
        if is_settled(touched, self.visited) {
            rest.first = rest.first.min(first);
            self.recent = touched;
        }
        for at in ones(self.open() & !settled & !self.recent) {
            let Some(record) = page.record(at) else {
                continue;
            };
            visit.read += 1;
            match record.is_due(moment) {
                Some(Cause::Inactive) => visit.inactive |= bit(at),
                Some(_) => visit.active |= bit(at),
                None => rest.include(Bounds {
                    first: record.first(moment.now),
                    last: record.last(moment.now),
                }),
            }
        }
        self.bounds = rest;
        self.leave(page, moment.now);
        visit
    }

    /// Ends a visit: what is hit from now on is remembered.
    fn leave<P: Platform, A: Address>(&mut self, page: &mut Page<P, A>, now: u64) {
        page.touched = 0;
        self.visited = now;
    }

    /// The first open record from place `from` on that has not been hit since
    /// the page was visited.  When there is none this is a visit.
    pub fn idle<P: Platform, A: Address>(
        &mut self,
        page: &mut Page<P, A>,
        from: usize,
        now: u64,
    ) -> Option<usize> {
        let idle = ones(self.open() & !page.touched & from_bit(from)).next();
        if idle.is_none() {
            self.leave(page, now);
        }
        idle
    }
}

/// What a visit found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Visit {
    inactive: u64,
    active: u64,
    /// Records that were read.
    pub read: usize,
}

impl Visit {
    /// The places of the records that are due, and why.
    pub fn due(self) -> impl Iterator<Item = (usize, Cause)> {
        let inactive = ones(self.inactive).map(|at| (at, Cause::Inactive));
        inactive.chain(ones(self.active).map(|at| (at, Cause::Active)))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::cache::index::{tests::Heap, Link};
    use crate::cache::{New, Observation, Timeouts};
    use crate::key::Packed;
    use crate::route::Path;
    use core::net::Ipv4Addr;
    use std::vec::Vec;

    const SEEN: Observation = Observation {
        octets: 40,
        tcp_flags: 0,
    };

    fn at(now: u64) -> Moment {
        let timeouts = Timeouts::from_secs(15, 1800);
        Moment { now, timeouts }
    }

    struct World(Page<Heap, Ipv4Addr>, Ledger);

    impl World {
        /// A page with so many records of this time.
        fn new(records: usize, now: u64) -> Self {
            let mut world = World(Page::new(&Heap).unwrap(), Ledger::EMPTY);
            (0..records).for_each(|at| world.insert(at, now));
            world
        }

        fn insert(&mut self, place: usize, now: u64) {
            let new = New {
                hash: 0,
                key: Packed::NONE,
                seen: SEEN,
                now,
            };
            let record = Record::new(&new, Path::UNKNOWN, Link::NONE);
            self.1.insert(&mut self.0, place, record, now);
        }

        fn hit(&mut self, place: usize, now: u64) {
            assert!(self.0.record_mut(place).unwrap().add(SEEN, now));
            self.0.touch(place);
        }

        /// How many records a visit reads, and which are due; those go.
        fn visit(&mut self, now: u64) -> (usize, Vec<usize>) {
            let visit = self.1.visit(&mut self.0, at(now));
            let due: Vec<usize> = visit.due().map(|(at, _)| at).collect();
            for &at in &due {
                self.1.close(at);
                assert!(self.1.has_closed());
                self.1.remove(at);
            }
            (visit.read, due)
        }
    }

    #[test]
    fn a_visit_reads_only_what_may_be_due() {
        let mut world = World::new(10, 1000);
        assert!(!world.1.has_closed());
        assert_eq!(world.visit(6000), (0, Vec::new()));
        for place in [3, 4, 3] {
            world.hit(place, 11_000);
        }
        assert_eq!(world.visit(11_500), (0, Vec::new()));
        assert_eq!(world.1.bounds().last, 1000);
        let others = Vec::from([0, 1, 2, 5, 6, 7, 8, 9]);
        assert_eq!(world.visit(16_500), (8, others));
        assert_eq!(world.1.bounds().last, 6000, "hit after that visit");
        assert_eq!(world.visit(21_500), (2, Vec::new()));
        assert_eq!(world.1.bounds().last, 11_000, "as they were read");
        assert_eq!(world.visit(25_999), (0, Vec::new()));
        assert_eq!(world.visit(26_000), (2, Vec::from([3, 4])));
        assert_eq!(world.1.bounds(), Bounds::NONE);
    }

    #[test]
    fn who_was_hit_is_as_old_as_the_visit_before() {
        let mut world = World::new(1, 1000);
        world.hit(0, 5000);
        assert_eq!(world.visit(6000), (0, Vec::new()));
        assert_eq!(world.1.bounds().last, 1000, "when the page began");
        // Another record is not recent for that.
        world.insert(1, 7000);
        assert_eq!(world.visit(16_000), (1, Vec::new()));
        assert_eq!(world.1.bounds().last, 5000);
    }

    #[test]
    fn a_new_record_has_not_been_hit_and_the_others_have() {
        let mut world = World::new(3, 1000);
        (0..3).for_each(|place| world.hit(place, 1500));
        world.1.remove(1);
        world.insert(1, 2000);
        let World(page, ledger) = &mut world;
        assert_eq!(ledger.idle(page, 0, 2000), Some(1));
        assert_eq!(ledger.idle(page, 2, 2000), None, "all others were hit");
        assert_eq!(ledger.idle(page, 0, 2000), Some(0), "until that visit");
    }

    #[test]
    fn bounds_change_for_what_is_earlier_only() {
        let mut bounds = Bounds::NONE;
        assert!(bounds.include_now(5));
        assert!(!bounds.include_now(5) && !bounds.include_now(6));
        for (first, last) in [(3, 10), (10, 3)] {
            let mut bounds = Bounds { first, last };
            assert!(bounds.include_now(7));
            assert_eq!((bounds.first, bounds.last), (first.min(7), last.min(7)));
            assert!(!bounds.include_now(7));
        }
    }
}
