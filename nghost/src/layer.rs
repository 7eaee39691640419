// SPDX-License-Identifier: BSD-2-Clause
//! What is before a frame's IP packet, of what a node can be fed with.

use pcap::Linktype;

/// A node can be told of Ethernet and of nothing, so all else is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// An Ethernet header, which stays.
    Ethernet,
    /// So many octets, which are taken off.
    Octets(usize),
}

impl Layer {
    /// What frames of a link type begin with; `None` when it is another. The
    /// numbers are those of capture files and of libpcap, which differ in none
    /// of these.
    pub fn of(link: Linktype) -> Option<Self> {
        Some(match link {
            Linktype::ETHERNET => Layer::Ethernet,
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => Layer::Octets(0),
            // DLT_RAW of bpf(4), on Linux and on OpenBSD.
            Linktype(12 | 14) => Layer::Octets(0),
            // An address family, as FreeBSD's lo0, tun and gif have it.
            Linktype::NULL | Linktype::LOOP => Layer::Octets(4),
            Linktype::LINUX_SLL => Layer::Octets(16),
            Linktype::LINUX_SLL2 => Layer::Octets(20),
            _ => return None,
        })
    }

    /// Is what is fed an IP packet without a link layer?
    pub fn is_raw_ip(self) -> bool {
        self != Layer::Ethernet
    }

    /// What is fed of a frame; of one that is shorter than its link layer's
    /// header, nothing.
    #[inline]
    pub fn payload(self, frame: &[u8]) -> &[u8] {
        match self {
            Layer::Ethernet => frame,
            Layer::Octets(len) => frame.get(len..).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_the_packet_is_taken_off() {
        let null = Layer::of(Linktype(0)).unwrap();
        assert_eq!(null.payload(&[2, 0, 0, 0, 0x45]), [0x45]);
        assert_eq!(null.payload(&[2, 0]), [0; 0]);
        assert_eq!(Layer::of(Linktype(1)), Some(Layer::Ethernet));
        assert_eq!(Layer::of(Linktype(105)), None);
    }
}
