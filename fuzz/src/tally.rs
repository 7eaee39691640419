// SPDX-License-Identifier: BSD-2-Clause
//! How much was fuzzed, in what matters of a target: packets parsed, steps of
//! the engine.  One of libFuzzer's executions is many of them.
//!
//! The number is kept in the file that `FUZZ_TALLY` names and goes on from what
//! it holds; `tools/torture.sh` adds up a target's runs so.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::OnceLock;

/// At most so many are not in the file when the process ends.
const EVERY: u64 = 1 << 14;

static DONE: AtomicU64 = AtomicU64::new(0);
static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();

/// So many more are done.
pub fn add(more: u64) {
    let file = FILE.get_or_init(|| {
        let path = PathBuf::from(std::env::var_os("FUZZ_TALLY")?);
        let earlier = std::fs::read_to_string(&path).ok();
        let earlier = earlier.and_then(|text| text.trim().parse().ok());
        DONE.store(earlier.unwrap_or(0), Relaxed);
        Some(path)
    });
    let before = DONE.fetch_add(more, Relaxed);
    let now = before + more;
    if let (Some(path), true) = (file, before / EVERY != now / EVERY) {
        std::fs::write(path, format!("{now}\n")).expect("FUZZ_TALLY can be written");
    }
}
