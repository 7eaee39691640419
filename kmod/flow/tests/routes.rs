// SPDX-License-Identifier: BSD-2-Clause
//! What the routing tables say of a flow when it begins, for either IP version.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;

use flow::{LinkType, Path, Routes, Source, Timeouts};
use flow_testing::packets::{udp, udp6};
use flow_testing::{source, Memory, PLENTY};

const SOURCE: u32 = 0x0a01_0203;
const FIB: u16 = 3;
const PATH: Path<Ipv4Addr> = Path {
    next_hop: Ipv4Addr::new(192, 0, 2, 254),
    output: 2,
    src_mask: 24,
    dst_mask: 8,
};
const PATH6: Path<Ipv6Addr> = Path {
    next_hop: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xfe),
    output: 3,
    src_mask: 48,
    dst_mask: 64,
};

/// Knows one path of each version, and who asked for it.
#[derive(Default)]
struct Tables {
    asked: Mutex<Vec<(u16, IpAddr, IpAddr)>>,
}

impl Routes for Tables {
    fn path4(&self, fib: u16, src: Ipv4Addr, dst: Ipv4Addr) -> Path<Ipv4Addr> {
        self.asked
            .lock()
            .unwrap()
            .push((fib, src.into(), dst.into()));
        PATH
    }

    fn path6(&self, fib: u16, src: Ipv6Addr, dst: Ipv6Addr) -> Path<Ipv6Addr> {
        self.asked
            .lock()
            .unwrap()
            .push((fib, src.into(), dst.into()));
        PATH6
    }
}

#[test]
fn a_flow_has_the_path_that_its_beginning_asked_for() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let tables = Tables::default();
    let source = Source {
        fib: FIB,
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
    assert_eq!((v4[0].path, v6[0].path), (PATH, PATH6));
    let (key4, key6) = (v4[0].key, v6[0].key);
    assert_eq!(
        tables.asked.into_inner().unwrap(),
        [
            (FIB, key4.src.into(), key4.dst.into()),
            (FIB, key6.src.into(), key6.dst.into())
        ]
    );
}
