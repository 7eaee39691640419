// SPDX-License-Identifier: BSD-2-Clause
//! Flow records: as the cache keeps them and as it hands them out.

use crate::address::Address;
use crate::key::{Key, Packed};
use crate::packet::tcp;
use crate::path::Path;

use super::index::Link;
use super::Moment;

/// What one packet adds to its record.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// Octets from the IP header on.  At most 65,575.
    pub octets: u32,
    /// TCP's flags, 0 for other protocols.
    pub tcp_flags: u16,
}

/// A record as it leaves the cache, and as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowRecord<A> {
    /// The flow.
    pub key: Key<A>,
    /// Where the routing tables sent its first packet.
    pub path: Path<A>,
    /// Packets.
    pub packets: u32,
    /// Octets from the IP header on.
    pub octets: u32,
    /// Uptime of the first packet, in milliseconds.
    pub first: u64,
    /// Uptime of the last packet, in milliseconds.
    pub last: u64,
    /// Every TCP flag seen, 12 bits.
    pub tcp_flags: u16,
}

/// Why a record left the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No packet for the inactive timeout.
    Inactive,
    /// Older than the active timeout, ended by TCP, or with a counter about
    /// to overflow.
    Active,
    /// The cache was full and this was the record idle for longest.
    Full,
}

/// A record in the cache: for IPv4 one line of memory, for IPv6 one and a half,
/// of which a hit needs the first.
///
/// Times are milliseconds of uptime modulo 2^32, compared with a clock that is
/// less than 2^32 ms ahead.
#[repr(C)]
pub(super) struct Record<A: Address> {
    alignment: [A::Alignment; 0],
    key: Packed<A>,
    packets: u32,
    octets: u32,
    first: u32,
    last: u32,
    tcp_flags: u16,
    /// The next record in the same bucket's chain.
    pub next: Link,
    /// The key's hash, to move the record when the index grows.
    pub hash: u32,
    path: Path<A>,
    /// Why it left the index while it waits in its page, else meaningless.
    pub cause: Cause,
}

/// What became of a packet that is for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// It is accounted.
    One,
    /// It is accounted, and may be the last.
    Last,
    /// It is not: the record is due.
    Due,
}

/// A record is closed when another packet of the greatest length (65,575
/// octets, RFC 8200) might not fit its counter any more.
const OCTETS_FULL: u32 = u32::MAX - (65_535 + 40);

impl<A: Address> Record<A> {
    pub fn new(key: &Packed<A>, path: Path<A>, hash: u32, seen: Observation, now: u64) -> Self {
        Record {
            alignment: [],
            key: *key,
            packets: 1,
            octets: seen.octets,
            first: now as u32,
            last: now as u32,
            tcp_flags: seen.tcp_flags,
            next: Link::NONE,
            hash,
            path,
            cause: Cause::Active,
        }
    }

    /// What an unused place in a page holds.
    pub fn unused() -> Self {
        let nothing = Observation {
            octets: 0,
            tcp_flags: 0,
        };
        Record::new(&Packed::zero(), Path::UNKNOWN, 0, nothing, 0)
    }

    /// Is it the record of this flow?
    #[inline]
    pub fn is_of(&self, key: &Packed<A>) -> bool {
        self.key.is(key)
    }

    /// Accounts a packet, unless the record is due.
    #[inline]
    pub fn hit(&mut self, seen: Observation, moment: Moment) -> Counted {
        if self.is_due(moment).is_some() {
            return Counted::Due;
        }
        self.add(seen, moment.now);
        // A first, cheap guess: see is_full() and has_ended().
        let is_full = (self.octets | self.packets) > OCTETS_FULL;
        if is_full | Self::has_ended(seen) {
            return Counted::Last;
        }
        Counted::One
    }

    /// Accounts a packet at `now`.
    #[inline]
    pub fn add(&mut self, seen: Observation, now: u64) {
        // What is full has been closed, so neither wraps.
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(seen.octets);
        self.tcp_flags |= seen.tcp_flags;
        self.last = now as u32;
    }

    /// Has TCP ended the flow?  A FIN or RST in the packet that opens a flow
    /// does not, as in base.
    #[inline]
    pub fn has_ended(seen: Observation) -> bool {
        seen.tcp_flags & (tcp::FIN | tcp::RST) != 0
    }

    /// Might another packet overflow a counter?
    pub fn is_full(&self) -> bool {
        self.octets > OCTETS_FULL || self.packets == u32::MAX
    }

    /// Is it due, and why?
    #[inline]
    pub fn is_due(&self, moment: Moment) -> Option<Cause> {
        let now = moment.now as u32;
        let (idle, age) = (now.wrapping_sub(self.last), now.wrapping_sub(self.first));
        moment.timeouts.are_over(idle, age)
    }

    /// Uptime of the first packet, in milliseconds, as seen from `now`.
    pub fn first(&self, now: u64) -> u64 {
        whole(self.first, now)
    }

    /// Uptime of the last packet, in milliseconds, as seen from `now`.
    pub fn last(&self, now: u64) -> u64 {
        whole(self.last, now)
    }

    /// Packets and octets.
    pub fn contents(&self) -> (u32, u32) {
        (self.packets, self.octets)
    }

    pub fn to_record(&self, now: u64) -> FlowRecord<A> {
        FlowRecord {
            key: self.key.unpack(),
            path: self.path,
            packets: self.packets,
            octets: self.octets,
            first: self.first(now),
            last: self.last(now),
            tcp_flags: self.tcp_flags,
        }
    }
}

/// The latest time not after `now` whose low half is `low`.
#[inline]
fn whole(low: u32, now: u64) -> u64 {
    now.saturating_sub(u64::from((now as u32).wrapping_sub(low)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn records_are_a_line_and_a_line_and_a_half() {
        assert_eq!(size_of::<Record<Ipv4Addr>>(), 64);
        assert_eq!(size_of::<Record<Ipv6Addr>>(), 96);
    }
}
