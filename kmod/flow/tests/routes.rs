// SPDX-License-Identifier: BSD-2-Clause
//! What the routing tables say of a flow when it begins, for either IP version.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;

use flow::{FlowRecord, Hop, LinkType, Lookups, Path, Routes, Source, Timeouts};
use flow_testing::packets::{udp, udp6};
use flow_testing::{source, Memory, PLENTY};

const SOURCE: u32 = 0x0a01_0203;
const FIB: u16 = 3;
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);
const GATEWAY6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xfe);

/// Prefixes of 8 and 64 bits lead to the destinations, of 24 and 48 bits to
/// the sources.
#[derive(Default)]
struct Tables {
    asked: Mutex<Vec<(u16, IpAddr)>>,
}

impl Routes for Tables {
    fn route4(&self, fib: u16, to: Ipv4Addr) -> Option<Hop<Ipv4Addr>> {
        self.asked.lock().unwrap().push((fib, to.into()));
        let is_source = to == Ipv4Addr::from(SOURCE);
        Some(Hop {
            interface: if is_source { 1 } else { 2 },
            gateway: GATEWAY,
            prefix_len: if is_source { 24 } else { 8 },
        })
    }

    fn route6(&self, fib: u16, to: Ipv6Addr) -> Option<Hop<Ipv6Addr>> {
        self.asked.lock().unwrap().push((fib, to.into()));
        let is_source = to.segments()[0] == 0x2001;
        Some(Hop {
            interface: if is_source { 1 } else { 2 },
            gateway: GATEWAY6,
            prefix_len: if is_source { 48 } else { 64 },
        })
    }
}

/// The records of an IPv4 and an IPv6 flow, and what their beginning asked.
fn begin(lookups: Lookups) -> (FlowRecord<Ipv4Addr>, FlowRecord<Ipv6Addr>, Tables) {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let tables = Tables::default();
    let source = Source {
        fib: FIB,
        lookups,
        ..source(LinkType::Raw)
    };
    // A flow's second packet asks nobody.
    for now in [0, 1] {
        engine
            .observe(&udp(SOURCE)[..], source, now, &tables)
            .unwrap();
        engine
            .observe(&udp6(SOURCE)[..], source, now, &tables)
            .unwrap();
    }
    let moment = flow::Moment {
        now: 1,
        timeouts: Timeouts::NONE,
    };
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for shard in 0..flow::cache::SHARDS {
        engine.sweep(shard, moment, usize::MAX, |r| v4.push(r), |r| v6.push(r));
    }
    assert_eq!((v4.len(), v6.len()), (1, 1));
    (v4[0], v6[0], tables)
}

#[test]
fn a_flow_has_the_routes_to_both_its_ends() {
    let (v4, v6, tables) = begin(Lookups {
        source: true,
        destination: true,
    });
    assert_eq!(
        v4.path,
        Path {
            next_hop: GATEWAY,
            output: 2,
            src_mask: 24,
            dst_mask: 8,
        }
    );
    assert_eq!(
        v6.path,
        Path {
            next_hop: GATEWAY6,
            output: 2,
            src_mask: 48,
            dst_mask: 64,
        }
    );
    let mut asked = tables.asked.into_inner().unwrap();
    asked.sort_unstable();
    let ends: [IpAddr; 4] = [
        v4.key.dst.into(),
        v4.key.src.into(),
        v6.key.src.into(),
        v6.key.dst.into(),
    ];
    assert_eq!(asked, ends.map(|end| (FIB, end)), "each once, in its table");
}

#[test]
fn what_is_not_wanted_is_not_asked() {
    let (v4, v6, tables) = begin(Lookups {
        source: false,
        destination: true,
    });
    assert_eq!((v4.path.src_mask, v4.path.dst_mask), (0, 8));
    assert_eq!((v6.path.src_mask, v6.path.dst_mask), (0, 64));
    assert_eq!(tables.asked.into_inner().unwrap().len(), 2);

    let (v4, v6, tables) = begin(Lookups {
        source: true,
        destination: false,
    });
    let only_source = |src_mask| Path {
        src_mask,
        ..Path::UNKNOWN
    };
    assert_eq!(v4.path, only_source(24));
    assert_eq!((v6.path.src_mask, v6.path.output), (48, 0));
    assert_eq!(tables.asked.into_inner().unwrap().len(), 2);

    let (v4, v6, tables) = begin(Lookups {
        source: false,
        destination: false,
    });
    assert_eq!((v4.path, v6.path), (Path::UNKNOWN, Path::UNKNOWN));
    assert_eq!(tables.asked.into_inner().unwrap(), []);
}
