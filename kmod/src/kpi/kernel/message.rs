// SPDX-License-Identifier: BSD-2-Clause
//! What comes in: packets as mbuf(9) chains, and the reply to a message.

use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use core::slice;

use flow::Bytes;
use sys_bindings::ng_mesg;

use super::{if_index, shim};
use crate::kpi::{Packet, Reply};

/// A packet while `rcvdata` has it.
pub struct Mbuf<'a> {
    packet: &'a shim::shim_packet,
    node: NonNull<shim::ng_node>,
    first: &'a [u8],
}

impl<'a> Mbuf<'a> {
    /// The packet that `packet` describes, as `node` sees it.
    ///
    /// # Safety
    ///
    /// The mbuf and the node outlive the value; nobody changes the packet's
    /// bytes.
    #[inline]
    pub unsafe fn new(packet: &'a shim::shim_packet, node: NonNull<shim::ng_node>) -> Self {
        let first: &[u8] = if packet.first_len == 0 {
            &[]
        } else {
            // SAFETY: these are the first mbuf's bytes, which nobody changes.
            unsafe { slice::from_raw_parts(packet.first, packet.first_len) }
        };
        Self {
            packet,
            node,
            first,
        }
    }
}

impl Bytes for Mbuf<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.packet.len
    }

    #[inline]
    fn first(&self) -> &[u8] {
        self.first
    }

    fn copy_out(&self, at: usize, into: &mut [u8]) -> bool {
        let (to, len) = (into.as_mut_ptr(), into.len());
        // SAFETY: the mbuf is there, by `new`'s contract, and the bytes fit.
        unsafe { shim::shim_packet_copy(self.packet.m, at, to, len) }
    }
}

impl Packet for Mbuf<'_> {
    fn fib(&self) -> u16 {
        u16::try_from(self.packet.fib).unwrap_or(u16::MAX)
    }

    fn received_on(&self) -> u16 {
        // SAFETY: the mbuf is there, by `new`'s contract.
        if_index(unsafe { shim::shim_packet_received_on(self.packet.m) })
    }

    fn is_marked(&self, by_this_node_only: bool) -> bool {
        let only_by = if by_this_node_only {
            self.node.as_ptr().cast_const()
        } else {
            ptr::null()
        };
        // SAFETY: mbuf and node are there.
        unsafe { shim::shim_packet_is_marked(self.packet.m, only_by) }
    }

    fn mark(&self) {
        // SAFETY: as above; tags are no part of the packet's bytes.
        unsafe { shim::shim_packet_mark(self.packet.m, self.node.as_ptr()) }
    }
}

/// The answer to one control message.
pub struct Response<'a> {
    request: &'a ng_mesg,
    resp: &'a mut *mut ng_mesg,
    arguments: PhantomData<&'a mut [u8]>,
}

impl<'a> Response<'a> {
    /// An answer to `request`, which will be left in `resp`, which is NULL.
    pub fn new(request: &'a ng_mesg, resp: &'a mut *mut ng_mesg) -> Self {
        Self {
            request,
            resp,
            arguments: PhantomData,
        }
    }
}

impl Reply for Response<'_> {
    fn make(&mut self, len: usize) -> Option<&mut [u8]> {
        if !self.resp.is_null() {
            return None;
        }
        // SAFETY: the request is there, and `resp` owns nothing yet.
        let arguments = unsafe { shim::shim_reply(self.request, self.resp, len) };
        let arguments = NonNull::new(arguments)?;
        // SAFETY: the message has `len` zeroed bytes there, which are ours
        // until it is sent, after `self` is gone.
        Some(unsafe { slice::from_raw_parts_mut(arguments.as_ptr(), len) })
    }

    fn shorten(&mut self, len: usize) {
        if !self.resp.is_null() {
            // SAFETY: `make` has put a message there.
            unsafe { shim::shim_reply_shorten(*self.resp, len) }
        }
    }
}
