// SPDX-License-Identifier: BSD-2-Clause
//! ng_socket(4): a client of the server, as a node. Its control and its data
//! socket are one connection, and the node lives as long as that.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use sys_bindings::nghost::Kind;
use sys_bindings::{
    ngm_mkpeer, sockaddr_ng, AF_NETGRAPH, EDESTADDRREQ, EHOSTUNREACH, EINVAL, ENOBUFS, ENOENT,
    NGM_GENERIC_COOKIE, NGM_MKPEER, NGM_SOCKET_COOKIE, NGM_SOCK_CMD_LINGER, NGM_SOCK_CMD_NOLINGER,
    NG_HOOKSIZ, NG_NODESIZ, NG_SOCKET_NODE_TYPE,
};
use zerocopy::FromBytes;

use crate::errno::Errno;
use crate::graph::{Graph, HookKey, NodeKey, NodeType};
use crate::message::{c_string, Message};
use crate::node::{Answer, Here, Incoming, Node, Origin, Packet};

/// The node type.
pub fn node_type() -> NodeType {
    NodeType {
        name: NG_SOCKET_NODE_TYPE,
        commands: &[],
        constructor: None,
    }
}

/// Octets that wait for a client at most: messages and packets beyond are
/// refused with `ENOBUFS`, as by a full socket buffer. A client that reads has
/// at most a few answers in flight.
pub const MAX_WAITING: usize = 4 << 20;

/// What the graph has for a client.
#[derive(Default)]
pub struct Mailbox {
    frames: RefCell<VecDeque<(Kind, Vec<u8>)>>,
    waiting: Cell<usize>,
    /// The node was shut down.
    closed: Cell<bool>,
}

impl Mailbox {
    /// The oldest frame.
    pub fn take(&self) -> Option<(Kind, Vec<u8>)> {
        let frame = self.frames.borrow_mut().pop_front()?;
        self.waiting.set(self.waiting.get() - frame.1.len());
        Some(frame)
    }

    /// Has the node been shut down?
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }

    fn put(&self, kind: Kind, payload: Vec<u8>) -> Result<(), Errno> {
        let waiting = self.waiting.get() + payload.len();
        if waiting > MAX_WAITING {
            return Err(ENOBUFS);
        }
        self.waiting.set(waiting);
        self.frames.borrow_mut().push_back((kind, payload));
        Ok(())
    }
}

/// A client's node.
#[derive(Default)]
pub struct Socket {
    mailbox: Rc<Mailbox>,
    /// Goes with its last hook.
    nolinger: Cell<bool>,
}

impl Socket {
    /// A node whose messages and packets go to `mailbox`.
    pub fn new(mailbox: Rc<Mailbox>) -> Self {
        Socket {
            mailbox,
            nolinger: Cell::new(false),
        }
    }
}

impl Node for Socket {
    fn newhook(&self, _: Here<'_>, _: HookKey, _: &[u8]) -> Result<u64, Errno> {
        Ok(0)
    }

    fn rcvmsg(&self, _: Here<'_>, message: &Message, from: Origin) -> Answer {
        if message.header.typecookie == NGM_SOCKET_COOKIE {
            match message.header.cmd {
                NGM_SOCK_CMD_NOLINGER => self.nolinger.set(true),
                NGM_SOCK_CMD_LINGER => self.nolinger.set(false),
                _ => return Err(EINVAL),
            }
            return Ok(None);
        }
        let origin = format!("[{:x}]:", from.id);
        let mut payload = address(origin.as_bytes(), size_of::<sockaddr_ng>());
        payload.extend_from_slice(&message.to_bytes());
        self.mailbox.put(Kind::Message, payload).map(|()| None)
    }

    fn rcvdata(&self, here: Here<'_>, hook: Incoming, packet: Packet<'_>) -> Result<(), Errno> {
        let name = here.graph.hook_name(hook.hook).unwrap_or_default();
        let mut payload = address(&name, name.len() + 3);
        payload.extend_from_slice(&packet.bytes);
        self.mailbox.put(Kind::DataIn, payload)
    }

    fn disconnect(&self, here: Here<'_>, _: Incoming) {
        if self.nolinger.get() && here.graph.hook_count(here.node) == 0 {
            here.remove_self();
        }
    }

    fn shutdown(&self, _: Here<'_>) -> bool {
        self.mailbox.closed.set(true);
        false
    }
}

/// A `sockaddr_ng` of `len` octets.
fn address(data: &[u8], len: usize) -> Vec<u8> {
    let mut address = Vec::with_capacity(len);
    address.push(len as u8);
    address.push(AF_NETGRAPH);
    address.extend_from_slice(data);
    address.resize(len, 0);
    address
}

/// Takes a `sockaddr_ng` off a request: its data and what follows it.
fn split_address(request: &[u8]) -> Result<(&[u8], &[u8]), Errno> {
    let len = usize::from(*request.first().ok_or(EINVAL)?);
    if len > NG_NODESIZ + OVERHEAD || len > request.len() {
        return Err(EINVAL);
    }
    let (address, rest) = request.split_at(len);
    Ok((address.get(OVERHEAD..).ok_or(EINVAL)?, rest))
}

/// Octets of a `sockaddr_ng` before its data.
const OVERHEAD: usize = 2;

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&b| b == 0).next().unwrap_or_default()
}

/// What sendto(2) on the control socket of `node` does: `request` is the
/// destination's address and a message.
pub fn send_control(graph: &Graph, node: NodeKey, request: &[u8]) -> Result<(), Errno> {
    let (path, message) = split_address(request)?;
    let message = Message::parse(message)?;
    let header = &message.header;
    if (header.typecookie, header.cmd) == (NGM_GENERIC_COOKIE, NGM_MKPEER) {
        // Base tries to load a module for a type that it does not know, and
        // this is what it says when there is none.
        let known = match ngm_mkpeer::ref_from_bytes(&message.args) {
            Ok(mkpeer) => graph.has_type(c_string(&mkpeer.type_)),
            Err(_) => true,
        };
        if !known {
            return Err(ENOENT);
        }
    }
    graph.send_message(node, until_nul(path), &message)
}

/// What bind(2) on the control socket of `node` does: names it.
pub fn bind(graph: &Graph, node: NodeKey, request: &[u8]) -> Result<(), Errno> {
    let (name, _) = split_address(request)?;
    // Base wants the NUL inside, though not at the very end.
    if name.len() < 2 || name[0] == 0 || name[name.len() - 1] != 0 {
        return Err(EINVAL);
    }
    graph.name_node(node, until_nul(name))
}

/// What sendto(2) on the data socket of `node` does: `request` is the name of
/// a hook, which may be empty when there is only one, and a packet.
pub fn send_data(graph: &Graph, node: NodeKey, request: &[u8]) -> Result<(), Errno> {
    let (name, packet) = split_address(request)?;
    let hook = if name.first().is_none_or(|&first| first == 0) {
        match graph.hooks(node)[..] {
            [hook] => hook,
            _ => return Err(EDESTADDRREQ),
        }
    } else if name.len() >= NG_HOOKSIZ {
        return Err(EINVAL);
    } else {
        let hook = graph.find_hook(node, until_nul(name));
        hook.ok_or(EHOSTUNREACH)?
    };
    graph.send_data(hook, Packet::new(packet))
}
