// SPDX-License-Identifier: BSD-2-Clause
//! Control messages of any bytes to a graph, generic ones and ASCII ones among
//! them, as nghost's socket hands them on.

use std::rc::Rc;

use nghost::clock::Clock;
use nghost::errno::Errno;
use nghost::graph::{Graph, HookKey};
use nghost::host::Surroundings;
use nghost::log::Log;
use nghost::message::Message;
use nghost::node::{Here, Node, Packet};
use nghost::nodes::{hub, netflow, socket, tee};
use nghost::world::config::WorldConfig;
use nghost::world::World;
use sys_bindings::{NGM_GENERIC_COOKIE, NGM_NETFLOW_COOKIE};

use crate::Input;

/// Takes whatever comes.
struct Client;

impl Node for Client {
    fn newhook(&self, _: Here<'_>, _: HookKey, _: &[u8]) -> Result<u64, Errno> {
        Ok(0)
    }
}

const MESSAGES: usize = 64;

/// Messages one after the other: a path's length and the path, cookie and
/// command in few octets, the arguments' length and the arguments.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let around = Surroundings {
        clock: Rc::new(Clock::new()),
        world: Rc::new(World::new(&mut WorldConfig::default()).expect("an empty world")),
        log: Rc::new(Log::new()),
    };
    let graph = Graph::new();
    let types = [
        socket::node_type(),
        tee::node_type(),
        netflow::node_type(around),
        hub::node_type(),
    ];
    for ty in types {
        graph.add_type(ty).expect("a new type");
    }
    let client = graph.add_node("socket", Rc::new(Client)).expect("a node");
    for _ in 0..MESSAGES {
        if input.is_empty() {
            break;
        }
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
