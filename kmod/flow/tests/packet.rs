// SPDX-License-Identifier: BSD-2-Clause
//! Packets as the wire has them, whole and cut off at every octet.

use flow::packet::{parse, plain, Datagram, Parsed, Transport};
use flow::{Address, Bytes, LinkType, Refusal};
use flow_testing::captures::{captures, read_pcap, shared};
use flow_testing::cases;
use flow_testing::packets::Pieces;
use proptest::prelude::*;
use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

const ETHERNET: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

/// A TCP SYN from 192.0.2.1:1016 to 198.51.100.2:111, 40 octets, TOS 0x10.
const IPV4_TCP: [u8; 40] = [
    0x45, 0x10, 0x00, 0x28, 0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2, //
    0x03, 0xf8, 0x00, 0x6f, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0,
];

/// An ICMPv6 echo request from 2001:db8::1 to 2001:db8::2, traffic class 0xb8.
const IPV6_ICMP: [u8; 48] = [
    0x6b, 0x80, 0, 0, 0, 8, 58, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, //
    128, 0, 0, 0, 0, 1, 0, 1,
];

fn frame(between: &[u8], ip: &[u8]) -> Vec<u8> {
    [&ETHERNET, between, ip].concat()
}

fn ethernet(packet: &[u8]) -> Result<Parsed, Refusal> {
    parse(packet, LinkType::Ethernet).map_err(|refused| refused.reason)
}

fn tcp_syn() -> Parsed {
    Parsed::V4(Datagram {
        addresses: Address::pair(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 2)),
        transport: Transport {
            ports: 1016 << 16 | 111,
            tcp_flags: 2,
        },
        proto: 6,
        tos: 0x10,
        octets: 40,
    })
}

fn echo_request() -> Parsed {
    Parsed::V6(Datagram {
        addresses: Address::pair(
            "2001:db8::1".parse::<Ipv6Addr>().unwrap(),
            "2001:db8::2".parse().unwrap(),
        ),
        transport: Transport {
            ports: 128 << 8,
            tcp_flags: 0,
        },
        proto: 58,
        tos: 0xb8,
        octets: 48,
    })
}

#[test]
fn every_encapsulation_leads_to_the_same_flow() {
    let wrappings: [&[u8]; 6] = [
        &[0x08, 0x00],
        &[0x81, 0, 0, 5, 0x08, 0x00],
        &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 5, 0x08, 0x00],
        &[0x91, 0, 0, 7, 0x91, 0, 0, 5, 0x08, 0x00],
        &[0x88, 0x47, 0, 1, 0x00, 64, 0, 2, 0x01, 64],
        &[0x88, 0x64, 0x11, 0, 0, 1, 0, 42, 0x00, 0x21],
    ];
    for between in wrappings {
        assert_eq!(
            ethernet(&frame(between, &IPV4_TCP)),
            Ok(tcp_syn()),
            "{between:x?}"
        );
    }
    let wrappings: [&[u8]; 4] = [
        &[0x86, 0xdd],
        &[0x81, 0, 0, 5, 0x86, 0xdd],
        &[0x88, 0x48, 0, 2, 0x01, 64],
        &[0x88, 0x64, 0x11, 0, 0, 1, 0, 50, 0x00, 0x57],
    ];
    for between in wrappings {
        assert_eq!(
            ethernet(&frame(between, &IPV6_ICMP)),
            Ok(echo_request()),
            "{between:x?}"
        );
    }
    assert_eq!(parse(&IPV4_TCP[..], LinkType::Raw), Ok(tcp_syn()));
    assert_eq!(parse(&IPV6_ICMP[..], LinkType::Raw), Ok(echo_request()));
}

#[test]
fn what_cannot_be_accounted_says_why() {
    let mut bad_version = IPV4_TCP;
    bad_version[0] = 0x65;
    let mut short_header = IPV4_TCP;
    short_header[0] = 0x44;
    let three_tags = [0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 0x08, 0];
    let labels = |n: usize| {
        let not_last = [0, 1, 0x00, 64].repeat(n - 1);
        [&[0x88, 0x47][..], &not_last, &[0, 2, 0x01, 64]].concat()
    };
    assert_eq!(ethernet(&frame(&labels(32), &IPV4_TCP)), Ok(tcp_syn()));
    let cases: [(Vec<u8>, Refusal); 10] = [
        (frame(&[0x08, 0x06], &[0; 28]), Refusal::NotIp),
        (
            frame(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 4, 0xc0, 0x21], &[0; 8]),
            Refusal::NotIp,
        ),
        (frame(&three_tags, &IPV4_TCP), Refusal::TooManyVlanTags),
        (frame(&[0x08, 0], &bad_version), Refusal::BadVersion),
        (frame(&[0x86, 0xdd], &IPV4_TCP), Refusal::BadVersion),
        (frame(&[0x08, 0], &short_header), Refusal::BadHeaderLength),
        (frame(&[0x08, 0], &IPV4_TCP[..19]), Refusal::IpTruncated),
        (
            frame(&[0x08, 0], &IPV4_TCP[..33]),
            Refusal::TransportTruncated,
        ),
        (ETHERNET.to_vec(), Refusal::LinkTruncated),
        (frame(&labels(33), &IPV4_TCP), Refusal::TooManyLabels),
    ];
    for (packet, reason) in cases {
        assert_eq!(ethernet(&packet), Err(reason), "{packet:x?}");
    }
}

/// The short way is taken by what it is for, and leads where the long one does.
#[test]
fn plain_packets_are_plain() {
    for proto in 0..=255 {
        let mut packet = IPV4_TCP;
        packet[9] = proto;
        let Ok(Parsed::V4(datagram)) = parse(&packet[..], LinkType::Raw) else {
            panic!("protocol {proto}");
        };
        assert_eq!(plain(&packet, LinkType::Raw), Some(datagram));
        let packet = frame(&[8, 0], &packet);
        assert_eq!(plain(&packet, LinkType::Ethernet), Some(datagram));
    }
    assert_eq!(plain(&IPV6_ICMP, LinkType::Raw), None);
    let mut later_fragment = IPV4_TCP;
    later_fragment[7] = 1;
    assert_eq!(plain(&later_fragment, LinkType::Raw), None);
    assert_eq!(plain(&IPV4_TCP[..33], LinkType::Raw), None);
}

#[test]
fn only_the_first_fragment_has_ports() {
    let mut first = IPV4_TCP;
    first[6] = 0x20; // more fragments, offset 0
    assert_eq!(ethernet(&frame(&[8, 0], &first)), Ok(tcp_syn()));
    let mut later = IPV4_TCP;
    later[7] = 0x01;
    let Ok(Parsed::V4(datagram)) = ethernet(&frame(&[8, 0], &later[..20])) else {
        panic!("a later fragment needs no transport header");
    };
    assert_eq!(datagram.transport, Transport::default());
    assert_eq!(datagram.proto, 6);
}

/// An IPv6 packet with `headers` (each a protocol number and octets) before UDP.
fn extended(headers: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut packet = IPV6_ICMP[..40].to_vec();
    packet[6] = headers.first().map_or(17, |h| h.0);
    for (n, (_, octets)) in headers.iter().enumerate() {
        let mut octets = octets.clone();
        octets[0] = headers.get(n + 1).map_or(17, |h| h.0);
        packet.extend(octets);
    }
    packet.extend([0, 53, 0, 54, 0, 8, 0, 0]);
    packet
}

#[test]
fn ipv6_extension_headers_are_walked() {
    let hop_by_hop = (0, vec![0; 8]);
    let routing = (43, [&[0, 2][..], &[0; 22]].concat());
    let authentication = (51, [&[0, 4][..], &[0; 22]].concat());
    let destination = (60, vec![0; 8]);
    let atomic_fragment = (44, vec![0; 8]);
    let packet = extended(&[
        hop_by_hop,
        routing,
        authentication,
        atomic_fragment,
        destination,
    ]);
    let Ok(Parsed::V6(datagram)) = parse(&packet[..], LinkType::Raw) else {
        panic!("refused");
    };
    assert_eq!(
        (datagram.proto, datagram.transport.ports),
        (17, 53 << 16 | 54)
    );

    let first_fragment = (44, vec![0, 0, 0, 1, 0, 0, 0, 9]);
    let Ok(Parsed::V6(datagram)) = parse(&extended(&[first_fragment])[..], LinkType::Raw) else {
        panic!("refused");
    };
    assert_eq!(datagram.transport.ports, 53 << 16 | 54);

    let later_fragment = (44, vec![0, 0, 0, 8, 0, 0, 0, 0]);
    let Ok(Parsed::V6(datagram)) = parse(&extended(&[later_fragment])[..], LinkType::Raw) else {
        panic!("refused");
    };
    assert_eq!(
        (datagram.proto, datagram.transport),
        (17, Transport::default())
    );
}

#[test]
fn sixteen_extension_headers_and_no_more() {
    let reason = |count| {
        parse(&extended(&vec![(60, vec![0; 8]); count])[..], LinkType::Raw)
            .map(drop)
            .map_err(|refused| refused.reason)
    };
    assert_eq!(reason(16), Ok(()));
    assert_eq!(reason(17), Err(Refusal::TooManyExtensions));
}

#[test]
fn it_does_not_matter_where_the_first_piece_ends() {
    // The last two end where their keys do.
    for ip in [&IPV4_TCP[..], &IPV6_ICMP, &IPV4_TCP[..34], &IPV6_ICMP[..44]] {
        assert!(parse(ip, LinkType::Raw).is_ok() && !Pieces(ip, 0).is_empty());
        for split in 0..=ip.len() {
            assert_eq!(
                parse(&Pieces(ip, split), LinkType::Raw),
                parse(ip, LinkType::Raw),
                "split at {split}"
            );
        }
    }
}

#[test]
fn a_packet_may_be_empty_and_each_refusal_has_its_name() {
    assert!(Pieces(&[], 0).is_empty());
    let names: HashSet<&str> = Refusal::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names.len(), Refusal::ALL.len());
    assert!(names.iter().all(|name| name.len() > 5), "{names:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4096)))]

    /// No bytes at all make the parser panic, and how they are split into
    /// pieces changes nothing.
    #[test]
    fn arbitrary_bytes_are_parsed_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        split in 0usize..200,
        raw: bool,
    ) {
        let link = if raw { LinkType::Raw } else { LinkType::Ethernet };
        let whole = parse(&bytes[..], link);
        prop_assert_eq!(parse(&Pieces(&bytes, split), link), whole);
        if let Some(datagram) = plain(&bytes, link) {
            prop_assert_eq!(Ok(Parsed::V4(datagram)), whole);
        }
    }

    /// The same behind a header that leads somewhere.
    #[test]
    fn arbitrary_bytes_behind_an_ip_ethertype(
        ethertype in prop::sample::select(vec![0x0800u16, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x8864]),
        mut bytes in proptest::collection::vec(any::<u8>(), 1..200),
        version in prop::sample::select(vec![0x45u8, 0x4f, 0x60]),
    ) {
        bytes[0] = version;
        let packet = frame(&ethertype.to_be_bytes(), &bytes);
        if let Some(datagram) = plain(&packet, LinkType::Ethernet) {
            prop_assert_eq!(Ok(Parsed::V4(datagram)), ethernet(&packet));
        }
        if let Ok(Parsed::V4(Datagram { octets, .. }) | Parsed::V6(Datagram { octets, .. }))
            = ethernet(&packet)
        {
            prop_assert!(octets <= 65_575);
        }
    }
}

/// Every packet of every capture that is kept beside the project, cut off at
/// every length up to 200: none panics, and none gains a flow key by being
/// longer than where its key ends.
#[test]
fn captures_cut_off_at_every_length() {
    let Some(shared) = shared() else {
        return;
    };
    let files = captures(&shared).unwrap();
    let (mut packets, mut cuts) = (0u64, 0u64);
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let (link, all) = read_pcap(&bytes);
        for packet in all.iter().map(|captured| captured.bytes) {
            let whole = parse(packet, link);
            for len in 0..packet.len().min(200) {
                if let Ok(cut) = parse(&packet[..len], link) {
                    assert_eq!(Ok(cut), whole, "{} at {len}", file.display());
                }
                cuts += 1;
            }
            packets += 1;
        }
    }
    println!(
        "{} files, {packets} packets, {cuts} truncated packets",
        files.len()
    );
    assert!(packets > 0);
}
