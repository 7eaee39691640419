// SPDX-License-Identifier: BSD-2-Clause
//! Why a packet is not accounted.

/// The reason why a packet has no flow key.  Each is counted by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Refusal {
    /// Neither IPv4 nor IPv6, as far as the link layer says.
    NotIp,
    /// The captured bytes end inside the link-layer header.
    LinkTruncated,
    /// More than two VLAN tags.
    TooManyVlanTags,
    /// The IP header's version is not what the layer below announced, or
    /// neither 4 nor 6.
    BadVersion,
    /// An IPv4 header length below 20 octets.
    BadHeaderLength,
    /// The captured bytes end inside the IP header.
    IpTruncated,
    /// The captured bytes end inside an IPv6 extension header.
    ExtensionTruncated,
    /// More than 16 IPv6 extension headers.
    TooManyExtensions,
    /// The captured bytes end before the ports, the ICMP type or TCP's flags.
    TransportTruncated,
    /// More than 32 MPLS labels.
    TooManyLabels,
}

impl Refusal {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Refusal; 10] = [
        Refusal::NotIp,
        Refusal::LinkTruncated,
        Refusal::TooManyVlanTags,
        Refusal::BadVersion,
        Refusal::BadHeaderLength,
        Refusal::IpTruncated,
        Refusal::ExtensionTruncated,
        Refusal::TooManyExtensions,
        Refusal::TransportTruncated,
        Refusal::TooManyLabels,
    ];

    /// The name under which it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::NotIp => "not IP",
            Refusal::LinkTruncated => "link header truncated",
            Refusal::TooManyVlanTags => "more than two VLAN tags",
            Refusal::BadVersion => "bad IP version",
            Refusal::BadHeaderLength => "bad IP header length",
            Refusal::IpTruncated => "IP header truncated",
            Refusal::ExtensionTruncated => "IPv6 extension header truncated",
            Refusal::TooManyExtensions => "more than 16 IPv6 extension headers",
            Refusal::TransportTruncated => "transport header truncated",
            Refusal::TooManyLabels => "more than 32 MPLS labels",
        }
    }
}
