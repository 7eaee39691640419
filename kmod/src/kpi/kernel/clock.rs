// SPDX-License-Identifier: BSD-2-Clause
//! The time, as every packet asks for it.

use flow::sync::{AtomicU64, Ordering::Relaxed};

use super::shim;

/// Uptime to the tick, at times one late. What getsbinuptime(9) says changes with
/// `ticks` only, so it is asked once a tick, and reading that one word does for the
/// packets between.
pub struct Clock(
    /// Milliseconds of uptime in the upper 40 bits, 34 years; in the lower 24
    /// the ticks at which they were asked for.  These come round after hours;
    /// the node's timer asks four times a second.
    AtomicU64,
);

/// Bits of `ticks` that are kept.
const TICKS: u32 = 24;

impl Clock {
    pub fn new() -> Self {
        let clock = Self(AtomicU64::new(0));
        clock.ask(ticks());
        clock
    }

    /// Milliseconds since boot.
    #[inline]
    pub fn uptime(&self) -> u64 {
        let (ticks, kept) = (ticks(), self.0.load(Relaxed));
        if (kept ^ ticks) << (u64::BITS - TICKS) == 0 {
            kept >> TICKS
        } else {
            self.ask(ticks)
        }
    }

    #[cold]
    fn ask(&self, ticks: u64) -> u64 {
        let uptime = shim::shim_uptime_ms();
        let word = uptime << TICKS | ticks & ((1 << TICKS) - 1);
        // Another thread may have been later: it never runs backwards.
        self.0.fetch_max(word, Relaxed).max(word) >> TICKS
    }
}

fn ticks() -> u64 {
    shim::ticks.load(Relaxed).into()
}
