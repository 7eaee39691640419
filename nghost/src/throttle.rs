// SPDX-License-Identifier: BSD-2-Clause
//! Holds datagrams back while the clock runs faster than time.
//!
//! A node paces its exports by the clock. A capture that is fed as fast as
//! possible squeezes hours of that into a second, and a collector on the same
//! machine would lose what its socket has no room for: UDP does not wait. So
//! meanwhile datagrams leave at a rate of real time, and the clock waits for
//! them.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::node::{Here, Node};

/// How much time's worth of datagrams may leave at once after a rest: the loop
/// looks again after a millisecond, and a collector's default buffer has room.
const BURST: Duration = Duration::from_millis(2);

/// How long the loop waits for a socket at once.
pub const PAUSE: Duration = Duration::from_millis(1);

/// How long an end waits for another datagram to leave.
pub const LAST_WAIT: Duration = Duration::from_secs(30);

/// Lets datagrams leave that these nodes hold back, until at most `room` are left.
/// How many are, when none could leave for [`LAST_WAIT`].
pub fn let_leave(nodes: &[(Here<'_>, Rc<dyn Node>)], room: usize) -> Result<(), usize> {
    let left = || nodes.iter().map(|(_, node)| node.backlog()).sum();
    let (mut since, mut before): (_, usize) = (Instant::now(), left());
    while before > room {
        for (here, node) in nodes {
            if node.backlog() > 0 {
                node.ready(*here);
            }
        }
        std::thread::sleep(PAUSE);
        let now = left();
        if now < before {
            (since, before) = (Instant::now(), now);
        } else if since.elapsed() > LAST_WAIT {
            return Err(before);
        }
    }
    Ok(())
}

/// A rate for all sockets of the process together.
#[derive(Debug)]
pub struct Throttle {
    /// Time from one datagram to the next; `None` while the clock keeps real
    /// time.
    interval: Cell<Option<Duration>>,
    /// When the next datagram would leave if all left evenly.
    next: Cell<Instant>,
}

impl Throttle {
    /// Holds nothing back.
    pub fn new() -> Self {
        Throttle {
            interval: Cell::new(None),
            next: Cell::new(Instant::now()),
        }
    }

    /// Allows `rate` datagrams a second; `None` any number.
    pub fn set_rate(&self, rate: Option<NonZeroU32>) {
        let second = Duration::from_secs(1);
        self.interval.set(rate.map(|rate| second / rate.get()));
    }

    /// Is there a rate, as the clock runs faster than time or it is the end?
    pub fn is_on(&self) -> bool {
        self.interval.get().is_some()
    }

    /// May a datagram leave now?
    pub fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let Some(interval) = self.interval.get() else {
            return true;
        };
        let early = self.next.get().saturating_duration_since(now);
        if early > BURST {
            return false;
        }
        self.next.set(now + early + interval);
        true
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
        // Neither is a whole number of datagrams a millisecond.
        for rate in [1_500, 700] {
            let throttle = Throttle::new();
            throttle.set_rate(NonZeroU32::new(rate));
            // A second, in steps in which all leaves that may.
            let begin = Instant::now();
            let moments = (0..1000).map(|millis| begin + Duration::from_millis(millis));
            let left = moments.map(|now| (0..100).filter(|_| throttle.take_at(now)).count());
            let left = left.sum::<usize>() as u32;
            assert!((rate - 2..rate + 5).contains(&left), "{left} of {rate}");
            throttle.set_rate(None);
            assert!((0..1000).all(|_| throttle.take()));
        }
    }

    #[test]
    fn after_a_rest_no_more_leaves_at_once_than_a_collector_has_room_for() {
        let throttle = Throttle::new();
        throttle.set_rate(NonZeroU32::new(20_000));
        let later = Instant::now() + Duration::from_secs(60);
        let left = (0..1000).filter(|_| throttle.take_at(later)).count();
        assert!((40..=42).contains(&left), "{left}");
    }
}
