// SPDX-License-Identifier: BSD-2-Clause
//! What moves the clock: time, or packets.

use std::time::{Duration, Instant};

/// What moves the clock.
#[derive(Clone, Copy, Debug)]
pub enum Drive {
    /// Time, so many times as fast, from an instant and an uptime on.
    Time(Instant, u64, f64),
    /// The stamps of packets and, once there are none left, the ticks.
    Packets,
}

impl Drive {
    /// Time, so many times as fast, from now and this uptime on.
    pub fn time(uptime: u64, factor: f64) -> Self {
        Drive::Time(Instant::now(), uptime, factor)
    }

    /// The same from now and this uptime on: the time until now is not the clock's.
    pub fn again(self, uptime: u64) -> Self {
        match self {
            Drive::Time(_, _, factor) => Drive::time(uptime, factor),
            Drive::Packets => Drive::Packets,
        }
    }

    /// Is it packets?
    pub fn is_packets(self) -> bool {
        matches!(self, Drive::Packets)
    }

    /// The uptime that the clock may go to now.
    pub fn target(self) -> u64 {
        match self {
            Drive::Time(start, uptime, factor) => {
                let elapsed = start.elapsed().as_nanos() as f64 * factor;
                uptime.saturating_add(elapsed as u64)
            }
            Drive::Packets => u64::MAX,
        }
    }

    /// How far, in nanoseconds, a clock with this uptime lags behind.
    pub fn lag(self, uptime: u64) -> u64 {
        match self {
            Drive::Time(..) => self.target().saturating_sub(uptime),
            Drive::Packets => 0,
        }
    }

    /// How long the clock takes for so many nanoseconds.
    pub fn takes(self, nanos: u64) -> Duration {
        let factor = match self {
            Drive::Time(_, _, factor) => factor,
            Drive::Packets => 1.0,
        };
        Duration::from_nanos((nanos as f64 / factor) as u64)
    }
}
