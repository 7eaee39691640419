// SPDX-License-Identifier: BSD-2-Clause
//! Sums of records, packets and octets, from which conservation is checked.

use core::ops::AddAssign;

use crate::sync::{AtomicU64, Ordering::Relaxed};

/// Some records and what is in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Records.
    pub records: u64,
    /// Packets in them.
    pub packets: u64,
    /// Octets in them.
    pub octets: u64,
}

impl Sum {
    /// Adds one record.
    #[inline]
    pub fn add(&mut self, packets: u32, octets: u32) {
        *self += Sum {
            records: 1,
            packets: u64::from(packets),
            octets: u64::from(octets),
        };
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Sum) {
        self.records = self.records.wrapping_add(other.records);
        self.packets = self.packets.wrapping_add(other.packets);
        self.octets = self.octets.wrapping_add(other.octets);
    }
}

/// A [`Sum`] that many CPUs add to.
#[derive(Default)]
pub struct Tally {
    records: AtomicU64,
    packets: AtomicU64,
    octets: AtomicU64,
}

impl Tally {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one record.
    pub fn add(&self, packets: u32, octets: u32) {
        let mut sum = Sum::default();
        sum.add(packets, octets);
        self.add_sum(sum);
    }

    /// Adds many records.
    pub fn add_sum(&self, sum: Sum) {
        self.records.fetch_add(sum.records, Relaxed);
        self.packets.fetch_add(sum.packets, Relaxed);
        self.octets.fetch_add(sum.octets, Relaxed);
    }

    /// What has been added so far.
    pub fn sum(&self) -> Sum {
        Sum {
            records: self.records.load(Relaxed),
            packets: self.packets.load(Relaxed),
            octets: self.octets.load(Relaxed),
        }
    }
}
