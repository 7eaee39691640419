// SPDX-License-Identifier: BSD-2-Clause
//! What is printed and how it ends, to the byte, against what base's ngctl
//! printed on FreeBSD. `golden/ngctl.txt` holds the part of it tested here.

use ngctl_rs::Message;
use ngctl_testing::{block, chars, compare_with_base, response, Answer, Server, World};
use sys_bindings::*;
use zerocopy::IntoBytes;

const BASE: &str = include_str!("golden/ngctl.txt");
const NGCTL: &str = env!("CARGO_BIN_EXE_ngctl-rs");

/// The nodes of base's transcript: name, type, id.
const NODES: [(&str, &str, u32); 5] = [
    ("epair0a", "ether", 1),
    ("", "tee", 4),
    ("netflow", "netflow", 5),
    ("", "ksocket", 6),
    ("", "ksocket", 7),
];

/// Their links from both ends, in the order in which nodes list them.
const LINKS: [(u32, &str, &str, u32); 12] = [
    (1, "upper", "left", 4),
    (1, "lower", "right", 4),
    (4, "left2right", "out0", 5),
    (4, "right2left", "iface0", 5),
    (4, "left", "upper", 1),
    (4, "right", "lower", 1),
    (5, "export9", "inet/dgram/udp", 7),
    (5, "export", "inet/dgram/udp", 6),
    (5, "out0", "left2right", 4),
    (5, "iface0", "right2left", 4),
    (6, "inet/dgram/udp", "export", 5),
    (7, "inet/dgram/udp", "export9", 5),
];

const TYPES: [(&str, u32); 7] = [
    ("eiface", 0),
    ("hub", 0),
    ("netflow", 1),
    ("socket", 1),
    ("ksocket", 2),
    ("tee", 1),
    ("ether", 2),
];

fn node((name, node_type, id): (&str, &str, u32)) -> nodeinfo {
    nodeinfo {
        name: chars(name),
        type_: chars(node_type),
        id,
        hooks: LINKS.iter().filter(|link| link.0 == id).count() as u32,
    }
}

fn node_at(path: &str, own: nodeinfo) -> Result<nodeinfo, i32> {
    let known = |id| NODES.iter().find(|known| known.2 == id).copied().map(node);
    match path {
        "." => Ok(own),
        "netflow:" => known(5).ok_or(ENOENT),
        "netflow:export" => known(6).ok_or(ENOENT),
        _ => path
            .strip_prefix('[')
            .and_then(|path| path.strip_suffix("]:"))
            .and_then(|id| u32::from_str_radix(id, 16).ok())
            .and_then(|id| known(id).or(Some(own).filter(|own| own.id == id)))
            .ok_or(ENOENT),
    }
}

/// Base's netgraph as it was when the transcript was made, seen from a client
/// that has this id.
fn base(own_id: u32) -> World {
    World::new(move |name, path, message| {
        let own = node((name, "socket", own_id));
        let target = node_at(path, own)?;
        match message.header.typecookie {
            NGM_GENERIC_COOKIE => generic(own, target, message),
            NGM_NETFLOW_COOKIE => netflow(message),
            cookie => panic!("cookie {cookie}"),
        }
    })
}

fn generic(own: nodeinfo, target: nodeinfo, message: &Message) -> Answer {
    let reply = |args: &[u8]| Ok(vec![response(message, args)]);
    let list = |count: usize, items: Vec<u8>| {
        let mut args = (count as u32).to_ne_bytes().to_vec();
        args.extend(items);
        reply(&args)
    };
    match message.header.cmd {
        NGM_LISTNODES => {
            let mut nodes: Vec<nodeinfo> = NODES.into_iter().map(node).collect();
            // The kernel goes by hash, which is the id's last bits.
            let at = if own.id < 0x10 { nodes.len() } else { 0 };
            nodes.insert(at, own);
            list(nodes.len(), nodes.as_bytes().to_vec())
        }
        NGM_LISTNAMES => {
            let nodes = [own, node(NODES[2]), node(NODES[0])];
            list(nodes.len(), nodes.as_bytes().to_vec())
        }
        NGM_LISTTYPES => {
            let types = TYPES.map(|(name, numnodes)| typeinfo {
                type_name: chars(name),
                numnodes,
            });
            list(types.len(), types.as_bytes().to_vec())
        }
        NGM_LISTHOOKS => {
            let mut args = target.as_bytes().to_vec();
            for (_, ourhook, peerhook, peer) in LINKS.iter().filter(|link| link.0 == target.id) {
                let peer = NODES.iter().find(|node| node.2 == *peer).copied();
                let link = linkinfo {
                    ourhook: chars(ourhook),
                    peerhook: chars(peerhook),
                    nodeinfo: node(peer.expect("a link leads to a node")),
                };
                args.extend(link.as_bytes());
            }
            reply(&args)
        }
        NGM_MKPEER => {
            let mkpeer: ngm_mkpeer = message.args_as().expect("an ngm_mkpeer");
            match ngctl_rs::message::text(&mkpeer.type_).as_str() {
                "hub" => Err(EEXIST),
                _ => Err(ENOENT),
            }
        }
        NGM_NAME | NGM_RMHOOK | NGM_SHUTDOWN => Ok(vec![]),
        NGM_ASCII2BINARY => {
            let ascii = Message::parse(&message.args).expect("a message in the message");
            reply(&to_binary(&ascii)?.to_bytes())
        }
        NGM_BINARY2ASCII => {
            let mut message = Message::parse(&message.args).expect("a message in the message");
            let (name, args) = match message.header.cmd {
                NGM_NETFLOW_INFO => ("info", "{ Inactive timeout=15 Active timeout=1800 }"),
                NGM_NETFLOW_IFINFO => ("ifinfo", "{ data link type=1 conf=1 }"),
                _ => return Err(ENOSYS),
            };
            message.header.cmdstr = chars(name);
            let ascii = Message::with_header(message.header, [args.as_bytes(), b"\0"].concat());
            reply(&ascii.to_bytes())
        }
        _ => Err(EINVAL),
    }
}

fn to_binary(ascii: &Message) -> Result<Message, i32> {
    let name = ngctl_rs::message::text(&ascii.header.cmdstr);
    let args = ngctl_rs::message::text(&ascii.args);
    let (cmd, args) = match (name.as_str(), args.as_str()) {
        ("info", "") => (NGM_NETFLOW_INFO, vec![]),
        ("ifinfo", iface) => (
            NGM_NETFLOW_IFINFO,
            iface
                .parse::<u16>()
                .map_err(|_| EINVAL)?
                .to_ne_bytes()
                .to_vec(),
        ),
        ("setifindex", "{ iface=0 index=2 }") => (NGM_NETFLOW_SETIFINDEX, vec![0, 0, 2, 0]),
        ("settimeouts", _) => return Err(ENOENT),
        _ => return Err(ENOSYS),
    };
    Ok(Message::new(NGM_NETFLOW_COOKIE, cmd, &args))
}

fn netflow(message: &Message) -> Answer {
    match (message.header.cmd, message.args.as_slice()) {
        (NGM_NETFLOW_IFINFO, [3, 0]) => Err(EINVAL),
        (NGM_NETFLOW_SETIFINDEX, _) => Ok(vec![]),
        _ => Ok(vec![response(message, &[0; 120])]),
    }
}

/// Runs a command of the transcript as the client that ran it there.
fn check(command: &str, own: (&str, u32)) {
    let server = Server::start(base(own.1));
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let args = [&["-n", own.0], words.as_slice()].concat();
    let run = server.run(NGCTL, "ngctl", &args);
    assert_eq!(run.transcript(), block(BASE, command), "{command}");
}

#[test]
fn the_golden_file_is_what_base_prints() {
    compare_with_base(BASE);
}

#[test]
fn lists_and_drawings_are_as_base_prints_them() {
    check("ngctl list", ("ngctl39", 8));
    check("ngctl list -l", ("ngctl40", 9));
    check("ngctl ls -n", ("ngctl41", 10));
    check("ngctl dot", ("ngctl48", 0x11));
}

#[test]
fn every_other_command_is_as_in_base() {
    let own = ["ngctl list", "ngctl list -l", "ngctl ls -n", "ngctl dot"];
    let commands: Vec<&str> = BASE.lines().filter_map(|l| l.strip_prefix("$ ")).collect();
    assert_eq!(commands.len(), 25);
    for command in commands {
        if !own.contains(&command) {
            check(command, ("ngctl1", 0x12));
        }
    }
}

#[test]
fn a_compact_drawing_goes_to_a_file() {
    let server = Server::start(base(8));
    let path = server.file("graph", b"");
    let run = server.run(
        NGCTL,
        "ngctl",
        &["dot", "-c", path.to_str().expect("UTF-8")],
    );
    assert_eq!(run.transcript(), "[exit 0]\n");
    let drawing = std::fs::read_to_string(path).expect("a drawing");
    assert!(drawing.starts_with("digraph netgraph {\n\tedge [ dir = \"none\", fontsize = 10 ];\n"));
    let line = "\t\"1\" -> \"4\" [ headlabel = \"left\", taillabel = \"upper\" ] ;\n";
    assert_eq!(drawing.matches(line).count(), 1);
    assert_eq!(drawing.matches(" -> ").count(), LINKS.len() / 2);
}
