// SPDX-License-Identifier: BSD-2-Clause
//! `planted race|use-after-free`: faults on purpose, one for a sanitizer of
//! threads, one for a sanitizer of addresses or memcheck, which must report them.
//! `tools/sanitize.sh` does not begin before they do.

use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use races::kernel::kernel;
use races::node::{udp, Netflow};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("race") => race(),
        Some("use-after-free") => use_after_free(),
        _ => {
            eprintln!("planted: which fault? race or use-after-free");
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}

/// Two threads in a cache whose locks keep nobody out.
fn race() {
    let (node, iface0) = Netflow::with_iface0();
    kernel(|kernel| kernel.locks_are_broken.store(true, Relaxed));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    node.data(&iface0, udp(1));
                }
            });
        }
    });
}

/// The timer, which has something to do, finds a hook that netgraph has freed.
fn use_after_free() {
    let (node, iface0) = Netflow::with_iface0();
    let export = node.connect("export").expect("the first of its name");
    node.data(&iface0, udp(1));
    node.forget_hook(&export);
    node.tick();
}
