// SPDX-License-Identifier: BSD-2-Clause
//! What is fuzzed: each module's `run` is given arbitrary bytes and panics when
//! something is not as it must be.
//!
//! libFuzzer drives them (`make fuzz TARGET=packet`, by way of `libfuzzer/`),
//! `tests/corpora.rs` runs every file of the corpora through them again, and
//! `tests/small_worlds.rs` packets without end.

pub mod ascii;
pub mod capture;
pub mod engine;
pub mod export;
pub mod graph;
mod naive;
pub mod node;
pub mod packet;
pub mod replies;
pub mod script;
pub mod tally;

/// A target: its name, which is its corpus' too, and what is given the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 9] = [
    ("ascii", ascii::run),
    ("capture", capture::run),
    ("engine", engine::run),
    ("export", export::run),
    ("graph", graph::run),
    ("node", node::run),
    ("packet", packet::run),
    ("replies", replies::run),
    ("script", script::run),
];

/// Arbitrary bytes, taken one value after the other; zeroes at their end.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next octet.
    pub fn u8(&mut self) -> u8 {
        let [octet] = self.array();
        octet
    }

    /// The next two octets, the low one first.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    /// The next four octets, the low one first.
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    /// The next `N` octets.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// The next octets, `len` or as many as there are.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Is nothing left?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
