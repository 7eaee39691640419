// SPDX-License-Identifier: BSD-2-Clause
//! When records leave the cache.

use crate::sync::{AtomicU32, Ordering::Relaxed};

use super::Cause;

/// When records leave the cache: milliseconds without a packet in the upper
/// half, milliseconds since the first packet in the lower.  One word, so that
/// a [`Moment`] is two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts(u64);

impl Timeouts {
    /// Longest timeout that has an effect, 2^31 ms or 24.8 days: a record must
    /// leave before its 32-bit millisecond times become ambiguous.
    const LONGEST: u32 = 1 << 31;

    /// Every record is due.
    pub const NONE: Timeouts = Timeouts(0);

    /// Timeouts in seconds, as `NGM_NETFLOW_SETTIMEOUTS` gives them.  Values
    /// beyond 24.8 days mean 24.8 days.  0 means a second: it is also what a
    /// message says of a timeout that it does not name, and base, which counts
    /// whole seconds, keeps a record then until the next one begins.
    pub fn from_secs(inactive: u32, active: u32) -> Self {
        let milliseconds =
            |secs: u32| u64::from(secs.max(1).saturating_mul(1000).min(Self::LONGEST));
        Timeouts(milliseconds(inactive) << 32 | milliseconds(active))
    }

    /// Is a record due that has been idle and is old for so many milliseconds?
    #[inline]
    pub(super) fn are_over(self, idle: u32, age: u32) -> Option<Cause> {
        let (inactive, active) = ((self.0 >> 32) as u32, self.0 as u32);
        if (idle < inactive) & (age < active) {
            None
        } else if idle >= inactive {
            Some(Cause::Inactive)
        } else {
            Some(Cause::Active)
        }
    }
}

/// The timeouts as they are set, in milliseconds.  They may change at any time,
/// one after the other: a record that is due by one of each is due by the old
/// ones or by the new.
#[derive(Default)]
pub(crate) struct SetTimeouts {
    inactive: AtomicU32,
    active: AtomicU32,
}

impl SetTimeouts {
    pub fn set(&self, Timeouts(both): Timeouts) {
        self.inactive.store((both >> 32) as u32, Relaxed);
        self.active.store(both as u32, Relaxed);
    }

    pub fn get(&self) -> Timeouts {
        let (inactive, active) = (self.inactive.load(Relaxed), self.active.load(Relaxed));
        Timeouts(u64::from(inactive) << 32 | u64::from(active))
    }

    /// Is a record due that has been idle for so many milliseconds?
    // Each is read where it is compared: a packet has no register for both.
    #[inline(always)]
    pub(super) fn inactive_is_over(&self, idle: u32) -> bool {
        idle >= self.inactive.load(Relaxed)
    }

    /// Is a record due that is so many milliseconds old?
    #[inline(always)]
    pub(super) fn active_is_over(&self, age: u32) -> bool {
        age >= self.active.load(Relaxed)
    }
}

/// A time, and the timeouts that hold at it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Uptime in milliseconds.
    pub now: u64,
    /// The timeouts.
    pub timeouts: Timeouts,
}

impl Moment {
    /// Is it time to see again who was hit, after a round at `last`?  A third of
    /// the timeout: two rounds then tell most records apart from those that are
    /// due, without reading them.
    pub(super) fn is_time_for_visits(self, last: u64) -> bool {
        let inactive = self.timeouts.0 >> 32;
        self.now.saturating_sub(last) >= inactive / 3
    }

    #[inline]
    pub(super) fn is_due(self, first: u64, last: u64) -> Option<Cause> {
        let since = |then| u32::try_from(self.now.saturating_sub(then)).unwrap_or(u32::MAX);
        self.timeouts.are_over(since(last), since(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_second_at_least_and_2_31_milliseconds_at_most() {
        for (secs, milliseconds) in [
            (0, 1000),
            (1, 1000),
            (15, 15_000),
            (2_147_483, 2_147_483_000),
            (2_147_484, 1 << 31),
            (u32::MAX, 1 << 31),
        ] {
            let inactive = Timeouts::from_secs(secs, u32::MAX);
            assert_eq!(inactive.are_over(milliseconds - 1, 0), None, "{secs}");
            assert_eq!(inactive.are_over(milliseconds, 0), Some(Cause::Inactive));
            let active = Timeouts::from_secs(u32::MAX, secs);
            assert_eq!(active.are_over(0, milliseconds - 1), None, "{secs}");
            assert_eq!(active.are_over(0, milliseconds), Some(Cause::Active));
        }
    }
}
