// SPDX-License-Identifier: BSD-2-Clause
//! IPv6 (RFC 8200) and its extension headers.

use core::net::Ipv6Addr;

use crate::address::Address;

use super::{transport, Bytes, Datagram, Refusal, Transport};

const HEADER_LEN: usize = 40;
/// More extension headers than this are a reason to refuse the packet.
const MAX_EXTENSIONS: usize = 16;
/// What every extension header has at least.
const EXTENSION_LEN: usize = 8;

/// Protocol numbers of the extension headers that are walked.
mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    /// RFC 4302; its length counts in fours, unlike all others.
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION: u8 = 60;
}

/// Reads the IPv6 packet at `at`, whose version has been checked.
#[inline]
pub(super) fn parse<B: Bytes + ?Sized>(
    packet: &B,
    at: usize,
) -> Result<Datagram<Ipv6Addr>, Refusal> {
    let [v0, v1, _, _, len_hi, len_lo, next_header, _hop_limit] =
        packet.read(at).ok_or(Refusal::IpTruncated)?;
    let src: [u8; 16] = packet.read(at + 8).ok_or(Refusal::IpTruncated)?;
    let dst: [u8; 16] = packet.read(at + 24).ok_or(Refusal::IpTruncated)?;

    let upper = upper_layer(packet, at + HEADER_LEN, next_header)?;
    let transport = if upper.later_fragment {
        Transport::default()
    } else {
        transport::parse(packet, upper.at, upper.proto)?
    };
    Ok(Datagram {
        addresses: Address::pair(Ipv6Addr::from(src), Ipv6Addr::from(dst)),
        transport,
        proto: upper.proto,
        tos: (u16::from_be_bytes([v0, v1]) >> 4) as u8,
        octets: u32::from(u16::from_be_bytes([len_hi, len_lo])) + HEADER_LEN as u32,
    })
}

/// The first header that is no extension.
struct Upper {
    proto: u8,
    at: usize,
    /// A fragment that does not begin with the upper layer's header.
    later_fragment: bool,
}

#[inline]
fn upper_layer<B: Bytes + ?Sized>(
    packet: &B,
    mut at: usize,
    mut proto: u8,
) -> Result<Upper, Refusal> {
    let mut walked = 0;
    loop {
        let (len_unit, len_extra) = match proto {
            extension::HOP_BY_HOP | extension::ROUTING | extension::DESTINATION => (8, 1),
            extension::AUTHENTICATION => (4, 2),
            extension::FRAGMENT => (0, 0),
            _ => {
                return Ok(Upper {
                    proto,
                    at,
                    later_fragment: false,
                })
            }
        };
        walked += 1;
        if walked > MAX_EXTENSIONS {
            return Err(Refusal::TooManyExtensions);
        }
        let [next, len, frag_hi, frag_lo, _, _, _, _]: [u8; EXTENSION_LEN] =
            packet.read(at).ok_or(Refusal::ExtensionTruncated)?;
        if proto == extension::FRAGMENT {
            at += EXTENSION_LEN;
            if u16::from_be_bytes([frag_hi, frag_lo]) >> 3 != 0 {
                return Ok(Upper {
                    proto: next,
                    at,
                    later_fragment: true,
                });
            }
        } else {
            at += (usize::from(len) + len_extra) * len_unit;
        }
        proto = next;
    }
}
