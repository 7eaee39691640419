// SPDX-License-Identifier: BSD-2-Clause
//! Something that can be made to fail: once, after so many successes, or by
//! chance; and how often it did.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// What is asked before each attempt.
#[derive(Default)]
pub struct Fault {
    /// Attempts until the one that fails, itself counted; 0 if none does.
    until: AtomicU64,
    /// One in so many fails; none if 0.
    one_in: AtomicU64,
    /// What chance goes on from.
    state: AtomicU64,
    provoked: AtomicU64,
}

impl Fault {
    /// Lets one attempt fail, after so many that do not.
    pub fn once(&self, after: u64) {
        self.until.store(after + 1, SeqCst);
    }

    /// Lets one in so many fail, drawn by lot from this seed; none if 0.
    pub fn often(&self, one_in: u64, seed: u64) {
        self.state.store(seed, SeqCst);
        self.one_in.store(one_in, SeqCst);
    }

    /// How many attempts have failed for it.
    pub fn provoked(&self) -> u64 {
        self.provoked.load(SeqCst)
    }

    /// Does this attempt fail?
    pub fn strikes(&self) -> bool {
        let one_less = |until: u64| until.checked_sub(1);
        let last = self.until.fetch_update(SeqCst, SeqCst, one_less) == Ok(1);
        let one_in = self.one_in.load(SeqCst);
        let drawn = one_in > 0 && self.draw().is_multiple_of(one_in);
        if last || drawn {
            self.provoked.fetch_add(1, SeqCst);
        }
        last || drawn
    }

    /// SplitMix64: any good mixer will do.
    fn draw(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
