// SPDX-License-Identifier: BSD-2-Clause
//! Holds datagrams back while the clock runs faster than time.
//!
//! A node paces its exports by the clock. A capture that is fed as fast as
//! possible squeezes hours of that into a second, and a collector on the same
//! machine would lose what its socket has no room for: UDP does not wait. So
//! meanwhile datagrams leave at a rate of real time, and the clock waits for
//! them.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a burst may be; short enough for a collector's default buffer.
const WINDOW: Duration = Duration::from_millis(1);

/// A rate for all sockets of the process together.
#[derive(Debug)]
pub struct Throttle {
    /// Datagrams in a window; `None` while the clock keeps real time.
    limit: Cell<Option<u32>>,
    began: Cell<Instant>,
    left: Cell<u32>,
}

impl Throttle {
    /// Holds nothing back.
    pub fn new() -> Self {
        Throttle {
            limit: Cell::new(None),
            began: Cell::new(Instant::now()),
            left: Cell::new(0),
        }
    }

    /// Allows `rate` datagrams a second, at least one a window; `None` any
    /// number.
    pub fn set_rate(&self, rate: Option<u32>) {
        let windows = (1000 / WINDOW.as_millis()) as u32;
        self.limit.set(rate.map(|rate| (rate / windows).max(1)));
    }

    /// May a datagram leave now?
    pub fn take(&self) -> bool {
        let Some(limit) = self.limit.get() else {
            return true;
        };
        let now = Instant::now();
        if now.duration_since(self.began.get()) >= WINDOW {
            self.began.set(now);
            self.left.set(limit);
        }
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_and_lifted() {
        let throttle = Throttle::new();
        throttle.set_rate(Some(5000));
        let start = Instant::now();
        let mut left = 0;
        while start.elapsed() < Duration::from_millis(50) {
            left += u32::from(throttle.take());
        }
        // Five in each of at most 51 windows, and fewer on a busy machine.
        assert!((5..=255).contains(&left), "{left}");
        throttle.set_rate(None);
        assert!((0..1000).all(|_| throttle.take()));
    }
}
