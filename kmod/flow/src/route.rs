// SPDX-License-Identifier: BSD-2-Clause
//! Route lookups, made once for each new flow.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::address::Address;

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

/// The routing tables.  A lookup must not sleep; it is made with no lock of
/// the engine held.
pub trait Routes {
    /// The route to `to` in table `fib`, if there is one.
    fn route4(&self, fib: u16, to: Ipv4Addr) -> Option<Hop<Ipv4Addr>>;
    /// The route to `to` in table `fib`, if there is one.
    fn route6(&self, fib: u16, to: Ipv6Addr) -> Option<Hop<Ipv6Addr>>;
}

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

/// Which lookups a flow's first packet is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookups {
    /// Look the source up, for its prefix length.
    pub source: bool,
    /// Look the destination up, for output interface, gateway and prefix length.
    pub destination: bool,
}

impl<A: Address> Path<A> {
    /// A path with nothing known: what is exported where there is no route.
    pub const UNKNOWN: Self = Path {
        next_hop: A::UNSPECIFIED,
        output: 0,
        src_mask: 0,
        dst_mask: 0,
    };

    /// Looks up both ends of a flow in its FIB.
    pub fn look_up(routes: &impl Routes, lookups: Lookups, fib: u16, src: A, dst: A) -> Self {
        let mut path = Self::UNKNOWN;
        if lookups.destination {
            if let Some(hop) = dst.route(routes, fib) {
                path.next_hop = hop.gateway;
                path.output = hop.interface;
                path.dst_mask = hop.prefix_len;
            }
        }
        if lookups.source {
            if let Some(hop) = src.route(routes, fib) {
                path.src_mask = hop.prefix_len;
            }
        }
        path
    }
}
