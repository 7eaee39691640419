// SPDX-License-Identifier: BSD-2-Clause
//! Capture files: of some flows' packets, a frame each, their first 64 octets
//! captured.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use flow_workload::traffic::{flags, Flow, Popularity, HEADER, OCTETS};

/// Flows to draw from.
const FLOWS: u32 = 200_000;
const PACKETS: usize = 2_000_000;
/// Microseconds from a packet to the next.
const STEP: u64 = 30;
/// 2026-01-01 00:00:00 UTC.
const BEGINNING: u64 = 1_767_225_600;

/// What is in such a file.
pub struct Totals {
    /// Packets.
    pub packets: u64,
    /// Octets from the IP headers on.
    pub octets: u64,
    /// Flows that occur.
    pub flows: u64,
}

/// What exporters are compared with: two million packets over a minute, TCP,
/// UDP and ICMP, popular by Zipf's law.
pub fn of_a_minute() -> Vec<u32> {
    Popularity::Zipf.draw(FLOWS, PACKETS)
}

/// Writes packets of the flows with these numbers, in the classic format
/// (draft-ietf-opsawg-pcap).
pub fn write(path: &Path, flows: impl IntoIterator<Item = u32>) -> Result<Totals> {
    let name = || path.display().to_string();
    let mut file = BufWriter::new(File::create(path).with_context(name)?);
    let mut put = |words: &[u32]| -> Result<()> {
        for word in words {
            file.write_all(&word.to_le_bytes()).with_context(name)?;
        }
        Ok(())
    };
    // Microseconds, version 2.4, UTC, a snapshot length, Ethernet.
    put(&[0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 65_535, 1])?;
    let (mut seen, mut packets) = (HashSet::new(), 0);
    let frame = u32::from(OCTETS) + 14;
    for number in flows {
        let time: u64 = packets * STEP;
        let secs = (BEGINNING + time / 1_000_000) as u32;
        put(&[secs, (time % 1_000_000) as u32, HEADER as u32, frame])?;
        let packet = Flow::mixed(number).packet(flags::ACK).0;
        let (words, _) = packet.as_chunks::<4>();
        for word in words {
            put(&[u32::from_le_bytes(*word)])?;
        }
        seen.insert(number);
        packets += 1;
    }
    file.flush().with_context(name)?;
    Ok(Totals {
        packets,
        octets: packets * u64::from(OCTETS),
        flows: seen.len() as u64,
    })
}
