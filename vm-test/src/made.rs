// SPDX-License-Identifier: BSD-2-Clause
//! Frames of which all is known: what a node must count of them, and base's
//! does too.

use end_to_end::{
    frames::{self, Transport},
    oracle::{FlowKey, Totals},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

/// The largest packet of IP. A stack that leaves segments to a NIC (TSO) hands
/// over such ones.
const LARGEST: usize = 65_535;

/// Each frame, and the flow that it is of.
pub fn frames() -> Vec<(FlowKey, usize, Vec<u8>)> {
    let mut made = Vec::new();
    let transports = [Transport::Tcp(40_000, 80, 0x10), Transport::Udp(5353, 53)];
    for family in [4, 6] {
        for transport in transports {
            for (tag, len) in [
                (false, 61),
                (true, 90),
                (false, 1500),
                (true, LARGEST),
                (false, LARGEST),
            ] {
                // A flow of its own each, by the last octet.
                let last = made.len() as u8 + 1;
                let (src, dst) = match family {
                    4 => (v4(last), v4(200)),
                    _ => (v6(last), v6(200)),
                };
                let mut frame = frames::frame(src, dst, transport, len);
                if tag {
                    // 802.1Q: priority 1, VLAN 5.
                    frame.splice(12..12, [0x81, 0, 0x20, 5]);
                }
                let (proto, sport, dport) = match transport {
                    Transport::Tcp(sport, dport, _) => (6, sport, dport),
                    Transport::Udp(sport, dport) => (17, sport, dport),
                    other => unreachable!("{other:?}"),
                };
                let key = FlowKey {
                    src,
                    dst,
                    proto,
                    sport,
                    dport,
                    tos: 0,
                };
                made.push((key, len, frame));
            }
        }
    }
    made
}

/// What is in them, if each has been sent so often.
pub fn totals(times: u64) -> Totals {
    let total = |len: usize| (times, times * len as u64);
    frames()
        .into_iter()
        .map(|(key, len, _)| (key, total(len)))
        .collect()
}

/// A capture of them.
pub fn capture() -> Vec<u8> {
    let frames: Vec<_> = frames()
        .into_iter()
        .map(|(_, _, frame)| (Duration::ZERO, frame))
        .collect();
    frames::pcap(&frames)
}

fn v4(last: u8) -> IpAddr {
    Ipv4Addr::new(198, 51, 100, last).into()
}

fn v6(last: u8) -> IpAddr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).into()
}
