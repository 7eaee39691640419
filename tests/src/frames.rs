// SPDX-License-Identifier: BSD-2-Clause
//! Frames and captures, made by hand.

use std::net::IpAddr;
use std::time::Duration;

/// A packet's transport: what follows the IP header.
#[derive(Clone, Copy, Debug)]
pub enum Transport {
    /// An echo request, ICMP or ICMPv6.
    Echo,
    /// A neighbour solicitation.
    Neighbour,
    /// TCP with these ports and flags.
    Tcp(u16, u16, u8),
    /// UDP with these ports.
    Udp(u16, u16),
}

/// An Ethernet frame with an IP packet of `len` octets from `src` to `dst`, of
/// one family. Checksums are 0: nobody reads them here.
pub fn frame(src: IpAddr, dst: IpAddr, transport: Transport, len: usize) -> Vec<u8> {
    let (proto4, proto6, head) = match transport {
        Transport::Echo if src.is_ipv4() => (1, 58, vec![8, 0, 0, 0]),
        Transport::Echo => (1, 58, vec![128, 0, 0, 0]),
        Transport::Neighbour => (1, 58, vec![135, 0, 0, 0]),
        Transport::Tcp(sport, dport, flags) => {
            let ports = [sport.to_be_bytes(), dport.to_be_bytes()].concat();
            (
                6,
                6,
                [&ports[..], &[0; 8], &[0x50, flags, 0, 0, 0, 0, 0, 0]].concat(),
            )
        }
        Transport::Udp(sport, dport) => {
            let ports = [sport.to_be_bytes(), dport.to_be_bytes()].concat();
            (17, 17, [&ports[..], &[0; 4]].concat())
        }
    };
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            frame.extend([8, 0, 0x45, 0]);
            frame.extend((len as u16).to_be_bytes());
            frame.extend([0, 0, 0, 0, 64, proto4, 0, 0]);
            frame.extend(src.octets());
            frame.extend(dst.octets());
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend((len as u16 - 40).to_be_bytes());
            frame.extend([proto6, 64]);
            frame.extend(src.octets());
            frame.extend(dst.octets());
        }
        _ => panic!("{src} and {dst} are of two families"),
    }
    frame.extend(head);
    frame.resize(14 + len, 0);
    frame
}

/// A pcap file of frames and when each was captured, from November 2004 on.
pub fn pcap<'a>(frames: impl IntoIterator<Item = &'a (Duration, Vec<u8>)>) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    for (at, frame) in frames {
        let len = frame.len() as u32;
        let seconds = 1_100_000_000 + at.as_secs() as u32;
        for word in [seconds, at.subsec_micros(), len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}
