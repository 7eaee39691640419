// SPDX-License-Identifier: BSD-2-Clause
//! A datagram in the making, and what is in it.

use super::{AnyRecord, Appended, Clock, Protocol};
use crate::counters::Sum;
use crate::platform::Platform;

/// The datagrams of one protocol for one observation domain.
pub struct Stream<P: Platform, E: Protocol> {
    protocol: E,
    buffer: P::Slab<u8>,
    pending: Sum,
    /// Uptime in milliseconds at which the oldest pending record was added.
    since: u64,
}

/// A finished datagram.
pub struct Ready<'a> {
    /// Its octets, to be sent as they are.
    pub datagram: &'a [u8],
    /// The records in it.
    pub records: Sum,
}

impl<P: Platform, E: Protocol> Stream<P, E> {
    /// A stream without a record; `None` when there is no memory for its
    /// buffer.
    pub fn new(platform: &P, protocol: E, settings: &E::Settings) -> Option<Self> {
        Some(Stream {
            protocol,
            buffer: platform.slab(E::max_len(settings), |_| 0)?,
            pending: Sum::default(),
            since: 0,
        })
    }

    /// Adds a record at uptime `now`.  After [`Appended::Full`] the datagram
    /// must be finished before the next.
    pub fn append(
        &mut self,
        platform: &P,
        record: &AnyRecord,
        settings: &E::Settings,
        now: u64,
    ) -> Appended {
        if self.pending.records == 0 {
            self.since = now;
            let len = E::max_len(settings);
            if self.buffer.len() < len {
                // Without memory datagrams stay as large as they were.
                if let Some(buffer) = platform.slab(len, |_| 0) {
                    self.buffer = buffer;
                }
            }
        }
        let appended = self
            .protocol
            .append(&mut self.buffer, record, settings, now);
        if appended != Appended::NotCarried {
            self.pending.add(record.packets(), record.octets());
        }
        appended
    }

    /// See [`Protocol::lost`].
    pub fn lost(&mut self) {
        self.protocol.lost(&mut self.buffer);
    }

    /// What waits to be sent.
    pub fn pending(&self) -> Sum {
        self.pending
    }

    /// Has a record waited for `milliseconds`?
    pub fn has_waited(&self, milliseconds: u64, now: u64) -> bool {
        self.pending.records > 0 && now.saturating_sub(self.since) >= milliseconds
    }

    /// Finishes the datagram.  Its records are the caller's to account from
    /// here on; the sequence has counted them whatever becomes of them, so
    /// that a collector sees a gap where a send fails.
    pub fn finish(&mut self, clock: Clock) -> Option<Ready<'_>> {
        let records = core::mem::take(&mut self.pending);
        let len = self.protocol.finish(&mut self.buffer, clock);
        let datagram = self
            .buffer
            .get(..len)
            .filter(|datagram| !datagram.is_empty())?;
        Some(Ready { datagram, records })
    }
}
