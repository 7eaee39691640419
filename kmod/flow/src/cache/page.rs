// SPDX-License-Identifier: BSD-2-Clause
//! Pages: the pieces in which a table's records are allocated, and the unit
//! of its timer.
//!
//! Records never move.  A page keeps a lower bound of the times of its
//! records: hits only make records younger, so a page whose bound is not due
//! has no record that is, and needs no visit.

use crate::address::Address;
use crate::platform::Platform;

use super::record::{Cause, Entry, Times};
use super::Moment;

pub(super) struct Page<P: Platform, A: Address> {
    entries: P::Slab<Entry<A>>,
    times: P::Slab<Times>,
    /// Bit per place: a record lies there.
    occupied: u64,
    /// Bit per place: the record has left the index and waits to be taken.
    closed: u64,
    bounds: Bounds,
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
    1u64.checked_shl(at as u32).unwrap_or(0)
}

impl<P: Platform, A: Address> Page<P, A> {
    /// Every place of a full page.
    const ALL: u64 = {
        assert!(A::RECORDS_PER_PAGE <= 64, "a bit for each place");
        assert!(
            A::RECORDS_PER_PAGE * size_of::<Entry<A>>() <= 4096,
            "one page of memory"
        );
        u64::MAX >> (64 - A::RECORDS_PER_PAGE)
    };

    pub fn new(platform: &P) -> Option<Self> {
        Some(Page {
            entries: platform.slab(A::RECORDS_PER_PAGE, |_| Entry::unused())?,
            times: platform.slab(A::RECORDS_PER_PAGE, |_| Times::default())?,
            occupied: 0,
            closed: 0,
            bounds: Bounds::NONE,
        })
    }

    pub fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    pub fn is_full(&self) -> bool {
        self.occupied == Self::ALL
    }

    pub fn has_closed(&self) -> bool {
        self.closed != 0
    }

    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    #[inline]
    pub fn entry(&self, at: usize) -> Option<&Entry<A>> {
        self.entries.get(at)
    }

    #[inline]
    pub fn entry_mut(&mut self, at: usize) -> Option<&mut Entry<A>> {
        self.entries.get_mut(at)
    }

    /// Is the open record at `at` due, and why?
    #[inline]
    pub fn due_at(&self, at: usize, moment: Moment) -> Option<Cause> {
        let times = self.times.get(at)?;
        moment.is_due(times.first_at(moment.now), times.last_at(moment.now))
    }

    /// Notes a packet at `now`.
    #[inline]
    pub fn touch(&mut self, at: usize, now: u64) {
        if let Some(times) = self.times.get_mut(at) {
            times.last = now as u32;
        }
    }

    /// Puts a record into a free place and says which.
    pub fn insert(&mut self, entry: Entry<A>, now: u64) -> Option<usize> {
        let at = ones(!self.occupied & Self::ALL).next()?;
        *self.entries.get_mut(at)? = entry;
        *self.times.get_mut(at)? = Times::starting(now);
        self.occupied |= bit(at);
        self.bounds.include(Bounds {
            first: now,
            last: now,
        });
        Some(at)
    }

    /// Marks a record that has left the index, to be taken by the next sweep.
    pub fn close(&mut self, at: usize, cause: Cause) {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.cause = cause;
            self.closed |= bit(at) & self.occupied;
        }
    }

    /// Frees a place.
    pub fn remove(&mut self, at: usize) {
        self.occupied &= !bit(at);
        self.closed &= !bit(at);
        if self.occupied & !self.closed == 0 {
            self.bounds = Bounds::NONE;
        }
    }

    /// Places of the records that wait to be taken.
    pub fn closed(&self) -> impl Iterator<Item = usize> {
        ones(self.closed)
    }

    /// Places and records that are open, from place `from` on.
    pub fn open_from(&self, from: usize) -> impl Iterator<Item = (usize, &Entry<A>, Times)> {
        let from = u64::MAX.checked_shl(from as u32).unwrap_or(0);
        ones(self.occupied & !self.closed & from)
            .filter_map(|at| Some((at, self.entries.get(at)?, *self.times.get(at)?)))
    }

    /// Every record, open or closed.
    pub fn records(&self) -> impl Iterator<Item = &Entry<A>> {
        ones(self.occupied).filter_map(|at| self.entries.get(at))
    }

    /// The open records that are due, by place, and why.  Sharpens the page's
    /// bounds to those of the others, so every one returned must be closed.
    pub fn due(&mut self, moment: Moment) -> impl Iterator<Item = (usize, Cause)> {
        let (mut inactive, mut active) = (0, 0);
        if self.bounds.may_be_due(moment) {
            let mut rest = Bounds::NONE;
            for at in ones(self.occupied & !self.closed) {
                let times = self.times.get(at).copied().unwrap_or_default();
                let (first, last) = (times.first_at(moment.now), times.last_at(moment.now));
                match moment.is_due(first, last) {
                    Some(Cause::Inactive) => inactive |= bit(at),
                    Some(_) => active |= bit(at),
                    None => rest.include(Bounds { first, last }),
                }
            }
            self.bounds = rest;
        }
        let inactive = ones(inactive).map(|at| (at, Cause::Inactive));
        inactive.chain(ones(active).map(|at| (at, Cause::Active)))
    }

    /// The open record that has been idle for longest, and since when.
    /// Sharpens the page's bounds, so that the next search looks elsewhere.
    pub fn idlest(&mut self, now: u64) -> Option<(usize, u64)> {
        let mut exact = Bounds::NONE;
        let mut idlest = None;
        for at in ones(self.occupied & !self.closed) {
            let times = self.times.get(at).copied().unwrap_or_default();
            let (first, last) = (times.first_at(now), times.last_at(now));
            if last < exact.last {
                idlest = Some((at, last));
            }
            exact.include(Bounds { first, last });
        }
        self.bounds = exact;
        idlest
    }

    /// What the record at `at` looks like from outside.
    pub fn record(&self, at: usize, now: u64) -> Option<super::FlowRecord<A>> {
        Some(self.entries.get(at)?.to_record(*self.times.get(at)?, now))
    }
}
