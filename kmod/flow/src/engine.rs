// SPDX-License-Identifier: BSD-2-Clause
//! The engine: a cache for each IP version, and what it refused.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::address::Address;
use crate::cache::{Cache, FlowRecord, Moment, NoMemory, Observation, SetTimeouts, Timeouts};
use crate::counters::{Sum, Tally};
use crate::hash::Seed;
use crate::key::Packed;
use crate::packet::{self, Bytes, Datagram, LinkType, Parsed, Refusal, Unaccountable};
use crate::platform::Platform;
use crate::route::Routes;
use crate::sync::{AtomicU64, Ordering::Relaxed};

/// Default inactive timeout in seconds, as base's.
pub const INACTIVE_TIMEOUT: u32 = 15;
/// Default active timeout in seconds, as base's.
pub const ACTIVE_TIMEOUT: u32 = 30 * 60;
/// Default limit of open records for each IP version, as base's.
pub const DEFAULT_LIMIT: usize = 1 << 20;

/// Packets that are looked ahead at together.
pub const LOOK_AHEAD: usize = 16;

/// Where a packet came from.
// A word, which is passed in a register.
#[repr(align(8))]
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// How its bytes begin.
    pub link_type: LinkType,
    /// ifIndex of the input interface.
    pub input: u16,
    /// Its routing table.
    pub fib: u16,
}

/// Why a packet was not accounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has no flow key.
    Packet(Refusal),
    /// There was no memory for its record.
    NoMemory,
}

/// The flow cache of a node.
// The cache of most packets comes first: one address leads to both.
#[repr(C)]
pub struct Engine<P: Platform> {
    v4: Cache<P, Ipv4Addr>,
    platform: P,
    seed: Seed,
    v6: Cache<P, Ipv6Addr>,
    timeouts: SetTimeouts,
    /// Inactive timeout in the upper half, active in the lower, in seconds, as
    /// they were set.
    timeouts_secs: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    no_memory: AtomicU64,
    skipped4: Tally,
    skipped6: Tally,
}

impl<P: Platform> Engine<P> {
    /// An engine with an empty cache for up to `limit` open records of each
    /// IP version; `None` when there is no memory.
    pub fn new(platform: P, seed: Seed, limit: usize) -> Option<Self> {
        let v4 = Cache::new(&platform, limit)?;
        let v6 = Cache::new(&platform, limit)?;
        let engine = Engine {
            platform,
            seed,
            v4,
            v6,
            timeouts: SetTimeouts::default(),
            timeouts_secs: AtomicU64::new(0),
            refused: core::array::from_fn(|_| AtomicU64::new(0)),
            no_memory: AtomicU64::new(0),
            skipped4: Tally::new(),
            skipped6: Tally::new(),
        };
        engine.set_timeouts(INACTIVE_TIMEOUT, ACTIVE_TIMEOUT);
        Some(engine)
    }

    /// Allocates beforehand what the first flows would have to: some 2 MB for
    /// each IP version.  Where there is no memory, they will.
    pub fn furnish(&self) {
        self.v4.furnish(&self.platform);
        self.v6.furnish(&self.platform);
    }

    /// Is there nothing that a sweep could find, now or later?
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// What memory and locks come from.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// The IPv4 cache.
    pub fn v4(&self) -> &Cache<P, Ipv4Addr> {
        &self.v4
    }

    /// The IPv6 cache.
    pub fn v6(&self) -> &Cache<P, Ipv6Addr> {
        &self.v6
    }

    /// Inactive and active timeout in seconds, as they were set.
    pub fn timeouts(&self) -> (u32, u32) {
        let both = self.timeouts_secs.load(Relaxed);
        ((both >> 32) as u32, both as u32)
    }

    /// Sets both timeouts, in seconds.  Records that are in the cache follow
    /// the new ones from the next sweep on.
    pub fn set_timeouts(&self, inactive: u32, active: u32) {
        let both = u64::from(inactive) << 32 | u64::from(active);
        self.timeouts_secs.store(both, Relaxed);
        self.timeouts.set(Timeouts::from_secs(inactive, active));
    }

    /// The moment `now`, in milliseconds of uptime.
    #[inline]
    pub fn at(&self, now: u64) -> Moment {
        Moment {
            now,
            timeouts: self.timeouts.get(),
        }
    }

    /// Accounts one packet seen at uptime `now`, in milliseconds.
    #[inline]
    pub fn observe<B: Bytes + ?Sized>(
        &self,
        packet: &B,
        source: Source,
        now: u64,
        routes: &impl Routes,
    ) -> Result<(), Refused> {
        match packet::plain(packet.first(), source.link_type) {
            Some(datagram) => {
                self.account::<_, _, true>(&self.v4, packet, &datagram, source, now, routes)
            }
            None => self.observe_any(packet, source, now, routes),
        }
    }

    /// How many of the first [`LOOK_AHEAD`] of these packets, which are yet to be
    /// accounted, are of flows that have a record; only plain IPv4 packets are
    /// looked at.  Each step is taken for all of them before the next, so that
    /// they wait for memory together, and when they are accounted no more.
    pub fn look_ahead(&self, packets: &[&[u8]], source: Source) -> usize {
        let mut hashes = [None; LOOK_AHEAD];
        for (hash, first) in hashes.iter_mut().zip(packets) {
            *hash = packet::plain(first, source.link_type).map(|datagram| {
                self.seed
                    .hash(&Packed::new(&datagram, source.input, source.fib))
            });
        }
        let candidates = hashes.map(|hash| Some((hash?, self.v4.candidate(hash?)?)));
        let candidates = candidates.into_iter().flatten();
        let known = candidates.filter(|(hash, place)| self.v4.has_record(*hash, *place));
        // Read also where nobody asks for the number.
        core::hint::black_box(known.count())
    }

    /// As [`Engine::observe`], for a packet of any kind.
    // Not inlined, to keep the usual way short.
    #[inline(never)]
    fn observe_any<B: Bytes + ?Sized>(
        &self,
        packet: &B,
        source: Source,
        now: u64,
        routes: &impl Routes,
    ) -> Result<(), Refused> {
        match packet::parse(packet, source.link_type) {
            Ok(Parsed::V4(datagram)) => {
                self.account::<_, _, false>(&self.v4, packet, &datagram, source, now, routes)
            }
            Ok(Parsed::V6(datagram)) => {
                self.account::<_, _, false>(&self.v6, packet, &datagram, source, now, routes)
            }
            Err(Unaccountable { reason, ip_version }) => {
                if let Some(count) = self.refused.get(reason as usize) {
                    count.fetch_add(1, Relaxed);
                }
                self.note_skipped(ip_version, packet.len());
                Err(Refused::Packet(reason))
            }
        }
    }

    /// Accounts a packet.  `PLAIN` changes nothing but what the compiler sees: a
    /// way of its own for most packets, all of which it then inlines.
    #[inline(always)]
    fn account<B: Bytes + ?Sized, A: Address, const PLAIN: bool>(
        &self,
        cache: &Cache<P, A>,
        packet: &B,
        datagram: &Datagram<A>,
        source: Source,
        now: u64,
        routes: &impl Routes,
    ) -> Result<(), Refused> {
        let key = Packed::new(datagram, source.input, source.fib);
        let seen = Observation {
            octets: datagram.octets,
            tcp_flags: datagram.transport.tcp_flags,
        };
        let path = |key: &Packed<A>| {
            let (src, dst) = key.addresses();
            A::path(routes, key.fib(), src, dst)
        };
        let hash = self.seed.hash(&key);
        let clock = (now, &self.timeouts);
        match cache.account::<PLAIN>(&self.platform, hash, &key, seen, clock, path) {
            Ok(()) => Ok(()),
            Err(NoMemory) => {
                self.no_memory.fetch_add(1, Relaxed);
                self.note_skipped(Some(A::IP_VERSION), packet.len());
                Err(Refused::NoMemory)
            }
        }
    }

    /// Takes records of one shard of both caches that are due at `moment`, at
    /// most `room` of each.  `true` when there are more.  Shards are numbered
    /// below [`SHARDS`](crate::cache::SHARDS).
    pub fn sweep(
        &self,
        shard: usize,
        moment: Moment,
        room: usize,
        v4: impl FnMut(FlowRecord<Ipv4Addr>),
        v6: impl FnMut(FlowRecord<Ipv6Addr>),
    ) -> bool {
        let more4 = self.v4.sweep(shard, moment, room, v4);
        let more6 = self.v6.sweep(shard, moment, room, v6);
        more4 | more6
    }

    /// Packets refused for each reason of [`Refusal::ALL`].
    pub fn refused(&self) -> [u64; Refusal::ALL.len()] {
        core::array::from_fn(|i| self.refused.get(i).map_or(0, |count| count.load(Relaxed)))
    }

    /// Packets for whose records there was no memory.
    pub fn no_memory(&self) -> u64 {
        self.no_memory.load(Relaxed)
    }

    fn note_skipped(&self, ip_version: Option<u8>, octets: usize) {
        let skipped = match ip_version {
            Some(4) => &self.skipped4,
            Some(6) => &self.skipped6,
            _ => return,
        };
        skipped.add(1, u32::try_from(octets).unwrap_or(u32::MAX));
    }

    /// IPv4 packets that were not accounted, and their octets, of all headers.
    pub fn skipped4(&self) -> Sum {
        self.skipped4.sum()
    }

    /// IPv6 packets that were not accounted, and their octets, of all headers.
    pub fn skipped6(&self) -> Sum {
        self.skipped6.sum()
    }
}
