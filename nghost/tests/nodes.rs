// SPDX-License-Identifier: BSD-2-Clause
//! What the node types do with packets and with their own messages.

use std::net::UdpSocket;
use std::num::NonZero;
use std::time::{Duration, Instant};

use crate::common::{drain, frame, packet, Client, Lab};
use ::nghost::ascii::sockaddr;
use sys_bindings::*;
use zerocopy::FromBytes;

/// A tee with the client on all its hooks.
fn tee() -> Lab {
    let lab = Lab::new();
    lab.mkpeer(".:", "tee", "left", "left").unwrap();
    for hook in ["right", "left2right", "right2left"] {
        lab.connect(".:", "left", hook, hook).unwrap();
    }
    lab
}

fn hooks(lab: &Lab) -> Vec<String> {
    let packets = lab.client.packets();
    packets.into_iter().map(|(hook, _)| hook).collect()
}

#[test]
fn a_tee_copies_to_the_side_and_passes_on() {
    let lab = tee();
    for (into, out) in [
        ("left", &["left2right", "right"][..]),
        ("right", &["right2left", "left"]),
        ("left2right", &["left"]),
        ("right2left", &["right"]),
    ] {
        lab.client.send_data(&lab.graph, into, &frame(7)).unwrap();
        assert_eq!(hooks(&lab), out, "{into}");
    }
    // Without the other side, the copy's hook has the packet.
    lab.rmhook(".:", "right").unwrap();
    lab.client.send_data(&lab.graph, "left", &frame(8)).unwrap();
    assert_eq!(lab.client.packets(), [("left2right".into(), frame(8))]);
    lab.rmhook(".:", "left2right").unwrap();
    lab.client.send_data(&lab.graph, "left", &frame(9)).unwrap();
    assert!(hooks(&lab).is_empty());
}

#[test]
fn a_tee_counts() {
    let lab = tee();
    for _ in 0..3 {
        lab.client.send_data(&lab.graph, "left", &frame(1)).unwrap();
    }
    assert_eq!(hooks(&lab).len(), 6);
    let stats = "{ right={ outOctets=180 outFrames=3 } left={ inOctets=180 inFrames=3 } \
                 left2right={ outOctets=180 outFrames=3 } }";
    assert_eq!(lab.msg_answer("left", "getstats", "").unwrap(), stats);
    assert_eq!(lab.msg_answer("left", "getclrstats", "").unwrap(), stats);
    assert_eq!(lab.msg_answer("left", "getstats", "").unwrap(), "{}");
    lab.client
        .send_data(&lab.graph, "right", &frame(1))
        .unwrap();
    hooks(&lab);
    lab.msg("left", "clrstats", "").unwrap();
    assert_eq!(lab.msg_answer("left", "getstats", "").unwrap(), "{}");
    assert_eq!(lab.send("left", NGM_TEE_COOKIE, 99, &[]), Err(EINVAL));
    assert_eq!(lab.send("left", NGM_HUB_COOKIE, 1, &[]), Err(EINVAL));
}

#[test]
fn a_tee_passes_link_messages_on() {
    let lab = tee();
    lab.send("left", NGM_FLOW_COOKIE, NGM_LINK_IS_UP, &[])
        .unwrap();
    let (_, message) = lab.answer();
    assert_eq!(message.header.cmd, NGM_LINK_IS_UP);
    assert!(lab.client.take().is_none());
}

#[test]
fn a_hub_sends_to_all_others_and_goes_with_the_last() {
    let lab = Lab::new();
    lab.mkpeer(".:", "hub", "a", "a").unwrap();
    lab.client.send_data(&lab.graph, "a", &frame(1)).unwrap();
    assert!(hooks(&lab).is_empty());
    lab.connect(".:", "a", "b", "b").unwrap();
    lab.connect(".:", "a", "c", "c").unwrap();
    lab.client.send_data(&lab.graph, "a", &frame(1)).unwrap();
    assert_eq!(hooks(&lab), ["c", "b"]);
    for hook in ["a", "b", "c"] {
        lab.rmhook(".:", hook).unwrap();
    }
    drain(&lab);
    assert_eq!(lab.list(NGM_LISTNODES).len(), 2);

    lab.mkpeer(".:", "hub", "a", "a").unwrap();
    lab.msg("a", "setpersistent", "").unwrap();
    lab.rmhook(".:", "a").unwrap();
    drain(&lab);
    assert_eq!(lab.list(NGM_LISTNODES).len(), 3);
}

#[test]
fn packets_cross_a_long_chain_from_the_queue() {
    let lab = Lab::new();
    let other = Client::new(&lab.graph);
    lab.mkpeer(".:", "hub", "in", "0").unwrap();
    let first = lab.list(NGM_LISTNODES).len() as u32;
    for id in first..first + 2000 {
        lab.mkpeer(&format!("[{id:x}]:"), "hub", "next", "last")
            .unwrap();
    }
    let last = format!("[{:x}]:", first + 2000);
    let (last, _) = lab.graph.resolve(other.node, last.as_bytes()).unwrap();
    lab.graph.connect(last, b"out", other.node, b"far").unwrap();
    lab.client.send_data(&lab.graph, "in", &frame(5)).unwrap();
    drain(&lab);
    assert_eq!(other.packets(), [("far".into(), frame(5))]);
}

#[test]
fn a_loop_of_hubs_does_not_stop_the_world() {
    let lab = Lab::new();
    lab.mkpeer(".:", "hub", "a", "a").unwrap();
    for hook in ["x", "y", "z"] {
        lab.connect("a", ".:", hook, &hook.repeat(2)).unwrap();
    }
    // The queue is full in no time.
    assert_eq!(
        lab.client.send_data(&lab.graph, "a", &frame(1)),
        Err(ENOMEM)
    );
    let start = Instant::now();
    for _ in 0..10 {
        assert!(lab.graph.run(), "the storm goes on");
        // Whoever has a question is answered.
        lab.mail_away_packets();
        assert!(lab.ask("epair0a:", NGM_NODEINFO, &[]).is_ok());
    }
    // Packets in the queue are bounded, and so is the work of one turn.
    assert!(start.elapsed() < Duration::from_secs(5));
    lab.graph
        .remove_node(lab.graph.resolve(lab.client.node, b"a").unwrap().0);
    while lab.graph.run() {}
}

#[test]
fn an_interface_hands_out_what_it_receives() {
    let lab = Lab::new();
    lab.ether.receive(&lab.graph, &frame(1));
    lab.connect(".:", "epair0a:", "e", "lower").unwrap();
    lab.ether.receive(&lab.graph, &frame(2));
    assert_eq!(lab.client.packets(), [("e".into(), frame(2))]);
    // What comes back has nowhere to go, and no loop.
    assert_eq!(lab.client.send_data(&lab.graph, "e", &frame(3)), Ok(()));
    assert_eq!(lab.client.send_data(&lab.graph, "e", &[0; 13]), Err(EINVAL));
    assert!(lab.client.take().is_none());
    // "divert" is another word for "lower".
    assert_eq!(lab.connect(".:", "epair0a:", "d", "divert"), Err(EISCONN));
    assert_eq!(lab.connect(".:", "epair0a:", "d", "middle"), Err(EINVAL));
    assert_eq!(
        lab.msg_answer("epair0a:", "getifname", ""),
        Ok("\"epair0a\"".into())
    );
    assert_eq!(lab.msg_answer("epair0a:", "getifindex", ""), Ok("2".into()));
    assert_eq!(
        lab.msg_answer("epair0a:", "getenaddr", ""),
        Ok("02:00:00:00:00:01".into())
    );
    lab.msg("epair0a:", "setautosrc", "1").unwrap();
    assert_eq!(lab.msg_answer("epair0a:", "getautosrc", ""), Ok("1".into()));
    // Without a capture there is nothing to start.
    assert_eq!(lab.msg("epair0a:", "start", ""), Err(ENXIO));
    assert_eq!(lab.msg("epair0a:", "capture", ""), Err(ENXIO));
}

fn collector() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let address = format!("inet/{}", socket.local_addr().unwrap());
    (socket, address)
}

/// A ksocket on the client's hook `k`.
fn ksocket(lab: &Lab) {
    lab.mkpeer(".:", NG_KSOCKET_NODE_TYPE, "k", "inet/dgram/udp")
        .unwrap();
}

/// Lets the ksocket look at its socket until `f` has something.
fn eventually<T>(lab: &Lab, f: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        for (here, node) in lab.graph.nodes() {
            node.ready(here);
        }
        if let Some(found) = f() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "nothing came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_ksocket_sends_and_receives_real_datagrams() {
    let lab = Lab::new();
    let (socket, address) = collector();
    ksocket(&lab);
    lab.msg("k", "bind", "inet/127.0.0.1:0").unwrap();
    lab.msg("k", "connect", &address).unwrap();
    lab.client.send_data(&lab.graph, "k", b"out").unwrap();
    let mut buffer = [0; 10];
    let (len, from) = socket.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"out");
    assert_eq!(
        lab.msg_answer("k", "getname", "").unwrap(),
        format!("inet/{from}")
    );
    assert_eq!(lab.msg_answer("k", "getpeername", "").unwrap(), address);
    socket.send_to(b"in", from).unwrap();
    let packets = eventually(&lab, || {
        Some(lab.client.packets()).filter(|p| !p.is_empty())
    });
    assert_eq!(packets, [("k".into(), b"in".to_vec())]);
}

#[test]
fn a_ksocket_reports_the_hosts_errors_in_freebsds_numbers() {
    let lab = Lab::new();
    ksocket(&lab);
    assert_eq!(lab.msg("k", "getpeername", ""), Err(ENOTCONN));
    assert_eq!(lab.msg("k", "bind", "inet/192.0.2.1:9"), Err(EADDRNOTAVAIL));
    assert_eq!(
        lab.msg("k", "connect", "inet/127.0.0.1"),
        Err(EADDRNOTAVAIL)
    );
    assert_eq!(lab.msg("k", "connect", "inet6/[::1]:9"), Err(EAFNOSUPPORT));
    assert_eq!(lab.msg("k", "listen", "5"), Err(EOPNOTSUPP));
    assert_eq!(lab.msg("k", "accept", ""), Err(EINVAL));
    assert_eq!(
        lab.send("k", NGM_KSOCKET_COOKIE, NGM_KSOCKET_CONNECT, &[]),
        Err(EINVAL)
    );
    assert_eq!(
        lab.send("k", NGM_KSOCKET_COOKIE, NGM_KSOCKET_BIND, &[16, 2]),
        Err(EINVAL)
    );
    let (socket, address) = collector();
    assert_eq!(lab.msg("k", "bind", &address), Err(EADDRINUSE));
    assert_eq!(
        lab.client.send_data(&lab.graph, "k", b"x"),
        Err(EDESTADDRREQ)
    );
    lab.msg("k", "connect", &address).unwrap();
    let too_long = vec![0; 65536];
    assert_eq!(
        lab.client.send_data(&lab.graph, "k", &too_long),
        Err(EMSGSIZE)
    );
    drop(socket);
}

/// The host tells of a refusal instead of sending the next datagram.
#[test]
fn a_refused_datagram_takes_no_other_along() {
    let lab = Lab::new();
    let (socket, address) = collector();
    let own = socket.local_addr().unwrap();
    ksocket(&lab);
    lab.msg("k", "connect", &address).unwrap();
    drop(socket);
    lab.client.send_data(&lab.graph, "k", b"x").unwrap();
    let socket = UdpSocket::bind(own).unwrap();
    lab.client.send_data(&lab.graph, "k", b"y").unwrap();
    let mut buffer = [0; 10];
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let len = socket.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"y");
}

#[test]
fn a_ksockets_hook_says_what_it_is() {
    let lab = Lab::new();
    for (hook, errno) in [
        ("inet", EINVAL),
        ("inet/dgram", EINVAL),
        ("inet/dgram/udp6", EINVAL),
        ("inet4/dgram/udp", EINVAL),
        ("inet/dgram/", EINVAL),
        ("inet/stream/tcp", EPROTONOSUPPORT),
        ("local/dgram/0", EPROTONOSUPPORT),
    ] {
        assert_eq!(lab.mkpeer(".:", "ksocket", "k", hook), Err(errno), "{hook}");
    }
    for hook in [
        "inet/dgram/udp",
        "inet6/dgram/udp6",
        "2/2/17",
        "inet/dgram/0",
    ] {
        lab.mkpeer(".:", "ksocket", "k", hook).unwrap();
        assert_eq!(
            lab.connect(".:", "k", "k2", "inet/dgram/udp0"),
            Err(EISCONN)
        );
        lab.rmhook(".:", "k").unwrap();
        drain(&lab);
    }
    assert_eq!(lab.list(NGM_LISTNODES).len(), 2);
}

#[test]
fn a_throttled_ksocket_keeps_what_it_may_not_send_yet() {
    let lab = Lab::new();
    let (socket, address) = collector();
    ksocket(&lab);
    lab.msg("k", "connect", &address).unwrap();
    lab.throttle.set_rate(NonZero::new(100));
    for number in 0..10 {
        lab.client.send_data(&lab.graph, "k", &[number]).unwrap();
    }
    let backlog = || {
        lab.graph
            .nodes()
            .iter()
            .map(|(_, n)| n.backlog())
            .sum::<usize>()
    };
    assert!(backlog() > 0);
    eventually(&lab, || (backlog() == 0).then_some(()));
    for number in 0..10 {
        let mut buffer = [0; 10];
        assert_eq!(socket.recv(&mut buffer).unwrap(), 1);
        assert_eq!(buffer[0], number);
    }
}

#[test]
fn a_client_has_data_of_its_hooks() {
    let lab = Lab::new();
    assert_eq!(
        lab.client.send_data(&lab.graph, "", &frame(1)),
        Err(EDESTADDRREQ)
    );
    assert_eq!(
        lab.client.send_data(&lab.graph, "x", &frame(1)),
        Err(EHOSTUNREACH)
    );
    let other = Client::new(&lab.graph);
    lab.graph
        .connect(lab.client.node, b"mine", other.node, b"theirs")
        .unwrap();
    // With one hook its name may be left out.
    lab.client.send_data(&lab.graph, "", &frame(1)).unwrap();
    assert_eq!(other.packets(), [("theirs".into(), frame(1))]);
    lab.graph.remove_node(other.node);
    assert_eq!(
        lab.client.send_data(&lab.graph, "mine", &frame(1)),
        Err(EHOSTUNREACH)
    );
}

#[test]
fn a_client_that_does_not_read_is_refused_more() {
    let lab = Lab::new();
    let other = Client::new(&lab.graph);
    lab.graph
        .connect(lab.client.node, b"mine", other.node, b"theirs")
        .unwrap();
    let large = vec![0; 60_000];
    let refused = (0..1000).find_map(|_| lab.client.send_data(&lab.graph, "mine", &large).err());
    assert_eq!(refused, Some(ENOBUFS));
}

#[test]
fn a_client_may_go_with_its_last_hook() {
    let lab = Lab::new();
    let other = Client::new(&lab.graph);
    let nolinger =
        ::nghost::message::Message::new(NGM_SOCKET_COOKIE, NGM_SOCK_CMD_NOLINGER, vec![]);
    other.send(&lab.graph, ".:", &nolinger).unwrap();
    lab.graph
        .connect(lab.client.node, b"mine", other.node, b"theirs")
        .unwrap();
    lab.rmhook(".:", "mine").unwrap();
    drain(&lab);
    assert!(other.is_closed());
    assert_eq!(lab.list(NGM_LISTNODES).len(), 2);
}

#[test]
fn netflow_accounts_and_passes_on() {
    let lab = Lab::transcript();
    let pong = {
        // ICMP echo reply, 192.168.1.2 to 192.168.1.1, 84 octets.
        let mut frame = vec![0; 14 + 84];
        frame[12] = 8;
        frame[14..24].copy_from_slice(&[0x45, 0, 0, 84, 0, 0, 0, 0, 64, 1]);
        frame[26..34].copy_from_slice(&[192, 168, 1, 2, 192, 168, 1, 1]);
        frame
    };
    lab.ether.receive(&lab.graph, &pong);
    assert_eq!(
        lab.msg_answer("netflow:", "info", "").unwrap(),
        "{ IPv4 bytes=84 IPv4 packets=1 IPv4 records used=1 \
         fibs allocated=1 Inactive timeout=15 Active timeout=1800 }"
    );
    // To where the routes say: this host, by its loopback interface.
    let request = ngnf_show_header {
        version: 4,
        ..ngnf_show_header::read_from_bytes(&[0; 16]).unwrap()
    };
    lab.send(
        "netflow:",
        NGM_NETFLOW_COOKIE,
        NGM_NETFLOW_SHOW,
        zerocopy::IntoBytes::as_bytes(&request),
    )
    .unwrap();
    let (_, answer) = lab.answer();
    let (header, records) = ngnf_show_header::read_from_prefix(&answer.args).unwrap();
    assert_eq!(header.nentries, 1);
    let (record, _) = flow_entry_data::read_from_prefix(records).unwrap();
    assert_eq!(
        (record.src_mask, record.dst_mask, record.fle_o_ifx),
        (24, 32, 1)
    );
    assert_eq!(record.r.misc.i.i_ifx, 2);
    // With a hook to pass on to, the packet goes there; with "once" it is
    // counted once however often it comes by.
    lab.connect(".:", "netflow:", "in", "iface3").unwrap();
    lab.connect(".:", "netflow:", "out", "out3").unwrap();
    lab.client
        .send_data(&lab.graph, "in", &packet(1).bytes)
        .unwrap();
    assert_eq!(lab.client.packets(), [("out".into(), frame(1))]);
    lab.client
        .send_data(&lab.graph, "out", &packet(2).bytes)
        .unwrap();
    assert_eq!(lab.client.packets(), [("in".into(), frame(2))]);
}

#[test]
fn a_mark_stays_with_a_packet_and_its_copies() {
    let lab = Lab::new();
    lab.mkpeer(".:", "netflow", "in", "iface0").unwrap();
    lab.connect("in", ".:", "out0", "iface1").unwrap();
    lab.connect(".:", "in", "out", "out1").unwrap();
    // 8 is NG_NETFLOW_CONF_THISONCE: not twice in this node.
    for iface in 0..2 {
        let conf = format!("{{ iface={iface} conf={} }}", NG_NETFLOW_CONF_INGRESS | 8);
        lab.msg("in", "setconfig", &conf).unwrap();
    }
    lab.client.send_data(&lab.graph, "in", &frame(1)).unwrap();
    assert_eq!(lab.client.packets().len(), 1);
    let count = |iface: &str| lab.msg_answer("in", "ifinfo", iface).unwrap();
    assert!(count("0").starts_with("{ packets=1 "), "{}", count("0"));
    assert!(!count("1").contains("packets"), "{}", count("1"));
}

#[test]
fn a_port_that_is_not_a_sockaddr_is_no_address() {
    assert!(sockaddr::from_bytes(&[]).is_err());
    assert!(sockaddr::from_bytes(&[16, 2, 0, 0]).is_err());
    assert!(sockaddr::from_bytes(&[16, 1, 0, 0, 0, 0, 0, 0]).is_err());
}
