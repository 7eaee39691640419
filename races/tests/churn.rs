// SPDX-License-Identifier: BSD-2-Clause
//! Eight threads at one node: traffic, timer, messages, hooks and lack of
//! memory, for as long as `CHURN_SECONDS` says (3).  What a sanitizer or
//! valgrind is to watch: `tools/sanitize.sh`.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use races::kernel::kernel;
use races::node::*;
use sys_bindings::*;
use zerocopy::{FromZeros, IntoBytes};

/// Flows that have traffic all the time.
const STEADY: u32 = 2000;

/// How long one goes on.
struct Run(Instant);

impl Run {
    fn new() -> Self {
        let seconds = std::env::var("CHURN_SECONDS").map(|text| text.parse().expect("a number"));
        Run(Instant::now() + Duration::from_secs(seconds.unwrap_or(3)))
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.0
    }
}

/// What each thread has done, for whoever wants to know that all had their turn.
#[derive(Default)]
struct Turns {
    packets: AtomicU64,
    ticks: AtomicU32,
    walks: AtomicU32,
    settings: AtomicU32,
    hooks: AtomicU32,
    interfaces: AtomicU32,
    shortages: AtomicU32,
}

/// Packets of many kinds, some of which are none, whole and in two pieces.
fn traffic(node: &Netflow, iface0: &Hook, thread: u32, run: &Run, turns: &Turns) {
    let mut n = 0u32;
    while run.goes_on() {
        let short = STEADY + thread * 1_000_000 + n % 1_000_000;
        // New flows, which TCP ends at once, make pages come and go.
        for flags in [0x02, 0x01] {
            node.data(iface0, tcp(short, flags));
        }
        node.data(iface0, udp(n % STEADY));
        node.data_in_pieces(iface0, udp6(n % STEADY), n as usize % 70);
        node.data_in_pieces(iface0, udp(n % STEADY), n as usize % 30);
        let mut cut_off = udp(n);
        cut_off.truncate(n as usize % 28);
        node.data(iface0, cut_off);
        turns.packets.fetch_add(6, Relaxed);
        n = n.wrapping_add(1);
    }
}

/// The callout: never beside itself.
fn timer(node: &Netflow, run: &Run, turns: &Turns) {
    while run.goes_on() {
        node.tick_after(5);
        turns.ticks.fetch_add(1, Relaxed);
    }
}

/// Netgraph's readers: what only asks.
fn questions(node: &Netflow, run: &Run, turns: &Turns) {
    while run.goes_on() {
        let _ = node.message(NGM_NETFLOW_INFO, &[]);
        let _ = node.message(NGM_NETFLOW_V9INFO, &[]);
        let _ = node.message(NGM_NETFLOW_IFINFO, &0u16.to_ne_bytes());
        for version in [4, 6] {
            node.walk(version);
        }
        turns.walks.fetch_add(1, Relaxed);
    }
}

/// Netgraph's writers, which it lets in one at a time: settings and hooks.
fn writers(node: &Netflow, run: &Run, turns: &Turns) {
    let mut n = 0u16;
    while run.goes_on() {
        n = n.wrapping_add(1);
        let _ = node.message(
            NGM_NETFLOW_SETTIMEOUTS,
            ng_netflow_settimeouts {
                inactive_timeout: u32::from(n % 3),
                active_timeout: u32::from(n % 5),
            }
            .as_bytes(),
        );
        let _ = node.message(
            NGM_NETFLOW_SETTEMPLATE,
            ng_netflow_settemplate {
                time: n,
                packets: n % 7,
            }
            .as_bytes(),
        );
        let _ = node.message(
            NGM_NETFLOW_SETMTU,
            ng_netflow_setmtu {
                mtu: 200 + n % 9000,
            }
            .as_bytes(),
        );
        turns.settings.fetch_add(1, Relaxed);

        // Hooks may fail for lack of memory, and then there is none.
        let exports = ["export", "export9"].map(|name| node.connect(name).ok());
        for hook in exports.iter().flatten() {
            hook.set_sends_fail(n.is_multiple_of(4));
        }
        let set = ng_netflow_setconfig {
            iface: n,
            conf: NG_NETFLOW_CONF_INGRESS | NG_NETFLOW_CONF_ONCE,
            ..ng_netflow_setconfig::new_zeroed()
        };
        let _ = node.message(NGM_NETFLOW_SETCONFIG, set.as_bytes());
        let pair = ["iface", "out"].map(|name| node.connect(&format!("{name}{}", n % 999)).ok());
        for hook in pair.iter().flatten() {
            node.data(hook, udp(n.into()));
            turns.interfaces.fetch_add(1, Relaxed);
        }
        thread::yield_now();
        for hook in exports.into_iter().chain(pair).flatten() {
            node.disconnect(hook);
            turns.hooks.fetch_add(1, Relaxed);
        }
    }
}

/// Memory is short from time to time.
fn shortages(run: &Run, turns: &Turns) {
    while run.goes_on() {
        for allocations in [isize::MAX, 0, isize::MAX, 20] {
            kernel(|kernel| kernel.limit_memory(allocations));
            thread::sleep(Duration::from_millis(5));
        }
        turns.shortages.fetch_add(1, Relaxed);
    }
    kernel(|kernel| kernel.limit_memory(isize::MAX));
}

#[test]
fn eight_threads() {
    let (node, iface0) = Netflow::with_iface0();
    let (run, turns) = (Run::new(), Turns::default());
    thread::scope(|scope| {
        let (node, iface0, run, turns) = (&node, &iface0, &run, &turns);
        for number in 0..4 {
            scope.spawn(move || traffic(node, iface0, number, run, turns));
        }
        scope.spawn(|| timer(node, run, turns));
        scope.spawn(|| questions(node, run, turns));
        scope.spawn(|| writers(node, run, turns));
        scope.spawn(|| shortages(run, turns));
    });
    // Everything is accounted and given back.
    let account = node.end([iface0]);
    println!(
        "{} packets, {:?} ticks, {:?} walks, {:?} settings, {:?} hooks, {:?} shortages",
        account.received, turns.ticks, turns.walks, turns.settings, turns.hooks, turns.shortages
    );
    let refused: u64 = account.refused.iter().sum();
    assert!(account.received >= turns.packets.load(Relaxed));
    assert!(refused > 0 && account.expired.packets > 0, "{account}");
    for turns in [
        &turns.ticks,
        &turns.walks,
        &turns.settings,
        &turns.hooks,
        &turns.interfaces,
        &turns.shortages,
    ] {
        assert!(turns.load(Relaxed) > 0, "{account}");
    }
}
