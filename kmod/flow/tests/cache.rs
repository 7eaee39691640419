// SPDX-License-Identifier: BSD-2-Clause
//! The cache as it runs: when records leave, at its limit, without memory, and
//! under many threads.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering::SeqCst;

use flow::cache::SHARDS;
use flow::{FlowRecord, LinkType, NoRoutes, Refusal, Refused, Source};
use flow_testing::drive::{everything, observe, sweep, walk};
use flow_testing::flags::{ACK, FIN};
use flow_testing::packets::{self, claiming};
use flow_testing::{source, Memory, PLENTY};

/// A TCP packet of flow `flow`, as raw IPv4.
fn tcp(flow: u32, flags: u8, octets: u16) -> [u8; 40] {
    claiming(octets, packets::tcp(flow, flags))
}

#[test]
fn a_sweep_takes_no_more_than_there_is_room_for_and_forgets_nothing() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    for flow in 0..5000 {
        observe(&engine, &tcp(flow, ACK, 100), 1000).unwrap();
    }
    let mut taken = HashSet::new();
    let mut rounds = 0;
    loop {
        let mut more = false;
        for shard in 0..SHARDS {
            let mut count = 0;
            more |= engine.sweep(
                shard,
                engine.at(16_000),
                3,
                |record| {
                    count += 1;
                    assert!(taken.insert(record.key.src));
                },
                |_| (),
            );
            assert!(count <= 3);
        }
        rounds += 1;
        if !more {
            break;
        }
    }
    assert_eq!(taken.len(), 5000);
    assert!(rounds > 5, "about 20 flows in each shard, 3 at a time");
}

#[test]
fn records_that_are_not_due_stay_and_nothing_is_due_too_late() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    observe(&engine, &tcp(1, ACK, 100), 0).unwrap();
    assert_eq!(sweep(&engine, engine.at(14_999)).len(), 0);
    assert_eq!(sweep(&engine, engine.at(15_000)).len(), 1, "idle for 15 s");
    observe(&engine, &tcp(2, ACK, 100), 20_000).unwrap();
    for second in 21..1820 {
        observe(&engine, &tcp(2, ACK, 100), second * 1000).unwrap();
        assert_eq!(sweep(&engine, engine.at(second * 1000)).len(), 0);
    }
    let taken = sweep(&engine, engine.at(1_820_000));
    assert_eq!(taken.len(), 1, "30 minutes old");
    assert_eq!(
        (taken[0].packets, taken[0].first, taken[0].last),
        (1800, 20_000, 1_819_000)
    );
}

/// And changes nothing: what is looked ahead at is yet to be accounted.
#[test]
fn looking_ahead_tells_the_flows_that_are_known() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    for flow in 0..10 {
        observe(&engine, &tcp(flow, ACK, 100), 1000).unwrap();
    }
    let packets: Vec<_> = (4..100).map(|flow| tcp(flow, ACK, 100)).collect();
    let packets: Vec<&[u8]> = packets.iter().map(|packet| &packet[..]).collect();
    let known = |packets: &[&[u8]]| engine.look_ahead(packets, source(LinkType::Raw));
    assert_eq!(known(&packets), 6);
    assert_eq!(known(&packets[..4]), 4);
    assert_eq!(known(&packets[6..]), 0);
    assert_eq!(known(&[&packets::udp6(1), &[]]), 0, "not looked at");
    let elsewhere = engine.look_ahead(&packets, source(LinkType::Ethernet));
    assert_eq!(elsewhere, 0);
    assert_eq!(engine.v4().counts().packets, 10);

    // Among many, some lie where others would be looked for.
    let square = |number: u32| tcp(number * number, ACK, 100);
    for number in 10..4000 {
        observe(&engine, &square(number), 1000).unwrap();
    }
    for number in 4000..8000 {
        assert_eq!(known(&[&square(number)]), 0, "{number}");
    }
}

/// Also those that share a bucket with too many others, while the index grows,
/// and when others of that bucket are gone.
#[test]
fn every_flow_of_many_is_found_again() {
    const FLOWS: u32 = 50_000;
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    // Even steps would have hashes in even steps, and all buckets the same.
    let scattered = |n: u32| {
        let n = n.wrapping_mul(0x9e37_79b1);
        (n ^ n >> 15).wrapping_mul(0x85eb_ca77)
    };
    let flows = (0..FLOWS).map(scattered);
    let is_short = |flow| flow % 3 == 0;
    for round in 0..4 {
        for flow in flows.clone().filter(|flow| round < 2 || !is_short(*flow)) {
            let flags = if round == 1 && is_short(flow) {
                FIN
            } else {
                ACK
            };
            observe(&engine, &tcp(flow, flags, 100), round).unwrap();
        }
    }
    let taken = sweep(&engine, everything(3));
    assert_eq!(taken.len(), FLOWS as usize);
    for record in taken {
        let flow = u32::from(record.key.src);
        assert_eq!(record.packets, if is_short(flow) { 2 } else { 4 }, "{flow}");
    }
}

#[test]
fn what_a_cache_has_done_is_counted() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    engine.set_timeouts(10, 30);
    for flow in 1..=3 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
    }
    observe(&engine, &tcp(3, ACK, 50), 9000).unwrap();
    let counts = engine.v4().counts();
    assert_eq!((counts.packets, counts.octets), (4, 350));
    assert_eq!((counts.open, counts.records), (3, 3));
    assert_eq!(sweep(&engine, engine.at(10_000)).len(), 2);
    for now in [18_000, 27_000] {
        observe(&engine, &tcp(3, ACK, 50), now).unwrap();
    }
    assert_eq!(sweep(&engine, engine.at(30_000)).len(), 1);
    let counts = engine.v4().counts();
    assert_eq!((counts.inactive_expiries, counts.active_expiries), (2, 1));
    assert_eq!((counts.packets, counts.octets), (6, 450));
    assert_eq!((counts.open, counts.records), (0, 0));
}

#[test]
fn what_is_not_accounted_is_counted() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let cut_off = Err(Refused::Packet(Refusal::TransportTruncated));
    assert_eq!(observe(&engine, &packets::udp(1)[..21], 0), cut_off);
    for len in [41, 42] {
        assert_eq!(observe(&engine, &packets::udp6(1)[..len], 0), cut_off);
    }
    let skipped = [engine.skipped4(), engine.skipped6()];
    let skipped = skipped.map(|sum| (sum.packets, sum.octets));
    assert_eq!(skipped, [(1, 21), (2, 83)]);
    let mut expected = [0; Refusal::ALL.len()];
    expected[Refusal::TransportTruncated as usize] = 3;
    assert_eq!(engine.refused(), expected);
}

#[test]
fn counters_never_overflow() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let packet = tcp(1, ACK, u16::MAX);
    // So many fill a counter to the last octet.
    let packets = 3 * 65_537u64 + 1;
    for _ in 0..packets {
        observe(&engine, &packet, 0).unwrap();
    }
    let records = sweep(&engine, everything(0));
    assert_eq!(records.len(), 4, "three full ones and a rest");
    let sum = |field: fn(&FlowRecord<Ipv4Addr>) -> u32| -> u64 {
        records.iter().map(|record| u64::from(field(record))).sum()
    };
    assert_eq!(sum(|record| record.packets), packets);
    assert_eq!(sum(|record| record.octets), packets * 65_535);
}

#[test]
fn interfaces_have_flows_of_their_own_unless_they_share_an_index() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let packet = tcp(1, ACK, 100);
    for input in [1, 2, 2] {
        let source = Source {
            input,
            ..source(LinkType::Raw)
        };
        engine.observe(&packet[..], source, 0, &NoRoutes).unwrap();
    }
    let mut records: Vec<(u16, u32)> = sweep(&engine, everything(0))
        .iter()
        .map(|record| (record.key.input, record.packets))
        .collect();
    records.sort_unstable();
    assert_eq!(records, [(1, 1), (2, 2)]);
}

#[test]
fn time_only_runs_forwards() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    observe(&engine, &tcp(1, ACK, 100), 10_000).unwrap();
    observe(&engine, &tcp(1, ACK, 100), 4_000).unwrap();
    assert_eq!(engine.v4().counts().stepped_back, 1);
    let records = sweep(&engine, engine.at(25_000));
    assert_eq!((records[0].first, records[0].last), (10_000, 10_000));
}

/// A full cache exports what has not been hit lately and loses nothing, as long as
/// what it closes is taken in time.
#[test]
fn at_the_limit_what_is_idle_leaves_early() {
    const LIMIT: usize = 16 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    let mut taken = Vec::new();
    for flow in 0..10 * LIMIT as u32 {
        observe(&engine, &tcp(flow, ACK, 100), u64::from(flow)).unwrap();
        if flow % 64 == 0 {
            taken.extend(sweep(&engine, engine.at(u64::from(flow))));
        }
        // Where a flow's shard is empty it has nothing to give.
        assert!(engine.v4().counts().open <= (LIMIT + SHARDS) as u64);
    }
    let last = 10 * LIMIT as u64;
    assert_eq!(engine.v4().counts().displaced.packets, 0);
    assert!(engine.v4().counts().evictions > 8 * LIMIT as u64);
    let kept = walk(&engine, last, 100);
    taken.extend(sweep(&engine, everything(last)));
    let flows: HashSet<Ipv4Addr> = taken.iter().map(|record| record.key.src).collect();
    assert_eq!(
        (flows.len(), taken.len()),
        (10 * LIMIT, 10 * LIMIT),
        "every flow, once"
    );
    let oldest_kept = kept.iter().map(|record| record.first).min().unwrap();
    assert!(
        oldest_kept > last - 4 * LIMIT as u64,
        "shards differ a little, ages by {oldest_kept}"
    );
}

/// The same with many pages in a shard: what is evicted has been idle for longer than
/// most of what is kept.
#[test]
fn in_a_large_cache_too_what_is_idle_leaves_early() {
    const LIMIT: usize = 1024 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    engine.set_timeouts(3600, 3600);
    let mut youngest_evicted = 0;
    let flows = 3 * LIMIT as u32;
    for flow in 0..flows {
        observe(&engine, &tcp(flow, ACK, 100), u64::from(flow)).unwrap();
        if flow % 1024 == 0 {
            let now = u64::from(flow);
            for record in sweep(&engine, engine.at(now)) {
                youngest_evicted = youngest_evicted.max(record.last);
            }
        }
    }
    let kept = walk(&engine, flows.into(), 1000);
    let older = kept
        .iter()
        .filter(|record| record.last < youngest_evicted)
        .count();
    assert!(
        older < kept.len() / 5,
        "{older} of {} kept are older than one evicted",
        kept.len()
    );
    let oldest_kept = kept.iter().map(|record| record.last).min().unwrap();
    assert!(
        oldest_kept + 5 * LIMIT as u64 / 4 > flows.into(),
        "{oldest_kept} of {flows}"
    );
}

/// Bursts that leave a few long flows behind do not use up a shard's pages.
#[test]
fn survivors_of_bursts_do_not_fill_the_cache() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    let mut survivors = Vec::new();
    for burst in 0..6u32 {
        let now = u64::from(burst) * 10_000;
        for flow in 0..400_000 {
            observe(&engine, &tcp(burst << 24 | flow, ACK, 100), now).unwrap();
        }
        survivors.extend((398_000..400_000).map(|flow| burst << 24 | flow));
        for flow in &survivors {
            observe(&engine, &tcp(*flow, ACK, 100), now + 9_000).unwrap();
        }
        engine.set_timeouts(9, 3600);
        sweep(&engine, engine.at(now + 9_500));
        assert_eq!(engine.v4().counts().open, survivors.len() as u64);
    }
    assert_eq!(engine.no_memory(), 0);
}

/// When nobody takes what is closed, it is dropped and every packet counted.
#[test]
fn beyond_what_may_wait_records_are_dropped_and_counted() {
    const LIMIT: usize = 4 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    let packets = 20 * LIMIT as u32;
    for flow in 0..packets {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
    }
    let displaced = engine.v4().counts().displaced;
    assert!(displaced.records > 0);
    assert_eq!(displaced.octets, 100 * displaced.packets);
    let cached = engine.v4().contents();
    assert_eq!(cached.packets + displaced.packets, u64::from(packets));
    assert!(
        cached.records <= (LIMIT + LIMIT / 8 + SHARDS) as u64,
        "memory is bounded"
    );
    assert_eq!(sweep(&engine, everything(0)).len() as u64, cached.records);
}

/// Without memory packets are refused and counted; with memory again the
/// cache goes on as if nothing had been.
#[test]
fn without_memory_nothing_is_lost_that_was_accounted() {
    for allowed in 0..40 {
        let memory = Memory::plenty();
        let engine = flow_testing::engine(&memory, PLENTY);
        memory.allow(allowed);
        let (mut accounted, mut refused) = (0u64, 0u64);
        for flow in 0..2000 {
            match observe(&engine, &tcp(flow, ACK, 100), 0) {
                Ok(()) => accounted += 1,
                Err(Refused::NoMemory) => refused += 1,
                Err(Refused::Packet(reason)) => panic!("{reason:?}"),
            }
        }
        assert!(refused > 0, "with {allowed} allocations");
        assert_eq!(engine.no_memory(), refused);
        assert_eq!(engine.v4().contents().packets, accounted);
        memory.allow(usize::MAX);
        for flow in 0..2000 {
            observe(&engine, &tcp(flow, ACK, 100), 1).unwrap();
        }
        let records = sweep(&engine, everything(1));
        assert_eq!(records.len(), 2000);
        let packets: u64 = records.iter().map(|record| u64::from(record.packets)).sum();
        assert_eq!(packets, accounted + 2000);
    }
}

/// Whether or not there had to be memory for it first.
#[test]
fn no_record_begins_before_what_its_shard_has_seen() {
    let engine = flow_testing::engine(&Memory::plenty(), PLENTY);
    for flow in 0..20 * SHARDS as u32 {
        observe(&engine, &tcp(flow, ACK, 100), 2000).unwrap();
    }
    for flow in 20 * SHARDS as u32..40_000 {
        observe(&engine, &tcp(flow, ACK, 100), 1000).unwrap();
    }
    let records = sweep(&engine, everything(2000));
    assert_eq!(records.len(), 40_000);
    assert!(records.iter().all(|record| record.first == 2000));
}

#[test]
fn a_furnished_cache_asks_for_a_page_at_a_time() {
    let memory = Memory::plenty();
    let engine = flow_testing::engine(&memory, PLENTY);
    assert!(engine.is_empty());
    engine.furnish();
    assert!(engine.is_empty(), "room is no record");
    let furnished = memory.used.load(SeqCst);
    engine.furnish();
    assert_eq!(memory.used.load(SeqCst), furnished, "once is enough");
    // As many as surely fit the lower half of every shard's first page.
    memory.allow(1);
    for flow in 0..10 * SHARDS as u32 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
    }
    assert_eq!(memory.left.load(SeqCst), 1, "nothing is asked for");
    // And as many as surely fit all of it, which need nothing either.
    memory.allow(0);
    for flow in 0..20 * SHARDS as u32 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
    }
    memory.allow(usize::MAX);
    // Nor is more to be had at a time.
    memory.largest.store(4096, SeqCst);
    // Beyond what a shard's first directory has room for.
    let mut used = memory.used.load(SeqCst);
    for flow in 0..600_000 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
        let before = std::mem::replace(&mut used, memory.used.load(SeqCst));
        assert!(used - before <= 4096, "{} octets for {flow}", used - before);
    }
    assert_eq!(sweep(&engine, everything(0)).len(), 600_000);
    assert!(engine.is_empty());
}

#[test]
fn what_cannot_be_furnished_is_asked_for_later() {
    let memory = Memory::plenty();
    let engine = flow_testing::engine(&memory, PLENTY);
    memory.allow(100);
    engine.furnish();
    memory.allow(usize::MAX);
    for flow in 0..10_000 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
    }
    assert_eq!(sweep(&engine, everything(0)).len(), 10_000);
}

/// With no room for closed records a full one leaves all the same: not an
/// octet is lost to a counter at its end.
#[test]
fn a_backlog_loses_no_octets() {
    const LIMIT: usize = 4 * SHARDS;
    let engine = flow_testing::engine(&Memory::plenty(), LIMIT);
    let mut octets = 0;
    for flow in 0..20 * LIMIT as u32 {
        observe(&engine, &tcp(flow, ACK, 100), 0).unwrap();
        octets += 100;
    }
    assert!(
        engine.v4().counts().displaced.records > 0,
        "nothing may wait any more"
    );
    for _ in 0..3 * 65_537 {
        observe(&engine, &tcp(1 << 30, ACK, u16::MAX), 0).unwrap();
        octets += 65_535;
    }
    let known = engine.v4().contents().octets + engine.v4().counts().displaced.octets;
    assert_eq!(known, octets);
}

/// Memory is given back when flows are gone.
#[test]
fn pages_are_released() {
    let memory = Memory::plenty();
    let engine = flow_testing::engine(&memory, PLENTY);
    let grow = |now| {
        for flow in 0..200_000 {
            observe(&engine, &tcp(flow, ACK, 100), now).unwrap();
        }
    };
    let before = memory.left.load(SeqCst);
    grow(0);
    let first = before - memory.left.load(SeqCst);
    sweep(&engine, everything(1));
    let before = memory.left.load(SeqCst);
    grow(2);
    let second = before - memory.left.load(SeqCst);
    assert!(
        second > 9 * 200_000 / 64 / 10,
        "{first} allocations, then {second}"
    );
    assert_eq!(sweep(&engine, everything(3)).len(), 200_000);
}

/// Eight threads, shared and own flows: the sum is exact.
#[test]
fn threads_lose_nothing() {
    let engine = flow_testing::engine(&Memory::plenty(), 1 << 14);
    const THREADS: u32 = 8;
    const PACKETS: u32 = 50_000;
    let taken = std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let engine = &engine;
            scope.spawn(move || {
                for n in 0..PACKETS {
                    let shared = n % 2 == 0;
                    let flow = if shared {
                        n % 1000
                    } else {
                        ((thread + 1) << 20) | (n % 7000)
                    };
                    let flags = if n % 97 == 0 { FIN } else { ACK };
                    observe(engine, &tcp(flow, flags, 100), u64::from(n) / 10).unwrap();
                }
            });
        }
        let mut taken = 0u64;
        for now in 0..200 {
            let records = engine.v4().counts().records;
            assert!(records < 1 << 20, "{records} records");
            for record in sweep(&engine, engine.at(now * 25)) {
                taken += u64::from(record.packets);
            }
        }
        taken
    });
    let cached = engine.v4().contents().packets;
    let displaced = engine.v4().counts().displaced.packets;
    assert_eq!(taken + cached + displaced, u64::from(THREADS * PACKETS));
    assert_eq!(engine.v4().counts().packets, u64::from(THREADS * PACKETS));
}
