// SPDX-License-Identifier: BSD-2-Clause
//! What is before a frame's IP packet, of what a node can be fed with.

use pcap::Linktype;

const ETHERTYPE_IP: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// IEEE 802.1Q and 802.1ad.
const ETHERTYPE_VLAN: u16 = 0x8100;
const ETHERTYPE_QINQ: u16 = 0x88a8;

/// What frames begin with. A node can be told of Ethernet and of nothing, so all else
/// is turned into one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Ethernet's header.
    Ethernet,
    /// Nothing: an IP packet.
    RawIp,
    /// Linux's "cooked" header: the packet's type, 12 octets and an EtherType. Without
    /// the first two octets it is of Ethernet's shape.
    Cooked,
    /// Its second version: an EtherType and 18 octets.
    Cooked2,
    /// An address family, in the byte order of the machine that captured it.
    Null,
    /// An address family in network byte order.
    Loop,
}

impl Layer {
    /// What frames of a link type begin with; `None` when it is another. The
    /// numbers are those of capture files and of libpcap, which differ in none
    /// of these.
    pub fn of(link: Linktype) -> Option<Self> {
        Some(match link {
            Linktype::ETHERNET => Layer::Ethernet,
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => Layer::RawIp,
            // DLT_RAW of bpf(4), on Linux and on OpenBSD.
            Linktype(12 | 14) => Layer::RawIp,
            // FreeBSD's lo0, tun and gif.
            Linktype::NULL => Layer::Null,
            Linktype::LOOP => Layer::Loop,
            Linktype::LINUX_SLL => Layer::Cooked,
            Linktype::LINUX_SLL2 => Layer::Cooked2,
            _ => return None,
        })
    }

    /// Is what is fed an IP packet without a link layer?
    pub fn is_raw_ip(self) -> bool {
        !matches!(self, Layer::Ethernet | Layer::Cooked)
    }

    /// What is fed of a frame; nothing of one whose header says, without Ethernet's
    /// shape to say it in, that no IP packet follows. The node counts that as well.
    #[inline]
    pub fn payload(self, frame: &[u8]) -> &[u8] {
        match self {
            Layer::Ethernet | Layer::RawIp => frame,
            _ => self.behind_header(frame).unwrap_or_default(),
        }
    }

    // Not inlined where frames are Ethernet's, as most are.
    #[inline(never)]
    fn behind_header(self, frame: &[u8]) -> Option<&[u8]> {
        match self {
            Layer::Ethernet | Layer::RawIp => Some(frame),
            Layer::Cooked => frame.get(2..),
            Layer::Cooked2 => {
                let (mut ethertype, mut rest) = (u16_at_start(frame)?, frame.get(20..)?);
                while matches!(ethertype, ETHERTYPE_VLAN | ETHERTYPE_QINQ) {
                    // The tag, and the EtherType behind it.
                    ethertype = u16_at_start(rest.get(2..)?)?;
                    rest = rest.get(4..)?;
                }
                matches!(ethertype, ETHERTYPE_IP | ETHERTYPE_IPV6).then_some(rest)
            }
            Layer::Null | Layer::Loop => {
                let (family, rest) = frame.split_first_chunk()?;
                let family = u32::from_be_bytes(*family);
                let other_order = self == Layer::Null && is_ip(family.swap_bytes());
                (is_ip(family) || other_order).then_some(rest)
            }
        }
    }
}

fn u16_at_start(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().copied().map(u16::from_be_bytes)
}

/// `AF_INET`; `AF_INET6` of Linux, NetBSD and OpenBSD, FreeBSD, and macOS.
fn is_ip(family: u32) -> bool {
    matches!(family, 2 | 10 | 24 | 28 | 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(link: i32, header: &[u8]) -> Vec<u8> {
        let frame = [header, &[0x45, 1, 2]].concat();
        Layer::of(Linktype(link)).unwrap().payload(&frame).to_vec()
    }

    #[test]
    fn only_link_layers_that_are_known_are_taken() {
        assert_eq!(Layer::of(Linktype(1)), Some(Layer::Ethernet));
        assert_eq!(Layer::of(Linktype(105)), None);
        assert_eq!(payload(101, &[]), [0x45, 1, 2]);
    }

    #[test]
    fn an_address_family_says_whether_ip_follows() {
        let (null, r#loop) = (0, 108);
        for family in [2, 10, 24, 28, 30] {
            assert_eq!(payload(null, &[family, 0, 0, 0]), [0x45, 1, 2]);
            for link in [null, r#loop] {
                assert_eq!(payload(link, &[0, 0, 0, family]), [0x45, 1, 2]);
            }
            assert_eq!(payload(r#loop, &[family, 0, 0, 0]), [0; 0]);
        }
        // AppleTalk, and what ends within.
        assert_eq!(payload(null, &[16, 0, 0, 0]), [0; 0]);
        assert_eq!(Layer::Null.payload(&[2, 0, 0]), [0; 0]);
    }

    #[test]
    fn a_cooked_header_becomes_ethernets() {
        let mut header = [0; 16];
        header[14..].copy_from_slice(&[0x81, 0]);
        let fed = payload(113, &header);
        assert_eq!(fed[12..], [0x81, 0, 0x45, 1, 2]);
        assert!(!Layer::Cooked.is_raw_ip());
        assert_eq!(Layer::Cooked.payload(&[0]), [0; 0]);
    }

    #[test]
    fn the_second_cooked_header_says_whether_ip_follows() {
        let cooked2 = |ethertype: [u8; 2], tags: &[u8]| {
            let header = [&ethertype[..], &[0; 18], tags].concat();
            payload(276, &header)
        };
        for ip in [[8, 0], [0x86, 0xdd]] {
            assert_eq!(cooked2(ip, &[]), [0x45, 1, 2]);
            assert_eq!(cooked2([0x81, 0], &[0x45, 7, ip[0], ip[1]]), [0x45, 1, 2]);
            let two = [0, 1, 0x81, 0, 0, 2, ip[0], ip[1]];
            assert_eq!(cooked2([0x88, 0xa8], &two), [0x45, 1, 2]);
        }
        // ARP, an 802.3 frame, and a tag with either or no more behind it.
        for other in [[8, 6], [0, 4]] {
            assert_eq!(cooked2(other, &[]), [0; 0]);
            assert_eq!(cooked2([0x81, 0], &[0, 1, other[0], other[1]]), [0; 0]);
        }
        assert_eq!(cooked2([0x81, 0], &[]), [0; 0]);
        assert_eq!(Layer::Cooked2.payload(&[8, 0, 0]), [0; 0]);
    }
}
