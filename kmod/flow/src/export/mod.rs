// SPDX-License-Identifier: BSD-2-Clause
//! From flow records to export datagrams.
//!
//! Each protocol is one [`Protocol`] in a file of its own.  A [`Stream`] is
//! one protocol's sequence of datagrams for one observation domain: the node
//! keeps one for each collector and FIB.

mod stream;
pub mod v5;
pub mod v9;

use core::net::{Ipv4Addr, Ipv6Addr};

pub use stream::{Ready, Stream};
pub use v5::V5;
pub use v9::V9;

use crate::cache::FlowRecord;

/// A record of either IP version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyRecord {
    /// IPv4.
    V4(FlowRecord<Ipv4Addr>),
    /// IPv6.
    V6(FlowRecord<Ipv6Addr>),
}

impl AnyRecord {
    /// The routing table that the flow belongs to.
    pub fn fib(&self) -> u16 {
        match self {
            AnyRecord::V4(record) => record.key.fib,
            AnyRecord::V6(record) => record.key.fib,
        }
    }

    /// Packets in the record.
    pub fn packets(&self) -> u32 {
        match self {
            AnyRecord::V4(record) => record.packets,
            AnyRecord::V6(record) => record.packets,
        }
    }

    /// Octets in the record.
    pub fn octets(&self) -> u32 {
        match self {
            AnyRecord::V4(record) => record.octets,
            AnyRecord::V6(record) => record.octets,
        }
    }
}

/// The time at which a datagram is finished, as its header tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since boot.
    pub uptime: u64,
    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub unix_secs: u32,
    /// Nanoseconds beyond them.
    pub unix_nanos: u32,
}

/// An export protocol: how records lie in a datagram.
pub trait Protocol {
    /// What a user can set.  It takes effect with the next datagram.
    type Settings;

    /// Octets of the largest datagram.
    fn max_len(settings: &Self::Settings) -> usize;

    /// Appends a record at uptime `now`, in milliseconds, to the datagram in
    /// `buffer`, which has [`Protocol::max_len`] octets, of unspecified
    /// content when the datagram is empty.
    fn append(
        &mut self,
        buffer: &mut [u8],
        record: &AnyRecord,
        settings: &Self::Settings,
        now: u64,
    ) -> Appended;

    /// A datagram did not reach the collector, or there is a new one: what it
    /// needs to know before records must be told again, in the datagram in
    /// `buffer` already if that has room for it.
    fn lost(&mut self, buffer: &mut [u8]) {
        let _ = buffer;
    }

    /// Completes the datagram's header, and begins the next datagram.  The
    /// datagram's length in octets, 0 when it held no record.
    fn finish(&mut self, buffer: &mut [u8], clock: Clock) -> usize;
}

/// What became of a record offered to a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in, and there is room for another.
    Room,
    /// It is in, and the datagram is full.
    Full,
    /// The protocol has no way to carry it.
    NotCarried,
}
