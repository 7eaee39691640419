// SPDX-License-Identifier: BSD-2-Clause
//! Faults on demand, in Rust: what KASAN finds here, it would find in
//! ng_netflow's, which is built with the same flags. `faults.c` calls them.
#![no_std]

use core::{hint::black_box, ptr};

/// Octets of each piece of memory, as `vmtest.h` has it.
const ROOM: usize = 24;

/// Writes one octet beyond the end of a piece of memory.
///
/// # Safety
///
/// There is none: `room` has [`ROOM`] octets, and KASAN's redzone after them.
#[no_mangle]
unsafe extern "C" fn vmtest_netflow_heap(room: *mut u8) {
    // SAFETY: not safe, on purpose; malloc(9) rounds up, so that nobody else's
    // octet is hit.
    unsafe { ptr::write_volatile(room.wrapping_add(black_box(ROOM)), 1) }
}

/// Writes one octet beyond the end of a variable on the stack.
///
/// # Safety
///
/// There is none, but for KASAN's redzone after the variable.
#[no_mangle]
unsafe extern "C" fn vmtest_netflow_stack() {
    let mut room = [0u8; ROOM];
    let end = black_box(&mut room)
        .as_mut_ptr()
        .wrapping_add(black_box(ROOM));
    // SAFETY: not safe, on purpose.
    unsafe { ptr::write_volatile(end, 1) }
    black_box(&room);
}

/// Nothing here panics.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
