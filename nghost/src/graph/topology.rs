// SPDX-License-Identifier: BSD-2-Clause
//! Nodes come and go, hooks are connected and broken, names are given and
//! paths followed.

use std::rc::Rc;

use sys_bindings::{nodeinfo, EADDRINUSE, EEXIST, EINVAL, ENOENT, ENXIO, NG_HOOKSIZ, NG_NODESIZ};

use super::directory::name_hash;
use super::{path, Graph, HookEntry, HookKey, NodeEntry, NodeKey, NodeType, State, TypeEntry};
use crate::errno::Errno;
use crate::message::c_array;
use crate::node::{Incoming, Node};

impl Graph {
    /// Installs a node type; `EEXIST` when there is one of that name.
    pub fn add_type(&self, ty: NodeType) -> Result<(), Errno> {
        if self.has_type(ty.name.as_bytes()) {
            return Err(EEXIST);
        }
        let ty = Rc::new(ty);
        let entry = TypeEntry { ty, living: 0 };
        self.state.borrow_mut().types.push(entry);
        Ok(())
    }

    /// Is there a type of this name?
    pub fn has_type(&self, name: &[u8]) -> bool {
        self.state.borrow().find_type(name).is_some()
    }

    /// Adds a node that exists by other means than `NGM_MKPEER`: an
    /// interface's, a client's. `ENXIO` when the type is not installed.
    pub fn add_node(&self, ty: &str, node: Rc<dyn Node>) -> Result<NodeKey, Errno> {
        let mut state = self.state.borrow_mut();
        let key = state.new_node(ty.as_bytes())?;
        if let Some(entry) = state.nodes.get_mut(key) {
            entry.node = Some(node);
        }
        Ok(key)
    }

    /// Makes a node with its type's constructor.
    fn make_node(&self, name: &[u8]) -> Result<NodeKey, Errno> {
        let (key, id, ty) = {
            let mut state = self.state.borrow_mut();
            let ty = Rc::clone(&state.find_type(name).ok_or(ENXIO)?.ty);
            if ty.constructor.is_none() {
                return Err(EINVAL);
            }
            let key = state.new_node(name)?;
            (key, state.id(key).unwrap_or(0), ty)
        };
        let constructor = ty.constructor.as_ref().ok_or(EINVAL)?;
        let made = constructor(&self.me, key, id);
        let mut state = self.state.borrow_mut();
        match made {
            Ok(node) => {
                if let Some(entry) = state.nodes.get_mut(key) {
                    entry.node = Some(node);
                }
                Ok(key)
            }
            Err(errno) => {
                state.forget_node(key);
                Err(errno)
            }
        }
    }

    /// Gives a node a name. `EINVAL` for one that no node may have,
    /// `EADDRINUSE` for one that another node has.
    pub fn name_node(&self, node: NodeKey, name: &[u8]) -> Result<(), Errno> {
        let mut state = self.state.borrow_mut();
        let entry = state.nodes.get(node).ok_or(EINVAL)?;
        if entry.name == name {
            return Ok(());
        }
        if name.len() >= NG_NODESIZ {
            return Err(EINVAL);
        }
        path::check_name(name)?;
        if state.by_name(name).is_some() {
            return Err(EADDRINUSE);
        }
        let entry = state.nodes.get_mut(node).ok_or(EINVAL)?;
        let old = std::mem::replace(&mut entry.name, name.to_vec());
        if !old.is_empty() {
            state.names.remove(name_hash(&old), node);
        }
        state.names.insert(name_hash(name), node, false);
        Ok(())
    }

    /// Shuts a node down: its `close`, its hooks, its `shutdown`.
    pub fn remove_node(&self, key: NodeKey) {
        let node = {
            let mut state = self.state.borrow_mut();
            let Some(entry) = state.nodes.get_mut(key).filter(|entry| !entry.closing) else {
                return;
            };
            entry.valid = false;
            entry.closing = true;
            entry.node.clone()
        };
        let here = self.here(key);
        if let Some(node) = &node {
            node.close(here);
        }
        while let Some(hook) = self.newest_hook(key) {
            self.destroy_hook(hook);
        }
        let survives = node.is_some_and(|node| node.shutdown(here));
        let mut state = self.state.borrow_mut();
        if survives {
            if let Some(entry) = state.nodes.get_mut(key) {
                entry.valid = true;
                entry.closing = false;
            }
        } else {
            state.forget_node(key);
        }
    }

    fn newest_hook(&self, node: NodeKey) -> Option<HookKey> {
        self.state.borrow().nodes.get(node)?.hooks.last().copied()
    }

    /// A node's ID.
    pub fn id(&self, node: NodeKey) -> Option<u32> {
        self.state.borrow().id(node)
    }

    /// What `NGM_NODEINFO` says of a node.
    pub fn nodeinfo(&self, node: NodeKey) -> Option<nodeinfo> {
        self.state.borrow().nodes.get(node).map(NodeEntry::info)
    }

    /// A node's connected hook of this name.
    pub fn find_hook(&self, node: NodeKey, name: &[u8]) -> Option<HookKey> {
        self.state.borrow().find_hook(node, name)
    }

    /// A node's hooks, the newest first.
    pub fn hooks(&self, node: NodeKey) -> Vec<HookKey> {
        let state = self.state.borrow();
        let hooks = state.nodes.get(node).map(|entry| &entry.hooks);
        hooks.into_iter().flatten().rev().copied().collect()
    }

    /// How many hooks a node has.
    pub fn hook_count(&self, node: NodeKey) -> usize {
        let state = self.state.borrow();
        state.nodes.get(node).map_or(0, |entry| entry.hooks.len())
    }

    /// A hook's name.
    pub fn hook_name(&self, hook: HookKey) -> Option<Vec<u8>> {
        let state = self.state.borrow();
        state.hooks.get(hook).map(|entry| entry.name.clone())
    }

    /// `NGM_MKPEER`: makes a node and connects it.
    pub fn mkpeer(
        &self,
        node: NodeKey,
        hook: &[u8],
        peerhook: &[u8],
        ty: &[u8],
    ) -> Result<NodeKey, Errno> {
        let peer = self.make_node(ty)?;
        let connected = self.connect(node, hook, peer, peerhook);
        if connected.is_err() {
            self.remove_node(peer);
        }
        connected.map(|()| peer)
    }

    /// `NGM_CONNECT`: connects two nodes.  Each may refuse its hook.
    pub fn connect(
        &self,
        node: NodeKey,
        name: &[u8],
        node2: NodeKey,
        name2: &[u8],
    ) -> Result<(), Errno> {
        if self.find_hook(node2, name2).is_some() {
            return Err(EEXIST);
        }
        let hook = self.add_hook(node, name)?;
        let hook2 = self.add_hook(node2, name2).inspect_err(|_| {
            self.destroy_hook(hook);
        })?;
        let mut state = self.state.borrow_mut();
        for (one, other) in [(hook, hook2), (hook2, hook)] {
            let entry = state.hooks.get_mut(one).ok_or(ENOENT)?;
            entry.peer = Some(other);
            entry.valid = true;
        }
        Ok(())
    }

    /// Adds a hook that is not connected yet, if the node agrees.
    fn add_hook(&self, key: NodeKey, name: &[u8]) -> Result<HookKey, Errno> {
        let name = &name[..name.len().min(NG_HOOKSIZ - 1)];
        let (hook, node) = {
            let mut state = self.state.borrow_mut();
            let entry = state.nodes.get(key).ok_or(EINVAL)?;
            let taken = |&hook: &HookKey| state.hooks.get(hook).is_some_and(|h| h.name == name);
            if entry.hooks.iter().any(taken) {
                return Err(EEXIST);
            }
            let node = entry.node.clone().ok_or(EINVAL)?;
            let hook = state.hooks.insert(HookEntry {
                name: name.to_vec(),
                node: key,
                private: 0,
                peer: None,
                valid: false,
            });
            (hook, node)
        };
        let answer = node.newhook(self.here(key), hook, name);
        let mut state = self.state.borrow_mut();
        match answer {
            Ok(private) => {
                if let Some(entry) = state.hooks.get_mut(hook) {
                    entry.private = private;
                }
                if let Some(entry) = state.nodes.get_mut(key) {
                    entry.hooks.push(hook);
                }
                Ok(hook)
            }
            Err(errno) => {
                state.hooks.remove(hook);
                Err(errno)
            }
        }
    }

    /// Breaks a hook and with it its peer; both nodes are told, the peer
    /// first.
    pub fn destroy_hook(&self, hook: HookKey) {
        let peer = {
            let mut state = self.state.borrow_mut();
            let Some(entry) = state.hooks.get_mut(hook) else {
                return;
            };
            entry.valid = false;
            let peer = entry.peer.take();
            if let Some(other) = peer.and_then(|peer| state.hooks.get_mut(peer)) {
                other.peer = None;
            }
            peer
        };
        if let Some(peer) = peer {
            self.destroy_hook(peer);
        }
        let (entry, node) = {
            let mut state = self.state.borrow_mut();
            let Some(entry) = state.hooks.remove(hook) else {
                return;
            };
            let node = state.nodes.get_mut(entry.node).and_then(|owner| {
                owner.hooks.retain(|&other| other != hook);
                owner.node.clone()
            });
            (entry, node)
        };
        if let Some(node) = node {
            let private = entry.private;
            node.disconnect(self.here(entry.node), Incoming { hook, private });
        }
    }

    /// Joins the peers of two hooks and drops the hooks: what a `tee` does
    /// when it goes.
    pub fn bypass(&self, hook: HookKey, hook2: HookKey) {
        {
            let mut state = self.state.borrow_mut();
            let mut take_peer = |hook| state.hooks.get_mut(hook)?.peer.take();
            let (Some(peer), Some(peer2)) = (take_peer(hook), take_peer(hook2)) else {
                return;
            };
            for (one, other) in [(peer, peer2), (peer2, peer)] {
                if let Some(entry) = state.hooks.get_mut(one) {
                    entry.peer = Some(other);
                }
            }
        }
        self.destroy_hook(hook);
        self.destroy_hook(hook2);
    }

    /// The node at an address, and the hook of it that the path ends with.
    /// `EINVAL` for a malformed address, `ENOENT` for one that leads nowhere.
    pub fn resolve(
        &self,
        here: NodeKey,
        address: &[u8],
    ) -> Result<(NodeKey, Option<HookKey>), Errno> {
        let path = path::parse(address)?;
        let state = self.state.borrow();
        let mut node = match path.node {
            None | Some(b".") => here,
            Some(name) => match path::decode_id(name) {
                Some(id) => state.by_id(id).ok_or(ENOENT)?,
                None => state.by_name(name).ok_or(ENOENT)?,
            },
        };
        let mut last = None;
        let hooks = path.hooks.unwrap_or_default().split(|&b| b == b'.');
        for name in hooks.filter(|name| !name.is_empty()) {
            let hook = state.find_hook(node, name).ok_or(ENOENT)?;
            let peer = state.hooks.get(hook).and_then(|entry| entry.peer);
            let other = peer.and_then(|peer| state.hooks.get(peer));
            let other = other.filter(|other| other.valid).ok_or(ENOENT)?;
            node = other.node;
            last = peer;
            if !state.nodes.get(node).is_some_and(|entry| entry.valid) {
                return Err(ENXIO);
            }
        }
        Ok((node, last))
    }
}

impl State {
    pub(super) fn find_type(&self, name: &[u8]) -> Option<&TypeEntry> {
        let mut types = self.types.iter();
        types.find(|entry| entry.ty.name.as_bytes() == name)
    }

    fn new_node(&mut self, ty: &[u8]) -> Result<NodeKey, Errno> {
        let mut types = self.types.iter_mut();
        let entry = types
            .find(|entry| entry.ty.name.as_bytes() == ty)
            .ok_or(ENXIO)?;
        entry.living += 1;
        let ty = Rc::clone(&entry.ty);
        let id = loop {
            let id = self.next_id;
            self.next_id = id.wrapping_add(1);
            if id != 0 && self.by_id(id).is_none() {
                break id;
            }
        };
        let key = self.nodes.insert(NodeEntry {
            id,
            ty,
            name: Vec::new(),
            hooks: Vec::new(),
            node: None,
            valid: true,
            closing: false,
        });
        self.ids.insert(id, key, true);
        Ok(key)
    }

    fn forget_node(&mut self, key: NodeKey) {
        let Some(entry) = self.nodes.remove(key) else {
            return;
        };
        self.ids.remove(entry.id, key);
        if !entry.name.is_empty() {
            self.names.remove(name_hash(&entry.name), key);
        }
        let mut types = self.types.iter_mut();
        if let Some(ty) = types.find(|ty| Rc::ptr_eq(&ty.ty, &entry.ty)) {
            ty.living -= 1;
        }
    }

    pub(super) fn id(&self, key: NodeKey) -> Option<u32> {
        self.nodes.get(key).map(|entry| entry.id)
    }

    fn by_name(&self, name: &[u8]) -> Option<NodeKey> {
        let named = |key: &NodeKey| {
            let entry = self.nodes.get(*key);
            entry.is_some_and(|entry| entry.valid && entry.name == name)
        };
        self.names.find(name_hash(name)).find(named)
    }

    fn find_hook(&self, node: NodeKey, name: &[u8]) -> Option<HookKey> {
        let named = |hook: &&HookKey| {
            let entry = self.hooks.get(**hook);
            entry.is_some_and(|entry| entry.valid && entry.name == name)
        };
        self.nodes.get(node)?.hooks.iter().find(named).copied()
    }
}

impl NodeEntry {
    pub(super) fn info(&self) -> nodeinfo {
        nodeinfo {
            name: c_array(&self.name),
            type_: c_array(self.ty.name.as_bytes()),
            id: self.id,
            hooks: self.hooks.len() as u32,
        }
    }
}
