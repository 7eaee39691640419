// SPDX-License-Identifier: BSD-2-Clause
//! Nodes, hooks and what travels between them.
//!
//! Packets and messages are delivered by plain calls, so that the sender sees
//! the receiver's errno, as in base. A chain of calls that grows too deep, or
//! one packet that becomes too many, goes on from a queue, and so do answers
//! and shutdowns that nodes ask for: [`Graph::run`] works them off.
//!
//! The state is borrowed for as long as a lookup takes and never while a node
//! is called, so a node may do anything with the graph that it stands in.

mod directory;
mod generic;
pub mod path;
mod topology;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use slotmap::{new_key_type, SlotMap};
use sys_bindings::{EINVAL, ENETDOWN, ENOMEM, NGM_GENERIC_COOKIE};

use crate::ascii::Command;
use crate::errno::Errno;
use crate::message::Message;
use crate::node::{Here, Incoming, Node, Origin, Packet};
use directory::Directory;

new_key_type! {
    /// A node, as long as it lives.
    pub struct NodeKey;
    /// A hook, as long as it is connected.
    pub struct HookKey;
}

/// Calls from node to node before the queue takes over.
const MAX_DEPTH: u32 = 8;

/// Packets that the queue holds: `net.graph.maxdata`.
const MAX_QUEUE: usize = 4096;

/// Packets delivered for one that was sent from outside, and in one
/// [`Graph::run`], so that packets going round in a loop of hubs leave time for
/// the client that removes it.
const MAX_WORK: u32 = 1024;

/// Makes a node of some type.
pub type Constructor = Box<dyn Fn(&Weak<Graph>, NodeKey, u32) -> Result<Rc<dyn Node>, Errno>>;

/// A node type.
pub struct NodeType {
    /// Its name.
    pub name: &'static str,
    /// The commands whose ASCII forms it knows, beside the generic ones.
    pub commands: &'static [Command],
    /// `None` for nodes that appear by other means than `NGM_MKPEER`.
    pub constructor: Option<Constructor>,
}

/// A netgraph.
pub struct Graph {
    me: Weak<Graph>,
    depth: Cell<u32>,
    /// Packets delivered so far, of [`MAX_WORK`].
    work: Cell<u32>,
    state: RefCell<State>,
}

struct State {
    types: Vec<TypeEntry>,
    nodes: SlotMap<NodeKey, NodeEntry>,
    hooks: SlotMap<HookKey, HookEntry>,
    ids: Directory,
    names: Directory,
    next_id: u32,
    tasks: VecDeque<Task>,
    /// Packets and the hooks that they come in on.
    packets: VecDeque<(HookKey, Packet<'static>)>,
}

struct TypeEntry {
    ty: Rc<NodeType>,
    living: u32,
}

struct NodeEntry {
    id: u32,
    ty: Rc<NodeType>,
    name: Vec<u8>,
    /// Oldest first; base lists them from the newest.
    hooks: Vec<HookKey>,
    /// `None` while the constructor runs.
    node: Option<Rc<dyn Node>>,
    valid: bool,
    closing: bool,
}

struct HookEntry {
    name: Vec<u8>,
    node: NodeKey,
    private: u64,
    peer: Option<HookKey>,
    /// Both sides have agreed.
    valid: bool,
}

/// A node that a packet has come to, and the hook that it came in on.
struct Receiver {
    key: NodeKey,
    node: Rc<dyn Node>,
    hook: Incoming,
}

/// What is done before any packet goes on.
enum Task {
    /// Deliver an answer from the node with this ID.
    Answer(NodeKey, u32, Message),
    /// Shut a node down.
    Remove(NodeKey),
}

impl Graph {
    /// A graph without nodes or types.
    pub fn new() -> Rc<Self> {
        Rc::new_cyclic(|me| Graph {
            me: me.clone(),
            depth: Cell::new(0),
            work: Cell::new(0),
            state: RefCell::new(State {
                types: Vec::new(),
                nodes: SlotMap::with_key(),
                hooks: SlotMap::with_key(),
                ids: Directory::new(),
                names: Directory::new(),
                next_id: 1,
                tasks: VecDeque::new(),
                packets: VecDeque::new(),
            }),
        })
    }

    fn here(&self, node: NodeKey) -> Here<'_> {
        Here { graph: self, node }
    }

    /// Sends a packet out of a hook. `ENETDOWN` when it is not connected,
    /// else what the receiver says, as far as it is called right away.
    pub fn send_data(&self, hook: HookKey, packet: Packet<'_>) -> Result<(), Errno> {
        let depth = self.depth.get();
        if depth == 0 {
            self.work.set(0);
        }
        let to = self.state.borrow().peer(hook).ok_or(ENETDOWN)?;
        if depth >= MAX_DEPTH || self.work.get() >= MAX_WORK {
            let packet = packet.into_owned();
            return self.state.borrow_mut().enqueue(to.hook.hook, packet);
        }
        self.deliver(to, packet)
    }

    /// Tells the other end of a hook which packets it will be sent next.
    pub fn look_ahead(&self, hook: HookKey, like: &Packet<'_>, coming: &[&[u8]]) {
        let to = self.state.borrow().peer(hook);
        if let Some(to) = to {
            to.node.look_ahead(to.hook, like, coming);
        }
    }

    /// Has the hook a peer that would take a packet?
    pub fn is_connected(&self, hook: HookKey) -> bool {
        self.state.borrow().peer(hook).is_some()
    }

    fn deliver(&self, to: Receiver, packet: Packet<'_>) -> Result<(), Errno> {
        self.work.set(self.work.get() + 1);
        self.depth.set(self.depth.get() + 1);
        let result = to.node.rcvdata(self.here(to.key), to.hook, packet);
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// Sends a control message to the node at `address`, as seen from `from`.
    /// The errno is that of the address or of the receiver.
    pub fn send_message(
        &self,
        from: NodeKey,
        address: &[u8],
        message: &Message,
    ) -> Result<(), Errno> {
        let (to, hook) = self.resolve(from, address)?;
        let from = self.id(from).ok_or(EINVAL)?;
        self.apply(to, hook, from, message)
    }

    /// Passes a control message on through a hook, with its sender's address.
    pub fn forward_message(
        &self,
        hook: HookKey,
        from: u32,
        message: &Message,
    ) -> Result<(), Errno> {
        let (peer, node) = {
            let state = self.state.borrow();
            let to = state.peer(hook).ok_or(ENETDOWN)?;
            (to.hook.hook, to.key)
        };
        if self.depth.get() >= MAX_DEPTH {
            return Err(ENOMEM);
        }
        self.apply(node, Some(peer), from, message)
    }

    /// Calls a node with a message, and queues the answer if there is one.
    fn apply(
        &self,
        to: NodeKey,
        hook: Option<HookKey>,
        from: u32,
        message: &Message,
    ) -> Result<(), Errno> {
        let (node, origin) = {
            let state = self.state.borrow();
            let incoming = |hook: HookKey| {
                let private = state.hooks.get(hook)?.private;
                Some(Incoming { hook, private })
            };
            let hook = hook.and_then(incoming);
            (state.node(to).ok_or(EINVAL)?, Origin { id: from, hook })
        };
        let generic = message.header.typecookie == NGM_GENERIC_COOKIE && !message.is_response();
        self.depth.set(self.depth.get() + 1);
        let answer = if generic {
            self.generic(to, &*node, message, origin)
        } else {
            node.rcvmsg(self.here(to), message, origin)
        };
        self.depth.set(self.depth.get() - 1);
        match answer? {
            Some(args) => self.respond(to, from, message.reply(args)),
            None => Ok(()),
        }
    }

    /// Queues an answer for the node with ID `to`; `EINVAL` when it is gone.
    fn respond(&self, from: NodeKey, to: u32, message: Message) -> Result<(), Errno> {
        let mut state = self.state.borrow_mut();
        let to = state.by_id(to).ok_or(EINVAL)?;
        // A node that has just removed itself may still answer.
        let from = state.nodes.get(from).map_or(0, |entry| entry.id);
        state.tasks.push_back(Task::Answer(to, from, message));
        Ok(())
    }

    /// Shuts a node down once the present call is over; until then nothing
    /// reaches it any more.
    pub fn remove_later(&self, node: NodeKey) {
        let mut state = self.state.borrow_mut();
        let Some(entry) = state.nodes.get_mut(node) else {
            return;
        };
        entry.valid = false;
        if !entry.closing {
            state.tasks.push_back(Task::Remove(node));
        }
    }

    /// Works off what is queued. `true` when there is more.
    pub fn run(&self) -> bool {
        self.work.set(0);
        while self.work.get() < MAX_WORK {
            let task = self.state.borrow_mut().tasks.pop_front();
            // Nobody is left to hear of an error.
            match task {
                Some(Task::Answer(to, from, message)) => {
                    let _ = self.apply(to, None, from, &message);
                    continue;
                }
                Some(Task::Remove(node)) => {
                    self.remove_node(node);
                    continue;
                }
                None => {}
            }
            let packet = self.state.borrow_mut().packets.pop_front();
            let Some((hook, packet)) = packet else {
                return false;
            };
            let receiver = {
                let state = self.state.borrow();
                let entry = state.hooks.get(hook);
                entry.and_then(|entry| state.receiver(hook, entry))
            };
            if let Some(receiver) = receiver {
                let _ = self.deliver(receiver, packet);
            }
        }
        true
    }

    /// All nodes.
    pub fn nodes(&self) -> Vec<(Here<'_>, Rc<dyn Node>)> {
        let state = self.state.borrow();
        let nodes = state.nodes.iter();
        nodes
            .filter(|(_, entry)| entry.valid)
            .filter_map(|(key, entry)| Some((self.here(key), entry.node.clone()?)))
            .collect()
    }
}

impl State {
    fn enqueue(&mut self, hook: HookKey, packet: Packet<'static>) -> Result<(), Errno> {
        if self.packets.len() >= MAX_QUEUE {
            return Err(ENOMEM);
        }
        self.packets.push_back((hook, packet));
        Ok(())
    }

    /// Who gets what comes in on a hook.
    #[inline]
    fn receiver(&self, hook: HookKey, entry: &HookEntry) -> Option<Receiver> {
        let private = entry.private;
        Some(Receiver {
            key: entry.node,
            node: self.node(entry.node)?,
            hook: Incoming { hook, private },
        })
    }

    /// A living node's methods.
    #[inline]
    fn node(&self, key: NodeKey) -> Option<Rc<dyn Node>> {
        let entry = self.nodes.get(key).filter(|entry| entry.valid)?;
        entry.node.clone()
    }

    /// The other end of a hook, when data can go there.
    #[inline]
    fn peer(&self, hook: HookKey) -> Option<Receiver> {
        let entry = self.hooks.get(hook).filter(|entry| entry.valid)?;
        let peer = entry.peer?;
        let other = self.hooks.get(peer).filter(|other| other.valid)?;
        self.receiver(peer, other)
    }

    fn by_id(&self, id: u32) -> Option<NodeKey> {
        let has_id = |key: &NodeKey| {
            let entry = self.nodes.get(*key);
            entry.is_some_and(|entry| entry.valid && entry.id == id)
        };
        self.ids.find(id).find(has_id)
    }
}
