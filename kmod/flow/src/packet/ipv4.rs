// SPDX-License-Identifier: BSD-2-Clause
//! IPv4 (RFC 791), options and fragments included.

use core::net::Ipv4Addr;

use crate::address::Address;

use super::{transport, Bytes, Datagram, Refusal, Transport};

const MIN_HEADER_LEN: usize = 20;
/// The part of the fragment field that says where in its packet it lies.
pub(super) const FRAGMENT_OFFSET: u16 = 0x1fff;

/// Reads the IPv4 packet at `at`, whose version has been checked.
#[inline]
pub(super) fn parse<B: Bytes + ?Sized>(
    packet: &B,
    at: usize,
) -> Result<Datagram<Ipv4Addr>, Refusal> {
    let header: [u8; MIN_HEADER_LEN] = packet.read(at).ok_or(Refusal::IpTruncated)?;
    let [version_ihl, tos, total_hi, total_lo, _, _, frag_hi, frag_lo, _ttl, proto, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        header;

    let header_len = usize::from(version_ihl & 0x0f) * 4;
    if header_len < MIN_HEADER_LEN {
        return Err(Refusal::BadHeaderLength);
    }
    let payload = at + header_len;
    if payload > packet.len() {
        return Err(Refusal::IpTruncated);
    }

    // Only the first fragment carries the transport header.
    let first = u16::from_be_bytes([frag_hi, frag_lo]) & FRAGMENT_OFFSET == 0;
    let transport = if first {
        transport::parse(packet, payload, proto)?
    } else {
        Transport::default()
    };
    Ok(Datagram {
        addresses: Address::pair(
            Ipv4Addr::from([s0, s1, s2, s3]),
            Ipv4Addr::from([d0, d1, d2, d3]),
        ),
        transport,
        proto,
        tos,
        octets: u32::from(u16::from_be_bytes([total_hi, total_lo])),
    })
}
