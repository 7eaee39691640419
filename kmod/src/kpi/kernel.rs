// SPDX-License-Identifier: BSD-2-Clause
//! The FreeBSD kernel as the node's home.
//!
//! What a packet needs of the kernel, locks, counters, the time, is asked of it at
//! once; all else goes through the C shim, whose functions [`shim`] declares.
//! None of them sleeps: memory is malloc(9) with `M_NOWAIT`, locks are mtx(9).

use core::arch::asm;
use core::fmt::{self, Write};
use core::net::{Ipv4Addr, Ipv6Addr};
use core::num::NonZeroUsize;
use core::ptr::{self, NonNull};

use flow::{Path, Platform};

use super::{Counter, Ends, Errno, HookId, Kpi, WallClock};
use crate::lines::Lines;

mod clock;
pub(crate) mod memory;
pub(crate) mod message;
pub(crate) mod shim;

use clock::Clock;
use memory::{Array, Locked, Locks, OnceCell, Slab};

/// The kernel, as one node has it.
pub struct Kernel {
    node: NonNull<shim::ng_node>,
    clock: Clock,
}

// SAFETY: the shim's functions may be called from any thread, and take the
// node only for its network stack and its ID, which never change.
unsafe impl Send for Kernel {}
// SAFETY: as above.
unsafe impl Sync for Kernel {}

impl Kernel {
    /// The home of `node`.
    ///
    /// # Safety
    ///
    /// The node outlives the value.
    pub(crate) unsafe fn new(node: NonNull<shim::ng_node>) -> Self {
        let clock = Clock::new();
        Self { node, clock }
    }

    /// The node that lives here.
    pub(crate) fn node(&self) -> NonNull<shim::ng_node> {
        self.node
    }
}

impl Platform for Kernel {
    type Slab<T> = Slab<T>;
    type Lock<T> = Locked<T>;
    type Array<T, const N: usize> = Array<T, N>;
    type Locks<T, const N: usize> = Locks<T, N>;
    type Once<T> = OnceCell<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Slab<T>> {
        Slab::new(len, fill)
    }

    fn locks<T, const N: usize>(&self, fill: impl FnMut(usize) -> T) -> Option<Locks<T, N>> {
        Locks::new(fill)
    }

    fn once<T>(&self) -> OnceCell<T> {
        OnceCell::new()
    }
}

fn path_of<A>(path: &shim::shim_path, next_hop: A) -> Path<A> {
    Path {
        next_hop,
        output: if_index(path.output),
        src_mask: path.src_mask as u8,
        dst_mask: path.dst_mask as u8,
    }
}

impl Kpi for Kernel {
    type Hook = Hook;
    type Counter = PerCpu;

    fn counter(&self) -> Option<PerCpu> {
        NonNull::new(shim::shim_counter_alloc()).map(PerCpu)
    }

    fn name(hook: &Hook) -> HookId {
        // `hook_ptr` makes a pointer of it again.
        let _ = hook.0.as_ptr().expose_provenance();
        HookId(hook.0.addr())
    }

    #[inline]
    fn uptime(&self) -> u64 {
        self.clock.uptime()
    }

    fn wall_clock(&self) -> WallClock {
        let mut now = WallClock::default();
        shim::shim_wall_clock(&mut now.secs, &mut now.nanos);
        now
    }

    fn random(&self, seed: &mut [u64]) {
        // SAFETY: the bytes of the slice, any of which may be written.
        unsafe { shim::shim_random(seed.as_mut_ptr().cast(), size_of_val(seed)) }
    }

    fn path4(&self, fib: u16, ends: Ends<Ipv4Addr>) -> Path<Ipv4Addr> {
        let src = ends.source.map(|address| address.octets());
        let dst = ends.destination.map(|address| address.octets());
        let (node, mut path) = (self.node.as_ptr(), shim::shim_path::default());
        // SAFETY: the node is there, by `new`'s contract.
        unsafe { shim::shim_path4(node, fib.into(), src.as_ref(), dst.as_ref(), &mut path) }
        let [a, b, c, d, ..] = path.next_hop;
        path_of(&path, Ipv4Addr::new(a, b, c, d))
    }

    fn path6(&self, fib: u16, ends: Ends<Ipv6Addr>) -> Path<Ipv6Addr> {
        let src = ends.source.map(|address| address.octets());
        let dst = ends.destination.map(|address| address.octets());
        let (node, mut path) = (self.node.as_ptr(), shim::shim_path::default());
        // SAFETY: the node is there, by `new`'s contract.
        unsafe { shim::shim_path6(node, fib.into(), src.as_ref(), dst.as_ref(), &mut path) }
        path_of(&path, path.next_hop.into())
    }

    fn fibs(&self) -> u16 {
        // SAFETY: the node is there, by `new`'s contract.
        let fibs = unsafe { shim::shim_fibs(self.node.as_ptr()) };
        u16::try_from(fibs).unwrap_or(u16::MAX)
    }

    fn send(&self, hook: &Hook, datagram: &[u8]) -> Result<(), Errno> {
        // SAFETY: `hook` holds a reference, and the bytes are copied.
        match unsafe { shim::shim_send(hook.0.as_ptr(), datagram.as_ptr(), datagram.len()) } {
            0 => Ok(()),
            error => Err(error),
        }
    }

    // Not inlined: its line would be in the frame of whoever logs.
    #[inline(never)]
    fn log(&self, line: fmt::Arguments<'_>) {
        // SAFETY: the node is there, by `new`'s contract, and the bytes are the line's.
        let mut lines = Lines::new(|line| unsafe {
            shim::shim_log(self.node.as_ptr(), line.as_ptr(), line.len());
        });
        let _ = lines.write_fmt(line);
        lines.end();
    }
}

/// A reference on a hook.
pub struct Hook(NonNull<shim::ng_hook>);

// SAFETY: netgraph counts references atomically, and sending is its business.
unsafe impl Send for Hook {}
// SAFETY: as above.
unsafe impl Sync for Hook {}

impl Hook {
    /// Takes a reference on a hook.
    ///
    /// # Safety
    ///
    /// The hook is there, as someone else has a reference on it.
    pub(crate) unsafe fn hold(hook: NonNull<shim::ng_hook>) -> Self {
        // SAFETY: the caller's promise.
        unsafe { shim::shim_hook_ref(hook.as_ptr()) };
        Self(hook)
    }
}

impl Clone for Hook {
    fn clone(&self) -> Self {
        // SAFETY: `self` holds a reference.
        unsafe { Self::hold(self.0) }
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        // SAFETY: this reference is `self`'s.
        unsafe { shim::shim_hook_unref(self.0.as_ptr()) }
    }
}

/// A counter(9).
pub struct PerCpu(NonNull<shim::shim_counter>);

// SAFETY: a counter(9) is made for all CPUs at once.
unsafe impl Send for PerCpu {}
// SAFETY: as above.
unsafe impl Sync for PerCpu {}

impl Counter for PerCpu {
    #[inline]
    fn count(&self) {
        // What counter_u64_add(9) is on amd64: one instruction on this CPU's
        // place, between whose halves no other thread can come.
        // SAFETY: the counter is there until `self` is dropped, and relative
        // to GS its address is that of its place for this CPU.
        unsafe { asm!("inc qword ptr gs:[{}]", in(reg) self.0.as_ptr(), options(nostack)) }
    }

    fn sum(&self) -> u64 {
        // SAFETY: the counter is there until `self` is dropped.
        unsafe { shim::shim_counter_fetch(self.0.as_ptr()) }
    }
}

impl Drop for PerCpu {
    fn drop(&mut self) {
        // SAFETY: as in `sum`, and nobody else has it.
        unsafe { shim::shim_counter_free(self.0.as_ptr()) }
    }
}

/// The hook that the node names.
pub(crate) fn hook_ptr(HookId(address): HookId) -> *mut shim::ng_hook {
    ptr::with_exposed_provenance_mut(NonZeroUsize::get(address))
}

/// A record has no room for an ifIndex beyond 65,535: not known, rather than
/// another's.
pub(crate) fn if_index(index: u32) -> u16 {
    u16::try_from(index).unwrap_or(0)
}
