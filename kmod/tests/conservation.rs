// SPDX-License-Identifier: BSD-2-Clause
//! Whatever happens to a node, every packet that it took is somewhere.

use std::sync::atomic::Ordering::SeqCst;

use flow_testing::cases;
use flow_testing::packets::{udp, udp6};
use netflow_testing::*;
use ng_netflow::{Role, TICK_MS};
use proptest::prelude::*;
use sys_bindings::*;

#[derive(Clone, Debug)]
enum Event {
    Packets(u32, u32),
    Packets6(u32, u32),
    Garbage(Vec<u8>),
    Ticks(u64),
    SendsFail(bool),
    Exporter(bool),
    Exporter9(bool),
    Memory(usize),
    Timeouts(u32, u32),
    Message(u32, Vec<u8>),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0u32..300, 1u32..50).prop_map(|(from, n)| Event::Packets(from, n)),
        2 => (0u32..300, 1u32..50).prop_map(|(from, n)| Event::Packets6(from, n)),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Event::Garbage),
        3 => (1u64..20).prop_map(Event::Ticks),
        1 => any::<bool>().prop_map(Event::SendsFail),
        1 => any::<bool>().prop_map(Event::Exporter),
        1 => any::<bool>().prop_map(Event::Exporter9),
        1 => prop_oneof![(0usize..20), Just(usize::MAX)].prop_map(Event::Memory),
        1 => (0u32..5, 0u32..9).prop_map(|(i, a)| Event::Timeouts(i, a)),
        1 => (
            prop_oneof![0u32..12, (1u32..12).prop_map(|c| c | NGM_NETFLOW_INFO & !0xff)],
            prop::collection::vec(any::<u8>(), 0..20),
        ).prop_map(|(command, args)| Event::Message(command, args)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(256)))]

    /// Whatever fails and whoever comes and goes: no packet is unaccounted.
    #[test]
    fn packets_are_conserved(events in prop::collection::vec(event(), 1..120)) {
        let home = Home::new();
        let node = exporting_node(&home);
        let mut connected = true;
        for event in events {
            match event {
                Event::Packets(from, n) => for flow in from..from + n {
                    node.rcvdata(Role::Iface(0), &packet(udp(flow)));
                },
                Event::Packets6(from, n) => for flow in from..from + n {
                    node.rcvdata(Role::Iface(0), &packet(udp6(flow)));
                },
                Event::Garbage(bytes) => {
                    node.rcvdata(Role::Iface(0), &packet(bytes));
                }
                Event::Ticks(ticks) => run(&node, &home, ticks * u64::from(TICK_MS)),
                Event::SendsFail(fail) => home.0.sends_fail.store(fail, SeqCst),
                Event::Exporter(connect) => {
                    if connect && !connected {
                        node.newhook(b"export", hook(9)).unwrap();
                    } else if !connect {
                        node.disconnect(Role::Export);
                    }
                    connected = connect;
                }
                Event::Exporter9(connect) => {
                    if connect {
                        let _ = node.newhook(b"export9", hook(8));
                    } else {
                        node.disconnect(Role::Export9);
                    }
                }
                Event::Memory(allocations) => home.0.memory.allow(allocations),
                Event::Timeouts(inactive, active) => set_timeouts(&node, inactive, active),
                Event::Message(command, args) => {
                    let _ = message(&node, command, &args);
                }
            }
            let account = node.conservation();
            prop_assert_eq!(account.unaccounted(), 0);
            let info = info(&node);
            prop_assert_eq!(
                account.cached.octets + account.over_limit.octets + account.expired.octets,
                info.nfinfo_bytes + info.nfinfo_bytes6
            );
            for export in account.exports {
                let dropped: u64 = export.dropped.iter().map(|sum| sum.octets).sum();
                let octets = export.pending.octets + export.handed_over.octets + dropped;
                prop_assert_eq!(octets, account.expired.octets);
            }
        }
        while node.close().is_some() {}
        let account = node.conservation();
        prop_assert_eq!(account.unaccounted(), 0);
        prop_assert_eq!(account.cached.packets, 0);
        let sent = home.sent();
        let version5 = sent.iter().filter(|d| word(d, 0) >> 16 == 5);
        let records: u32 = version5.map(|d| sequence_and_count(d).1).sum();
        prop_assert_eq!(u64::from(records), account.exports[0].handed_over.records);
        for export in account.exports {
            prop_assert_eq!(export.pending.packets, 0);
        }
    }
}
