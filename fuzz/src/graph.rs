// SPDX-License-Identifier: BSD-2-Clause
//! Control messages of any bytes to a graph, generic ones and ASCII ones among
//! them, as nghost's socket hands them on.

use std::cell::RefCell;
use std::rc::Rc;

use nghost::errno::Errno;
use nghost::graph::{Graph, HookKey, NodeKey};
use nghost::host::Surroundings;
use nghost::log::Log;
use nghost::message::Message;
use nghost::node::{Answer, Here, Node, Origin, Packet};
use nghost::nodes::{hub, netflow, socket, tee};
use nghost::throttle::Throttle;
use nghost::world::config::WorldConfig;
use nghost::world::World;
use sys_bindings::{NGM_GENERIC_COOKIE, NGM_NETFLOW_COOKIE};

use crate::{tally, Input};

/// Takes whatever comes, and keeps messages.
#[derive(Default)]
pub(crate) struct Client(RefCell<Vec<Message>>);

impl Client {
    /// The messages that came since the last call.
    pub fn messages(&self) -> Vec<Message> {
        self.0.take()
    }
}

impl Node for Client {
    fn newhook(&self, _: Here<'_>, _: HookKey, _: &[u8]) -> Result<u64, Errno> {
        Ok(0)
    }

    fn rcvmsg(&self, _: Here<'_>, message: &Message, _: Origin) -> Answer {
        self.0.borrow_mut().push(message.clone());
        Ok(None)
    }
}

const MESSAGES: usize = 64;

/// A graph with one node, and types to make more.
pub(crate) fn graph() -> (Rc<Graph>, NodeKey, Rc<Client>) {
    let world = World::new(&mut WorldConfig::default()).expect("an empty world");
    let around = Surroundings::new(Rc::new(world), Log::new());
    let graph = Graph::new();
    let types = [
        socket::node_type(),
        tee::node_type(),
        netflow::node_type(around, Rc::new(Throttle::new())),
        hub::node_type(),
    ];
    for ty in types {
        graph.add_type(ty).expect("a new type");
    }
    let client = Rc::new(Client::default());
    let key = graph.add_node("socket", client.clone());
    (graph, key.expect("a node"), client)
}

/// Messages one after the other: a path's length and the path, cookie and
/// command in few octets, the arguments' length and the arguments.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let (graph, client, _) = graph();
    for _ in 0..MESSAGES {
        if input.is_empty() {
            break;
        }
        tally::add(1);
        let len = input.u8() % 32;
        let path = input.take(len.into());
        let how = input.u8();
        let cookie = match how & 3 {
            0 | 1 => NGM_GENERIC_COOKIE,
            2 => NGM_NETFLOW_COOKIE,
            _ => input.u32(),
        };
        let command = u32::from(how >> 4) | u32::from(how & 12) << 26;
        let len = input.u16() % 512;
        let message = Message::new(cookie, command, input.take(len.into()).to_vec());
        let _ = graph.send_message(client, path, &message);
        if let Some(hook) = graph.hooks(client).first() {
            let _ = graph.send_data(*hook, Packet::new(message.args.as_slice()));
        }
        while graph.run() {}
    }
}
