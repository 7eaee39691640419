// SPDX-License-Identifier: BSD-2-Clause
//! The one clock of the process. It only runs forwards.
//!
//! Its owner moves it: with real time, with a multiple of it, or from packet
//! to packet while a capture is fed as fast as possible. Everything that asks
//! for the time in between gets the same answer.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds in a millisecond.
pub const NANOS_PER_MILLI: u64 = 1_000_000;
/// Nanoseconds in a second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// Uptime, and the time of day that belongs to it.
#[derive(Debug)]
pub struct Clock {
    uptime: Cell<u64>,
    /// Time of day, in nanoseconds since 1970, less uptime; wraps when a
    /// capture's stamps are before 1970 plus uptime.
    offset: Cell<u64>,
    /// The time of day is the host's, also when that is set anew.
    is_hosts: Cell<bool>,
}

impl Clock {
    /// A clock that begins now, with uptime 0 and the host's time of day.
    pub fn new() -> Self {
        Clock {
            uptime: Cell::new(0),
            offset: Cell::new(host_time()),
            is_hosts: Cell::new(true),
        }
    }

    /// Nanoseconds since the clock began.
    pub fn uptime(&self) -> u64 {
        self.uptime.get()
    }

    /// Nanoseconds since 1970-01-01 00:00:00 UTC.
    pub fn time_of_day(&self) -> u64 {
        self.offset.get().wrapping_add(self.uptime.get())
    }

    /// Moves the clock on to `uptime`, in nanoseconds. `false` when that is
    /// past already: then the clock stays.
    pub fn advance_to(&self, uptime: u64) -> bool {
        let forwards = uptime >= self.uptime.get();
        if forwards {
            self.uptime.set(uptime);
        }
        forwards
    }

    /// Sets the time of day, in nanoseconds since 1970; from now on it is not
    /// the host's. Uptime is not changed.
    pub fn set_time_of_day(&self, now: u64) {
        self.is_hosts.set(false);
        self.offset.set(now.wrapping_sub(self.uptime.get()));
    }

    /// Takes the host's time of day over, as it was `lag` nanoseconds ago, when uptime
    /// was what the clock has now: ntpd(8) may have corrected it, and a process runs for
    /// months. Does nothing once the time was set.
    pub fn follow_host(&self, lag: u64) {
        self.follow(host_time().saturating_sub(lag));
    }

    fn follow(&self, now: u64) {
        if self.is_hosts.get() {
            self.offset.set(now.wrapping_sub(self.uptime.get()));
        }
    }
}

/// The host's time of day, in nanoseconds since 1970.
fn host_time() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos() as u64)
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn uptime_never_runs_backwards(steps in proptest::collection::vec(any::<u64>(), 1..50)) {
            let clock = Clock::new();
            let mut latest = 0;
            for step in steps {
                prop_assert_eq!(clock.advance_to(step), step >= latest);
                latest = latest.max(step);
                prop_assert_eq!(clock.uptime(), latest);
            }
        }
    }

    #[test]
    fn the_hosts_time_is_followed_until_another_is_set() {
        let clock = Clock::new();
        clock.advance_to(5);
        clock.follow(1_000);
        assert_eq!((clock.uptime(), clock.time_of_day()), (5, 1_000));
        // The host's clock was set back.
        clock.follow(400);
        assert_eq!((clock.uptime(), clock.time_of_day()), (5, 400));
        clock.set_time_of_day(70);
        clock.follow(2_000);
        assert_eq!(clock.time_of_day(), 70);
    }

    #[test]
    fn the_time_of_day_moves_with_uptime() {
        let clock = Clock::new();
        clock.advance_to(5 * NANOS_PER_SEC);
        clock.set_time_of_day(1_000 * NANOS_PER_SEC);
        assert_eq!(clock.uptime(), 5 * NANOS_PER_SEC);
        clock.advance_to(7 * NANOS_PER_SEC);
        assert_eq!(clock.time_of_day(), 1_002 * NANOS_PER_SEC);
    }
}
