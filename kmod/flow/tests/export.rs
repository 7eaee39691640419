// SPDX-License-Identifier: BSD-2-Clause
//! Datagrams in the making: when they are due, how large they may become, and
//! what is in them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::Ordering::SeqCst;

use flow::export::v9::Settings;
use flow::export::{AnyRecord, Appended, Clock, Protocol, Stream, V5, V9};
use flow::{Address, FlowRecord, Key, Path, Sum};
use flow_testing::Memory;

const CLOCK: Clock = Clock {
    uptime: 10_000,
    unix_secs: 0,
    unix_nanos: 0,
};

fn record<A: Address>() -> FlowRecord<A> {
    FlowRecord {
        key: Key {
            src: A::UNSPECIFIED,
            dst: A::UNSPECIFIED,
            sport: 1,
            dport: 2,
            proto: 17,
            tos: 0,
            input: 1,
            fib: 5,
        },
        path: Path::UNKNOWN,
        packets: 3,
        octets: 200,
        first: 0,
        last: 0,
        tcp_flags: 0,
    }
}

fn v4() -> AnyRecord {
    AnyRecord::V4(record::<Ipv4Addr>())
}

fn v6() -> AnyRecord {
    AnyRecord::V6(record::<Ipv6Addr>())
}

#[test]
fn a_datagram_waits_from_its_first_record_on() {
    let memory = Memory::plenty();
    let mut stream = Stream::new(&memory, V5::new(0), &()).unwrap();
    assert!(!stream.has_waited(0, 10_000), "nothing waits");
    for now in [1000, 1700] {
        assert_eq!(stream.append(&memory, &v4(), &(), now), Appended::Room);
    }
    assert!(!stream.has_waited(1000, 1999));
    assert!(stream.has_waited(1000, 2000));
    let ready = stream.finish(CLOCK).unwrap();
    assert_eq!(ready.datagram.len(), 24 + 2 * 48);
    let two = Sum {
        records: 2,
        packets: 6,
        octets: 400,
    };
    assert_eq!(ready.records, two);
    assert_eq!(stream.pending(), Sum::default());
    assert!(stream.finish(CLOCK).is_none(), "nothing to send");

    stream.append(&memory, &v4(), &(), 5000);
    assert!(!stream.has_waited(1000, 5999), "another datagram");
    assert!(stream.has_waited(1000, 6000));
}

/// A small world, whole.
#[test]
fn version_5_has_every_number_of_records() {
    let memory = Memory::plenty();
    let mut stream = Stream::new(&memory, V5::new(0), &()).unwrap();
    let mut sequence = 0;
    for records in 1..=30u8 {
        for _ in 0..records {
            stream.append(&memory, &v4(), &(), 0);
        }
        let ready = stream.finish(CLOCK).unwrap();
        assert_eq!(ready.records.records, records.into());
        assert_eq!(ready.datagram.len(), 24 + 48 * usize::from(records));
        assert_eq!(ready.datagram[..4], [0, 5, 0, records]);
        assert_eq!(ready.datagram[16..20], u32::to_be_bytes(sequence));
        sequence += u32::from(records);
    }
}

#[test]
fn what_version_5_cannot_carry_waits_nowhere() {
    let memory = Memory::plenty();
    let mut stream = Stream::new(&memory, V5::new(0), &()).unwrap();
    assert_eq!(stream.append(&memory, &v6(), &(), 0), Appended::NotCarried);
    assert_eq!(stream.pending(), Sum::default());
    assert!(stream.finish(CLOCK).is_none());
}

/// Octets of the first datagram that is full.
fn fill(stream: &mut Stream<Memory, V9>, memory: &Memory, settings: &Settings) -> usize {
    let mut records = 1;
    while stream.append(memory, &v4(), settings, 0) != Appended::Full {
        records += 1;
    }
    assert_eq!(stream.pending().records, records);
    stream.finish(CLOCK).unwrap().datagram.len()
}

/// A datagram is nearly as large as its settings allow: one record more would
/// not fit.
fn is_full(len: usize, settings: &Settings) -> bool {
    let largest = V9::max_len(settings);
    len <= largest && len + 100 > largest
}

#[test]
fn a_larger_mtu_takes_effect_as_soon_as_there_is_memory() {
    let small = Settings {
        mtu: 600,
        ..Settings::DEFAULT
    };
    let large = Settings {
        mtu: 3000,
        ..Settings::DEFAULT
    };
    let memory = Memory::plenty();
    let mut stream = Stream::new(&memory, V9::new(0), &small).unwrap();
    assert!(is_full(fill(&mut stream, &memory, &small), &small));
    memory.allow(0);
    assert!(is_full(fill(&mut stream, &memory, &large), &small));
    memory.allow(2);
    assert!(is_full(fill(&mut stream, &memory, &large), &large));
    assert!(is_full(fill(&mut stream, &memory, &large), &large));
    assert_eq!(memory.left.load(SeqCst), 1, "as large as it has to be");
    // What is there is used again, for smaller datagrams too.
    assert!(is_full(fill(&mut stream, &memory, &large), &large));
    assert!(is_full(fill(&mut stream, &memory, &small), &small));
}

/// A collector that comes while nothing waits is told with its first records.
#[test]
fn a_new_collector_is_sent_nothing_for_itself() {
    let memory = Memory::plenty();
    let mut stream = Stream::new(&memory, V9::new(0), &Settings::DEFAULT).unwrap();
    let [told, untold] = [(); 2].map(|()| {
        stream.append(&memory, &v4(), &Settings::DEFAULT, 0);
        stream.finish(CLOCK).unwrap().datagram.len()
    });
    assert!(untold < told, "templates come once");
    stream.lost();
    assert!(stream.finish(CLOCK).is_none());
    stream.append(&memory, &v4(), &Settings::DEFAULT, 0);
    assert_eq!(stream.finish(CLOCK).unwrap().datagram.len(), told);
}

#[test]
fn records_of_either_version_know_what_is_in_them() {
    for record in [v4(), v6()] {
        assert_eq!(
            (record.fib(), record.packets(), record.octets()),
            (5, 3, 200)
        );
    }
}
