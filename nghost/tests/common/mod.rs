// SPDX-License-Identifier: BSD-2-Clause
//! A graph with all node types and a client, without a process around it.

pub mod process;

use std::rc::Rc;

use ::nghost::errno::Errno;
use ::nghost::graph::{Graph, NodeKey};
use ::nghost::host::Surroundings;
use ::nghost::log::Log;
use ::nghost::message::{c_array, Message, HEADER_LEN};
use ::nghost::node::Packet;
use ::nghost::nodes::add_types;
use ::nghost::nodes::ether::Ether;
use ::nghost::nodes::socket::{send_control, send_data, Mailbox, Socket};
use ::nghost::throttle::Throttle;
use ::nghost::world::config::WorldConfig;
use ::nghost::world::World;
use sys_bindings::nghost::Kind;
use sys_bindings::*;
use zerocopy::{FromBytes, IntoBytes};

pub struct Lab {
    pub graph: Rc<Graph>,
    pub throttle: Rc<Throttle>,
    /// The interface epair0a, the first node.
    pub ether: Rc<Ether>,
    pub client: Client,
}

pub struct Client {
    pub node: NodeKey,
    mailbox: Rc<Mailbox>,
}

/// What came for a client.
#[derive(Debug)]
pub enum Mail {
    Message(String, Message),
    Data(String, Vec<u8>),
}

impl Lab {
    pub fn new() -> Self {
        let mut config = WorldConfig::default();
        config
            .add_interface("epair0a,index=2,address=192.168.1.1/24,address=2001:db8::1/64")
            .unwrap();
        let world = Rc::new(World::new(&mut config).unwrap());
        let around = Surroundings::new(world, Log::new());
        let graph = Graph::new();
        let throttle = Rc::new(Throttle::new());
        add_types(&graph, &around, &throttle).unwrap();
        let ether = Rc::new(Ether::new("epair0a", 2, 0, [2, 0, 0, 0, 0, 1]));
        let node = graph.add_node("ether", ether.clone()).unwrap();
        graph.name_node(node, b"epair0a").unwrap();
        let client = Client::new(&graph);
        Lab {
            graph,
            throttle,
            ether,
            client,
        }
    }

    /// A control message; the errno that sendto(2) would set.
    pub fn send(&self, path: &str, cookie: u32, cmd: u32, args: &[u8]) -> Result<(), Errno> {
        self.client
            .send(&self.graph, path, &Message::new(cookie, cmd, args.to_vec()))
    }

    pub fn generic(&self, path: &str, cmd: u32, args: &[u8]) -> Result<(), Errno> {
        self.send(path, NGM_GENERIC_COOKIE, cmd, args)
    }

    /// The arguments of the answer to a generic message.
    pub fn ask(&self, path: &str, cmd: u32, args: &[u8]) -> Result<Vec<u8>, Errno> {
        self.generic(path, cmd, args)?;
        Ok(self.answer().1.args)
    }

    /// The next message for the client, and where it came from.
    pub fn answer(&self) -> (String, Message) {
        self.graph.run();
        match self.client.take() {
            Some(Mail::Message(from, message)) => (from, message),
            other => panic!("no answer but {other:?}"),
        }
    }

    /// Drops the packets that came for the client.
    pub fn mail_away_packets(&self) {
        self.client.packets();
    }

    pub fn mkpeer(&self, path: &str, ty: &str, hook: &str, peer: &str) -> Result<(), Errno> {
        let args = ngm_mkpeer {
            type_: c_array(ty.as_bytes()),
            ourhook: c_array(hook.as_bytes()),
            peerhook: c_array(peer.as_bytes()),
        };
        self.generic(path, NGM_MKPEER, args.as_bytes())
    }

    pub fn connect(&self, path: &str, to: &str, hook: &str, peer: &str) -> Result<(), Errno> {
        let args = ngm_connect {
            path: c_array(to.as_bytes()),
            ourhook: c_array(hook.as_bytes()),
            peerhook: c_array(peer.as_bytes()),
        };
        self.generic(path, NGM_CONNECT, args.as_bytes())
    }

    pub fn name(&self, path: &str, name: &str) -> Result<(), Errno> {
        let args = ngm_name {
            name: c_array(name.as_bytes()),
        };
        self.generic(path, NGM_NAME, args.as_bytes())
    }

    pub fn rmhook(&self, path: &str, hook: &str) -> Result<(), Errno> {
        let args = ngm_rmhook {
            ourhook: c_array(hook.as_bytes()),
        };
        self.generic(path, NGM_RMHOOK, args.as_bytes())
    }

    pub fn shutdown(&self, path: &str) -> Result<(), Errno> {
        let result = self.generic(path, NGM_SHUTDOWN, &[]);
        while self.graph.run() {}
        result
    }

    /// `ngctl msg PATH COMMAND TEXT`: what sendto(2) says in the end.
    pub fn msg(&self, path: &str, command: &str, text: &str) -> Result<(), Errno> {
        let binary = self.to_binary(path, command, text)?;
        self.client.send(&self.graph, path, &binary)
    }

    /// As [`Lab::msg`], for messages that are answered: the answer in ASCII.
    pub fn msg_answer(&self, path: &str, command: &str, text: &str) -> Result<String, Errno> {
        self.msg(path, command, text)?;
        let (_, answer) = self.answer();
        self.to_ascii(path, &answer)
    }

    pub fn to_binary(&self, path: &str, command: &str, text: &str) -> Result<Message, Errno> {
        let mut inner = Message::new(0, 0, [text.as_bytes(), &[0]].concat());
        inner.header.cmdstr = c_array(command.as_bytes());
        let binary = self.ask(path, NGM_ASCII2BINARY, &inner.to_bytes())?;
        Message::parse(&binary)
    }

    pub fn to_ascii(&self, path: &str, message: &Message) -> Result<String, Errno> {
        let ascii = self.ask(path, NGM_BINARY2ASCII, &message.to_bytes())?;
        let text = ascii[HEADER_LEN..].strip_suffix(&[0]).unwrap();
        Ok(String::from_utf8(text.to_vec()).unwrap())
    }

    /// The nodes in `NGM_LISTNODES` or `NGM_LISTNAMES`.
    pub fn list(&self, cmd: u32) -> Vec<nodeinfo> {
        let list = self.ask(".:", cmd, &[]).unwrap();
        let (count, infos) = u32::read_from_prefix(&list).unwrap();
        let infos = <[nodeinfo]>::ref_from_bytes(infos).unwrap();
        assert_eq!(count as usize, infos.len());
        infos.to_vec()
    }

    /// The hooks of a node as `ngctl show` lists them.
    pub fn links(&self, path: &str) -> Vec<String> {
        let list = self.ask(path, NGM_LISTHOOKS, &[]).unwrap();
        let (info, links) = nodeinfo::read_from_prefix(&list).unwrap();
        let links = <[linkinfo]>::ref_from_bytes(links).unwrap();
        assert_eq!(info.hooks as usize, links.len());
        let line = |link: &linkinfo| {
            let peer = &link.nodeinfo;
            let parts = [&link.ourhook, &peer.name, &peer.type_, &link.peerhook];
            parts.map(|part| string(part)).join(" ")
        };
        links.iter().map(line).collect()
    }

    /// The graph of the transcript: its nodes 1 and 4 to 7.
    pub fn transcript() -> Self {
        let lab = Lab::new();
        drop(Client::new(&lab.graph));
        lab.mkpeer("epair0a:", "tee", "lower", "right").unwrap();
        lab.connect("epair0a:", "epair0a:lower", "upper", "left")
            .unwrap();
        lab.mkpeer("epair0a:lower", "netflow", "right2left", "iface0")
            .unwrap();
        lab.name("epair0a:lower.right2left", "netflow").unwrap();
        lab.connect("epair0a:lower", "netflow:", "left2right", "out0")
            .unwrap();
        for export in ["export", "export9"] {
            lab.mkpeer("netflow:", "ksocket", export, "inet/dgram/udp")
                .unwrap();
        }
        lab
    }
}

impl Client {
    pub fn new(graph: &Graph) -> Self {
        let mailbox = Rc::new(Mailbox::default());
        let socket = Rc::new(Socket::new(Rc::clone(&mailbox)));
        let node = graph.add_node("socket", socket).unwrap();
        Client { node, mailbox }
    }

    pub fn send(&self, graph: &Graph, path: &str, message: &Message) -> Result<(), Errno> {
        let request = [address(path), message.to_bytes()].concat();
        send_control(graph, self.node, &request)
    }

    pub fn send_data(&self, graph: &Graph, hook: &str, packet: &[u8]) -> Result<(), Errno> {
        send_data(graph, self.node, &[&address(hook), packet].concat())
    }

    pub fn take(&self) -> Option<Mail> {
        let (kind, payload) = self.mailbox.take()?;
        let (address, rest) = payload.split_at(payload[0].into());
        let from = string(&address[2..]);
        Some(match kind {
            Kind::Message => Mail::Message(from, Message::parse(rest).unwrap()),
            Kind::DataIn => Mail::Data(from, rest.to_vec()),
            other => panic!("{other:?}"),
        })
    }

    /// The packets that came, with their hooks.
    pub fn packets(&self) -> Vec<(String, Vec<u8>)> {
        let mut packets = Vec::new();
        while let Some(mail) = self.take() {
            match mail {
                Mail::Data(hook, packet) => packets.push((hook, packet)),
                other => panic!("{other:?}"),
            }
        }
        packets
    }

    pub fn is_closed(&self) -> bool {
        self.mailbox.is_closed()
    }
}

/// A `sockaddr_ng`.
pub fn address(text: &str) -> Vec<u8> {
    let len = text.len() as u8 + 3;
    [&[len, AF_NETGRAPH], text.as_bytes(), &[0]].concat()
}

pub fn string(array: &[u8]) -> String {
    let end = array.iter().position(|&b| b == 0).unwrap_or(array.len());
    String::from_utf8_lossy(&array[..end]).into_owned()
}

/// An Ethernet frame of 60 octets with a number in it.
pub fn frame(number: u8) -> Vec<u8> {
    let mut frame = vec![0; 60];
    frame[13] = number;
    frame
}

pub fn packet(number: u8) -> Packet<'static> {
    Packet::new(&frame(number)).into_owned()
}

pub fn drain(lab: &Lab) {
    while lab.graph.run() {}
}
