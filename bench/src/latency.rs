// SPDX-License-Identifier: BSD-2-Clause
//! What one read from memory costs on this machine: the floor under every
//! figure.

use std::hint::black_box;

use flow_workload::traffic::SplitMix;

use crate::clock::{best, time};

/// A line of memory that names the next one to read.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line(usize);

const READS: usize = 1 << 20;

/// Nanoseconds of a read that depends on the one before it, in no order that
/// hardware could guess, within so many octets.
pub fn dependent_read(octets: usize) -> f64 {
    let lines = chain((octets / size_of::<Line>()).max(2));
    let mut at = walk(&lines, 0, lines.len().min(READS));
    best(|| time(READS, || at = walk(&lines, at, READS)))
}

fn walk(lines: &[Line], mut at: usize, reads: usize) -> usize {
    for _ in 0..reads {
        at = lines[at].0;
    }
    black_box(at)
}

/// One round through all lines, by chance (S. Sattolo, 1986).
fn chain(lines: usize) -> Vec<Line> {
    let mut order: Vec<usize> = (0..lines).collect();
    let mut numbers = SplitMix(1);
    for last in (1..lines).rev() {
        order.swap(last, numbers.below(last as u32) as usize);
    }
    order.into_iter().map(Line).collect()
}
