// SPDX-License-Identifier: BSD-2-Clause
//! The packet parser: of every length, in one piece and in two, and beside the
//! plainest parser there is.

use std::net::IpAddr;

use end_to_end::oracle::FlowKey;
use flow::packet::{parse, plain, Datagram, Parsed};
use flow::{Address, LinkType};
use flow_testing::packets::Pieces;

use crate::{naive, tally};

/// Octets beyond which a packet is not cut off any more.
const CUT: usize = 200;

/// The first octet is the link type and the first piece's length.
pub fn run(data: &[u8]) {
    let Some((&how, packet)) = data.split_first() else {
        return;
    };
    let link_type = if how & 1 == 0 {
        LinkType::Ethernet
    } else {
        LinkType::Raw
    };
    check(packet, link_type, usize::from(how >> 1));
    for len in 0..packet.len().min(CUT) {
        check(&packet[..len], link_type, usize::from(how >> 1));
    }
}

fn check(packet: &[u8], link_type: LinkType, piece: usize) {
    tally::add(1);
    let parsed = parse(packet, link_type);
    assert_eq!(
        parsed,
        parse(&Pieces(packet, piece), link_type),
        "in pieces"
    );
    let naive = match link_type {
        LinkType::Ethernet => naive::ethernet(packet),
        LinkType::Raw => naive::ip(packet),
    };
    assert_eq!(parsed.ok().map(flow_of), naive, "{packet:x?}");
    if let Some(datagram) = plain(packet, link_type) {
        assert_eq!(Ok(Parsed::V4(datagram)), parsed, "the short way");
    }
}

/// What tells its flow, and its octets.
fn flow_of(parsed: Parsed) -> (FlowKey, u32) {
    fn flow<A: Address + Into<IpAddr>>(datagram: Datagram<A>) -> (FlowKey, u32) {
        let (src, dst) = A::unpair(datagram.addresses);
        let key = FlowKey {
            src: src.into(),
            dst: dst.into(),
            proto: datagram.proto,
            sport: (datagram.transport.ports >> 16) as u16,
            dport: datagram.transport.ports as u16,
            tos: datagram.tos,
        };
        (key, datagram.octets)
    }
    match parsed {
        Parsed::V4(datagram) => flow(datagram),
        Parsed::V6(datagram) => flow(datagram),
    }
}
