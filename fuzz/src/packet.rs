// SPDX-License-Identifier: BSD-2-Clause
//! The packet parser: of every length, in one piece and in two, and beside the
//! plainest parser there is.

use flow::packet::{parse, Parsed};
use flow::{Bytes, LinkType};

use super::naive::{self, Flow};

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
    let parsed = parse(packet, link_type);
    assert_eq!(
        parsed,
        parse(&Pieces(packet, piece), link_type),
        "in pieces"
    );
    let plain = match link_type {
        LinkType::Ethernet => naive::ethernet(packet),
        LinkType::Raw => naive::ip(packet),
    };
    assert_eq!(parsed.ok().map(flow_of), plain, "{packet:x?}");
}

fn flow_of(parsed: Parsed) -> Flow {
    macro_rules! flow {
        ($datagram:expr) => {
            Flow {
                src: $datagram.src.into(),
                dst: $datagram.dst.into(),
                proto: $datagram.proto,
                sport: $datagram.transport.sport,
                dport: $datagram.transport.dport,
                tos: $datagram.tos,
                octets: $datagram.octets,
            }
        };
    }
    match parsed {
        Parsed::V4(datagram) => flow!(datagram),
        Parsed::V6(datagram) => flow!(datagram),
    }
}
