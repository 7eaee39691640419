// SPDX-License-Identifier: BSD-2-Clause
//! The functions that the C shim calls, as `kmod/shim/shim.h` declares them:
//! each turns pointers into references and calls the node.
//!
//! The pointers are the shim's: never NULL, valid for the call, and a state is
//! one that [`netflow_create`] returned and [`netflow_destroy`] has not seen.

use core::ptr::NonNull;
use core::slice;

use sys_bindings::ng_mesg;

use crate::kpi::kernel::message::{Mbuf, Response};
use crate::kpi::kernel::shim::{ng_hook, ng_node, shim_packet};
use crate::kpi::kernel::{hook_id, hook_ptr, memory, Kernel};
use crate::kpi::Errno;
use crate::{Node, Role};

/// What the shim keeps for each node.
type State = Node<Kernel>;

/// Makes a node's state; NULL when there is no memory.
///
/// # Safety
///
/// The node outlives its state.
#[no_mangle]
unsafe extern "C" fn netflow_create(node: NonNull<ng_node>) -> Option<NonNull<State>> {
    // SAFETY: the caller's promise is what `Kernel` asks.
    let kernel = unsafe { Kernel::new(node) };
    memory::boxed(|| Node::new(kernel))
}

/// A hook is being connected. `role` is what the shim keeps with the hook.
///
/// # Safety
///
/// `name` has `len` bytes.
#[no_mangle]
unsafe extern "C" fn netflow_newhook(
    state: &State,
    hook: NonNull<ng_hook>,
    name: *const u8,
    len: usize,
    role: &mut usize,
) -> Errno {
    // SAFETY: the caller's promise.
    let name = unsafe { slice::from_raw_parts(name, len) };
    let connected = state.newhook(name, hook_id(hook));
    *role = connected.map_or(0, Role::to_bits);
    connected.err().unwrap_or(0)
}

/// A control message. `resp` is NULL, and stays so without an answer.
///
/// # Safety
///
/// `header.arglen` bytes of arguments follow the message's header.
#[no_mangle]
unsafe extern "C" fn netflow_rcvmsg(
    state: &State,
    message: NonNull<ng_mesg>,
    resp: &mut *mut ng_mesg,
) -> Errno {
    // SAFETY: the message is there for the call.
    let request = unsafe { message.as_ref() };
    let (header, len) = (&request.header, request.header.arglen as usize);
    // SAFETY: one header on is where the arguments begin.
    let arguments = unsafe { message.add(1) }.cast::<u8>();
    // SAFETY: the caller's promise.
    let arguments = unsafe { slice::from_raw_parts(arguments.as_ptr(), len) };
    let mut reply = Response::new(request, resp);
    let done = state.rcvmsg(header.typecookie, header.cmd, arguments, &mut reply);
    done.err().unwrap_or(0)
}

/// A packet on the hook that has this role. `forward` is NULL, and stays so
/// when the packet is to be freed.
///
/// # Safety
///
/// The packet is as the shim describes it, and nobody else has it.
#[no_mangle]
unsafe extern "C" fn netflow_rcvdata(
    state: &State,
    role: usize,
    packet: &shim_packet,
    forward: &mut *mut ng_hook,
) -> Errno {
    let Some(role) = Role::from_bits(role) else {
        return sys_bindings::EINVAL;
    };
    // SAFETY: the caller's promise; mbuf and node are there for the call.
    let packet = unsafe { Mbuf::new(packet, state.kpi().node()) };
    let pass = state.rcvdata(role, &packet);
    if let Some(to) = pass.to {
        *forward = hook_ptr(to);
    }
    pass.error
}

/// The hook that has this role is gone.
#[no_mangle]
extern "C" fn netflow_disconnect(state: &State, role: usize) {
    if let Some(role) = Role::from_bits(role) {
        state.disconnect(role);
    }
}

/// Time has passed. Returns the milliseconds after which to call again.
#[no_mangle]
extern "C" fn netflow_tick(state: &State) -> u32 {
    state.tick()
}

/// The node is about to go; no tick comes any more. Returns the milliseconds
/// after which to call again, 0 at the end.
#[no_mangle]
extern "C" fn netflow_close(state: &State) -> u32 {
    state.close().unwrap_or(0)
}

/// Ends a state.
///
/// # Safety
///
/// Nobody uses it from now on.
#[no_mangle]
unsafe extern "C" fn netflow_destroy(state: NonNull<State>) {
    // SAFETY: `netflow_create` had it from `boxed`; the rest is the caller's
    // promise.
    unsafe { memory::unbox(state) }
}

/// There is no panic in the module: the object gate fails on the symbol that
/// this calls, which nothing defines, unless the linker drops it as unused.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn ng_netflow_panic_reached() -> !;
    }
    ng_netflow_panic_reached()
}
