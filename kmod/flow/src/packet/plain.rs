// SPDX-License-Identifier: BSD-2-Clause
//! The packets that most packets are: IPv4 without options, whole or the first
//! fragment, with nothing but Ethernet before it, its headers in one piece.
//!
//! Their headers are an array, so one comparison of lengths does for all that
//! is read.  Any other packet is none of these and goes the long way through
//! [`super::parse`], which leads to the same for these as well.

use core::net::Ipv4Addr;

use crate::address::Address;

use super::link::{LinkType, ETHERNET_LEN, ETHERNET_TYPE, ETHERTYPE_IPV4};
use super::transport::{self, Ports};
use super::{ipv4, Datagram, Transport};

/// Octets of an IPv4 header, and of as much of the next as is ever read.
const HEADERS_LEN: usize = 20 + 14;

/// Version 4, and five words of header.
const VERSION_AND_LENGTH: u8 = 0x45;

/// TCP's flags, in the last word that is read.
const TCP_FLAGS: u16 = 0x0fff;

/// What is accounted of such a packet, of which these are the first octets.
#[inline(always)]
pub fn plain(first: &[u8], link_type: LinkType) -> Option<Datagram<Ipv4Addr>> {
    let headers: &[u8; HEADERS_LEN] = match link_type {
        LinkType::Ethernet => {
            let (ethernet, headers) = first.split_at_checked(ETHERNET_LEN)?;
            let ethertype = ethernet.get(ETHERNET_TYPE..)?.first_chunk()?;
            if u16::from_be_bytes(*ethertype) != ETHERTYPE_IPV4 {
                return None;
            }
            headers.first_chunk()?
        }
        LinkType::Raw => first.first_chunk()?,
    };
    let [version_and_length, tos, total0, total1, _, _, fragment0, fragment1, _, proto, ..] =
        *headers;
    let fragment = u16::from_be_bytes([fragment0, fragment1]);
    if version_and_length != VERSION_AND_LENGTH || fragment & ipv4::FRAGMENT_OFFSET != 0 {
        return None;
    }
    let ports = u32::from_be_bytes(*at(headers, 20)?);
    let (ports, tcp_flags) = match transport::ports(proto) {
        Ports::AndFlags => (ports, u16::from_be_bytes(*at(headers, 32)?) & TCP_FLAGS),
        Ports::Only => (ports, 0),
        Ports::TypeAndCode => (ports >> 16, 0),
        Ports::None => (0, 0),
    };
    let src = Ipv4Addr::from(*at(headers, 12)?);
    let dst = Ipv4Addr::from(*at(headers, 16)?);
    Some(Datagram {
        addresses: Address::pair(src, dst),
        transport: Transport { ports, tcp_flags },
        proto,
        tos,
        octets: u32::from(u16::from_be_bytes([total0, total1])),
    })
}

/// A word of the headers; there always is one.
#[inline(always)]
fn at<const N: usize>(headers: &[u8; HEADERS_LEN], offset: usize) -> Option<&[u8; N]> {
    headers.get(offset..)?.first_chunk()
}
