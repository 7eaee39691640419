// SPDX-License-Identifier: BSD-2-Clause
//! The sum that must come out even: every packet that came in is somewhere.

use core::fmt;

use flow::{Refusal, Sum};

/// Why a record that left the cache reached no exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DropReason {
    /// No exporter is connected that carries the record.
    NoExporter,
    /// The datagram that it was in could not be sent.
    SendFailed,
    /// There was no memory for a datagram.
    NoMemory,
    /// The cache was over its limit with too many records waiting.
    OverLimit,
}

impl DropReason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [DropReason; 4] = [
        DropReason::NoExporter,
        DropReason::SendFailed,
        DropReason::NoMemory,
        DropReason::OverLimit,
    ];

    /// The name under which it is counted.
    pub fn name(self) -> &'static str {
        match self {
            DropReason::NoExporter => "no exporter",
            DropReason::SendFailed => "send failed",
            DropReason::NoMemory => "no memory",
            DropReason::OverLimit => "over the limit",
        }
    }
}

/// Where every packet went that the node received.  Taken at rest,
/// [`Conservation::unaccounted`] is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conservation {
    /// Packets that came in on data hooks.
    pub received: u64,
    /// Packets passed by without accounting.
    pub bypassed: u64,
    /// Packets refused, for each reason of [`Refusal::ALL`].
    pub refused: [u64; Refusal::ALL.len()],
    /// Packets for whose records there was no memory.
    pub no_memory: u64,
    /// What is in the cache's records, added up record by record.
    pub cached: Sum,
    /// What waits in datagrams that are not full yet.
    pub pending: Sum,
    /// What was handed to an exporter: its hook's send returned 0.
    pub handed_over: Sum,
    /// What was dropped, for each reason of [`DropReason::ALL`].
    pub dropped: [Sum; DropReason::ALL.len()],
    /// Records that left early because the cache was full.
    pub evicted: u64,
    /// Packets that came with a time before that of an earlier one.
    pub stepped_back: u64,
}

impl Conservation {
    /// Packets received less packets that are accounted for: 0, unless
    /// something is wrong.
    pub fn unaccounted(&self) -> i64 {
        let refused: u64 = self.refused.iter().sum();
        let dropped: u64 = self.dropped.iter().map(|sum| sum.packets).sum();
        let known = [
            self.bypassed,
            refused,
            self.no_memory,
            self.cached.packets,
            self.pending.packets,
            self.handed_over.packets,
            dropped,
        ];
        known
            .iter()
            .fold(self.received, |rest, part| rest.wrapping_sub(*part))
            .cast_signed()
    }
}

impl fmt::Display for Conservation {
    /// One line of `name=packets`; reasons that never occurred are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "packets received={} unaccounted={} handed_over={} cached={} pending={} bypassed={}",
            self.received,
            self.unaccounted(),
            self.handed_over.packets,
            self.cached.packets,
            self.pending.packets,
            self.bypassed,
        )?;
        for (reason, count) in Refusal::ALL.iter().zip(self.refused) {
            if count > 0 {
                write!(f, " refused[{}]={count}", reason.name())?;
            }
        }
        if self.no_memory > 0 {
            write!(f, " refused[no memory]={}", self.no_memory)?;
        }
        for (reason, sum) in DropReason::ALL.iter().zip(self.dropped) {
            if sum.packets > 0 {
                write!(f, " dropped[{}]={}", reason.name(), sum.packets)?;
            }
        }
        if self.evicted > 0 {
            write!(f, " records evicted={}", self.evicted)?;
        }
        if self.stepped_back > 0 {
            write!(f, " packets out of time order={}", self.stepped_back)?;
        }
        Ok(())
    }
}
