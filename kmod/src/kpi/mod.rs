// SPDX-License-Identifier: BSD-2-Clause
//! The one boundary between the node and the world around it.
//!
//! Two worlds implement it: the FreeBSD kernel (`kernel.rs` over the C shim in
//! `kmod/shim`) and `nghost` in userland.  The node above it is the same in
//! both.

use core::net::{Ipv4Addr, Ipv6Addr};
use core::num::NonZeroUsize;

use flow::{Address, Bytes, Path, Platform};

#[cfg(feature = "kernel")]
pub mod kernel;

/// A FreeBSD errno, as `sys_bindings` spells them (`EINVAL` = 22, ...).
pub type Errno = i32;

/// The home's own name for a hook: in the kernel the `hook_p`, in userland an
/// index.  The node only keeps it and hands it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookId(pub NonZeroUsize);

/// Wall-clock time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallClock {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub secs: u32,
    /// Nanoseconds beyond `secs`.
    pub nanos: u32,
}

/// The ends of a flow that are to be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends<A> {
    /// For its prefix length.
    pub source: Option<A>,
    /// For output interface, gateway and prefix length.
    pub destination: Option<A>,
}

/// Where a routing table sends an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop<A> {
    /// ifIndex of the interface behind the route.
    pub interface: u16,
    /// The gateway, or the unspecified address when directly connected.
    pub gateway: A,
    /// Length of the route's prefix in bits.
    pub prefix_len: u8,
}

impl<A: Address> Ends<A> {
    /// The path between them, if `route` looks up one address.
    pub fn path(self, route: impl Fn(A) -> Option<Hop<A>>) -> Path<A> {
        let mut path = Path::UNKNOWN;
        if let Some(hop) = self.destination.and_then(&route) {
            path.next_hop = hop.gateway;
            path.output = hop.interface;
            path.dst_mask = hop.prefix_len;
        }
        if let Some(hop) = self.source.and_then(&route) {
            path.src_mask = hop.prefix_len;
        }
        path
    }
}

/// Services that the node takes from its home, beside memory and locks
/// ([`Platform`]).  None of them may sleep.
pub trait Kpi: Platform {
    /// A hook that stays valid for as long as this value lives: in the kernel
    /// a reference on the hook, taken by `clone` and given back by `drop`.
    type Hook: Clone;

    /// Counts events on all CPUs without one waiting for another.
    type Counter: Counter;

    /// A counter at 0; `None` when there is no memory.
    fn counter(&self) -> Option<Self::Counter>;

    /// The name of a hook.
    fn name(hook: &Self::Hook) -> HookId;

    /// Milliseconds since boot.  Never runs backwards.
    fn uptime(&self) -> u64;

    /// The time of day that belongs to [`Kpi::uptime`] now.
    fn wall_clock(&self) -> WallClock;

    /// Fills `seed` with random bits that nobody outside can know.
    fn random(&self, seed: &mut [u64]);

    /// What routing table `fib` says of a flow's ends.  A shard's lock may be held.
    fn path4(&self, fib: u16, ends: Ends<Ipv4Addr>) -> Path<Ipv4Addr>;

    /// What routing table `fib` says of a flow's ends.  A shard's lock may be held.
    fn path6(&self, fib: u16, ends: Ends<Ipv6Addr>) -> Path<Ipv6Addr>;

    /// How many FIBs (routing tables) there are; packets come from FIBs
    /// below this.
    fn fibs(&self) -> u16;

    /// Sends one datagram down a hook.  `Ok` means that the peer's side
    /// returned 0; `ENOBUFS` that there was no mbuf for it; anything else is
    /// netgraph's or the peer's errno, as `ENETDOWN` of a hook that has lost
    /// its peer.
    ///
    /// Called without any lock held.
    fn send(&self, hook: &Self::Hook, datagram: &[u8]) -> Result<(), Errno>;

    /// Writes to the system's log, and whose line it is: one, or several if it is too
    /// long for one.
    fn log(&self, line: core::fmt::Arguments<'_>);
}

/// A number that only grows, until it wraps.
pub trait Counter {
    /// Adds 1.
    fn count(&self);

    /// What it has come to.  Who counts meanwhile may be in it.
    fn sum(&self) -> u64;
}

/// A packet as it arrives on a hook: its bytes and what the mbuf's header
/// says about it.
pub trait Packet {
    /// Its bytes.
    fn bytes(&self) -> &(impl Bytes + ?Sized);

    /// The routing table that the packet belongs to.
    fn fib(&self) -> u16;

    /// ifIndex of the interface that received it, 0 when it has none.
    fn received_on(&self) -> u16;

    /// Has a netflow node accounted this packet already?  Any node, or only
    /// this one.  The mark is base's mbuf tag, so that mixed nodes see each
    /// other's.
    fn is_marked(&self, by_this_node_only: bool) -> bool;

    /// Leaves this node's mark on the packet.  Without memory it stays
    /// unmarked, as in base.
    fn mark(&self);
}

/// Where the answer to a control message is written.
pub trait Reply {
    /// `len` zero-filled bytes for the reply's arguments, or `None` when
    /// there is no memory.  Called at most once a message.
    fn make(&mut self, len: usize) -> Option<&mut [u8]>;

    /// Cuts the reply to `len` bytes, once it is known that fewer are needed.
    fn shorten(&mut self, len: usize);
}
