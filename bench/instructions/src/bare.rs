// SPDX-License-Identifier: BSD-2-Clause
//! What a program needs that has no standard library: C's memory, an entry,
//! and an end.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_int, CStr};
use core::panic::PanicInfo;

unsafe extern "C" {
    fn aligned_alloc(align: usize, size: usize) -> *mut u8;
    fn free(memory: *mut u8);
    safe fn abort() -> !;
}

struct Heap;

// SAFETY: C's functions do what is asked for here.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let layout = layout.pad_to_align();
        // SAFETY: the size is a multiple of the alignment, a power of two.
        unsafe { aligned_alloc(layout.align(), layout.size()) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the caller had it from `alloc`.
        unsafe { free(memory) }
    }
}

#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// The program: its arguments are what to do, `known`, `new` or `flood`, and the
/// number of flows.
///
/// # Safety
///
/// As C calls it: `argv` has `argc` strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    if argc != 3 {
        return 64;
    }
    let argument = |at: usize| {
        // SAFETY: there are three arguments.
        let argument = unsafe { *argv.add(at) };
        // SAFETY: it is a string of C.
        unsafe { CStr::from_ptr(argument) }.to_str().ok()
    };
    let flows = argument(2).and_then(|text| text.parse().ok());
    let done = match (argument(1), flows) {
        (Some("known"), Some(flows)) => crate::known(flows),
        (Some("new"), Some(flows)) => crate::new(flows),
        (Some("flood"), Some(limit)) => crate::flood(limit),
        _ => return 64,
    };
    if done {
        0
    } else {
        70
    }
}
