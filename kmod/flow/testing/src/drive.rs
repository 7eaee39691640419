// SPDX-License-Identifier: BSD-2-Clause
//! What happens to an engine: IPv4 packets, sweeps and walks, each to its end.

use std::net::Ipv4Addr;

use flow::cache::{Cursor, SHARDS};
use flow::{Engine, FlowRecord, LinkType, Moment, NoRoutes, Refused, Timeouts};

use crate::{source, Memory};

/// Has a packet without a link layer observed at uptime `now`, in milliseconds.
///
/// # Errors
/// The engine's.
pub fn observe(engine: &Engine<Memory>, packet: &[u8], now: u64) -> Result<(), Refused> {
    engine.observe(packet, source(LinkType::Raw), now, &NoRoutes)
}

/// Takes what is due out of every shard.
pub fn sweep(engine: &Engine<Memory>, moment: Moment) -> Vec<FlowRecord<Ipv4Addr>> {
    let mut taken = Vec::new();
    for shard in 0..SHARDS {
        // There is room for all, but a lock is not held for as long as it takes.
        while engine.sweep(shard, moment, usize::MAX, |r| taken.push(r), |_| ()) {}
    }
    taken
}

/// A moment at which every record is due.
pub fn everything(now: u64) -> Moment {
    Moment {
        now,
        timeouts: Timeouts::NONE,
    }
}

/// Reads the whole cache, at most `room` records at once.
///
/// # Panics
/// It gave more than that.
pub fn walk(engine: &Engine<Memory>, now: u64, room: usize) -> Vec<FlowRecord<Ipv4Addr>> {
    let mut shown = Vec::new();
    let mut cursor = Some(Cursor::START);
    while let Some(from) = cursor {
        let before = shown.len();
        cursor = engine
            .v4()
            .read(from, everything(now), room, |r| shown.push(r));
        assert!(shown.len() - before <= room);
    }
    shown
}
