// SPDX-License-Identifier: BSD-2-Clause
//! What tests of the engine share: [`memory`] and other things that can be made
//! to [`fault`],
//! [`packets`] made by hand, [`captures`] of real ones, and what [`drive`]s an
//! engine.

pub mod captures;
pub mod drive;
pub mod fault;
pub mod memory;
pub mod packets;

use flow::{Engine, LinkType, Seed, Source, SEED_WORDS};

pub use memory::Memory;

/// TCP's flags.
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// An acknowledgement.
    pub const ACK: u8 = 0x10;
}

/// More records than a test has.
pub const PLENTY: usize = 1 << 20;

/// How many cases a property test tries: as many as `PROPTEST_CASES` says,
/// else `usually`.
pub fn cases(usually: u32) -> u32 {
    let said = std::env::var("PROPTEST_CASES").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(usually)
}

/// A seed, the same in every run.
pub fn seed() -> Seed {
    // Any odd numbers will do here; a node draws them at random.
    Seed::new(core::array::from_fn::<u64, SEED_WORDS, _>(|i| {
        0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * i as u64 + 3)
    }))
}

/// An engine for `limit` records of each IP version.
///
/// # Panics
/// There is no memory for it.
pub fn engine(memory: &Memory, limit: usize) -> Engine<Memory> {
    Engine::new(memory.clone(), seed(), limit).expect("memory for an engine")
}

/// Where packets come from: interface 1 of routing table 0, with both lookups.
pub fn source(link_type: LinkType) -> Source {
    Source {
        link_type,
        input: 1,
        fib: 0,
    }
}
