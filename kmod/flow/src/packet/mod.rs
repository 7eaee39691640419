// SPDX-License-Identifier: BSD-2-Clause
//! From a packet's bytes to its flow key, or to the reason why it has none.
//!
//! The layers are one file each: [`link`] finds the IP header, [`ipv4`] and
//! [`ipv6`] read it, [`transport`] reads ports, ICMP type and TCP flags.
//! [`mod@plain`] is a short cut to the same for the packets that most are.
//!
//! Nothing here can panic: bytes are only had through [`Bytes::read`], which
//! answers `None` beyond the end.  The only loops are over VLAN tags, of which 2
//! are read, MPLS labels, 32, and IPv6 extension headers, 16.

mod ipv4;
mod ipv6;
mod link;
mod plain;
mod refusal;
mod transport;

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::address::Address;

pub use link::LinkType;
pub use plain::plain;
pub use refusal::Refusal;
pub use transport::tcp;

/// A packet's bytes, which need not lie in one piece.
pub trait Bytes {
    /// Octets in the whole packet.
    fn len(&self) -> usize;

    /// The contiguous bytes at the packet's beginning.
    fn first(&self) -> &[u8];

    /// Copies the bytes from `at` on; `false`, with `into` unspecified, when
    /// the packet ends before `into` is full.
    fn copy_out(&self, at: usize, into: &mut [u8]) -> bool;

    /// `true` for a packet without a byte.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `N` bytes from `at` on, or `None` when the packet ends before.
    #[inline]
    fn read<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        if let Some(bytes) = self.first().get(at..).and_then(|rest| rest.first_chunk()) {
            return Some(*bytes);
        }
        let end = at.checked_add(N)?;
        if end > self.len() {
            return None;
        }
        let mut copy = [0; N];
        self.copy_out(at, &mut copy).then_some(copy)
    }
}

impl Bytes for [u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn first(&self) -> &[u8] {
        self
    }

    fn copy_out(&self, at: usize, into: &mut [u8]) -> bool {
        let Some(bytes) = self.get(at..).and_then(|rest| rest.get(..into.len())) else {
            return false;
        };
        into.copy_from_slice(bytes);
        true
    }
}

/// What the cache accounts of a packet, beside where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<A: Address> {
    /// Source and destination address, see [`Address::pair`].
    pub addresses: A::Pair,
    /// Ports, or what stands for them.
    pub transport: Transport,
    /// IP protocol; for IPv6 the first that is no extension header, or in a later
    /// fragment what the fragment header says.
    pub proto: u8,
    /// IPv4 type of service or IPv6 traffic class.
    pub tos: u8,
    /// Octets from the IP header on, as the IP header says: its total length,
    /// for IPv6 payload length + 40.  At most 65,575.
    pub octets: u32,
}

/// What is read of the header above IP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// Source port in the upper half, 0 for protocols without ports;
    /// destination port in the lower, for ICMP and ICMPv6 type * 256 + code.
    pub ports: u32,
    /// TCP's flags, the reserved bits of RFC 9293 included: the low 12 bits
    /// of the header's octets 12 and 13.
    pub tcp_flags: u16,
}

/// An IP packet of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// IPv4.
    V4(Datagram<Ipv4Addr>),
    /// IPv6.
    V6(Datagram<Ipv6Addr>),
}

/// A packet without a flow key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unaccountable {
    /// Why.
    pub reason: Refusal,
    /// The packet's IP version, 4 or 6, when it got as far as an IP header.
    pub ip_version: Option<u8>,
}

/// Reads a packet that begins with a header of `link_type`.
#[inline]
pub fn parse<B: Bytes + ?Sized>(packet: &B, link_type: LinkType) -> Result<Parsed, Unaccountable> {
    let refuse = |ip_version| move |reason| Unaccountable { reason, ip_version };
    match link::network_layer(packet, link_type).map_err(refuse(None))? {
        link::Network::V4(at) => ipv4::parse(packet, at)
            .map(Parsed::V4)
            .map_err(refuse(Some(4))),
        link::Network::V6(at) => ipv6::parse(packet, at)
            .map(Parsed::V6)
            .map_err(refuse(Some(6))),
    }
}
