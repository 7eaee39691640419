// SPDX-License-Identifier: BSD-2-Clause
//! Every order in which two or three threads may come to a node.
//!
//! A thread is interrupted at two places at most, which `LOOM_MAX_PREEMPTIONS`
//! changes; what it reads meanwhile may be as old as its ordering allows.
//! Netgraph keeps its writers (messages that change something, hooks) apart
//! from packets; here they come together too, as the node does not need that
//! to keep its sums.
#![cfg(loom)]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;

use flow::cache::SHARDS;
use flow::{Engine, FlowRecord, LinkType, Moment, NoRoutes, Seed, Source, Sum, Timeouts};
use loom::thread::{self, JoinHandle};
use races::kernel::{self, boot, kernel};
use races::node::*;
use races::platform::Paper;
use sys_bindings::NG_NETFLOW_CONF_INGRESS;

/// Words of a thread's stack: a message of a failed assertion needs more than
/// loom gives.
const STACK: usize = 0x1_0000;

/// Milliseconds after which a record is due, and more.
const LATER: u64 = 16_000;

fn spawn<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    let builder = thread::Builder::new().stack_size(STACK);
    builder.spawn(f).unwrap()
}

/// Runs `world` in every order, each time from the beginning.
fn explore(world: impl Fn() + Copy + Send + Sync + 'static) {
    let orders = Arc::new(AtomicUsize::new(0));
    let mut model = loom::model::Builder::new();
    model.max_branches = 100_000;
    model.preemption_bound.get_or_insert(2);
    let counted = Arc::clone(&orders);
    model.check(move || {
        counted.fetch_add(1, Relaxed);
        boot();
        spawn(world).join().unwrap();
        kernel::shutdown();
    });
    let test = std::thread::current();
    let name = test.name().unwrap_or_default();
    println!("{name}: {} orders", orders.load(Relaxed));
}

/// A node with `iface0` that threads can share.
fn shared() -> (Arc<Netflow>, Arc<Hook>) {
    let (node, iface0) = Netflow::with_iface0();
    (Arc::new(node), Arc::new(iface0))
}

/// Takes back what threads have shared.
fn alone<T>(shared: Arc<T>) -> T {
    Arc::into_inner(shared).unwrap()
}

/// Two CPUs see the first packets of one flow: it has one record.  In an empty
/// cache, where both wait for memory, and in one that has it.
#[test]
fn two_first_packets() {
    for others in [0, 4] {
        explore_with(others, |others| {
            let engine = Arc::new(new_engine(8));
            (0..others as u32).for_each(|other| packet(&engine, 2 + other));
            let threads = [(); 2].map(|()| {
                let engine = Arc::clone(&engine);
                spawn(move || packet(&engine, 1))
            });
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            let records = others as u64 + 1;
            let counts = engine.v4().counts();
            assert_eq!((counts.open, counts.packets), (records, records + 1));
            assert_eq!(sweep_all(&engine, Timeouts::NONE).records, records);
            assert!(engine.is_empty());
        });
    }
}

/// Packets of two flows come while the timer takes one of them out; what is
/// due later leaves later.
#[test]
fn packets_and_timer() {
    explore(|| {
        let (node, iface0) = shared();
        node.data(&iface0, udp(1));
        let timer = {
            let node = node.clone();
            spawn(move || node.tick_after(LATER))
        };
        for flow in [1, 2] {
            assert_eq!(node.data(&iface0, udp(flow)), 0);
        }
        timer.join().unwrap();
        // Whatever came: the timer has seen that it is there.
        node.tick_after(LATER);
        let account = node.conservation();
        assert_eq!((account.cached.records, account.unaccounted()), (0, 0));
        let account = alone(node).end([alone(iface0)]);
        assert_eq!(account.expired.packets, 3);
    });
}

/// The first packet comes while the timer finds nothing to do: its record leaves
/// the cache with the first tick that it is due at, its datagram with the next.
#[test]
fn a_packet_and_an_idle_timer() {
    explore(|| {
        let (node, iface0) = shared();
        let export = node.connect("export").unwrap();
        let timer = {
            let node = node.clone();
            spawn(move || {
                node.tick_after(LATER);
                node.tick_after(1000);
            })
        };
        node.data(&iface0, udp(1));
        timer.join().unwrap();
        node.tick_after(LATER);
        node.tick_after(1000);
        assert_eq!(export.sent.lock().unwrap().len(), 1);
        let account = alone(node).end([alone(iface0), export]);
        assert_eq!(account.exports[0].handed_over.packets, 1);
    });
}

/// TCP ends a flow while its last packets come on another CPU and the timer
/// runs on a third.
#[test]
fn an_end_among_packets() {
    const SYN: u8 = 0x02;
    const FIN: u8 = 0x01;
    explore(|| {
        let (node, iface0) = shared();
        node.data(&iface0, tcp(1, SYN));
        let timer = {
            let node = node.clone();
            spawn(move || node.tick())
        };
        let other = {
            let (node, iface0) = (node.clone(), iface0.clone());
            spawn(move || assert_eq!(node.data(&iface0, tcp(1, FIN)), 0))
        };
        assert_eq!(node.data(&iface0, tcp(1, 0)), 0);
        timer.join().unwrap();
        other.join().unwrap();
        // A closed record leaves with the next tick, without a timeout.
        node.tick();
        let cached = node.conservation().cached;
        assert!(cached.records <= 1 && cached.packets <= 1, "{cached:?}");
        let account = alone(node).end([alone(iface0)]);
        assert_eq!(account.expired.packets, 3);
    });
}

/// Two CPUs name the same interface first, and one of them counts on it: it is
/// made once, and no count is lost.
#[test]
fn an_interface_is_made_once() {
    explore(|| {
        let (node, iface0) = shared();
        let other = {
            let node = node.clone();
            spawn(move || node.set_config(300, NG_NETFLOW_CONF_INGRESS))
        };
        // One that is made meanwhile is there whole or not at all.
        let iface300 = node.connect("iface300").unwrap();
        assert_eq!(node.data(&iface300, vec![0; 60]), 0);
        other.join().unwrap();
        let account = alone(node).end([alone(iface0), iface300]);
        assert_eq!(account.received, 1);
    });
}

/// Another collector takes the place of one while the timer exports: nothing is
/// sent down a hook that is gone, the sum is even, and the first datagram of
/// version 9 that a collector gets tells it how to read what follows.
#[test]
fn collectors_change_under_the_timer() {
    explore(|| {
        let (node, iface0) = shared();
        let first = node.connect("export9").unwrap();
        // The first one knows the templates.
        node.data(&iface0, udp(1));
        node.tick_after(LATER);
        node.tick_after(LATER);
        assert_eq!(first.sent.lock().unwrap().len(), 1);
        node.data(&iface0, udp(2));
        kernel::wait(LATER);
        let timer = {
            let node = node.clone();
            spawn(move || {
                node.tick();
                node.tick_after(1000);
            })
        };
        node.disconnect(first);
        let second = node.connect("export9").unwrap();
        timer.join().unwrap();
        node.data(&iface0, udp(3));
        node.tick_after(LATER);
        node.tick_after(1000);
        let datagrams = std::mem::take(&mut *second.sent.lock().unwrap());
        let account = alone(node).end([alone(iface0), second]);
        assert_eq!((account.expired.packets, account.unaccounted()), (3, 0));
        // After the header of 20 octets comes a FlowSet: 0 is of templates, those
        // of data are numbered from 256 on.
        let flowsets: Vec<u8> = datagrams.iter().map(|datagram| datagram[20]).collect();
        assert_eq!(flowsets.first(), Some(&0), "FlowSets {flowsets:?}");
    });
}

/// Whoever walks the cache while flows come and go sees the one that stays, and
/// sees it once.
#[test]
fn a_walk_among_changes() {
    explore(|| {
        let (node, iface0) = shared();
        node.data(&iface0, udp(1));
        node.data(&iface0, tcp(2, 0x01));
        let timer = {
            let node = node.clone();
            spawn(move || node.tick())
        };
        let packets = {
            let (node, iface0) = (node.clone(), iface0.clone());
            spawn(move || node.data(&iface0, udp(3)))
        };
        let shown = node.show();
        assert_eq!(
            shown.iter().filter(|flow| **flow == 1).count(),
            1,
            "{shown:?}"
        );
        timer.join().unwrap();
        packets.join().unwrap();
        assert_eq!(alone(node).end([alone(iface0)]).expired.packets, 3);
    });
}

/// Memory runs out at any place while two CPUs open flows: what had none is
/// counted, once.
#[test]
fn no_memory_anywhere() {
    for allocations in 0..6 {
        explore_with(allocations, |allocations| {
            let (node, iface0) = shared();
            kernel(|kernel| kernel.limit_memory(allocations));
            let threads = [1, 2].map(|flow| {
                let (node, iface0) = (node.clone(), iface0.clone());
                spawn(move || node.data(&iface0, udp(flow)))
            });
            let errors = threads.map(|thread| thread.join().unwrap());
            let refused = errors.iter().filter(|error| **error != 0).count();
            kernel(|kernel| kernel.limit_memory(isize::MAX));
            assert_eq!(node.info().nfinfo_alloc_failed as usize, refused);
            let account = alone(node).end([alone(iface0)]);
            assert_eq!(account.expired.packets as usize, 2 - refused);
        });
    }
}

fn explore_with(n: isize, world: impl Fn(isize) + Copy + Send + Sync + 'static) {
    explore(move || world(n));
}

/// The node closes while packets still come and someone asks for its counters:
/// what came in before the last close is accounted.
#[test]
fn an_end_under_load() {
    explore(|| {
        let (node, iface0) = shared();
        let export = node.connect("export").unwrap();
        let packets = {
            let (node, iface0) = (node.clone(), iface0.clone());
            spawn(move || {
                node.data(&iface0, udp(1));
                node.data(&iface0, udp(2));
            })
        };
        let asks = {
            let node = node.clone();
            spawn(move || assert!(node.info().nfinfo_packets <= 2))
        };
        node.close();
        packets.join().unwrap();
        asks.join().unwrap();
        let sent = Arc::clone(&export.sent);
        let account = alone(node).end([alone(iface0), export]);
        assert_eq!(account.exports[0].handed_over.packets, 2);
        let records: usize = sent.lock().unwrap().iter().map(|d| usize::from(d[3])).sum();
        assert_eq!(records as u64, account.expired.records);
    });
}

/// A cache without a node, for so many records.
fn new_engine(limit: usize) -> Engine<Paper> {
    let seed = |n| (2 * n as u64 + 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let seed = Seed::new(std::array::from_fn(seed));
    Engine::new(Paper, seed, limit).unwrap()
}

/// A packet without a node.
fn packet(engine: &Engine<Paper>, flow: u32) {
    let source = Source {
        link_type: LinkType::Raw,
        input: 1,
        fib: 0,
    };
    let seen = engine.observe(&udp(flow)[..], source, 60_000, &NoRoutes);
    assert_eq!(seen, Ok(()));
}

/// What is due in a shard.
fn sweep(engine: &Engine<Paper>, shard: usize, timeouts: Timeouts) -> Sum {
    let moment = Moment {
        now: 60_000,
        timeouts,
    };
    let mut taken = Sum::default();
    let take = |record: FlowRecord<_>| taken.add(record.packets, record.octets);
    engine.sweep(shard, moment, usize::MAX, take, |_| {});
    taken
}

fn sweep_all(engine: &Engine<Paper>, timeouts: Timeouts) -> Sum {
    let mut taken = Sum::default();
    (0..SHARDS).for_each(|shard| taken += sweep(engine, shard, timeouts));
    taken
}

/// Some flows of each shard, in an engine that has none yet, nor after.
fn flows_by_shard(engine: &Engine<Paper>) -> [Vec<u32>; SHARDS] {
    let mut flows = [const { Vec::new() }; SHARDS];
    for flow in 1..20 {
        packet(engine, flow);
        let is_here = |shard: &usize| sweep(engine, *shard, Timeouts::NONE).records > 0;
        flows[(0..SHARDS).find(is_here).unwrap()].push(flow);
    }
    flows
}

/// A cache of one record at most: two CPUs open flows, and so close others in
/// their shards, while a third takes out what is closed.
#[test]
fn evictions_among_packets() {
    explore(|| {
        let engine = Arc::new(new_engine(1));
        let [odd, even] = flows_by_shard(&engine);
        // Both shards have records, open and closed, before it begins.
        for flow in [odd[0], odd[1], even[0], even[1]] {
            packet(&engine, flow);
        }
        let sweeper = {
            let engine = Arc::clone(&engine);
            spawn(move || sweep_all(&engine, Timeouts::from_secs(15, 60)))
        };
        let other = {
            let engine = Arc::clone(&engine);
            spawn(move || packet(&engine, odd[2]))
        };
        packet(&engine, even[2]);
        other.join().unwrap();
        let mut taken = sweeper.join().unwrap();
        let (counts, contents) = (engine.v4().counts(), engine.v4().contents());
        assert_eq!(counts.records, contents.records, "{counts:?}");
        assert!(counts.open <= 1 + SHARDS as u64, "{counts:?}");
        taken += sweep_all(&engine, Timeouts::NONE);
        assert_eq!(engine.v4().counts().records, 0);
        assert_eq!(taken.packets + counts.displaced.packets, 6);
    });
}
