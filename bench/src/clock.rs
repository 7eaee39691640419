// SPDX-License-Identifier: BSD-2-Clause
//! How time is taken: the processor time of the thread, so that what other
//! programs do meanwhile counts for as little as possible, and the best of
//! several runs, because whatever else disturbs only ever adds.

use nix::time::{clock_gettime, ClockId};

use crate::cores::on_one;

/// Times that everything is measured.
pub const RUNS: usize = 7;

/// Places in memory that the same contents are given, where chance decides which
/// of their lines displace each other from a cache.
pub const PLACES: usize = 5;

/// The figure in the middle.
pub fn median<const N: usize>(mut figures: [f64; N]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[N / 2]
}

/// Nanoseconds of processor time that this thread has had.
pub fn now() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock of every Linux");
    time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64
}

/// Nanoseconds of what `work` does, for each of `count`.
pub fn time(count: usize, work: impl FnOnce()) -> f64 {
    let begun = now();
    work();
    (now() - begun) / count as f64
}

/// The least of several runs, all on one core.
pub fn best(mut run: impl FnMut() -> f64) -> f64 {
    on_one(|| (0..RUNS).map(|_| run()).fold(f64::MAX, f64::min))
}
