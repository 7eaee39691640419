// SPDX-License-Identifier: BSD-2-Clause
//! When a shard may have something to give, readable without its lock: so a
//! tick touches no shard that has nothing.

use super::page::Bounds;
use super::Moment;
use crate::sync::{AtomicU64, Ordering::Relaxed};

/// Lower bounds of the times of a shard's records, in one word: quarters of a
/// second of uptime, the first packet's in the upper half, the last packet's in
/// the lower.  It is set with the shard's lock held; who reads it without may
/// see an older one, and the right one a tick later at most.
///
/// Timeouts are not in it, so that it holds when they change.
pub(super) struct Outlook {
    bounds: AtomicU64,
    /// When the shard's pages were visited last.
    visited: AtomicU64,
}

/// Nothing is there.
const NOTHING: u64 = u64::MAX;

/// A quarter of a second, nearly: so many bits of milliseconds.
const QUARTER: u32 = 8;

impl Default for Outlook {
    /// Of an empty shard.
    fn default() -> Self {
        Outlook {
            bounds: AtomicU64::new(NOTHING),
            visited: AtomicU64::new(0),
        }
    }
}

impl Outlook {
    /// Notes what [`Table::outlook`](super::table::Table::outlook) says; time 0
    /// stands for a record that waits already.
    pub fn set(&self, (bounds, visited): (Bounds, u64)) {
        let word = if bounds == Bounds::NONE {
            NOTHING
        } else {
            // Rounded down; what 32 bits do not hold is 34 years away.
            let quarters = |time: u64| (time >> QUARTER).min(u64::from(u32::MAX) - 1);
            quarters(bounds.first) << 32 | quarters(bounds.last)
        };
        // Written only where it changes, so that CPUs can share the line.
        if self.bounds.load(Relaxed) != word {
            self.bounds.store(word, Relaxed);
        }
        if self.visited.load(Relaxed) != visited {
            self.visited.store(visited, Relaxed);
        }
    }

    /// May a sweep find something?
    #[inline(always)]
    pub fn may_be_due(&self, moment: Moment) -> bool {
        let word = self.bounds.load(Relaxed);
        let is_time = || moment.is_time_for_visits(self.visited.load(Relaxed));
        word != NOTHING && (Self::is_due(word, moment) || is_time())
    }

    fn is_due(word: u64, moment: Moment) -> bool {
        let bounds = Bounds {
            first: word >> 32 << QUARTER,
            last: (word & u64::from(u32::MAX)) << QUARTER,
        };
        bounds.last == 0 || bounds.may_be_due(moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Timeouts;

    #[test]
    fn it_never_looks_away_when_something_is_due() {
        let timeouts = Timeouts::from_secs(15, 60);
        let outlook = Outlook::default();
        assert!(!outlook.may_be_due(Moment {
            now: u64::MAX,
            timeouts
        }));
        for (first, last) in [
            (1_000_000, 1_000_255),
            (1_000_001, 1_030_000),
            (700, 90_000),
        ] {
            outlook.set((Bounds { first, last }, u64::MAX));
            for now in last..last + 100_000 {
                let due = now >= last + 15_000 || now >= first + 60_000;
                let looks = outlook.may_be_due(Moment { now, timeouts });
                assert!(looks || !due, "{first} {last} at {now}");
                let soon = now + 256 >= last + 15_000 || now + 256 >= first + 60_000;
                assert!(soon || !looks, "{first} {last} at {now}, too early");
            }
        }
        outlook.set((Bounds { first: 0, last: 0 }, u64::MAX));
        assert!(outlook.may_be_due(Moment { now: 1, timeouts }));
    }

    #[test]
    fn it_looks_three_times_in_a_timeout_where_there_is_something() {
        let timeouts = Timeouts::from_secs(15, 60);
        let outlook = Outlook::default();
        let looks = |now| outlook.may_be_due(Moment { now, timeouts });
        let (first, last) = (90_000, 90_000);
        outlook.set((Bounds { first, last }, 90_000));
        assert!(!looks(94_999));
        assert!(looks(95_000));
        outlook.set((Bounds::NONE, 90_000));
        assert!(!looks(95_000));
    }
}
