// SPDX-License-Identifier: BSD-2-Clause
//! The functions that the C shim calls, as `kmod/shim/shim.h` declares them:
//! each turns pointers into references and calls the node.
//!
//! The pointers are the shim's: never NULL, valid for the call, and a state is
//! one that [`netflow_create`] returned and [`netflow_destroy`] has not seen. A
//! port is one of that state's, where it stays as long as the state.

use core::ptr::{self, NonNull};
use core::slice;

use sys_bindings::ng_mesg;

use crate::kpi::kernel::message::{Mbuf, Response};
use crate::kpi::kernel::shim::{mbuf, ng_hook, ng_node, shim_pass};
use crate::kpi::kernel::{hook_ptr, memory, Hook, Kernel};
use crate::kpi::{Errno, Kpi};
use crate::{Node, Port, Role};

/// What the shim keeps for each node.
type State = Node<Kernel>;

/// Makes a node's state; NULL when there is no memory.
///
/// # Safety
///
/// The node outlives its state.
#[no_mangle]
unsafe extern "C" fn netflow_create(node: NonNull<ng_node>) -> Option<NonNull<State>> {
    // SAFETY: the node outlives its state, by the caller's promise, and the kernel
    // goes with the state.
    let kernel = unsafe { Kernel::new(node) };
    let state = create(kernel)?;
    // SAFETY: it is whole, and nobody else has it yet.
    unsafe { state.as_ref() }.furnish();
    Some(state)
}

// Not inlined: its frame is large enough without another's.
#[inline(never)]
fn create(kernel: Kernel) -> Option<NonNull<State>> {
    memory::boxed(|| Node::new(kernel))
}

/// A hook is being connected. `port` is what the shim keeps with the hook: it
/// stays NULL for one from which no packets are expected.
///
/// # Safety
///
/// `name` has `len` bytes, and netgraph has a reference on the hook.
#[no_mangle]
unsafe extern "C" fn netflow_newhook(
    state: &State,
    hook: NonNull<ng_hook>,
    name: *const u8,
    len: usize,
    port: &mut *const Port<Kernel>,
) -> Errno {
    // SAFETY: the caller's promise.
    let name = unsafe { slice::from_raw_parts(name, len) };
    // SAFETY: the caller's promise.
    let hook = unsafe { Hook::hold(hook) };
    match state.newhook(name, hook) {
        Ok(role) => {
            *port = state.port(role).map_or(ptr::null(), ptr::from_ref);
            0
        }
        Err(error) => error,
    }
}

/// A control message. `resp` is NULL, and stays so without an answer.
///
/// # Safety
///
/// `header.arglen` bytes of arguments follow the message's header, which netgraph's
/// sockets, root's alone, do not look at: of a lie no more is read than one of the
/// node's structures.
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

/// A packet on a hook. `port` is what [`netflow_newhook`] left there.
///
/// # Safety
///
/// `m` begins a packet that nobody else has.
#[no_mangle]
unsafe extern "C" fn netflow_rcvdata(
    state: &State,
    port: Option<&Port<Kernel>>,
    m: &mbuf,
) -> shim_pass {
    let Some(port) = port else {
        return shim_pass {
            to: ptr::null_mut(),
            error: sys_bindings::EINVAL as isize,
        };
    };
    // SAFETY: the caller's promise; mbuf and node are there for the call.
    let packet = unsafe { Mbuf::new(m, state.kpi().node()) };
    let pass = state.receive(port, &packet);
    shim_pass {
        to: pass.to.map_or(ptr::null_mut(), hook_ptr),
        error: pass.error as isize,
    }
}

/// The hook of this name is gone.
///
/// # Safety
///
/// `name` has `len` bytes.
#[no_mangle]
unsafe extern "C" fn netflow_disconnect(state: &State, name: *const u8, len: usize) {
    // SAFETY: the caller's promise.
    let name = unsafe { slice::from_raw_parts(name, len) };
    if let Ok(role) = Role::of(name) {
        state.disconnect(role);
    }
}

/// Returns what [`netflow_tick`] would, or 0 where that has something to do.
#[no_mangle]
extern "C" fn netflow_rest(state: &State) -> u32 {
    // The clock's ticks come round: an idle node has to ask, too.
    state.kpi().uptime();
    state.rest().unwrap_or(0)
}

/// Time has passed. Returns the milliseconds after which to call again.
#[no_mangle]
extern "C" fn netflow_tick(state: &State) -> u32 {
    state.tick()
}

/// The node is about to go; no tick comes any more. Returns the milliseconds
/// after which to call again, -1 at the end.
#[no_mangle]
extern "C" fn netflow_close(state: &State) -> i32 {
    state.close().map_or(-1, |pause| pause as i32)
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
