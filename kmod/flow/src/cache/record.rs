// SPDX-License-Identifier: BSD-2-Clause
//! Flow records: as the cache keeps them and as it hands them out.

use crate::address::Address;
use crate::key::{Key, Packed};
use crate::packet::tcp;
use crate::route::Path;

use super::index::Link;
use super::{Moment, New, SetTimeouts};

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
    /// Older than the active timeout, ended by TCP, or with a counter that
    /// another packet would have overflowed.
    Active,
    /// The cache was full and this record, in its shard, was idle.
    Full,
}

/// A record in the cache: for IPv4 one line of memory, for IPv6 one and a half.
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

impl<A: Address> Record<A> {
    /// The record of a flow that begins.
    #[inline(always)]
    pub fn new(new: &New<A>, path: Path<A>, next: Link) -> Self {
        Record {
            alignment: [],
            key: new.key,
            packets: 1,
            octets: new.seen.octets,
            first: new.now as u32,
            last: new.now as u32,
            tcp_flags: new.seen.tcp_flags,
            next,
            hash: new.hash,
            path,
            cause: Cause::Active,
        }
    }

    /// What an unused place in a page holds.
    pub const UNUSED: Self = Record {
        alignment: [],
        key: Packed::NONE,
        packets: 0,
        octets: 0,
        first: 0,
        last: 0,
        tcp_flags: 0,
        next: Link::NONE,
        hash: 0,
        path: Path::UNKNOWN,
        cause: Cause::Active,
    };

    /// Is it the record of this flow?
    #[inline]
    pub fn is_of(&self, key: &Packed<A>) -> bool {
        self.key.is(key)
    }

    /// Accounts a packet that cannot be the record's last; `false`, with
    /// nothing done, where it may be.
    #[inline(always)]
    pub fn add_plain(&mut self, seen: Observation, now: u64, timeouts: &SetTimeouts) -> bool {
        let now32 = now as u32;
        !Self::has_ended(seen)
            && !timeouts.inactive_is_over(now32.wrapping_sub(self.last))
            && !timeouts.active_is_over(now32.wrapping_sub(self.first))
            && self.add(seen, now)
    }

    /// Accounts a packet at `now`; `false`, with nothing done, where a counter
    /// would overflow.
    #[inline(always)]
    pub fn add(&mut self, seen: Observation, now: u64) -> bool {
        let Some(octets) = self.octets.checked_add(seen.octets) else {
            return false;
        };
        let packets = self.packets.wrapping_add(1);
        if packets == 0 {
            return false;
        }
        self.packets = packets;
        self.octets = octets;
        self.tcp_flags |= seen.tcp_flags;
        self.last = now as u32;
        true
    }

    /// Has TCP ended the flow?  A FIN or RST in the packet that opens a flow
    /// does not, as in base.
    #[inline]
    pub fn has_ended(seen: Observation) -> bool {
        seen.tcp_flags & (tcp::FIN | tcp::RST) != 0
    }

    /// Is it due, and why?
    #[inline(always)]
    pub fn is_due(&self, moment: Moment) -> Option<Cause> {
        let (idle, age) = self.idle_and_age(moment.now);
        moment.timeouts.are_over(idle, age)
    }

    /// Milliseconds since the last packet and since the first.
    #[inline(always)]
    fn idle_and_age(&self, now: u64) -> (u32, u32) {
        let now = now as u32;
        (now.wrapping_sub(self.last), now.wrapping_sub(self.first))
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

    /// A packet may say that it has no octets at all, so packets may be the
    /// first to reach their end.
    #[test]
    fn neither_counter_wraps() {
        let seen = |octets| Observation {
            octets,
            tcp_flags: 0,
        };
        let mut record = Record::<Ipv4Addr>::UNUSED;
        record.packets = u32::MAX - 1;
        assert!(record.add(seen(0), 1));
        assert!(!record.add(seen(0), 2));
        assert_eq!(record.contents(), (u32::MAX, 0));
        record.packets = 1;
        assert!(record.add(seen(u32::MAX), 3));
        assert!(!record.add(seen(1), 4));
        assert_eq!(record.contents(), (2, u32::MAX));
        assert_eq!(record.last(4), 3, "what does not fit changes nothing");
    }
}
