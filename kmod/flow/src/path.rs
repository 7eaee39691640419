// SPDX-License-Identifier: BSD-2-Clause
//! Where the routing tables sent a flow's first packet.

use crate::address::Address;
use crate::route::Routes;

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
        if !lookups.source && !lookups.destination {
            return path;
        }
        routes.with_tables(|| {
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
        });
        path
    }
}
