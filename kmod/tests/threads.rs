// SPDX-License-Identifier: BSD-2-Clause
//! One node, many CPUs: traffic, timer, messages and hooks at the same time.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use flow_testing::packets::{tcp, udp, udp6};
use netflow_testing::*;
use ng_netflow::Role;

/// Flows that have traffic all the time, and so stay in the cache.
const STEADY: u32 = 3000;
const LONGEST: Duration = Duration::from_secs(2);

/// Whoever walks the cache while others come and go in it sees every record
/// that stays exactly once, and no packet is unaccounted in the end.
#[test]
fn all_at_once() {
    let home = Home::new();
    let node = exporting_node(&home);
    set_timeouts(&node, 3600, 3600);
    for flow in 0..STEADY {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
    }
    let done = AtomicBool::new(false);
    let begun = Instant::now();
    let goes_on = || !done.load(SeqCst) && begun.elapsed() < LONGEST;
    let walks = thread::scope(|scope| {
        for thread in 0..4u32 {
            let (node, goes_on) = (&node, &goes_on);
            scope.spawn(move || {
                let mut flow = 0u32;
                while goes_on() {
                    // New flows, which TCP ends at once, make pages come and go.
                    let short = STEADY + thread * 1_000_000 + flow % 1_000_000;
                    for flags in [0x02, 0x01] {
                        node.rcvdata(Role::Iface(0), &packet(tcp(short, flags)));
                    }
                    node.rcvdata(Role::Iface(0), &packet(udp(flow % STEADY)));
                    node.rcvdata(Role::Iface(0), &packet(udp6(flow % STEADY)));
                    flow += 1;
                }
            });
        }
        scope.spawn(|| {
            while goes_on() {
                home.wait(1);
                node.tick();
                home.sent();
            }
        });
        scope.spawn(|| {
            while goes_on() {
                node.disconnect(Role::Export);
                node.newhook(b"export", hook(9)).unwrap();
                node.newhook(b"export9", hook(8)).unwrap();
                let _ = info(&node);
                node.disconnect(Role::Export9);
            }
        });
        let walker = scope.spawn(|| {
            let mut walks = 0;
            while goes_on() {
                let mut steady = show(&node, 4);
                steady.retain(|flow| *flow < STEADY);
                steady.sort_unstable();
                let all: Vec<u32> = (0..STEADY).collect();
                if steady != all {
                    done.store(true, SeqCst);
                    panic!("walk {walks} saw {} of {STEADY} records", steady.len());
                }
                walks += 1;
            }
            walks
        });
        walker.join().unwrap()
    });
    assert!(walks > 0);
    while node.close().is_some() {}
    let account = node.conservation();
    assert_eq!(
        (account.unaccounted(), account.cached.packets),
        (0, 0),
        "{account}"
    );
    assert!(account.expired.packets > u64::from(STEADY), "{account}");
    println!("{walks} walks, {} packets", account.received);
}
