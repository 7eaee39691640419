// SPDX-License-Identifier: BSD-2-Clause
//! When a shard may have something to give, readable without its lock: so a
//! tick touches no shard that has nothing.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::page::Bounds;
use super::Moment;

/// Lower bounds of the times of a shard's records, in milliseconds of uptime.
/// It is set with the shard's lock held; who reads it without may see an older
/// one, and the right one a tick later at most.
///
/// Timeouts are not in it, so that it holds when they change.
pub(super) struct Outlook {
    first: AtomicU64,
    last: AtomicU64,
}

impl Default for Outlook {
    /// Of an empty shard.
    fn default() -> Self {
        Outlook {
            first: AtomicU64::new(Bounds::NONE.first),
            last: AtomicU64::new(Bounds::NONE.last),
        }
    }
}

impl Outlook {
    /// Notes new bounds; time 0 stands for a record that waits already.
    #[inline]
    pub fn set(&self, bounds: Bounds) {
        // Written only where it changes, so that CPUs can share the line.
        if self.first.load(Relaxed) != bounds.first {
            self.first.store(bounds.first, Relaxed);
        }
        if self.last.load(Relaxed) != bounds.last {
            self.last.store(bounds.last, Relaxed);
        }
    }

    /// May a sweep find something?
    #[inline]
    pub fn may_be_due(&self, moment: Moment) -> bool {
        let (first, last) = (self.first.load(Relaxed), self.last.load(Relaxed));
        last == 0 || Bounds { first, last }.may_be_due(moment)
    }
}
