// SPDX-License-Identifier: BSD-2-Clause
//! Which core work runs on, and what two of them do at once.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Instant;

use nix::sched::{sched_getaffinity, sched_setaffinity, CpuSet};
use nix::unistd::Pid;

/// Times that work is done alone and beside the other's.
const TURNS: usize = 3;

/// Cores that this process had when it asked first, at most two.
fn cores(set: &CpuSet) -> Vec<usize> {
    let all = 0..CpuSet::count();
    let mine = all.filter(|core| set.is_set(*core).unwrap_or(false));
    mine.take(2).collect()
}

/// Whether there are two to measure with.
pub fn are_two() -> bool {
    cores(&sched_getaffinity(me()).expect("the cores of this thread")).len() == 2
}

/// The thread that asks.
fn me() -> Pid {
    Pid::from_raw(0)
}

/// Does `work` on one core, so that it does not move between two, and lets the
/// thread go again.
pub fn on_one<R>(work: impl FnOnce() -> R) -> R {
    let before = sched_getaffinity(me()).expect("the cores of this thread");
    pin(cores(&before)[0]);
    let result = work();
    sched_setaffinity(me(), &before).expect("the cores that it had");
    result
}

fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).expect("a core that is there");
    sched_setaffinity(me(), &set).expect("a core of this thread's");
}

/// What two cores did beside what one does.
#[derive(Clone, Copy, Debug)]
pub struct Scaling {
    /// How many times as much.
    pub factor: f64,
    /// How often a piece of work has run, both together.
    pub runs: u64,
}

/// How many times what one core does two cores do, of which each does a piece
/// of work that takes as long as the other's. Real time, the best of several
/// runs: when a core has something else to do the other must not look faster.
pub fn scaling(first: impl Fn() + Sync, second: impl Fn() + Sync) -> Scaling {
    let before = sched_getaffinity(me()).expect("the cores of this thread");
    let &[one, other] = cores(&before).as_slice() else {
        panic!("two cores are needed, and there is one");
    };
    let mut alone = [f64::MAX; 2];
    let mut both = f64::MAX;
    // By turns, so that all see the same machine.
    for _ in 0..TURNS {
        alone[0] = alone[0].min(at(one, None, &first));
        alone[1] = alone[1].min(at(other, None, &second));
        let gate = AtomicUsize::new(0);
        let slower = thread::scope(|scope| {
            let other = scope.spawn(|| at(other, Some(&gate), &second));
            let mine = at(one, Some(&gate), &first);
            mine.max(other.join().expect("the other thread"))
        });
        both = both.min(slower);
    }
    sched_setaffinity(me(), &before).expect("the cores that it had");
    Scaling {
        factor: (alone[0] + alone[1]) / both,
        runs: 4 * TURNS as u64,
    }
}

/// Nanoseconds of work on a core; with a gate it begins when both are there.
fn at(core: usize, gate: Option<&AtomicUsize>, work: &impl Fn()) -> f64 {
    pin(core);
    if let Some(gate) = gate {
        gate.fetch_add(1, SeqCst);
        while gate.load(SeqCst) < 2 {
            spin_loop();
        }
    }
    let begun = Instant::now();
    work();
    begun.elapsed().as_nanos() as f64
}
