// SPDX-License-Identifier: BSD-2-Clause
//! Records of any content, through the encoders of both versions, to decoders
//! that were written from the standards alone: what comes out is what went in.

use std::cell::RefCell;

use end_to_end::collector::{totals, totals9};
use end_to_end::oracle::{add, FlowKey, Totals};
use flow::export::{v9, AnyRecord, Appended, Clock, Protocol, Stream, V5, V9};
use flow::{FlowRecord, Key, Path};
use flow_testing::Memory;

use crate::{tally, Input};

const RECORDS: usize = 400;
/// Milliseconds of uptime, at which everything is sent.
const NOW: u64 = 5_000_000;

/// Two octets of MTU and two of template settings, then records.
pub fn run(data: &[u8]) {
    tally::add(1);
    let mut input = Input(data);
    let settings = v9::Settings {
        mtu: input
            .u16()
            .clamp(*v9::Settings::MTUS.start(), *v9::Settings::MTUS.end()),
        template_datagrams: input.u8().into(),
        template_secs: input.u8().into(),
    };
    let (mut v4, mut all) = (Totals::new(), Totals::new());
    let mut records = Vec::new();
    while !input.is_empty() && records.len() < RECORDS {
        let record = record(&mut input);
        let (key, packets, octets) = summary(&record);
        add(&mut all, key, packets, octets);
        if key.src.is_ipv4() {
            add(&mut v4, key, packets, octets);
        }
        records.push(record);
    }
    let version5 = send(V5::new(0), &(), &records);
    assert_eq!(totals(&version5).expect("version 5"), v4);
    let version9 = send(V9::new(0), &settings, &records);
    assert_eq!(totals9(&version9).expect("version 9"), all);
    for datagram in &version9 {
        assert!(
            datagram.len() <= usize::from(settings.mtu.max(v9::Settings::MIN_MTU)),
            "{}",
            datagram.len()
        );
    }
}

fn record(input: &mut Input<'_>) -> AnyRecord {
    macro_rules! record {
        ($version:path, $address:ty, $octets:literal) => {{
            let key = Key {
                src: <$address>::from(input.array::<$octets>()),
                dst: <$address>::from(input.array::<$octets>()),
                sport: input.u16(),
                dport: input.u16(),
                proto: input.u8(),
                tos: input.u8(),
                input: input.u16(),
                fib: 0,
            };
            let path = Path {
                next_hop: <$address>::from(input.array::<$octets>()),
                output: input.u16(),
                src_mask: input.u8(),
                dst_mask: input.u8(),
            };
            let first = u64::from(input.u32()) % NOW;
            $version(FlowRecord {
                key,
                path,
                packets: input.u32().max(1),
                octets: input.u32(),
                first,
                last: first + u64::from(input.u16()) % (NOW - first),
                tcp_flags: input.u16(),
            })
        }};
    }
    match input.u8() % 2 {
        0 => record!(AnyRecord::V4, std::net::Ipv4Addr, 4),
        _ => record!(AnyRecord::V6, std::net::Ipv6Addr, 16),
    }
}

fn summary(record: &AnyRecord) -> (FlowKey, u32, u32) {
    match record {
        AnyRecord::V4(record) => ((&record.key).into(), record.packets, record.octets),
        AnyRecord::V6(record) => ((&record.key).into(), record.packets, record.octets),
    }
}

/// The datagrams that carry these records.
fn send<E: Protocol>(protocol: E, settings: &E::Settings, records: &[AnyRecord]) -> Vec<Vec<u8>> {
    let memory = Memory::plenty();
    let stream = Stream::new(&memory, protocol, settings).expect("plenty of memory");
    let (stream, datagrams) = (RefCell::new(stream), RefCell::new(Vec::new()));
    let finish = || {
        let clock = Clock {
            uptime: NOW,
            unix_secs: 1_700_000_000,
            unix_nanos: 0,
        };
        if let Some(ready) = stream.borrow_mut().finish(clock) {
            datagrams.borrow_mut().push(ready.datagram.to_vec());
        }
    };
    for record in records {
        let appended = stream.borrow_mut().append(&memory, record, settings, NOW);
        if appended == Appended::Full {
            finish();
        }
    }
    finish();
    datagrams.into_inner()
}
