// SPDX-License-Identifier: BSD-2-Clause
//! What differs between IPv4 and IPv6 inside the cache, and nothing else.

use core::fmt::Debug;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::DerefMut;

use crate::platform::Platform;
use crate::route::{Path, Routes};

/// An IP address of either version, as the cache uses it.
pub trait Address: Copy + Eq + Debug + 'static {
    /// `0.0.0.0` or `::`.
    const UNSPECIFIED: Self;
    /// Records in one page of the cache: at most 64, the bits of its map, and
    /// no more than fit 4 KiB.
    const RECORDS_PER_PAGE: usize;
    /// As many values as a page has records.
    type Page<P: Platform, T>: DerefMut<Target: AsRef<[T]> + AsMut<[T]>>;
    /// The IP version number, 4 or 6.
    const IP_VERSION: u8;
    /// Two addresses in words.
    type Pair: Copy + Eq + Debug + AsRef<[u64]>;
    /// Two unspecified addresses.
    const NO_PAIR: Self::Pair;
    /// A type without a value to keep, aligned as records are.
    type Alignment: Copy;

    /// Source and destination in words, in whatever byte order: they are
    /// hashed and compared only, and come out again by [`Address::unpair`].
    fn pair(src: Self, dst: Self) -> Self::Pair;

    /// Source and destination, as they went in.
    fn unpair(pair: Self::Pair) -> (Self, Self);

    /// Allocates a page, each value as `fill` makes it.
    fn page<P: Platform, T>(platform: &P, fill: impl FnMut(usize) -> T)
        -> Option<Self::Page<P, T>>;

    /// What routing table `fib` says of a flow.
    fn path(routes: &impl Routes, fib: u16, src: Self, dst: Self) -> Path<Self>;
}

impl<A: Address> Path<A> {
    /// A path with nothing known: what is exported where there is no route.
    pub const UNKNOWN: Self = Path {
        next_hop: A::UNSPECIFIED,
        output: 0,
        src_mask: 0,
        dst_mask: 0,
    };
}

/// An IPv4 record is one line of memory, so that a hit costs one miss.
#[repr(align(64))]
#[derive(Clone, Copy)]
pub struct WholeLine;

/// An IPv6 record is a line and a half.
#[repr(align(32))]
#[derive(Clone, Copy)]
pub struct HalfLine;

impl Address for Ipv4Addr {
    const UNSPECIFIED: Self = Ipv4Addr::UNSPECIFIED;
    const RECORDS_PER_PAGE: usize = 64;
    type Page<P: Platform, T> = P::Array<T, 64>;
    const IP_VERSION: u8 = 4;
    type Pair = [u64; 1];
    const NO_PAIR: [u64; 1] = [0; 1];
    type Alignment = WholeLine;

    #[inline]
    fn pair(src: Self, dst: Self) -> [u64; 1] {
        let [src, dst] = [src, dst].map(|address| u32::from_ne_bytes(address.octets()));
        // As they lie in a header, one after the other, on most machines.
        [u64::from(dst) << 32 | u64::from(src)]
    }

    fn unpair([pair]: [u64; 1]) -> (Self, Self) {
        let address = |bits: u32| Ipv4Addr::from(bits.to_ne_bytes());
        (address(pair as u32), address((pair >> 32) as u32))
    }

    fn page<P: Platform, T>(
        platform: &P,
        fill: impl FnMut(usize) -> T,
    ) -> Option<Self::Page<P, T>> {
        platform.array(fill)
    }

    fn path(routes: &impl Routes, fib: u16, src: Self, dst: Self) -> Path<Self> {
        routes.path4(fib, src, dst)
    }
}

impl Address for Ipv6Addr {
    const UNSPECIFIED: Self = Ipv6Addr::UNSPECIFIED;
    const RECORDS_PER_PAGE: usize = 42;
    type Page<P: Platform, T> = P::Array<T, 42>;
    const IP_VERSION: u8 = 6;
    type Pair = [u64; 4];
    const NO_PAIR: [u64; 4] = [0; 4];
    type Alignment = HalfLine;

    #[inline]
    fn pair(src: Self, dst: Self) -> [u64; 4] {
        let [src, dst] = [src, dst].map(|address| u128::from_ne_bytes(address.octets()));
        [
            src as u64,
            (src >> 64) as u64,
            dst as u64,
            (dst >> 64) as u64,
        ]
    }

    fn unpair([src_low, src_high, dst_low, dst_high]: [u64; 4]) -> (Self, Self) {
        let address = |low, high| {
            let bits = u128::from(high) << 64 | u128::from(low);
            Ipv6Addr::from(u128::to_ne_bytes(bits))
        };
        (address(src_low, src_high), address(dst_low, dst_high))
    }

    fn page<P: Platform, T>(
        platform: &P,
        fill: impl FnMut(usize) -> T,
    ) -> Option<Self::Page<P, T>> {
        platform.array(fill)
    }

    fn path(routes: &impl Routes, fib: u16, src: Self, dst: Self) -> Path<Self> {
        routes.path6(fib, src, dst)
    }
}
