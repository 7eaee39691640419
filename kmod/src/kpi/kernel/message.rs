// SPDX-License-Identifier: BSD-2-Clause
//! What comes in: packets as mbuf(9) chains, and the reply to a message.

use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use core::slice;

use flow::Bytes;
use sys_bindings::ng_mesg;

use super::{if_index, shim};
use crate::kpi::{Packet, Reply};

/// A packet while `rcvdata` has it, as a node sees it.
pub struct Mbuf<'a> {
    m: &'a shim::mbuf,
    node: NonNull<shim::ng_node>,
}

impl<'a> Mbuf<'a> {
    /// # Safety
    ///
    /// `m` begins a packet, whose bytes nobody changes while the value lives;
    /// the node outlives it.
    #[inline]
    pub unsafe fn new(m: &'a shim::mbuf, node: NonNull<shim::ng_node>) -> Self {
        Self { m, node }
    }
}

// An mbuf that is not in an `Mbuf` is nowhere to be had.
impl Bytes for shim::mbuf {
    #[inline]
    fn len(&self) -> usize {
        self.m_pkthdr.len as usize
    }

    #[inline]
    fn first(&self) -> &[u8] {
        if self.m_len == 0 || self.m_type_and_flags & Self::M_EXTPG != 0 {
            return &[];
        }
        // SAFETY: these are the first mbuf's bytes, which nobody changes, by
        // the contract of `Mbuf::new`.
        unsafe { slice::from_raw_parts(self.m_data, self.m_len as usize) }
    }

    fn copy_out(&self, at: usize, into: &mut [u8]) -> bool {
        let (to, len) = (into.as_mut_ptr(), into.len());
        // SAFETY: the mbuf is there, and the bytes fit.
        unsafe { shim::shim_packet_copy(self, at, to, len) }
    }
}

impl Packet for Mbuf<'_> {
    #[inline]
    fn bytes(&self) -> &(impl Bytes + ?Sized) {
        self.m
    }

    #[inline]
    fn fib(&self) -> u16 {
        self.m.m_pkthdr.fibnum
    }

    #[inline]
    fn received_on(&self) -> u16 {
        let shim::pkthdr {
            rcvif, csum_flags, ..
        } = self.m.m_pkthdr;
        // What a socket sends with a tag of its driver's has that in the same place.
        if rcvif.is_null() || csum_flags & shim::pkthdr::CSUM_SND_TAG != 0 {
            return 0;
        }
        // SAFETY: it is an interface. Who sends a packet that names its interface is
        // in the net epoch, in which that cannot go. One that waited in netgraph's
        // queue meanwhile is as safe here as in any node that reads this field, base's
        // too.
        if_index(unsafe { shim::if_getindex(rcvif) })
    }

    fn is_marked(&self, by_this_node_only: bool) -> bool {
        let only_by = if by_this_node_only {
            self.node.as_ptr().cast_const()
        } else {
            ptr::null()
        };
        // SAFETY: mbuf and node are there.
        unsafe { shim::shim_packet_is_marked(self.m, only_by) }
    }

    fn mark(&self) {
        // SAFETY: as above; tags are no part of the packet's bytes.
        unsafe { shim::shim_packet_mark(self.m, self.node.as_ptr()) }
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
