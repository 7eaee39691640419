// SPDX-License-Identifier: BSD-2-Clause
//! Flow records: as the cache keeps them and as it hands them out.

use crate::address::Address;
use crate::key::Key;
use crate::packet::tcp;
use crate::path::Path;

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

/// A record in the cache, without its times ([`Times`]): what a hit changes
/// beside them is together in one line of memory.
#[derive(Clone, Copy)]
pub(super) struct Entry<A> {
    pub key: Key<A>,
    pub path: Path<A>,
    pub packets: u32,
    pub octets: u32,
    pub tcp_flags: u16,
    /// Why it left the index while it waits in its page, else meaningless.
    pub cause: Cause,
    /// The key's hash, to move the record when the index grows.
    pub hash: u32,
    /// The next record in the same bucket.
    pub next: super::index::Link,
}

/// When the first and the last packet came: milliseconds of uptime modulo
/// 2^32, compared with a clock that is less than 2^32 ms ahead.
#[derive(Clone, Copy, Default)]
pub(super) struct Times {
    pub first: u32,
    pub last: u32,
}

/// A record is closed when another packet of the greatest length (65,575
/// octets, RFC 8200) might not fit its counter any more.
const OCTETS_FULL: u32 = u32::MAX - (65_535 + 40);

impl<A: Address> Entry<A> {
    pub(super) fn new(key: Key<A>, path: Path<A>, hash: u32, seen: Observation) -> Self {
        Entry {
            key,
            path,
            packets: 1,
            octets: seen.octets,
            tcp_flags: seen.tcp_flags,
            cause: Cause::Active,
            hash,
            next: super::index::Link::NONE,
        }
    }

    /// What an unused place in a page holds.
    pub(super) fn unused() -> Self {
        let key = Key {
            src: A::UNSPECIFIED,
            dst: A::UNSPECIFIED,
            sport: 0,
            dport: 0,
            proto: 0,
            tos: 0,
            input: 0,
            fib: 0,
        };
        let nothing = Observation {
            octets: 0,
            tcp_flags: 0,
        };
        Entry::new(key, Path::UNKNOWN, 0, nothing)
    }

    #[inline]
    pub(super) fn add(&mut self, seen: Observation) {
        self.packets = self.packets.saturating_add(1);
        self.octets = self.octets.saturating_add(seen.octets);
        self.tcp_flags |= seen.tcp_flags;
    }

    /// Has TCP ended the flow?  A FIN or RST in the packet that opens a flow
    /// does not, as in base.
    #[inline]
    pub(super) fn has_ended(&self, seen: Observation) -> bool {
        seen.tcp_flags & (tcp::FIN | tcp::RST) != 0
    }

    /// Might another packet overflow a counter?
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.octets > OCTETS_FULL || self.packets == u32::MAX
    }

    pub(super) fn to_record(self, times: Times, now: u64) -> FlowRecord<A> {
        FlowRecord {
            key: self.key,
            path: self.path,
            packets: self.packets,
            octets: self.octets,
            first: times.first_at(now),
            last: times.last_at(now),
            tcp_flags: self.tcp_flags,
        }
    }
}

impl Times {
    pub(super) fn starting(now: u64) -> Self {
        Times {
            first: now as u32,
            last: now as u32,
        }
    }

    pub(super) fn first_at(self, now: u64) -> u64 {
        whole(self.first, now)
    }

    pub(super) fn last_at(self, now: u64) -> u64 {
        whole(self.last, now)
    }
}

/// The latest time not after `now` whose low half is `low`.
#[inline]
fn whole(low: u32, now: u64) -> u64 {
    now.saturating_sub(u64::from((now as u32).wrapping_sub(low)))
}
