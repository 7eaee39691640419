// SPDX-License-Identifier: BSD-2-Clause
//! The hash chains in which base keeps nodes by ID and by name.
//!
//! They are here for their order: `NGM_LISTNODES` and `NGM_LISTNAMES` answer in
//! the order of the chains, and what `ngctl list` prints is compared to base.

use super::NodeKey;

/// Chains of nodes; the newest comes first in its chain.
#[derive(Debug)]
pub struct Directory {
    chains: Vec<Vec<(u32, NodeKey)>>,
    len: usize,
}

impl Directory {
    /// Base begins with this many chains and doubles them as nodes come.
    pub fn new() -> Self {
        Directory {
            chains: vec![Vec::new(); 16],
            len: 0,
        }
    }

    /// Adds a node under `hash`.  `counted` tells whether the table grows
    /// before or after the node is counted: base differs for IDs and names.
    pub fn insert(&mut self, hash: u32, node: NodeKey, counted: bool) {
        if (self.len + usize::from(counted)) * 2 >= self.chains.len() {
            self.grow();
        }
        self.len += 1;
        self.chain(hash).push((hash, node));
    }

    /// Takes a node out.
    pub fn remove(&mut self, hash: u32, node: NodeKey) {
        let chain = self.chain(hash);
        let before = chain.len();
        chain.retain(|&(_, other)| other != node);
        self.len -= before - self.chain(hash).len();
    }

    /// The nodes under `hash`, and others of the same chain.
    pub fn find(&self, hash: u32) -> impl Iterator<Item = NodeKey> + '_ {
        let chain = &self.chains[hash as usize % self.chains.len()];
        chain.iter().rev().map(|&(_, node)| node)
    }

    /// All nodes, in base's order.
    pub fn iter(&self) -> impl Iterator<Item = NodeKey> + '_ {
        let chains = self.chains.iter();
        chains.flat_map(|chain| chain.iter().rev().map(|&(_, node)| node))
    }

    fn chain(&mut self, hash: u32) -> &mut Vec<(u32, NodeKey)> {
        let chains = self.chains.len();
        &mut self.chains[hash as usize % chains]
    }

    fn grow(&mut self) {
        let doubled = vec![Vec::new(); self.chains.len() * 2];
        for chain in std::mem::replace(&mut self.chains, doubled) {
            for (hash, node) in chain.into_iter().rev() {
                self.chain(hash).push((hash, node));
            }
        }
    }
}

/// `hash32_str` of FreeBSD's `sys/hash.h`, which names are kept by.
pub fn name_hash(name: &[u8]) -> u32 {
    const HASHINIT: u32 = 5381;
    name.iter().fold(HASHINIT, |hash, &byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(byte))
    })
}
