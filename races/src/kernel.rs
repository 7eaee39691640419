// SPDX-License-Identifier: BSD-2-Clause
//! `kmod/shim/shim.h`, as far as Rust calls it, over the standard library: the
//! same functions with the same promises, and a complaint where a caller does
//! not keep to its own.
//!
//! Nothing here may order threads that the kernel would not: that would hide
//! the races which are looked for.
#![allow(non_upper_case_globals, reason = "the kernel's own name")]

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::Arc;

use crate::sync::{self, Alone, Mutex, MutexGuard};

/// What a test sets and reads of its kernel.
pub struct Kernel {
    /// Milliseconds since boot.
    pub uptime: sync::AtomicU64,
    /// Allocations that succeed before the next ones fail, where they may.
    memory: sync::AtomicIsize,
    memory_is_limited: AtomicBool,
    /// Do locks keep anyone out?  A fault, planted to see that it is noticed.
    pub locks_are_broken: AtomicBool,
    /// Pieces of memory, counters, locks and references that are not given
    /// back yet.
    pub alive: AtomicIsize,
}

impl Kernel {
    fn new() -> Self {
        Kernel {
            uptime: sync::AtomicU64::new(60_000),
            memory: sync::AtomicIsize::new(isize::MAX),
            memory_is_limited: AtomicBool::new(false),
            locks_are_broken: AtomicBool::new(false),
            alive: AtomicIsize::new(0),
        }
    }

    /// So many allocations succeed from now on; `isize::MAX` means all.
    pub fn limit_memory(&self, allocations: isize) {
        self.memory.store(allocations, Relaxed);
        self.memory_is_limited
            .store(allocations != isize::MAX, Relaxed);
    }

    /// Not counted where there is no limit: it would put threads in order.
    fn has_memory(&self) -> bool {
        !self.memory_is_limited.load(Relaxed) || self.memory.fetch_sub(1, Relaxed) > 0
    }
}

// Loom's threads are all on the thread of the test that runs them, and its
// atomics are of one run: each has its kernel.
#[cfg(loom)]
std::thread_local! {
    static KERNEL: std::cell::RefCell<Option<Arc<Kernel>>> = const { std::cell::RefCell::new(None) };
}
#[cfg(not(loom))]
static KERNEL: std::sync::LazyLock<Kernel> = std::sync::LazyLock::new(Kernel::new);

/// A kernel for one run of a model.
#[cfg(loom)]
pub fn boot() {
    KERNEL.set(Some(Arc::new(Kernel::new())));
}

/// Its end, in the same run.
#[cfg(loom)]
pub fn shutdown() {
    KERNEL.set(None);
}

/// Looks at the kernel, or changes it.
pub fn kernel<R>(f: impl FnOnce(&Kernel) -> R) -> R {
    #[cfg(loom)]
    return f(&KERNEL.with_borrow(|kernel| Arc::clone(kernel.as_ref().unwrap())));
    #[cfg(not(loom))]
    f(&KERNEL)
}

fn count(by: isize) {
    kernel(|kernel| kernel.alive.fetch_add(by, Relaxed));
}

sync::thread_local! {
    /// Locks that this thread holds.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's takes no const")]
    static HELD: Cell<u32> = Cell::new(0);
}

/// What witness(4) would say.
fn assert_no_lock(what: &str) {
    HELD.with(|held| assert_eq!(held.get(), 0, "{what} with a lock held"));
}

/// A `struct mtx` has room for a pointer to this.
struct Mtx {
    lock: Mutex<()>,
    guard: Cell<Option<MutexGuard<'static, ()>>>,
    inside: Alone,
}

/// An `ng_node`.
#[repr(C)]
pub struct NgNode {
    /// Routing tables.
    pub fibs: u32,
}

/// An `ng_hook`, with what was sent down it.
#[repr(C)]
pub struct NgHook {
    references: sync::AtomicUsize,
    pub connected: sync::AtomicBool,
    pub sends_fail: sync::AtomicBool,
    /// Outlives the hook.
    pub sent: Arc<std::sync::Mutex<Vec<Vec<u8>>>>,
}

impl NgHook {
    /// A connected hook, with netgraph's own reference on it.
    pub fn new() -> *mut NgHook {
        count(1);
        Box::into_raw(Box::new(NgHook {
            references: sync::AtomicUsize::new(1),
            connected: sync::AtomicBool::new(true),
            sends_fail: sync::AtomicBool::new(false),
            sent: Arc::default(),
        }))
    }
}

/// A `struct mbuf` that begins a chain of two, as far as Rust reads it, with
/// what the shim is asked for behind.
#[repr(C)]
pub struct Mbuf {
    chain: [usize; 2],
    data: *const u8,
    len: i32,
    type_and_flags: u32,
    received_on: *const Interface,
    leaf_and_tags: [usize; 2],
    packet_len: i32,
    flowid_and_csum: [u32; 2],
    fib: u16,
    bytes: Vec<u8>,
    /// The nodes that have marked it.
    marks: RefCell<Vec<usize>>,
}

/// A `struct ifnet`: its ifIndex.
struct Interface(u32);

static EM0: Interface = Interface(1);

impl Mbuf {
    /// A packet with so many octets in its first mbuf, received on an interface.
    pub fn new(bytes: Vec<u8>, first_len: usize) -> Self {
        Mbuf {
            chain: [0; 2],
            data: bytes.as_ptr(),
            len: first_len.min(bytes.len()) as i32,
            type_and_flags: 0,
            received_on: &EM0,
            leaf_and_tags: [0; 2],
            packet_len: bytes.len() as i32,
            flowid_and_csum: [0; 2],
            fib: 0,
            bytes,
            marks: RefCell::default(),
        }
    }
}

/// `struct shim_pass`.
#[repr(C)]
pub struct ShimPass {
    pub to: *mut NgHook,
    pub error: isize,
}

/// `struct shim_path`.
#[repr(C)]
struct ShimPath {
    next_hop: [u8; 16],
    output: u32,
    src_mask: u16,
    dst_mask: u16,
}

#[allow(
    improper_ctypes,
    reason = "what pointers lead to is Rust's on both sides"
)]
extern "C" {
    pub fn netflow_create(node: *mut NgNode) -> *mut c_void;
    pub fn netflow_newhook(
        state: *mut c_void,
        hook: *mut NgHook,
        name: *const u8,
        len: usize,
        port: *mut *const c_void,
    ) -> c_int;
    pub fn netflow_rcvmsg(state: *mut c_void, message: *const u8, resp: *mut *mut u8) -> c_int;
    pub fn netflow_rcvdata(state: *mut c_void, port: *const c_void, m: *const Mbuf) -> ShimPass;
    pub fn netflow_disconnect(state: *mut c_void, name: *const u8, len: usize);
    pub fn netflow_rest(state: *mut c_void) -> u32;
    pub fn netflow_tick(state: *mut c_void) -> u32;
    pub fn netflow_close(state: *mut c_void) -> i32;
    pub fn netflow_destroy(state: *mut c_void);
}

#[no_mangle]
extern "C" fn shim_alloc(size: usize, align: usize) -> *mut c_void {
    assert_no_lock("malloc(9)");
    if !kernel(Kernel::has_memory) {
        return std::ptr::null_mut();
    }
    let mut memory = std::ptr::null_mut();
    // SAFETY: the pointer is ours to write.
    let error = unsafe { libc::posix_memalign(&mut memory, align.max(16), size) };
    assert_eq!(error, 0);
    // SAFETY: the memory is new, and so large.
    unsafe { libc::memset(memory, 0, size) };
    count(1);
    memory
}

/// # Safety
/// `memory` came from [`shim_alloc`], and nobody uses it from now on.
#[no_mangle]
unsafe extern "C" fn shim_free(memory: *mut c_void) {
    count(-1);
    // SAFETY: it came from `shim_alloc`, which had it from the C library.
    unsafe { libc::free(memory) }
}

/// # Safety
/// `m` is a `struct mtx` between its initialisation and its end.
unsafe fn mtx<'a>(m: *mut *mut Mtx) -> &'a Mtx {
    // SAFETY: the caller's promise.
    let mtx = unsafe { *m };
    assert!(!mtx.is_null(), "a lock that is none");
    // SAFETY: `shim_mtx_init` made it.
    unsafe { &*mtx }
}

/// # Safety
/// `m` is a `struct mtx` that is none yet.
#[no_mangle]
unsafe extern "C" fn shim_mtx_init(m: *mut *mut Mtx) {
    count(1);
    let mtx = Box::new(Mtx {
        lock: Mutex::new(()),
        guard: Cell::new(None),
        inside: Alone::default(),
    });
    // SAFETY: a `struct mtx` has room for a pointer, and is the caller's.
    unsafe { *m = Box::into_raw(mtx) };
}

/// # Safety
/// `m` is a `struct mtx` from [`shim_mtx_init`] that nobody uses from now on.
#[no_mangle]
unsafe extern "C" fn shim_mtx_destroy(m: *mut *mut Mtx) {
    count(-1);
    // SAFETY: the pointer is there since `shim_mtx_init`, and nobody else has it.
    let mtx = unsafe { std::mem::replace(&mut *m, std::ptr::null_mut()) };
    // SAFETY: `shim_mtx_init` had it from `Box::into_raw`, and this was the last copy.
    drop(unsafe { Box::from_raw(mtx) });
}

/// # Safety
/// `c` is the `mtx_lock` of an initialised `struct mtx`.
#[no_mangle]
unsafe extern "C" fn __mtx_lock_flags(c: *mut usize, _: c_int, _: *const c_char, _: c_int) {
    assert_no_lock("mtx_lock(9)");
    if kernel(|kernel| kernel.locks_are_broken.load(Relaxed)) {
        return;
    }
    // SAFETY: `mtx_lock` is the last of a `struct mtx`'s four words.
    let m = unsafe { c.sub(3) };
    // SAFETY: the caller's promise.
    let mtx = unsafe { mtx(m.cast()) };
    let guard = mtx.lock.lock().unwrap();
    mtx.guard.set(Some(guard));
    mtx.inside.enter();
    HELD.with(|held| held.set(1));
}

/// # Safety
/// As [`__mtx_lock_flags`].
#[no_mangle]
unsafe extern "C" fn __mtx_unlock_flags(c: *mut usize, _: c_int, _: *const c_char, _: c_int) {
    if kernel(|kernel| kernel.locks_are_broken.load(Relaxed)) {
        return;
    }
    // SAFETY: `mtx_lock` is the last of a `struct mtx`'s four words.
    let m = unsafe { c.sub(3) };
    // SAFETY: the caller's promise.
    let mtx = unsafe { mtx(m.cast()) };
    HELD.with(|held| held.set(0));
    mtx.inside.leave();
    let guard = mtx.guard.take();
    assert!(guard.is_some(), "a lock that nobody holds");
}

/// Octets that each CPU has for counters.
const PLACES: usize = 1 << 20;

/// What counter(9) keeps: where each CPU's places begin, and which places are
/// free.  A thread stands for a CPU.
struct Counters {
    cpus: Vec<usize>,
    free: Vec<usize>,
    used: usize,
}

static COUNTERS: std::sync::Mutex<Counters> = std::sync::Mutex::new(Counters {
    cpus: Vec::new(),
    free: Vec::new(),
    // An address of 0 would be none.
    used: 8,
});

std::thread_local! {
    static CPU: usize = {
        let places: &[AtomicU64] = Vec::leak((0..PLACES / 8).map(|_| AtomicU64::new(0)).collect());
        let base = places.as_ptr().expose_provenance();
        COUNTERS.lock().unwrap().cpus.push(base);
        const ARCH_SET_GS: c_int = 0x1001;
        // SAFETY: nothing else on Linux uses GS.
        let error = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, base) };
        assert_eq!(error, 0);
        base
    };
}

/// GS leads to this thread's counters from now on.
pub fn be_a_cpu() {
    CPU.with(|_| ());
}

impl Counters {
    /// A counter's place on each CPU.
    fn places(&self, counter: usize) -> impl Iterator<Item = &AtomicU64> {
        self.cpus.iter().map(move |base| {
            let place = std::ptr::with_exposed_provenance::<AtomicU64>(base + counter);
            // SAFETY: each CPU has its places for ever.
            unsafe { &*place }
        })
    }
}

#[no_mangle]
extern "C" fn shim_counter_alloc() -> usize {
    if !kernel(Kernel::has_memory) {
        return 0;
    }
    count(1);
    let mut counters = COUNTERS.lock().unwrap();
    let counter = counters.free.pop().unwrap_or_else(|| {
        counters.used += 8;
        counters.used - 8
    });
    assert!(counter < PLACES, "too many counters");
    counters
        .places(counter)
        .for_each(|place| place.store(0, Relaxed));
    counter
}

#[no_mangle]
extern "C" fn shim_counter_free(counter: usize) {
    count(-1);
    COUNTERS.lock().unwrap().free.push(counter);
}

#[no_mangle]
extern "C" fn shim_counter_fetch(counter: usize) -> u64 {
    let counters = COUNTERS.lock().unwrap();
    let places = counters.places(counter).map(|place| place.load(Relaxed));
    places.fold(0, u64::wrapping_add)
}

/// The kernel's clock interrupts.
#[no_mangle]
static ticks: AtomicU32 = AtomicU32::new(0);

/// Lets time pass.
pub fn wait(milliseconds: u64) {
    kernel(|kernel| kernel.uptime.fetch_add(milliseconds, Relaxed));
    ticks.fetch_add(1, Relaxed);
}

#[no_mangle]
extern "C" fn shim_uptime_ms() -> u64 {
    kernel(|kernel| kernel.uptime.load(Relaxed))
}

/// # Safety
/// Both are the caller's to write.
#[no_mangle]
unsafe extern "C" fn shim_wall_clock(secs: *mut u32, nanos: *mut u32) {
    let uptime = shim_uptime_ms();
    // SAFETY: the caller's promise.
    unsafe { *secs = 1_700_000_000 + (uptime / 1000) as u32 };
    // SAFETY: the caller's promise.
    unsafe { *nanos = (uptime % 1000) as u32 * 1_000_000 };
}

/// # Safety
/// `to` has `len` bytes, the caller's to write.
#[no_mangle]
unsafe extern "C" fn shim_random(to: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts_mut(to, len) };
    for (byte, at) in bytes.iter_mut().zip(3u64..) {
        // The same in each run, and odd enough.
        *byte = (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    }
}

#[no_mangle]
extern "C" fn shim_log(_: *const NgNode, _: *const u8, _: usize) {
    assert_no_lock("log");
}

/// # Safety
/// `node` is there for the call.
#[no_mangle]
unsafe extern "C" fn shim_fibs(node: *const NgNode) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { &*node }.fibs
}

/// Everything is behind interface 1.
///
/// # Safety
/// `path` is the caller's alone for the call.
#[no_mangle]
unsafe extern "C" fn shim_path4(
    _: *const NgNode,
    _: u32,
    _: *const u8,
    _: *const u8,
    path: *mut ShimPath,
) {
    // SAFETY: it is a `struct shim_path` that nobody else has, by the caller's promise.
    let path = unsafe { &mut *path };
    (path.output, path.src_mask, path.dst_mask) = (1, 24, 24);
    path.next_hop = [0; 16];
}

/// # Safety
/// None is asked: it follows no pointer.
#[no_mangle]
unsafe extern "C" fn shim_path6(
    _: *const NgNode,
    _: u32,
    _: *const u8,
    _: *const u8,
    _: *mut ShimPath,
) {
}

/// # Safety
/// Someone has a reference on `hook` for the call.
#[no_mangle]
pub(crate) unsafe extern "C" fn shim_hook_ref(hook: *mut NgHook) {
    // SAFETY: the caller holds a reference, or netgraph does.
    let before = unsafe { &*hook }.references.fetch_add(1, Relaxed);
    assert!(before > 0, "a hook that is gone");
}

/// # Safety
/// The caller has a reference on `hook`, and gives it back.
#[no_mangle]
pub(crate) unsafe extern "C" fn shim_hook_unref(hook: *mut NgHook) {
    // SAFETY: the caller gives its reference back.
    let before = unsafe { &*hook }
        .references
        .fetch_sub(1, sync::Ordering::AcqRel);
    assert!(before > 0, "a hook that is gone");
    if before == 1 {
        count(-1);
        // SAFETY: that was the last one.
        drop(unsafe { Box::from_raw(hook) });
    }
}

/// # Safety
/// The caller has a reference on `hook`; `datagram` has `len` bytes.
#[no_mangle]
unsafe extern "C" fn shim_send(hook: *mut NgHook, datagram: *const u8, len: usize) -> c_int {
    assert_no_lock("ng_send_data");
    // SAFETY: the caller holds a reference.
    let hook = unsafe { &*hook };
    if !hook.connected.load(sync::Ordering::Acquire) {
        return sys_bindings::ENOTCONN;
    }
    if hook.sends_fail.load(sync::Ordering::Relaxed) {
        return sys_bindings::ENOBUFS;
    }
    // SAFETY: the caller's bytes.
    let datagram = unsafe { std::slice::from_raw_parts(datagram, len) };
    hook.sent.lock().unwrap().push(datagram.to_vec());
    0
}

/// # Safety
/// `m` is there for the call; `to` has `len` bytes, the caller's to write.
#[no_mangle]
unsafe extern "C" fn shim_packet_copy(m: *const Mbuf, at: usize, to: *mut u8, len: usize) -> bool {
    // SAFETY: the packet is there for the call.
    let Some(bytes) = (unsafe { &*m }).bytes.get(at..).and_then(|b| b.get(..len)) else {
        return false;
    };
    // SAFETY: the caller's own bytes, so many of them.
    unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), len) };
    true
}

/// # Safety
/// `interface` is there for the call.
#[no_mangle]
unsafe extern "C" fn if_getindex(interface: *const Interface) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { &*interface }.0
}

/// # Safety
/// `m` is there for the call, and this thread's alone.
#[no_mangle]
unsafe extern "C" fn shim_packet_is_marked(m: *const Mbuf, only_by: *const NgNode) -> bool {
    // SAFETY: the packet is there for the call.
    let marks = unsafe { &*m }.marks.borrow();
    marks
        .iter()
        .any(|by| only_by.is_null() || *by == only_by.addr())
}

/// # Safety
/// As [`shim_packet_is_marked`].
#[no_mangle]
unsafe extern "C" fn shim_packet_mark(m: *const Mbuf, node: *const NgNode) {
    // SAFETY: the packet is there for the call, and its thread alone has it.
    unsafe { &*m }.marks.borrow_mut().push(node.addr());
}

/// Octets of a message before its arguments.
pub const HEADER: usize = size_of::<sys_bindings::ng_mesg>();

/// # Safety
/// `request` begins with a message's header; `resp` is the caller's to write.
#[no_mangle]
unsafe extern "C" fn shim_reply(request: *const u8, resp: *mut *mut u8, arglen: usize) -> *mut u8 {
    let reply = shim_alloc(HEADER + arglen, 16).cast::<u8>();
    if reply.is_null() {
        return reply;
    }
    // SAFETY: both have room for a header, and one of them is new.
    unsafe { reply.copy_from_nonoverlapping(request, HEADER) };
    // SAFETY: it has a header, and is not given away yet.
    unsafe { shim_reply_shorten(reply, arglen) };
    // SAFETY: the caller's own place.
    unsafe { *resp = reply };
    // SAFETY: the arguments are in the same piece of memory.
    unsafe { reply.add(HEADER) }
}

/// # Safety
/// `resp` came from [`shim_reply`], and is the caller's alone.
#[no_mangle]
unsafe extern "C" fn shim_reply_shorten(resp: *mut u8, arglen: usize) {
    let header = resp.cast::<sys_bindings::ng_msghdr>();
    // SAFETY: the caller's promise; it begins with a header.
    unsafe { (*header).arglen = arglen as u32 };
}

/// Frees a reply.
///
/// # Safety
/// The node has left it in `resp`, and nobody uses it from now on.
pub unsafe fn free_reply(reply: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { shim_free(reply.cast()) }
}
