// SPDX-License-Identifier: BSD-2-Clause
//! What `kmod/shim/shim.h` declares, in its order, and what Rust calls in the
//! kernel itself.
//!
//! None of it sleeps. Pointers are only followed during the call, except for
//! a hook, on which `shim_hook_ref` keeps a reference.

#![allow(non_camel_case_types)] // netgraph's names.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_void, CStr};
use core::mem::offset_of;
use core::sync::atomic::AtomicU32;

use sys_bindings::ng_mesg;

/// `struct ng_node`, of which only the address is used.
#[repr(C)]
pub struct ng_node([u8; 0]);

/// `struct ng_hook`, of which only the address is used.
#[repr(C)]
pub struct ng_hook([u8; 0]);

/// `struct ifnet`, of which only the address is used.
#[repr(C)]
pub struct ifnet([u8; 0]);

/// The beginning of a `struct mbuf` that begins a packet, as far as every
/// packet's is read: `services.c` asserts where the fields are.
#[repr(C)]
pub struct mbuf {
    _chain: [UnsafeCell<*mut c_void>; 2],
    pub m_data: *const u8,
    pub m_len: i32,
    /// `m_type` in the low 8 bits, `m_flags` above.
    pub m_type_and_flags: u32,
    pub m_pkthdr: pkthdr,
}

impl mbuf {
    /// `M_EXTPG` of `m_flags`: the mbuf's data has no address.
    pub const M_EXTPG: u32 = 0x100 << 8;
}

/// The beginning of a `struct pkthdr`.
#[repr(C)]
pub struct pkthdr {
    pub rcvif: *const ifnet,
    _leaf_rcvif_and_tags: [UnsafeCell<*mut c_void>; 2],
    pub len: i32,
    _flowid: UnsafeCell<u32>,
    pub csum_flags: u32,
    pub fibnum: u16,
}

impl pkthdr {
    /// `CSUM_SND_TAG` of `csum_flags`: `rcvif` is no interface, but a send tag.
    pub const CSUM_SND_TAG: u32 = 0x8000_0000;
}

const _: () = {
    assert!(offset_of!(mbuf, m_data) == 16);
    assert!(offset_of!(mbuf, m_len) == 24);
    assert!(offset_of!(mbuf, m_pkthdr.rcvif) == 32);
    assert!(offset_of!(mbuf, m_pkthdr.len) == 56);
    assert!(offset_of!(mbuf, m_pkthdr.csum_flags) == 64);
    assert!(offset_of!(mbuf, m_pkthdr.fibnum) == 68);
};

/// A counter(9), of which only the address is used.
#[repr(C)]
pub struct shim_counter([u8; 0]);

/// `struct mtx`, whose layout `services.c` asserts.
#[repr(C)]
pub struct mtx {
    lock_object: UnsafeCell<[u64; 3]>,
    mtx_lock: UnsafeCell<usize>,
}

impl mtx {
    /// Not yet a lock: it needs `shim_mtx_init` where it is to stay.
    pub const fn uninitialised() -> Self {
        Self {
            lock_object: UnsafeCell::new([0; 3]),
            mtx_lock: UnsafeCell::new(0),
        }
    }

    /// As mtx_lock(9): spins while its owner runs, else waits on a turnstile.
    ///
    /// # Safety
    ///
    /// It is initialised, and this thread holds none.
    #[inline(always)]
    pub unsafe fn lock(&self) {
        // SAFETY: the caller's promise.
        unsafe { __mtx_lock_flags(self.mtx_lock.get(), 0, WHERE.as_ptr(), 0) }
    }

    /// As mtx_unlock(9).
    ///
    /// # Safety
    ///
    /// This thread has it.
    #[inline(always)]
    pub unsafe fn unlock(&self) {
        // SAFETY: the caller's promise.
        unsafe { __mtx_unlock_flags(self.mtx_lock.get(), 0, WHERE.as_ptr(), 0) }
    }
}

/// Where witness(4) says that a lock was taken.
const WHERE: &CStr = c"ng_netflow";

/// `struct shim_pass`.
#[repr(C)]
pub struct shim_pass {
    pub to: *mut ng_hook,
    pub error: isize,
}

/// `struct shim_path`.
#[repr(C)]
#[derive(Default)]
pub struct shim_path {
    pub next_hop: [u8; 16],
    pub output: u32,
    pub src_mask: u16,
    pub dst_mask: u16,
}

unsafe extern "C" {
    /// The kernel's, counting to `hz` a second and wrapping.
    pub safe static ticks: AtomicU32;

    /// `align` is a power of two. NULL when there is no memory.
    pub safe fn shim_alloc(size: usize, align: usize) -> *mut c_void;
    pub fn shim_free(memory: *mut c_void);

    pub fn shim_mtx_init(m: *const mtx);
    pub fn shim_mtx_destroy(m: *const mtx);
    fn __mtx_lock_flags(c: *mut usize, opts: c_int, file: *const c_char, line: c_int);
    fn __mtx_unlock_flags(c: *mut usize, opts: c_int, file: *const c_char, line: c_int);

    /// NULL when there is no memory.
    pub safe fn shim_counter_alloc() -> *mut shim_counter;
    pub fn shim_counter_free(c: *mut shim_counter);
    pub fn shim_counter_fetch(c: *mut shim_counter) -> u64;

    pub safe fn shim_uptime_ms() -> u64;
    pub safe fn shim_wall_clock(secs: &mut u32, nanos: &mut u32);
    pub fn shim_random(buf: *mut c_void, len: usize);
    pub fn shim_log(node: *const ng_node, line: *const u8, len: usize);

    pub fn shim_fibs(node: *const ng_node) -> u32;
    pub fn shim_path4(
        node: *const ng_node,
        fib: u32,
        src: Option<&[u8; 4]>,
        dst: Option<&[u8; 4]>,
        path: &mut shim_path,
    );
    pub fn shim_path6(
        node: *const ng_node,
        fib: u32,
        src: Option<&[u8; 16]>,
        dst: Option<&[u8; 16]>,
        path: &mut shim_path,
    );

    pub fn shim_hook_ref(hook: *mut ng_hook);
    pub fn shim_hook_unref(hook: *mut ng_hook);
    pub fn shim_send(hook: *mut ng_hook, datagram: *const u8, len: usize) -> c_int;

    pub fn shim_packet_copy(m: *const mbuf, at: usize, to: *mut u8, len: usize) -> bool;
    pub fn if_getindex(ifp: *const ifnet) -> u32;
    pub fn shim_packet_is_marked(m: *const mbuf, only_by: *const ng_node) -> bool;
    pub fn shim_packet_mark(m: *const mbuf, node: *const ng_node);

    pub fn shim_reply(request: *const ng_mesg, resp: &mut *mut ng_mesg, arglen: usize) -> *mut u8;
    pub fn shim_reply_shorten(resp: *mut ng_mesg, arglen: usize);
}
