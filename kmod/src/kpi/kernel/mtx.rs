// SPDX-License-Identifier: BSD-2-Clause
//! mtx(9), taken and released as the kernel's own code does it.
//!
//! A mutex is one word, 0 or the thread that has it, with flags in its lowest
//! bits when others wait.  Where nobody does, `__mtx_lock` and `__mtx_unlock` of
//! sys/mutex.h exchange that word in line, and so does this; the rest is left to
//! the functions that they leave it to.  A kernel that keeps books of its locks
//! has calls instead, by the feature `lock_calls`.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use super::shim;

/// `struct mtx`, whose layout `services.c` asserts.
#[repr(C)]
#[allow(non_camel_case_types)] // mutex(9)'s name.
pub struct mtx {
    lock_object: UnsafeCell<[u64; 3]>,
    mtx_lock: AtomicUsize,
}

/// Nobody has it.
const MTX_UNOWNED: usize = 0;

impl mtx {
    /// Not yet a lock: it needs `shim_mtx_init` where it is to stay.
    pub const fn uninitialised() -> Self {
        Self {
            lock_object: UnsafeCell::new([0; 3]),
            mtx_lock: AtomicUsize::new(MTX_UNOWNED),
        }
    }

    /// Spins while its owner runs, else waits on a turnstile.
    ///
    /// # Safety
    ///
    /// It is initialised, and this thread has no mutex but those that come
    /// before it in the order.
    #[inline(always)]
    pub unsafe fn lock(&self) {
        if cfg!(feature = "lock_calls") {
            // SAFETY: the caller's promise.
            unsafe { shim::shim_mtx_lock(self) }
        } else if let Err(found) =
            self.mtx_lock
                .compare_exchange(MTX_UNOWNED, curthread(), Acquire, Relaxed)
        {
            // SAFETY: the caller's promise; this is `_mtx_lock_sleep`.
            unsafe { shim::__mtx_lock_sleep(&self.mtx_lock, found, 0, ptr::null(), 0) }
        }
    }

    /// Releases it, and wakes who waits.
    ///
    /// # Safety
    ///
    /// This thread has it.
    #[inline(always)]
    pub unsafe fn unlock(&self) {
        if cfg!(feature = "lock_calls") {
            // SAFETY: the caller's promise.
            unsafe { shim::shim_mtx_unlock(self) }
        } else if let Err(found) =
            self.mtx_lock
                .compare_exchange(curthread(), MTX_UNOWNED, Release, Relaxed)
        {
            // SAFETY: the caller's promise; this is `_mtx_unlock_sleep`.
            unsafe { shim::__mtx_unlock_sleep(&self.mtx_lock, found, 0, ptr::null(), 0) }
        }
    }
}

/// The thread that runs: the first word of what GS points to, `pc_curthread`.
#[inline(always)]
fn curthread() -> usize {
    let thread;
    // SAFETY: in the kernel GS points to this CPU's `struct pcpu`, and for as
    // long as a thread runs it reads the same thread there on any CPU.
    unsafe {
        asm!("mov {}, gs:[0]", out(reg) thread, options(pure, nomem, nostack, preserves_flags))
    }
    thread
}
