// SPDX-License-Identifier: BSD-2-Clause
//! A node as netgraph has it: what `ng_netflow.c` does with Rust's entries.

use std::ffi::c_void;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use ng_netflow::kpi::kernel::Kernel as Home;
use ng_netflow::{Conservation, Node};
use sys_bindings::{
    ng_msghdr, ng_netflow_info, ng_netflow_setconfig, ng_netflow_setdlt, ng_netflow_settimeouts,
    ngnf_show_header, DLT_RAW, NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO, NGM_NETFLOW_SETCONFIG,
    NGM_NETFLOW_SETDLT, NGM_NETFLOW_SETTIMEOUTS, NGM_NETFLOW_SHOW,
};
use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::kernel::*;
use crate::sync;

/// A netflow node.
pub struct Netflow {
    state: *mut c_void,
    node: *mut NgNode,
    /// Pieces of the kernel's that were there before the node.
    alive_before: isize,
}

// SAFETY: the entries may be called from many threads, as netgraph does.
unsafe impl Send for Netflow {}
// SAFETY: as above.
unsafe impl Sync for Netflow {}

/// A hook of the node's, connected until it is given to
/// [`Netflow::disconnect`].
pub struct Hook {
    hook: *mut NgHook,
    name: String,
    /// Where the node finds what it knows of the hook.
    port: *const c_void,
    /// What was sent down the hook.
    pub sent: Arc<std::sync::Mutex<Vec<Vec<u8>>>>,
}

// SAFETY: a hook may be used by any thread.
unsafe impl Send for Hook {}
// SAFETY: as above.
unsafe impl Sync for Hook {}

impl Hook {
    /// From now on sends fail for lack of mbufs, or do not.
    pub fn set_sends_fail(&self, fail: bool) {
        // SAFETY: it is connected, so netgraph has a reference.
        unsafe { &*self.hook }
            .sends_fail
            .store(fail, sync::Ordering::Relaxed);
    }
}

impl Netflow {
    /// A node; `None` when there is no memory.
    pub fn new() -> Option<Netflow> {
        let alive_before = kernel(|kernel| kernel.alive.load(Relaxed));
        let node = Box::into_raw(Box::new(NgNode { fibs: 1 }));
        // SAFETY: the node goes after its state.
        let state = unsafe { netflow_create(node) };
        if state.is_null() {
            // SAFETY: it is not in use.
            drop(unsafe { Box::from_raw(node) });
            return None;
        }
        Some(Netflow {
            state,
            node,
            alive_before,
        })
    }

    /// A node with `iface0` for raw IP.  Both hooks are for [`Netflow::end`].
    pub fn with_iface0() -> (Netflow, Hook) {
        let node = Netflow::new().unwrap();
        let iface0 = node.connect("iface0").unwrap();
        let set = ng_netflow_setdlt {
            iface: 0,
            dlt: DLT_RAW,
            ..ng_netflow_setdlt::new_zeroed()
        };
        node.message(NGM_NETFLOW_SETDLT, set.as_bytes()).unwrap();
        (node, iface0)
    }

    /// Connects a hook, or says why not.
    pub fn connect(&self, name: &str) -> Result<Hook, i32> {
        let hook = NgHook::new();
        let mut port = std::ptr::null();
        // SAFETY: the name is there for the call, and the hook longer.
        let error =
            unsafe { netflow_newhook(self.state, hook, name.as_ptr(), name.len(), &mut port) };
        if error != 0 {
            // SAFETY: netgraph's reference.
            unsafe { shim_hook_unref(hook) };
            return Err(error);
        }
        // SAFETY: netgraph has a reference.
        let sent = Arc::clone(&unsafe { &*hook }.sent);
        Ok(Hook {
            hook,
            name: name.to_string(),
            port,
            sent,
        })
    }

    /// Takes a hook away.
    pub fn disconnect(&self, hook: Hook) {
        // SAFETY: netgraph has a reference.
        unsafe { &*hook.hook }
            .connected
            .store(false, sync::Ordering::Release);
        // SAFETY: it is this node's hook.
        unsafe { netflow_disconnect(self.state, hook.name.as_ptr(), hook.name.len()) };
        // SAFETY: netgraph's reference.
        unsafe { shim_hook_unref(hook.hook) };
    }

    /// Gives netgraph's reference on a hook back and leaves the node with it: a
    /// fault, planted to see that it is noticed.
    pub fn forget_hook(&self, hook: &Hook) {
        for _own_and_nodes in 0..2 {
            // SAFETY: there are these two, though one is not ours.
            unsafe { shim_hook_unref(hook.hook) };
        }
    }

    /// A packet comes in on a hook.  Its errno.
    pub fn data(&self, hook: &Hook, bytes: Vec<u8>) -> i32 {
        self.data_in_pieces(hook, bytes, usize::MAX)
    }

    /// As [`Netflow::data`], with so many octets in its first mbuf.
    pub fn data_in_pieces(&self, hook: &Hook, bytes: Vec<u8>, first_len: usize) -> i32 {
        be_a_cpu();
        let packet = Mbuf::new(bytes, first_len);
        // SAFETY: the packet is there for the call, and the port with the node.
        let pass = unsafe { netflow_rcvdata(self.state, hook.port, &packet) };
        pass.error as i32
    }

    /// A control message.  The arguments of its answer, or its errno.
    pub fn message(&self, command: u32, args: &[u8]) -> Result<Vec<u8>, i32> {
        let header = ng_msghdr {
            cmd: command,
            typecookie: NGM_NETFLOW_COOKIE,
            arglen: args.len() as u32,
            ..ng_msghdr::new_zeroed()
        };
        // Messages are aligned as malloc(9) aligns.
        let words = (HEADER + args.len()).div_ceil(8);
        let mut message = vec![0u64; words];
        message.as_mut_bytes()[..HEADER].copy_from_slice(header.as_bytes());
        message.as_mut_bytes()[HEADER..HEADER + args.len()].copy_from_slice(args);
        let mut reply: *mut u8 = std::ptr::null_mut();
        let request = message.as_ptr().cast();
        // SAFETY: the message is whole.
        let error = unsafe { netflow_rcvmsg(self.state, request, &mut reply) };
        let mut answer = Vec::new();
        if !reply.is_null() {
            // SAFETY: a message begins with its header.
            let arglen = unsafe { &*reply.cast::<ng_msghdr>() }.arglen as usize;
            // SAFETY: they follow the header.
            let arguments = unsafe { reply.add(HEADER) };
            // SAFETY: there are so many.
            answer.extend_from_slice(unsafe { std::slice::from_raw_parts(arguments, arglen) });
            // SAFETY: it is ours now.
            unsafe { free_reply(reply) };
        }
        if error == 0 {
            Ok(answer)
        } else {
            Err(error)
        }
    }

    pub fn info(&self) -> ng_netflow_info {
        let answer = self.message(NGM_NETFLOW_INFO, &[]).unwrap();
        ng_netflow_info::read_from_bytes(&answer).unwrap()
    }

    pub fn set_timeouts(&self, inactive_timeout: u32, active_timeout: u32) {
        let set = ng_netflow_settimeouts {
            inactive_timeout,
            active_timeout,
        };
        self.message(NGM_NETFLOW_SETTIMEOUTS, set.as_bytes())
            .unwrap();
    }

    pub fn set_config(&self, iface: u16, conf: u32) {
        let set = ng_netflow_setconfig {
            iface,
            conf,
            ..ng_netflow_setconfig::new_zeroed()
        };
        self.message(NGM_NETFLOW_SETCONFIG, set.as_bytes()).unwrap();
    }

    /// Walks the IPv4 cache.  The records' source addresses.
    pub fn show(&self) -> Vec<u32> {
        self.walk(4).expect("memory for a reply")
    }

    /// Walks the cache of an IP version as flowctl does; `None` when there was
    /// no memory for a reply.  Four octets of each record's source address.
    pub fn walk(&self, version: u8) -> Option<Vec<u32>> {
        let (entry_len, source_at) = match version {
            4 => (size_of::<sys_bindings::flow_entry_data>(), 8),
            _ => (size_of::<sys_bindings::flow6_entry_data>(), 8 + 12),
        };
        let mut request = ngnf_show_header {
            version,
            ..ngnf_show_header::new_zeroed()
        };
        let mut shown = Vec::new();
        loop {
            let answer = self.message(NGM_NETFLOW_SHOW, request.as_bytes()).ok()?;
            let (head, body) = ngnf_show_header::read_from_prefix(&answer).unwrap();
            assert_eq!(body.len(), head.nentries as usize * entry_len);
            for entry in body.chunks(entry_len) {
                let source = entry[source_at..source_at + 4].try_into().unwrap();
                shown.push(u32::from_be_bytes(source));
            }
            if head.hash_id == 0 {
                return Some(shown);
            }
            (request.hash_id, request.list_id) = (head.hash_id, head.list_id);
        }
    }

    /// The callout.
    pub fn tick(&self) -> u32 {
        // SAFETY: the state is there.
        match unsafe { netflow_rest(self.state) } {
            // SAFETY: the state is there.
            0 => unsafe { netflow_tick(self.state) },
            pause => pause,
        }
    }

    /// The callout, so much later.
    pub fn tick_after(&self, milliseconds: u64) -> u32 {
        wait(milliseconds);
        self.tick()
    }

    /// The node is to go; the callout is drained.
    pub fn close(&self) {
        // SAFETY: the state is there.
        while unsafe { netflow_close(self.state) } >= 0 {}
    }

    pub fn conservation(&self) -> Conservation {
        // SAFETY: that is what a state is.
        unsafe { &*self.state.cast::<Node<Home>>() }.conservation()
    }

    /// Closes the node, takes its hooks away and frees it.  Asserts that no
    /// packet is unaccounted, that nothing stays in the cache, and that all
    /// memory, locks and references have been given back.
    pub fn end(self, hooks: impl IntoIterator<Item = Hook>) -> Conservation {
        // At rest, the counters that the limit is kept by are those of the
        // records that are there.
        let (info, cached) = (self.info(), self.conservation().cached);
        let used = u64::from(info.nfinfo_used + info.nfinfo_used6);
        assert_eq!(used, cached.records, "records used");
        self.close();
        let account = self.conservation();
        assert_eq!(
            (account.unaccounted(), account.cached.records),
            (0, 0),
            "{account}"
        );
        for hook in hooks {
            self.disconnect(hook);
        }
        // SAFETY: nobody else has the node, as we took it.
        unsafe { netflow_destroy(self.state) };
        // SAFETY: `new` made it, and its state is gone.
        drop(unsafe { Box::from_raw(self.node) });
        let alive = kernel(|kernel| kernel.alive.load(Relaxed));
        assert_eq!(alive, self.alive_before, "not given back");
        account
    }
}

/// A UDP datagram of 28 octets without a link layer, from address `flow`.
pub fn udp(flow: u32) -> Vec<u8> {
    let [a, b, c, d] = flow.to_be_bytes();
    vec![
        0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, a, b, c, d, 10, 0, 0, 1, 0, 53, 0, 53, 0, 8, 0, 0,
    ]
}

/// A TCP segment without data and without a link layer, from address `flow`.
pub fn tcp(flow: u32, flags: u8) -> Vec<u8> {
    let mut bytes = udp(flow);
    (bytes[3], bytes[9]) = (40, 6);
    bytes.resize(40, 0);
    (bytes[32], bytes[33]) = (0x50, flags);
    bytes
}

/// A UDP datagram over IPv6.
pub fn udp6(flow: u32) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0, 0, 8, 17, 64, 0x20, 0x01, 0x0d, 0xb8];
    bytes.resize(20, 0);
    bytes.extend(flow.to_be_bytes());
    bytes.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0, 53, 0, 53, 0, 8, 0, 0]);
    bytes
}
