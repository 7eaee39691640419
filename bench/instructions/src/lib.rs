// SPDX-License-Identifier: BSD-2-Clause
//! A small program that does the same work in every run, for callgrind to
//! count instructions of: the engine with the kernel's compiler flags, without
//! SSE, over memory from a shelf and nothing of an operating system.
//!
//! `tools/instructions.sh` builds it for `x86_64-unknown-none` and links it.
#![cfg_attr(target_os = "none", no_std)]

extern crate alloc;

#[cfg(target_os = "none")]
mod bare;

use alloc::vec::Vec;

use flow::cache::{MAX_LIMIT, SHARDS};
use flow::{Engine, Moment, NoRoutes, Timeouts};
use flow_workload::platform::Memory;
use flow_workload::traffic::{flags, seed, source, Flow, Packet, Popularity};

/// Packets that are counted.
pub const PACKETS: usize = 100_000;

/// Packets that are counted one by one.
pub const SINGLE: u32 = 4096;

/// Fills a cache with so many flows, then hits them.  Whether the cache's sums
/// are right.
pub fn known(flows: u32) -> bool {
    let numbers = Popularity::Uniform.draw(flows, PACKETS);
    after(flows, numbers).is_some_and(|open| open == flows)
}

/// Fills a cache with so many flows, then opens others.  Whether the cache's sums
/// are right.
pub fn new(flows: u32) -> bool {
    let others = flows..flows + PACKETS as u32;
    after(flows, others).is_some_and(|open| open == flows + PACKETS as u32)
}

/// Fills a cache with so many flows, then opens others, each measured by itself.
/// Whether the cache's sums are right.
pub fn growing(flows: u32) -> bool {
    let Some(engine) = filled(flows) else {
        return false;
    };
    for number in flows..flows + SINGLE {
        measured(&engine, &[packet(number)]);
    }
    let counts = engine.v4().counts();
    counts.packets == counts.open && counts.open == u64::from(flows + SINGLE)
}

/// Fills a cache with so many flows; then a packet of each of these flows is
/// measured.  How many flows there are in the end; `None` if sums are off.
fn after(flows: u32, measured_flows: impl IntoIterator<Item = u32>) -> Option<u32> {
    let engine = filled(flows)?;
    let packets: Vec<Packet> = measured_flows.into_iter().map(packet).collect();
    measured(&engine, &packets);
    let counts = engine.v4().counts();
    let all = counts.packets == u64::from(flows) + packets.len() as u64;
    u32::try_from(counts.open).ok().filter(|_| all)
}

/// An engine with so many flows, of which nothing falls due.
fn filled(flows: u32) -> Option<Engine<Memory>> {
    let engine = Engine::new(Memory::default(), seed(), MAX_LIMIT)?;
    engine.furnish();
    engine.set_timeouts(1 << 20, 1 << 20);
    for number in 0..flows {
        hits(&engine, &[packet(number)]);
    }
    Some(engine)
}

/// A packet of the flow of this number.
fn packet(number: u32) -> Packet {
    Flow::numbered(number).packet(flags::ACK)
}

/// A SYN flood on a cache of so many records, four times as many packets, each a
/// flow of its own.  Whether all are accounted.
pub fn flood(limit: u32) -> bool {
    let Some(engine) = Engine::new(Memory::default(), seed(), limit as usize) else {
        return false;
    };
    engine.furnish();
    let mut taken = 0;
    let mut take = |moment| {
        for shard in 0..SHARDS {
            while engine.sweep(shard, moment, 64, |record| taken += record.packets, |_| ()) {}
        }
    };
    for number in 0..4 * limit {
        let packet = Flow::numbered(number).packet(flags::SYN);
        measured(&engine, &[packet]);
        if number % (limit / 16) == 0 {
            take(engine.at(1));
        }
    }
    take(Moment {
        now: 1,
        timeouts: Timeouts::NONE,
    });
    engine.v4().counts().displaced.packets == 0 && taken == 4 * limit
}

/// What callgrind counts, by its name.
#[unsafe(no_mangle)]
#[inline(never)]
#[allow(improper_ctypes_definitions, reason = "only its name is C's")]
pub extern "C" fn measured(engine: &Engine<Memory>, packets: &[Packet]) {
    hits(engine, packets);
}

#[inline(always)]
fn hits(engine: &Engine<Memory>, packets: &[Packet]) {
    let source = core::hint::black_box(source());
    for packet in packets {
        // Whatever is refused is missing in the sums.
        let _ = engine.observe(&packet.0[..], source, 1, &NoRoutes);
    }
}
