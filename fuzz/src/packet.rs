// SPDX-License-Identifier: BSD-2-Clause
//! The packet parser: of every length, in one piece and in two, and beside the
//! plainest parser there is.

use std::net::IpAddr;

use flow::packet::{parse, plain, Datagram, Parsed};
use flow::{Address, Bytes, LinkType};

use super::naive::{self, Flow};
use super::tally;

/// A packet whose first octets only lie in one piece.
struct Pieces<'a>(&'a [u8], usize);

impl Bytes for Pieces<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn first(&self) -> &[u8] {
        &self.0[..self.1.min(self.0.len())]
    }

    fn copy_out(&self, at: usize, into: &mut [u8]) -> bool {
        self.0.copy_out(at, into)
    }
}

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

fn flow_of(parsed: Parsed) -> Flow {
    fn flow<A: Address + Into<IpAddr>>(datagram: Datagram<A>) -> Flow {
        let (src, dst) = A::unpair(datagram.addresses);
        Flow {
            src: src.into(),
            dst: dst.into(),
            proto: datagram.proto,
            sport: (datagram.transport.ports >> 16) as u16,
            dport: datagram.transport.ports as u16,
            tos: datagram.tos,
            octets: datagram.octets,
        }
    }
    match parsed {
        Parsed::V4(datagram) => flow(datagram),
        Parsed::V6(datagram) => flow(datagram),
    }
}
