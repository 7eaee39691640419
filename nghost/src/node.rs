// SPDX-License-Identifier: BSD-2-Clause
//! What a node type is made of: the methods that netgraph(4) calls.

use std::borrow::Cow;
use std::os::fd::BorrowedFd;

use ng_netflow::TICK_MS;
use nix::poll::PollFlags;
use sys_bindings::EINVAL;

use crate::errno::Errno;
use crate::graph::{Graph, HookKey, NodeKey};
use crate::message::Message;

/// A packet on its way through the graph: what an mbuf chain and its header
/// are in the kernel.
#[derive(Debug)]
pub struct Packet<'a> {
    /// The bytes, from the link layer's header on: where they were received, as
    /// long as nobody keeps them.
    pub bytes: Cow<'a, [u8]>,
    /// ifIndex of the interface that received it, 0 for none.
    pub received_on: u16,
    /// The routing table it belongs to.
    pub fib: u16,
    /// IDs of the netflow nodes that accounted it under their `conf` of
    /// "once"; base's mbuf tags.
    pub marks: Vec<u32>,
    /// Seen on a live interface: the host has it already, and it must not be
    /// sent again.
    pub tapped: bool,
}

impl<'a> Packet<'a> {
    /// A packet that came from no interface.
    pub fn new(bytes: &'a [u8]) -> Self {
        Packet {
            bytes: Cow::Borrowed(bytes),
            received_on: 0,
            fib: 0,
            marks: Vec::new(),
            tapped: false,
        }
    }

    /// The same once more, with the same bytes.
    pub fn copy(&self) -> Packet<'_> {
        Packet {
            bytes: Cow::Borrowed(&self.bytes),
            marks: self.marks.clone(),
            ..*self
        }
    }

    /// The same, to be kept.
    pub fn into_owned(self) -> Packet<'static> {
        Packet {
            bytes: Cow::Owned(self.bytes.into_owned()),
            ..self
        }
    }
}

/// Where a node stands: itself and the graph around it.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The node that is being called.
    pub node: NodeKey,
}

impl Here<'_> {
    /// Shuts this node down as soon as nothing else is going on.
    pub fn remove_self(self) {
        self.graph.remove_later(self.node);
    }
}

/// A descriptor that a node waits for, and what it waits for.
pub type Interest<'a> = (BorrowedFd<'a>, PollFlags);

/// A node's methods.  They take `&self` because a packet may come back to a
/// node that has just sent one.
pub trait Node {
    /// A hook of this name is about to be connected.  The number returned is
    /// the hook's private number, given back with everything that concerns it.
    fn newhook(&self, here: Here<'_>, hook: HookKey, name: &[u8]) -> Result<u64, Errno>;

    /// A control message that is not generic, or asks for the node's text
    /// status or configuration.  `from` is the sender's ID, `hook` the hook it
    /// came in on, if any.  Returns the arguments of the answer, if there is
    /// to be one.
    fn rcvmsg(&self, here: Here<'_>, message: &Message, from: Origin) -> Answer {
        let _ = (here, message, from);
        Err(EINVAL)
    }

    /// A packet came in on a hook.
    fn rcvdata(&self, here: Here<'_>, hook: Incoming, packet: Packet<'_>) -> Result<(), Errno> {
        let _ = (here, hook, packet);
        Ok(())
    }

    /// Packets like this one, with these bytes, will come in on a hook next: a
    /// node may look up beforehand, for all of them at once, what it will need.
    fn look_ahead(&self, hook: Incoming, like: &Packet<'_>, coming: &[&[u8]]) {
        let _ = (hook, like, coming);
    }

    /// A hook is gone.
    fn disconnect(&self, here: Here<'_>, hook: Incoming) {
        let _ = (here, hook);
    }

    /// The node is about to be shut down; its hooks are still there.
    fn close(&self, here: Here<'_>) {
        let _ = here;
    }

    /// The node's hooks are gone.  `true` keeps the node alive.
    fn shutdown(&self, here: Here<'_>) -> bool {
        let _ = here;
        false
    }

    /// The clock has moved.  The milliseconds after which to call again, at
    /// the latest.
    fn tick(&self, here: Here<'_>) -> u32 {
        let _ = here;
        TICK_MS
    }

    /// Has time anything to do here?  While `false`, the clock may skip ticks.
    fn is_waiting_for_time(&self) -> bool {
        false
    }

    /// What [`Node::ready`] is to be called for.
    fn interests(&self) -> Vec<Interest<'_>> {
        Vec::new()
    }

    /// One of the descriptors is ready.
    fn ready(&self, here: Here<'_>) {
        let _ = here;
    }

    /// Packets that wait for the host to take them.
    fn backlog(&self) -> usize {
        0
    }
}

/// A hook and its private number.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// The hook on the node that is being called.
    pub hook: HookKey,
    /// What [`Node::newhook`] returned for it.
    pub private: u64,
}

/// Where a control message came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// ID of the node that sent it.
    pub id: u32,
    /// The hook of the receiver that its path ended with, if any.
    pub hook: Option<Incoming>,
}

/// The arguments of the answer to a control message, or an errno.
pub type Answer = Result<Option<Vec<u8>>, Errno>;
