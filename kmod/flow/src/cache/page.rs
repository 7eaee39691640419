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
            records: A::page(platform, |_| Record::unused())?,
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
        self.recent &= !bit(at);
        self.bounds.include_now(now);
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
