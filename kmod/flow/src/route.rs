// SPDX-License-Identifier: BSD-2-Clause
//! Route lookups, made once for each new flow.

use core::net::{Ipv4Addr, Ipv6Addr};

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

    /// Calls `look_up`, within which all lookups are made: what keeps the
    /// tables there is entered once for all of them.
    #[inline]
    fn with_tables<R>(&self, look_up: impl FnOnce() -> R) -> R {
        look_up()
    }
}

/// No route to anywhere.
#[derive(Clone, Copy, Debug)]
pub struct NoRoutes;

impl Routes for NoRoutes {
    fn route4(&self, _: u16, _: Ipv4Addr) -> Option<Hop<Ipv4Addr>> {
        None
    }

    fn route6(&self, _: u16, _: Ipv6Addr) -> Option<Hop<Ipv6Addr>> {
        None
    }
}
