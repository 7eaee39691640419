// SPDX-License-Identifier: BSD-2-Clause
//! The sum that must come out even: every packet that came in is somewhere.

use core::fmt;

use flow::{Refusal, Sum};

/// Why a record that left the cache was not handed to a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DropReason {
    /// The collector's hook is not connected.
    NotConnected,
    /// The collector's protocol cannot carry the record.
    NotCarried,
    /// The datagram that it was in could not be sent.
    SendFailed,
    /// There was no memory for a datagram.
    NoMemory,
}

impl DropReason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [DropReason; 4] = [
        DropReason::NotConnected,
        DropReason::NotCarried,
        DropReason::SendFailed,
        DropReason::NoMemory,
    ];

    /// The name under which it is counted.
    pub fn name(self) -> &'static str {
        match self {
            DropReason::NotConnected => "no exporter",
            DropReason::NotCarried => "not carried",
            DropReason::SendFailed => "send failed",
            DropReason::NoMemory => "no memory",
        }
    }
}

/// What became of the records that left the cache, at one export hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportAccount {
    /// The hook.
    pub hook: &'static str,
    /// What waits in datagrams that are not full yet.
    pub pending: Sum,
    /// What was handed over: the hook's send returned 0.
    pub handed_over: Sum,
    /// What was dropped, for each reason of [`DropReason::ALL`].
    pub dropped: [Sum; DropReason::ALL.len()],
}

impl ExportAccount {
    /// What was dropped for one reason.
    pub fn dropped(&self, reason: DropReason) -> Sum {
        self.dropped
            .get(reason as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Packets that are accounted for here.
    fn packets(&self) -> u64 {
        let dropped = self.dropped.iter().map(|sum| sum.packets);
        dropped
            .fold(self.pending.packets, u64::wrapping_add)
            .wrapping_add(self.handed_over.packets)
    }

    /// Was the hook ever of use?
    fn was_used(&self) -> bool {
        self.packets() != self.dropped(DropReason::NotConnected).packets
    }
}

impl fmt::Display for ExportAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} handed_over={} pending={}",
            self.hook, self.handed_over.packets, self.pending.packets
        )?;
        for (reason, sum) in DropReason::ALL.iter().zip(self.dropped) {
            if sum.packets > 0 {
                write!(f, " dropped[{}]={}", reason.name(), sum.packets)?;
            }
        }
        Ok(())
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
    /// Records dropped because the cache was over its limit with too many
    /// others waiting to leave.
    pub over_limit: Sum,
    /// What has left the cache for the exporters.
    pub expired: Sum,
    /// What became of that at each hook: each is given every record.
    pub exports: [ExportAccount; 2],
    /// Records that left early because the cache was full.
    pub evicted: u64,
    /// Packets that came with a time before that of an earlier one.
    pub stepped_back: u64,
}

impl Conservation {
    /// Packets that are not accounted for, before and behind the cache: 0,
    /// unless something is wrong.
    pub fn unaccounted(&self) -> u64 {
        let refused = self
            .refused
            .iter()
            .fold(0, |sum: u64, n| sum.wrapping_add(*n));
        let known = [
            self.bypassed,
            refused,
            self.no_memory,
            self.cached.packets,
            self.over_limit.packets,
            self.expired.packets,
        ];
        let known = known.iter().fold(0, |sum: u64, n| sum.wrapping_add(*n));
        let behind = self
            .exports
            .iter()
            .map(|export| export.packets().abs_diff(self.expired.packets));
        behind.fold(self.received.abs_diff(known), u64::saturating_add)
    }
}

impl fmt::Display for Conservation {
    /// One line of `name=packets`; what never occurred is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "packets received={} unaccounted={} cached={} expired={}",
            self.received,
            self.unaccounted(),
            self.cached.packets,
            self.expired.packets,
        )?;
        let used = || self.exports.iter().filter(|export| export.was_used());
        for export in used() {
            write!(f, " ({export})")?;
        }
        if used().next().is_none() && self.expired.packets > 0 {
            let nobody = DropReason::NotConnected.name();
            write!(f, " dropped[{nobody}]={}", self.expired.packets)?;
        }
        for (reason, count) in Refusal::ALL.iter().zip(self.refused) {
            if count > 0 {
                write!(f, " refused[{}]={count}", reason.name())?;
            }
        }
        for (name, count) in [
            ("refused[no memory]", self.no_memory),
            ("dropped[over the limit]", self.over_limit.packets),
            ("bypassed", self.bypassed),
            ("out of time order", self.stepped_back),
            ("records evicted", self.evicted),
        ] {
            if count > 0 {
                write!(f, " {name}={count}")?;
            }
        }
        Ok(())
    }
}
