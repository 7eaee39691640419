// SPDX-License-Identifier: BSD-2-Clause
//! Small worlds, whole: every packet that can be put together from a few
//! pieces, cut off at every length, read by the parser and by the plainest
//! parser there is.
//!
//! The pieces are chosen so that each branch of the parser has one that takes
//! it and one that does not; what lies between them never decides anything.

use fuzz_targets::packet;

/// Octet 0 of a fuzz target's input: the link type, and where the first piece
/// of the packet ends.
const ETHERNET: [u8; 2] = [0, 40 << 1];
const RAW: [u8; 2] = [1, 21 << 1 | 1];

/// Runs a packet through the target in pieces of both lengths.
fn try_all(how: [u8; 2], packet: &[u8], tried: &mut u64) {
    for how in how {
        packet::run(&[&[how][..], packet].concat());
        // At every length up to the whole.
        *tried += packet.len() as u64 + 1;
    }
}

fn upper_layers() -> Vec<(u8, Vec<u8>)> {
    let octets: Vec<u8> = (1..=20).collect();
    [1, 6, 17, 58, 132, 136, 2, 255]
        .map(|proto| (proto, octets.clone()))
        .to_vec()
}

#[test]
fn every_small_ipv4_packet() {
    let mut tried = 0;
    for (proto, above) in upper_layers() {
        for version_and_len in [0x44, 0x45, 0x46, 0x4f, 0x55, 0x65, 0x05] {
            for (fragment_hi, fragment_lo) in [(0, 0), (0x20, 0), (0x40, 0), (0, 1), (0x1f, 0xff)] {
                for options in [0, 4, 40] {
                    let mut packet = vec![version_and_len, 0x10, 1, 2, 0, 0];
                    packet.extend([fragment_hi, fragment_lo, 64, proto, 0, 0]);
                    packet.extend([10, 0, 0, 1, 10, 0, 0, 2]);
                    packet.resize(20 + options, 0x45);
                    packet.extend(&above);
                    try_all(RAW, &packet, &mut tried);
                }
            }
        }
    }
    println!("{tried} IPv4 packets");
    assert!(tried > 50_000);
}

#[test]
fn every_small_chain_of_ipv6_headers() {
    const KINDS: [u8; 7] = [0, 43, 44, 51, 60, 6, 59];
    let mut tried = 0;
    // All chains of up to three headers of each kind, length and fragment
    // offset, before each upper layer.
    let links: Vec<(u8, Vec<u8>)> = [
        (0, 0, 8),
        (43, 1, 16),
        (60, 255, 16),
        (51, 0, 8),
        (51, 4, 24),
        (44, 0, 8),
    ]
    .iter()
    .map(|&(kind, len, octets)| {
        let mut header = vec![0u8; octets];
        header[1] = len;
        (kind, header)
    })
    .chain([
        (44, vec![0, 0, 0, 8, 0, 0, 0, 0]),
        (44, vec![0, 0, 0, 7, 0, 0, 0, 0]),
    ])
    .collect();
    let mut chains: Vec<Vec<usize>> = vec![vec![]];
    let mut longest: Vec<Vec<usize>> = vec![vec![]];
    for _ in 0..3 {
        longest = longest
            .iter()
            .flat_map(|chain| (0..links.len()).map(move |n| [&chain[..], &[n]].concat()))
            .collect();
        chains.extend(longest.clone());
    }
    for chain in &chains {
        for last in KINDS.iter().chain(&[17, 58]) {
            let mut packet = vec![0x6a, 0xb0, 0, 0, 0, 9];
            packet.push(chain.first().map_or(*last, |n| links[*n].0));
            packet.push(64);
            packet.extend(1..=32);
            for (at, n) in chain.iter().enumerate() {
                let mut header = links[*n].1.clone();
                header[0] = chain.get(at + 1).map_or(*last, |n| links[*n].0);
                packet.extend(header);
            }
            packet.extend(1..=15);
            try_all(RAW, &packet, &mut tried);
        }
    }
    println!("{tried} IPv6 packets, {} chains", chains.len());
    assert_eq!(chains.len(), 1 + 8 + 64 + 512);
}

#[test]
fn every_small_link_layer() {
    let ipv4: Vec<u8> = [&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0][..], &[1; 16]].concat();
    let ipv6: Vec<u8> = [&[0x60, 0, 0, 0, 0, 8, 17, 64][..], &[2; 40]].concat();
    let layers: Vec<(u16, Vec<u8>)> = vec![
        (0x8100, vec![0, 5]),
        (0x88a8, vec![0, 6]),
        (0x9100, vec![0, 7]),
        (0x8847, vec![0, 0, 0x01, 64]),
        (0x8848, vec![0, 0, 0x00, 64, 0, 0, 0x01, 64]),
        (0x8847, [0, 0, 0, 64].repeat(33)),
        (0x8864, vec![0x11, 0, 0, 1, 0, 30, 0x00, 0x21]),
        (0x8864, vec![0x11, 0, 0, 1, 0, 30, 0x00, 0x57]),
        (0x8864, vec![0x11, 0, 0, 1, 0, 30, 0xc0, 0x21]),
        (0x0800, vec![]),
        (0x86dd, vec![]),
        (0x0806, vec![0; 28]),
    ];
    let mut tried = 0;
    // All stacks of up to four layers; only tags have a type behind them, the
    // others' is their payload.
    let mut stacks: Vec<Vec<usize>> = vec![vec![]];
    let mut longest: Vec<Vec<usize>> = vec![vec![]];
    for _ in 0..4 {
        longest = longest
            .iter()
            .filter(|stack| stack.iter().all(|n| *n < 3))
            .flat_map(|stack| (0..layers.len()).map(move |n| [&stack[..], &[n]].concat()))
            .collect();
        stacks.extend(longest.clone());
    }
    for stack in &stacks {
        for inner in [&ipv4, &ipv6, &vec![0x55; 30]] {
            let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
            for n in stack {
                frame.extend(layers[*n].0.to_be_bytes());
                frame.extend(&layers[*n].1);
            }
            frame.extend(inner);
            try_all(ETHERNET, &frame, &mut tried);
        }
    }
    println!("{tried} frames, {} stacks", stacks.len());
    assert_eq!(stacks.len(), 1 + 12 + 3 * 12 + 9 * 12 + 27 * 12);
}
