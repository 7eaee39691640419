// SPDX-License-Identifier: BSD-2-Clause
//! The generic messages: what they do, in which order they list, and base's
//! errno for each way to get them wrong.

use crate::common::{string, Client, Lab};
use ::nghost::message::Message;
use sys_bindings::*;
use zerocopy::{FromBytes, IntoBytes};

fn ids(nodes: &[nodeinfo]) -> Vec<u32> {
    nodes.iter().map(|node| node.id).collect()
}

fn names(nodes: &[nodeinfo]) -> Vec<String> {
    nodes.iter().map(|node| string(&node.name)).collect()
}

#[test]
fn nodes_and_hooks_are_listed_as_base_lists_them() {
    let lab = Lab::transcript();
    lab.name(".:", "ngctl39").unwrap();
    let nodes = lab.list(NGM_LISTNODES);
    let lines: Vec<_> = nodes
        .iter()
        .map(|n| (n.id, string(&n.name), string(&n.type_), n.hooks))
        .collect();
    let node = |id, name: &str, ty: &str, hooks| (id, name.to_owned(), ty.to_owned(), hooks);
    assert_eq!(
        lines,
        [
            node(1, "epair0a", "ether", 2),
            node(2, "ngctl39", "socket", 0),
            node(3, "", "socket", 0),
            node(4, "", "tee", 4),
            node(5, "netflow", "netflow", 4),
            node(6, "", "ksocket", 1),
            node(7, "", "ksocket", 1),
        ]
    );
    assert_eq!(
        lab.links("epair0a:"),
        ["upper  tee left", "lower  tee right"]
    );
    assert_eq!(
        lab.links("[4]:"),
        [
            "left2right netflow netflow out0",
            "right2left netflow netflow iface0",
            "left epair0a ether upper",
            "right epair0a ether lower",
        ]
    );
    assert_eq!(
        lab.links("netflow:"),
        [
            "export9  ksocket inet/dgram/udp",
            "export  ksocket inet/dgram/udp",
            "out0  tee left2right",
            "iface0  tee right2left",
        ]
    );
    assert_eq!(
        lab.links("netflow:export"),
        ["inet/dgram/udp netflow netflow export"]
    );
}

#[test]
fn names_and_late_ids_come_in_the_order_of_bases_hash_chains() {
    let lab = Lab::transcript();
    lab.name(".:", "ngctl41").unwrap();
    assert_eq!(
        names(&lab.list(NGM_LISTNAMES)),
        ["ngctl41", "netflow", "epair0a"]
    );
    // The transcript's 'ngctl dot' was node 0x11, and listed first.
    lab.shutdown("[3]:").unwrap();
    for _ in 8..0x11 {
        let client = Client::new(&lab.graph);
        lab.graph.remove_node(client.node);
    }
    let client = Client::new(&lab.graph);
    lab.graph.remove_node(lab.client.node);
    let lab = Lab { client, ..lab };
    assert_eq!(ids(&lab.list(NGM_LISTNODES)), [0x11, 1, 4, 5, 6, 7]);
}

#[test]
fn many_nodes_are_all_listed() {
    let lab = Lab::new();
    let clients: Vec<_> = (0..100).map(|_| Client::new(&lab.graph)).collect();
    for (number, client) in clients.iter().enumerate() {
        let name = format!("client{number}");
        lab.graph.name_node(client.node, name.as_bytes()).unwrap();
    }
    let mut listed = ids(&lab.list(NGM_LISTNODES));
    listed.sort();
    assert_eq!(listed, (1..=102).collect::<Vec<_>>());
    assert_eq!(lab.list(NGM_LISTNAMES).len(), 101);
}

#[test]
fn types_are_listed_from_the_last_with_their_living_nodes() {
    let lab = Lab::transcript();
    let list = lab.ask(".:", NGM_LISTTYPES, &[]).unwrap();
    let (count, types) = u32::read_from_prefix(&list).unwrap();
    let types = <[typeinfo]>::ref_from_bytes(types).unwrap();
    assert_eq!(count as usize, types.len());
    let types: Vec<_> = types
        .iter()
        .map(|ty| format!("{} {}", string(&ty.type_name), ty.numnodes))
        .collect();
    assert_eq!(
        types,
        [
            "hub 0",
            "netflow 1",
            "socket 2",
            "ksocket 2",
            "tee 1",
            "ether 1"
        ]
    );
}

#[test]
fn nodeinfo_tells_of_the_node_asked() {
    let lab = Lab::transcript();
    lab.generic("epair0a:lower", NGM_NODEINFO, &[]).unwrap();
    let (from, answer) = lab.answer();
    assert_eq!(from, "[4]:");
    assert!(answer.is_response());
    let info: nodeinfo = answer.args_as().unwrap();
    assert_eq!(
        (info.id, info.hooks, string(&info.name)),
        (4, 4, String::new())
    );
}

#[test]
fn addresses_that_lead_nowhere() {
    let lab = Lab::transcript();
    for (path, errno) in [
        ("nosuch:", ENOENT),
        ("[99]:", ENOENT),
        ("[5]:nosuch", ENOENT),
        ("netflow:export.nosuch", ENOENT),
        ("nosuchhook", ENOENT),
        (":x", EINVAL),
        ("a.b:", EINVAL),
        ("netflow:a..b", EINVAL),
        ("a name beyond 31 octets, too long:", EINVAL),
    ] {
        assert_eq!(lab.generic(path, NGM_NODEINFO, &[]), Err(errno), "{path}");
    }
    for path in [
        "netflow:",
        "[5]:",
        "[0x5]:",
        ".:",
        "",
        ".",
        "netflow:export.inet/dgram/udp",
    ] {
        assert_eq!(lab.generic(path, NGM_NODEINFO, &[]), Ok(()), "{path}");
    }
}

#[test]
fn a_relative_path_begins_at_the_client() {
    let lab = Lab::transcript();
    lab.mkpeer(".:", "hub", "h", "x").unwrap();
    let info = lab.ask("h", NGM_NODEINFO, &[]).unwrap();
    assert_eq!(nodeinfo::read_from_bytes(&info).unwrap().id, 8);
    let info = lab.ask("h.x.h", NGM_NODEINFO, &[]).unwrap();
    assert_eq!(nodeinfo::read_from_bytes(&info).unwrap().id, 8);
}

#[test]
fn mkpeer_as_in_the_transcript() {
    let lab = Lab::transcript();
    for (ty, hook, errno) in [
        ("nosuchtype", "foo", ENOENT),
        ("hub", "iface0", EEXIST),
        ("hub", "iface01", EINVAL),
        ("hub", "ifaceX", EINVAL),
        ("hub", "iface65535", EINVAL),
        // Nodes that other things bring about.
        ("ether", "iface1", EINVAL),
        ("socket", "iface1", EINVAL),
    ] {
        assert_eq!(
            lab.mkpeer("netflow:", ty, hook, "x"),
            Err(errno),
            "{ty} {hook}"
        );
    }
    // Nothing is half done.
    while lab.graph.run() {}
    assert_eq!(lab.list(NGM_LISTNODES).len(), 7);
    assert_eq!(lab.links("netflow:").len(), 4);
    lab.mkpeer("netflow:", "hub", "iface65534", "x").unwrap();
    assert_eq!(lab.links("netflow:")[0], "iface65534  hub x");
    assert_eq!(lab.generic("netflow:", NGM_MKPEER, &[0; 95]), Err(EINVAL));
}

#[test]
fn a_peer_that_refuses_its_hook_is_gone_again() {
    let lab = Lab::new();
    assert_eq!(
        lab.mkpeer("epair0a:", "tee", "lower", "middle"),
        Err(EINVAL)
    );
    while lab.graph.run() {}
    assert_eq!(lab.list(NGM_LISTNODES).len(), 2);
    assert!(lab.links("epair0a:").is_empty());
    lab.mkpeer("epair0a:", "tee", "lower", "right").unwrap();
}

#[test]
fn connect_as_in_the_transcript() {
    let lab = Lab::transcript();
    let connect = |path, to, hook, peer| lab.connect(path, to, hook, peer);
    assert_eq!(
        connect("netflow:", "netflow:", "out1", "nosuchhook"),
        Err(EINVAL)
    );
    assert_eq!(connect("netflow:", "nosuch:", "out1", "x"), Err(ENOENT));
    assert_eq!(
        connect("netflow:", "netflow:", "iface1", "iface0"),
        Err(EEXIST)
    );
    assert_eq!(
        connect("netflow:", "netflow:", "iface0", "iface1"),
        Err(EEXIST)
    );
    assert_eq!(
        connect("netflow:", "netflow:", "iface1", "iface1"),
        Err(EEXIST)
    );
    assert_eq!(
        connect("epair0a:", "netflow:", "orphans", "export"),
        Err(EEXIST)
    );
    assert_eq!(
        connect("epair0a:", "netflow:", "nosuch", "iface2"),
        Err(EINVAL)
    );
    while lab.graph.run() {}
    assert_eq!(lab.links("netflow:").len(), 4);
    assert_eq!(lab.links("epair0a:").len(), 2);
    assert_eq!(connect("netflow:", "netflow:", "iface1", "out1"), Ok(()));
    assert_eq!(lab.links("netflow:").len(), 6);
    assert_eq!(lab.generic("netflow:", NGM_CONNECT, &[]), Err(EINVAL));
}

#[test]
fn names_as_in_the_transcript() {
    let lab = Lab::transcript();
    assert_eq!(lab.name("netflow:", "netflow"), Ok(()));
    assert_eq!(lab.name("nosuch:", "foo"), Err(ENOENT));
    assert_eq!(lab.name("[4]:", "netflow"), Err(EADDRINUSE));
    // No name is no change for a node that has none.
    assert_eq!(lab.name("[4]:", ""), Ok(()));
    assert_eq!(lab.name("netflow:", ""), Err(EINVAL));
    for name in ["a.b", "a:b", "[5]"] {
        assert_eq!(lab.name("[4]:", name), Err(EINVAL), "{name}");
    }
    assert_eq!(lab.name("[4]:", "[xyz]"), Ok(()));
    assert_eq!(lab.name("[4]:", "tap"), Ok(()));
    assert!(lab.ask("tap:", NGM_NODEINFO, &[]).is_ok());
    // The old name is free.
    assert_eq!(lab.name("netflow:", "[xyz]"), Ok(()));
    assert_eq!(lab.generic("netflow:", NGM_NODEINFO, &[]), Err(ENOENT));
    assert_eq!(lab.generic("tap:", NGM_NAME, &[0; 33]), Err(EINVAL));
    // Longer than fits: cut where base cuts it.
    assert_eq!(
        lab.name("tap:", "0123456789012345678901234567890123"),
        Ok(())
    );
    assert!(names(&lab.list(NGM_LISTNAMES)).contains(&"0123456789012345678901234567890".into()));
}

#[test]
fn rmhook_breaks_both_ends() {
    let lab = Lab::transcript();
    assert_eq!(lab.rmhook("netflow:", "nosuch"), Ok(()));
    assert_eq!(lab.rmhook("nosuch:", "x"), Err(ENOENT));
    assert_eq!(lab.generic("netflow:", NGM_RMHOOK, &[]), Err(EINVAL));
    assert_eq!(lab.rmhook("netflow:", "export"), Ok(()));
    while lab.graph.run() {}
    // The ksocket goes with its only hook.
    assert_eq!(ids(&lab.list(NGM_LISTNODES)), [1, 2, 3, 4, 5, 7]);
    assert_eq!(lab.links("netflow:").len(), 3);
}

#[test]
fn shutdown_takes_the_hooks_along_and_spares_interfaces() {
    let lab = Lab::transcript();
    assert_eq!(lab.shutdown("netflow:"), Ok(()));
    assert_eq!(ids(&lab.list(NGM_LISTNODES)), [1, 2, 3, 4]);
    assert_eq!(lab.links("[4]:").len(), 2);
    // A tee leaves its neighbours connected to each other.
    assert_eq!(lab.shutdown("[4]:"), Ok(()));
    assert_eq!(
        lab.links("epair0a:"),
        ["upper epair0a ether lower", "lower epair0a ether upper"]
    );
    assert_eq!(lab.shutdown("epair0a:"), Ok(()));
    assert_eq!(ids(&lab.list(NGM_LISTNODES)), [1, 2, 3]);
    assert!(lab.links("epair0a:").is_empty());
    assert_eq!(lab.shutdown("nosuch:"), Err(ENOENT));
    let victim = Client::new(&lab.graph);
    assert_eq!(lab.shutdown("[8]:"), Ok(()));
    assert!(victim.is_closed());
}

#[test]
fn text_messages_and_unknown_ones() {
    let lab = Lab::transcript();
    for cmd in [NGM_TEXT_STATUS, NGM_TEXT_CONFIG, 0, 15, NGM_NODEINFO & 0xff] {
        assert_eq!(lab.generic("netflow:", cmd, &[]), Err(EINVAL), "{cmd}");
    }
    for path in ["netflow:", "epair0a:", "[4]:", "netflow:export"] {
        assert_eq!(lab.send(path, 12345, 1, &[]), Err(EINVAL), "{path}");
    }
}

#[test]
fn an_answer_to_nobody_is_refused() {
    let lab = Lab::transcript();
    let client = Client::new(&lab.graph);
    let mut response = Message::new(NGM_GENERIC_COOKIE, NGM_NODEINFO, vec![]);
    response.header.flags |= NGF_RESP;
    // Answers are the node's own business, generic or not.
    assert_eq!(client.send(&lab.graph, "netflow:", &response), Err(EINVAL));
    assert_eq!(client.send(&lab.graph, "[2]:", &response), Ok(()));
    let (from, _) = lab.answer();
    assert_eq!(from, "[8]:");
}

#[test]
fn conversions_as_in_the_transcript() {
    let lab = Lab::transcript();
    let answer = |command, text| lab.msg_answer("netflow:", command, text).unwrap();
    assert_eq!(
        answer("info", ""),
        "{ Inactive timeout=15 Active timeout=1800 }"
    );
    assert_eq!(answer("ifinfo", "0"), "{ data link type=1 conf=1 }");
    let msg = |command, text| lab.msg("netflow:", command, text);
    assert_eq!(msg("ifinfo", "3"), Err(EINVAL));
    assert_eq!(
        answer("v9info", ""),
        "{ v9 template packets=500 v9 template time=600 v9 MTU=1500 }"
    );
    assert_eq!(msg("setmtu", "{ mtu=10 }"), Err(EINVAL));
    assert_eq!(msg("setmtu", "{ mtu=1500 }"), Ok(()));
    assert_eq!(msg("settemplate", "{ time=1 packets=1 }"), Ok(()));
    assert_eq!(msg("setconfig", "{ iface=0 conf=1 }"), Ok(()));
    assert_eq!(msg("setifindex", "{ iface=0 index=2 }"), Ok(()));
    assert_eq!(msg("setifindex", "{ iface=9 index=2 }"), Err(EINVAL));
    assert_eq!(msg("setdlt", "{ iface=0 dlt=13 }"), Err(EINVAL));
    assert_eq!(msg("settimeouts", "{ inactive=15 }"), Ok(()));
    assert_eq!(msg("settimeouts", "{ inactive=3 active=6 }"), Ok(()));
    assert_eq!(msg("settimeouts", ""), Err(EINVAL));
    assert_eq!(msg("nosuch", ""), Err(ENOSYS));
    assert_eq!(msg("settimeouts", "{ nosuchfield=1 }"), Err(ENOENT));
    assert_eq!(msg("settimeouts", "{ inactive=x }"), Err(EINVAL));
    assert_eq!(
        answer("info", ""),
        "{ Inactive timeout=3 Active timeout=6 }"
    );
    assert_eq!(answer("ifinfo", "0"), "{ data link type=1 index=2 conf=1 }");
}

#[test]
fn generic_answers_have_ascii_forms() {
    let lab = Lab::transcript();
    assert_eq!(
        lab.msg_answer("netflow:", "nodeinfo", "").unwrap(),
        r#"{ name="netflow" type="netflow" id=0x5 hooks=4 }"#
    );
    assert_eq!(
        lab.msg_answer("netflow:export", "listhooks", "").unwrap(),
        "{ nodeinfo={ type=\"ksocket\" id=0x6 hooks=1 } linkinfo=[ { \
         ourhook=\"inet/dgram/udp\" peerhook=\"export\" nodeinfo={ name=\"netflow\" \
         type=\"netflow\" id=0x5 hooks=4 } } ] }"
    );
    let types = lab.msg_answer(".:", "listtypes", "").unwrap();
    assert!(
        types.starts_with(r#"{ numtypes=6 typeinfo=[ { typename="hub" } { "#),
        "{types}"
    );
    lab.msg(
        "netflow:",
        "mkpeer",
        r#"{ type="hub" ourhook="iface7" peerhook="x" }"#,
    )
    .unwrap();
    assert_eq!(lab.links("netflow:")[0], "iface7  hub x");
    assert_eq!(
        lab.msg("netflow:", "rmhook", r#"{ hook="iface7" }"#),
        Ok(())
    );
}

#[test]
fn conversions_of_what_is_no_message() {
    let lab = Lab::transcript();
    let inner = Message::new(NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO, vec![]).to_bytes();
    for cmd in [NGM_ASCII2BINARY, NGM_BINARY2ASCII] {
        assert_eq!(lab.generic("netflow:", cmd, &[]), Err(EINVAL));
        assert_eq!(lab.generic("netflow:", cmd, &inner[..55]), Err(EINVAL));
    }
    // Without even a NUL there is no text.
    assert_eq!(
        lab.generic("netflow:", NGM_ASCII2BINARY, &inner),
        Err(EINVAL)
    );
    // More promised than there is.
    let mut liar = Message::new(NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETDLT, vec![0; 4]);
    liar.header.arglen = 5;
    let liar = liar.header.as_bytes().iter().copied().chain([0; 4]);
    let liar: Vec<u8> = liar.collect();
    assert_eq!(
        lab.generic("netflow:", NGM_BINARY2ASCII, &liar),
        Err(EINVAL)
    );
    // Arguments too short for their structure.
    let short = Message::new(NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETDLT, vec![1]);
    assert_eq!(lab.to_ascii("netflow:", &short), Err(EINVAL));
    // A command of another type.
    let other = Message::new(NGM_TEE_COOKIE, NGM_TEE_GET_STATS, vec![]);
    assert_eq!(lab.to_ascii("netflow:", &other), Err(ENOSYS));
    assert_eq!(lab.to_ascii("[4]:", &other).unwrap(), "");
}
