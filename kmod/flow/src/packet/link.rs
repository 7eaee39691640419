// SPDX-License-Identifier: BSD-2-Clause
//! Link layers: Ethernet with VLAN tags, MPLS label stacks and PPPoE
//! sessions, and packets without a link layer.

use super::{Bytes, Refusal};

/// How a packet begins, `DLT_EN10MB` and `DLT_RAW` of bpf(4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// An Ethernet header.
    Ethernet,
    /// An IP header.
    Raw,
}

/// Which IP header begins where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// IPv4, at this offset.
    V4(usize),
    /// IPv6, at this offset.
    V6(usize),
}

/// EtherTypes (IEEE 802 numbers), as they stand behind the addresses.
mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const IPV6: u16 = 0x86dd;
    /// IEEE 802.1Q customer tag, 802.1ad service tag, and the older double tag.
    pub const VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
    /// RFC 5332: downstream- and upstream-assigned labels.
    pub const MPLS: [u16; 2] = [0x8847, 0x8848];
    /// RFC 2516.
    pub const PPPOE_SESSION: u16 = 0x8864;
}

/// PPP protocol numbers (RFC 1332, RFC 5072).
mod ppp {
    pub const IPV4: u16 = 0x0021;
    pub const IPV6: u16 = 0x0057;
}

pub(super) const ETHERNET_TYPE: usize = 12;
pub(super) const ETHERNET_LEN: usize = 14;
pub(super) const ETHERTYPE_IPV4: u16 = ethertype::IPV4;
const VLAN_TAG_LEN: usize = 4;
const MAX_VLAN_TAGS: usize = 2;
/// More labels than any network uses: a packet of nothing else must not keep a
/// CPU busy.
const MAX_LABELS: usize = 32;
/// PPPoE's header and the PPP protocol behind it.
const PPPOE_LEN: usize = 8;
const PPPOE_PROTOCOL: usize = 6;

/// Finds the IP header.
#[inline]
pub(super) fn network_layer<B: Bytes + ?Sized>(
    packet: &B,
    link_type: LinkType,
) -> Result<Network, Refusal> {
    match link_type {
        LinkType::Ethernet => {
            let ethertype = packet
                .read(ETHERNET_TYPE)
                .map(u16::from_be_bytes)
                .ok_or(Refusal::LinkTruncated)?;
            match ethertype {
                ethertype::IPV4 => announced(packet, ETHERNET_LEN, 4),
                ethertype::IPV6 => announced(packet, ETHERNET_LEN, 6),
                other => encapsulated(packet, ETHERNET_LEN, other),
            }
        }
        LinkType::Raw => by_version(packet, 0),
    }
}

/// An IP header of the version that the layer below announced.
#[inline]
fn announced<B: Bytes + ?Sized>(packet: &B, at: usize, version: u8) -> Result<Network, Refusal> {
    let [byte] = packet.read(at).ok_or(Refusal::IpTruncated)?;
    match (version, byte >> 4) {
        (4, 4) => Ok(Network::V4(at)),
        (6, 6) => Ok(Network::V6(at)),
        _ => Err(Refusal::BadVersion),
    }
}

/// An IP header that only its own version field announces.
fn by_version<B: Bytes + ?Sized>(packet: &B, at: usize) -> Result<Network, Refusal> {
    let [byte] = packet.read(at).ok_or(Refusal::IpTruncated)?;
    match byte >> 4 {
        4 => Ok(Network::V4(at)),
        6 => Ok(Network::V6(at)),
        _ => Err(Refusal::BadVersion),
    }
}

/// What follows at `at` behind an EtherType that is not IP itself.
fn encapsulated<B: Bytes + ?Sized>(
    packet: &B,
    mut at: usize,
    mut ethertype: u16,
) -> Result<Network, Refusal> {
    let mut tags = 0;
    while ethertype::VLAN.contains(&ethertype) {
        tags += 1;
        if tags > MAX_VLAN_TAGS {
            return Err(Refusal::TooManyVlanTags);
        }
        let [_, _, high, low] = packet.read(at).ok_or(Refusal::LinkTruncated)?;
        ethertype = u16::from_be_bytes([high, low]);
        at += VLAN_TAG_LEN;
    }
    match ethertype {
        ethertype::IPV4 => announced(packet, at, 4),
        ethertype::IPV6 => announced(packet, at, 6),
        ethertype::PPPOE_SESSION => pppoe(packet, at),
        other if ethertype::MPLS.contains(&other) => mpls(packet, at),
        _ => Err(Refusal::NotIp),
    }
}

/// An MPLS label stack (RFC 3032).  Nothing in it names the payload, so its
/// first four bits must (RFC 4928).
fn mpls<B: Bytes + ?Sized>(packet: &B, mut at: usize) -> Result<Network, Refusal> {
    const LABEL_LEN: usize = 4;
    const BOTTOM_OF_STACK: u8 = 0x01;
    for _ in 0..MAX_LABELS {
        let [_, _, flags, _ttl] = packet.read(at).ok_or(Refusal::LinkTruncated)?;
        at += LABEL_LEN;
        if flags & BOTTOM_OF_STACK != 0 {
            return by_version(packet, at);
        }
    }
    Err(Refusal::TooManyLabels)
}

/// A PPPoE session frame (RFC 2516).
fn pppoe<B: Bytes + ?Sized>(packet: &B, at: usize) -> Result<Network, Refusal> {
    let protocol = packet
        .read(at + PPPOE_PROTOCOL)
        .map(u16::from_be_bytes)
        .ok_or(Refusal::LinkTruncated)?;
    match protocol {
        ppp::IPV4 => announced(packet, at + PPPOE_LEN, 4),
        ppp::IPV6 => announced(packet, at + PPPOE_LEN, 6),
        _ => Err(Refusal::NotIp),
    }
}
