// SPDX-License-Identifier: BSD-2-Clause
//! What differs between IPv4 and IPv6 inside the cache, and nothing else.

use core::fmt::Debug;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::route::{Hop, Routes};

/// An IP address of either version, as the cache uses it.
pub trait Address: Copy + Eq + Debug + 'static {
    /// `0.0.0.0` or `::`.
    const UNSPECIFIED: Self;
    /// 32-bit words in an address.
    const WORDS: usize;
    /// Records in one page of the cache: at most 64, the bits of its map, and
    /// no more than fit 4 KiB.
    const RECORDS_PER_PAGE: usize;
    /// The IP version number, 4 or 6.
    const IP_VERSION: u8;

    /// Word `index` of the address, 0 beyond its end.  Only for hashing: the
    /// byte order does not matter as long as it is always the same.
    fn word(&self, index: usize) -> u32;

    /// Looks this address up in routing table `fib`.
    fn route(&self, routes: &impl Routes, fib: u16) -> Option<Hop<Self>>;
}

impl Address for Ipv4Addr {
    const UNSPECIFIED: Self = Ipv4Addr::UNSPECIFIED;
    const WORDS: usize = 1;
    const RECORDS_PER_PAGE: usize = 64;
    const IP_VERSION: u8 = 4;

    #[inline]
    fn word(&self, index: usize) -> u32 {
        if index == 0 {
            u32::from_ne_bytes(self.octets())
        } else {
            0
        }
    }

    fn route(&self, routes: &impl Routes, fib: u16) -> Option<Hop<Self>> {
        routes.route4(fib, *self)
    }
}

impl Address for Ipv6Addr {
    const UNSPECIFIED: Self = Ipv6Addr::UNSPECIFIED;
    const WORDS: usize = 4;
    const RECORDS_PER_PAGE: usize = 48;
    const IP_VERSION: u8 = 6;

    #[inline]
    fn word(&self, index: usize) -> u32 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.octets();
        match index {
            0 => u32::from_ne_bytes([a, b, c, d]),
            1 => u32::from_ne_bytes([e, f, g, h]),
            2 => u32::from_ne_bytes([i, j, k, l]),
            3 => u32::from_ne_bytes([m, n, o, p]),
            _ => 0,
        }
    }

    fn route(&self, routes: &impl Routes, fib: u16) -> Option<Hop<Self>> {
        routes.route6(fib, *self)
    }
}
