// SPDX-License-Identifier: BSD-2-Clause
//! What happens to a node: messages, and time.

use std::num::NonZeroUsize;

use ng_netflow::kpi::{Errno, HookId, Reply};
use ng_netflow::{DropReason, Node, TICK_MS};
use sys_bindings::*;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::home::Home;

/// A hook; nothing is behind it.
pub fn hook(number: usize) -> HookId {
    HookId(NonZeroUsize::new(number).unwrap())
}

/// What is in a reply before it is written.
const UNWRITTEN: u8 = 0xa5;

/// The bytes of a reply, as a client gets them.  What a kernel has zeroed is not
/// here, so that what the node does not write shows.
#[derive(Default)]
pub struct Answer(pub Option<Vec<u8>>);

impl Reply for Answer {
    fn make(&mut self, len: usize) -> Option<&mut [u8]> {
        assert!(self.0.is_none(), "made at most once");
        Some(self.0.insert(vec![UNWRITTEN; len]))
    }

    fn shorten(&mut self, len: usize) {
        self.0.as_mut().unwrap().truncate(len);
    }
}

/// Sends a message of the node's own cookie: the answer, if it has one.
pub fn message(node: &Node<Home>, command: u32, args: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
    let mut answer = Answer::default();
    node.rcvmsg(NGM_NETFLOW_COOKIE, command, args, &mut answer)?;
    Ok(answer.0)
}

/// Asks for `NGM_NETFLOW_INFO`.
pub fn info(node: &Node<Home>) -> ng_netflow_info {
    let answer = message(node, NGM_NETFLOW_INFO, &[]).unwrap().unwrap();
    ng_netflow_info::read_from_bytes(&answer).unwrap()
}

/// Has an interface take packets without a link layer.
pub fn set_raw(node: &Node<Home>, iface: u16) {
    let set = ng_netflow_setdlt {
        iface,
        dlt: DLT_RAW,
        ..ng_netflow_setdlt::new_zeroed()
    };
    message(node, NGM_NETFLOW_SETDLT, set.as_bytes()).unwrap();
}

/// Sets the timeouts, in seconds.
pub fn set_timeouts(node: &Node<Home>, inactive_timeout: u32, active_timeout: u32) {
    let set = ng_netflow_settimeouts {
        inactive_timeout,
        active_timeout,
    };
    message(node, NGM_NETFLOW_SETTIMEOUTS, set.as_bytes()).unwrap();
}

/// A node with `iface0` taking raw IP, and an exporter.
pub fn exporting_node(home: &Home) -> Node<Home> {
    let node = Node::new(home.clone()).unwrap();
    node.newhook(b"iface0", hook(1)).unwrap();
    node.newhook(b"export", hook(9)).unwrap();
    set_raw(&node, 0);
    node
}

/// Lets time pass as the callout would, in which no more is due than a burst
/// carries; what cannot be sent may wait for the next.
pub fn run(node: &Node<Home>, home: &Home, milliseconds: u64) {
    let (mut passed, mut pause) = (0, TICK_MS);
    while passed + u64::from(pause) <= milliseconds {
        home.wait(pause.into());
        passed += u64::from(pause);
        let failed = records_not_sent(node);
        pause = node.tick();
        assert!(pause == TICK_MS || records_not_sent(node) > failed);
    }
}

fn records_not_sent(node: &Node<Home>) -> u64 {
    let exports = node.conservation().exports;
    let failed = exports.iter().flat_map(|export| {
        [DropReason::SendFailed, DropReason::NoMemory].map(|reason| export.dropped(reason).records)
    });
    failed.sum()
}

/// The big-endian number at this octet.
pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The flow sequence and the number of records of a version 5 datagram.
pub fn sequence_and_count(datagram: &[u8]) -> (u32, u32) {
    (word(datagram, 16), word(datagram, 0) & 0xffff)
}

/// Walks the cache as flowctl does.  The records' source addresses.
pub fn show(node: &Node<Home>, version: u8) -> Vec<u32> {
    let (entry_len, source_at) = match version {
        4 => (size_of::<flow_entry_data>(), 8),
        _ => (size_of::<flow6_entry_data>(), 8 + 12),
    };
    let mut request = ngnf_show_header {
        version,
        ..ngnf_show_header::new_zeroed()
    };
    let mut shown = Vec::new();
    loop {
        let answer = message(node, NGM_NETFLOW_SHOW, request.as_bytes())
            .unwrap()
            .unwrap();
        let (head, body) = ngnf_show_header::read_from_prefix(&answer).unwrap();
        assert_eq!(head.version, version);
        assert_eq!(body.len(), head.nentries as usize * entry_len);
        assert!(answer.len() <= NGRESP_SIZE);
        shown.extend(body.chunks(entry_len).map(|entry| word(entry, source_at)));
        if head.hash_id == 0 {
            return shown;
        }
        (request.hash_id, request.list_id) = (head.hash_id, head.list_id);
    }
}
