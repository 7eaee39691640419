// SPDX-License-Identifier: BSD-2-Clause
//! Route lookups, made once for each new flow.

use core::net::{Ipv4Addr, Ipv6Addr};

/// What the routing tables said when a flow began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<A> {
    /// Gateway towards the destination, unspecified when there is none.
    pub next_hop: A,
    /// ifIndex of the output interface, 0 when there is no route.
    pub output: u16,
    /// Prefix length of the route to the source, in bits.
    pub src_mask: u8,
    /// Prefix length of the route to the destination, in bits.
    pub dst_mask: u8,
}

/// The routing tables.  A lookup must not sleep: it is made with a shard's lock
/// held, as base's is.
pub trait Routes {
    /// Where table `fib` sends a flow that begins.
    fn path4(&self, fib: u16, src: Ipv4Addr, dst: Ipv4Addr) -> Path<Ipv4Addr>;
    /// Where table `fib` sends a flow that begins.
    fn path6(&self, fib: u16, src: Ipv6Addr, dst: Ipv6Addr) -> Path<Ipv6Addr>;
}

/// No route to anywhere.
#[derive(Clone, Copy, Debug)]
pub struct NoRoutes;

impl Routes for NoRoutes {
    fn path4(&self, _: u16, _: Ipv4Addr, _: Ipv4Addr) -> Path<Ipv4Addr> {
        Path::UNKNOWN
    }

    fn path6(&self, _: u16, _: Ipv6Addr, _: Ipv6Addr) -> Path<Ipv6Addr> {
        Path::UNKNOWN
    }
}
