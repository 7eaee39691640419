// SPDX-License-Identifier: BSD-2-Clause
//! The node's messages, in a home made for tests: what they refuse, what they
//! set and tell, and what SHOW shows.

use flow_testing::memory::holds;
use flow_testing::packets::{udp, udp6};
use netflow_testing::*;
use ng_netflow::kpi::Errno;
use ng_netflow::{Node, Role};
use sys_bindings::*;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

/// A reply of SHOW from a place on: its header and its entries.
fn show_from(
    node: &Node<Home>,
    version: u8,
    (hash_id, list_id): (u32, u32),
) -> (ngnf_show_header, Vec<u8>) {
    let request = ngnf_show_header {
        version,
        hash_id,
        list_id,
        ..ngnf_show_header::new_zeroed()
    };
    let answer = message(node, NGM_NETFLOW_SHOW, request.as_bytes());
    let answer = answer.unwrap().unwrap();
    let (head, body) = ngnf_show_header::read_from_prefix(&answer).unwrap();
    (head, body.to_vec())
}

#[test]
fn messages_refuse_every_length_but_their_own() {
    let home = Home::new();
    let node = exporting_node(&home);
    let expectations = [
        (NGM_NETFLOW_IFINFO, 2),
        (NGM_NETFLOW_SHOW, 16),
        (NGM_NETFLOW_SETDLT, 4),
        (NGM_NETFLOW_SETIFINDEX, 4),
        (NGM_NETFLOW_SETTIMEOUTS, 8),
        (NGM_NETFLOW_SETCONFIG, 8),
        (NGM_NETFLOW_SETTEMPLATE, 4),
        (NGM_NETFLOW_SETMTU, 2),
    ];
    for (command, len) in expectations {
        for wrong in (0..100).filter(|wrong| *wrong != len) {
            assert_eq!(
                message(&node, command, &vec![0; wrong]),
                Err(EINVAL),
                "{command} {wrong}"
            );
        }
    }
    // Commands without arguments do not look at them.
    for len in 0..100 {
        assert!(message(&node, NGM_NETFLOW_V9INFO, &vec![0xff; len]).is_ok());
        assert!(message(&node, NGM_NETFLOW_INFO, &vec![0xff; len]).is_ok());
    }
    for unknown in [0, 1, 2, 3, 11, 0xffff_ffff, NGM_NETFLOW_INFO & 0xff] {
        assert_eq!(message(&node, unknown, &[]), Err(EINVAL));
    }
    let mut answer = Answer::default();
    assert_eq!(
        node.rcvmsg(NGM_NETFLOW_COOKIE + 1, NGM_NETFLOW_INFO, &[], &mut answer),
        Err(EINVAL)
    );
    assert_eq!(answer.0, None);
}

#[test]
fn settings_are_kept_and_told() {
    let home = Home::new();
    let node = exporting_node(&home);
    let ifinfo = |number: u16| -> Result<ng_netflow_ifinfo, Errno> {
        let answer = message(&node, NGM_NETFLOW_IFINFO, number.as_bytes())?.unwrap();
        Ok(ng_netflow_ifinfo::read_from_bytes(&answer).unwrap())
    };
    node.rcvdata(Role::Iface(0), &packet(udp(1)));
    let set = ng_netflow_setifindex { iface: 0, index: 7 };
    message(&node, NGM_NETFLOW_SETIFINDEX, set.as_bytes()).unwrap();
    let set = ng_netflow_setconfig {
        iface: 0,
        conf: 0x13,
        ..ng_netflow_setconfig::new_zeroed()
    };
    message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
    let told = ifinfo(0).unwrap();
    assert_eq!(
        (
            told.ifinfo_packets,
            told.ifinfo_dlt,
            told.ifinfo_index,
            told.conf
        ),
        (1, DLT_RAW, 7, 0x13)
    );
    assert_eq!(ifinfo(1).unwrap_err(), EINVAL, "not connected");
    assert_eq!(ifinfo(65535).unwrap_err(), EINVAL);

    for (iface, dlt) in [(0, 13), (1, DLT_RAW), (65535, DLT_RAW)] {
        let set = ng_netflow_setdlt {
            iface,
            dlt,
            ..ng_netflow_setdlt::new_zeroed()
        };
        assert_eq!(
            message(&node, NGM_NETFLOW_SETDLT, set.as_bytes()),
            Err(EINVAL)
        );
    }
    let set = ng_netflow_setifindex { iface: 9, index: 2 };
    assert_eq!(
        message(&node, NGM_NETFLOW_SETIFINDEX, set.as_bytes()),
        Err(EINVAL)
    );
    let mut set = ng_netflow_setconfig::new_zeroed();
    set.iface = 65534;
    assert_eq!(
        message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()),
        Ok(None),
        "before its hook"
    );
    set.iface = 65535;
    assert_eq!(
        message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()),
        Err(EINVAL)
    );

    set_timeouts(&node, 3, 6);
    assert_eq!(
        (info(&node).nfinfo_inact_t, info(&node).nfinfo_act_t),
        (3, 6)
    );
}

#[test]
fn each_direction_is_configured() {
    let home = Home::new();
    for (conf, in_and_out) in [
        (0, (0, 0)),
        (NG_NETFLOW_CONF_INGRESS, (1, 0)),
        (NG_NETFLOW_CONF_EGRESS, (0, 1)),
        (NG_NETFLOW_CONF_INGRESS | NG_NETFLOW_CONF_EGRESS, (1, 1)),
    ] {
        let node = exporting_node(&home);
        node.newhook(b"out0", hook(2)).unwrap();
        let set = ng_netflow_setconfig {
            iface: 0,
            conf,
            ..ng_netflow_setconfig::new_zeroed()
        };
        message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
        let cached = || node.conservation().cached.packets;
        node.rcvdata(Role::Iface(0), &packet(udp(1)));
        let received = cached();
        node.rcvdata(Role::Out(0), &packet(udp(1)));
        assert_eq!((received, cached() - received), in_and_out, "conf {conf}");
    }
}

#[test]
fn egress_and_once_are_configured() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.newhook(b"out0", hook(2)).unwrap();
    let set = ng_netflow_setconfig {
        iface: 0,
        conf: NG_NETFLOW_CONF_INGRESS | NG_NETFLOW_CONF_EGRESS | NG_NETFLOW_CONF_ONCE,
        ..ng_netflow_setconfig::new_zeroed()
    };
    message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
    let passing = packet(udp(1));
    node.rcvdata(Role::Iface(0), &passing);
    node.rcvdata(Role::Out(0), &passing);
    assert_eq!(passing.marks.borrow().len(), 1);
    node.rcvdata(Role::Out(0), &packet(udp(1)));
    let account = node.conservation();
    assert_eq!(
        (account.received, account.bypassed, account.cached.packets),
        (3, 1, 2)
    );
}

/// "once" heeds any node's mark, "thisonce" only this node's own.
#[test]
fn once_and_thisonce_heed_their_marks() {
    let home = Home::new();
    for (conf, other_nodes, own) in [
        (0, true, true),
        (NG_NETFLOW_CONF_ONCE, false, false),
        (NG_NETFLOW_CONF_THISONCE, true, false),
    ] {
        let node = exporting_node(&home);
        let set = ng_netflow_setconfig {
            iface: 0,
            conf: NG_NETFLOW_CONF_INGRESS | conf,
            ..ng_netflow_setconfig::new_zeroed()
        };
        message(&node, NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
        let is_accounted = |marked_by: Option<usize>| {
            let packet = packet(udp(1));
            packet.marks.borrow_mut().extend(marked_by);
            let before = node.conservation().cached.packets;
            node.rcvdata(Role::Iface(0), &packet);
            let marks = packet.marks.borrow().len();
            let accounted = node.conservation().cached.packets > before;
            let expected = usize::from(marked_by.is_some()) + usize::from(accounted && conf != 0);
            assert_eq!(marks, expected, "marked when accounted, with conf {conf}");
            accounted
        };
        assert!(is_accounted(None), "conf {conf}");
        assert_eq!(is_accounted(Some(2)), other_nodes, "conf {conf}");
        assert_eq!(is_accounted(Some(1)), own, "conf {conf}");
    }
}

#[test]
fn two_hooks_with_one_ifindex_share_flows() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.newhook(b"iface1", hook(2)).unwrap();
    node.newhook(b"iface2", hook(3)).unwrap();
    for (iface, index) in [(0, 5), (1, 5), (2, 6)] {
        set_raw(&node, iface);
        let set = ng_netflow_setifindex { iface, index };
        message(&node, NGM_NETFLOW_SETIFINDEX, set.as_bytes()).unwrap();
    }
    for iface in 0..3 {
        node.rcvdata(Role::Iface(iface), &packet(udp(1)));
    }
    assert_eq!(info(&node).nfinfo_used, 2);
}

#[test]
fn without_a_configured_index_the_packets_own_interface_counts() {
    let home = Home::new();
    let node = exporting_node(&home);
    for received_on in [3, 4, 3] {
        let mut packet = packet(udp(1));
        packet.received_on = received_on;
        node.rcvdata(Role::Iface(0), &packet);
    }
    assert_eq!(info(&node).nfinfo_used, 2);
}

#[test]
fn version_9_settings_are_kept_and_told() {
    let home = Home::new();
    let node = exporting_node(&home);
    let v9info = || {
        let answer = message(&node, NGM_NETFLOW_V9INFO, &[]).unwrap().unwrap();
        let info = ng_netflow_v9info::read_from_bytes(&answer).unwrap();
        (info.templ_packets, info.templ_time, info.mtu)
    };
    assert_eq!(v9info(), (500, 600, 1500), "base's defaults");
    let set = ng_netflow_settemplate {
        time: 1,
        packets: 2,
    };
    message(&node, NGM_NETFLOW_SETTEMPLATE, set.as_bytes()).unwrap();
    for (mtu, result) in [
        (23, Err(EINVAL)),
        (24, Ok(None)),
        (16_384, Ok(None)),
        (16_385, Err(EINVAL)),
        (9000, Ok(None)),
    ] {
        let set = ng_netflow_setmtu { mtu };
        assert_eq!(
            message(&node, NGM_NETFLOW_SETMTU, set.as_bytes()),
            result,
            "{mtu}"
        );
    }
    assert_eq!(v9info(), (2, 1, 9000));
}

#[test]
fn timeouts_that_are_shortened_hold_at_the_next_tick() {
    let home = Home::new();
    let node = exporting_node(&home);
    node.rcvdata(Role::Iface(0), &packet(udp(1)));
    home.wait(4000);
    node.tick();
    assert_eq!(info(&node).nfinfo_used, 1);
    set_timeouts(&node, 3, 1800);
    node.tick();
    assert_eq!(info(&node).nfinfo_used, 0);
}

/// Octets between fields, and fields that nobody uses, are zeroes in every reply,
/// whatever was in its memory.
#[test]
fn replies_are_written_whole() {
    let home = Home::new();
    let node = exporting_node(&home);
    for flow in 0..100 {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
        node.rcvdata(Role::Iface(0), &packet(udp6(flow)));
    }
    assert_eq!(info(&node)._pad0, [0; 4]);
    let answer = message(&node, NGM_NETFLOW_IFINFO, &[0, 0]).unwrap();
    let ifinfo = ng_netflow_ifinfo::read_from_bytes(&answer.unwrap()).unwrap();
    assert_eq!(ifinfo._pad0, 0);
    for version in [4, 6] {
        let (head, body) = show_from(&node, version, (0, 0));
        assert_eq!((head._pad0, head.nentries), ([0; 3], 100));
        if version == 4 {
            for entry in <[flow_entry_data]>::ref_from_bytes(&body).unwrap() {
                assert_eq!((entry._pad0, entry._pad1), ([0; 2], [0; 6]));
            }
        } else {
            for entry in <[flow6_entry_data]>::ref_from_bytes(&body).unwrap() {
                let padding = (entry._pad0, entry._pad1, entry._pad2);
                assert_eq!(padding, ([0; 2], [0; 4], [0; 6]));
            }
        }
    }
}

/// One reply of SHOW holds no lock for more than 64 records, though there are
/// hundreds in a shard.
#[test]
fn show_copies_few_records_under_one_hold() {
    let home = Home::new();
    let node = exporting_node(&home);
    for flow in 0..60_000 {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
    }
    let before = holds();
    let (head, _) = show_from(&node, 4, (0, 0));
    // Where a shard ends the next one's lock is held for the rest of the 64.
    let copies = holds() - before - u64::from(head.hash_id - 1);
    assert_eq!(head.nentries as usize, NREC_AT_ONCE);
    assert_eq!(copies, (NREC_AT_ONCE as u64).div_ceil(64));
}

#[test]
fn show_walks_the_whole_cache() {
    let home = Home::new();
    let node = exporting_node(&home);
    assert!(show(&node, 4).is_empty());
    for flow in 0..5000 {
        node.rcvdata(Role::Iface(0), &packet(udp(flow)));
        node.rcvdata(Role::Iface(0), &packet(udp6(flow)));
    }
    for version in [4, 6] {
        let mut shown = show(&node, version);
        shown.sort_unstable();
        assert_eq!(shown, (0..5000).collect::<Vec<u32>>());
    }
    for (version, hash_id) in [(5, 0), (0, 0), (4, 257), (6, u32::MAX)] {
        let request = ngnf_show_header {
            version,
            hash_id,
            ..ngnf_show_header::new_zeroed()
        };
        assert_eq!(
            message(&node, NGM_NETFLOW_SHOW, request.as_bytes()),
            Err(EINVAL)
        );
    }
    let nowhere = ngnf_show_header {
        version: 4,
        hash_id: 256,
        list_id: u32::MAX,
        ..ngnf_show_header::new_zeroed()
    };
    let answer = message(&node, NGM_NETFLOW_SHOW, nowhere.as_bytes())
        .unwrap()
        .unwrap();
    assert_eq!(
        answer.len(),
        size_of::<ngnf_show_header>(),
        "beyond the end is the end"
    );
}
