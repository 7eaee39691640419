// SPDX-License-Identifier: BSD-2-Clause
//! What a program needs that has no standard library: memory, an entry, and an
//! end.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, CStr};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

unsafe extern "C" {
    safe fn abort() -> !;
}

/// Octets on the shelf, enough for any number of flows that is counted here.
const SHELF: usize = 1 << 28;

/// Memory, handed out from its beginning and never taken back, in next to no
/// instructions: malloc(9)'s are not those of C's allocator, so nobody's are
/// counted.
#[repr(C, align(4096))]
struct Shelf {
    memory: UnsafeCell<[u8; SHELF]>,
    taken: AtomicUsize,
}

// SAFETY: no octet of the memory is handed out twice, and `taken` is atomic.
unsafe impl Sync for Shelf {}

// SAFETY: the memory is as large and as aligned as asked for, nobody else's, and
// stays.
unsafe impl GlobalAlloc for Shelf {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // There is one thread.
        let unaligned = self.taken.load(Relaxed) + layout.align() - 1;
        let begin = unaligned & !(layout.align() - 1);
        let end = begin.saturating_add(layout.size());
        if end > SHELF {
            return ptr::null_mut();
        }
        self.taken.store(end, Relaxed);
        // SAFETY: it is within the memory.
        unsafe { self.memory.get().cast::<u8>().add(begin) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: Shelf = Shelf {
    memory: UnsafeCell::new([0; SHELF]),
    taken: AtomicUsize::new(0),
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// The program: its arguments are what to do, `known`, `new`, `growing` or
/// `flood`, and the number of flows.
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
        (Some("growing"), Some(flows)) => crate::growing(flows),
        (Some("flood"), Some(limit)) => crate::flood(limit),
        _ => return 64,
    };
    if done {
        0
    } else {
        70
    }
}
