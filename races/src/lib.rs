// SPDX-License-Identifier: BSD-2-Clause
//! The node as FreeBSD's kernel runs it, in a kernel of paper.
//!
//! [`kernel`] defines in Rust what `kmod/shim` defines in C, and calls the
//! entries that the shim calls.  So what runs here is all that the module has
//! in Rust, its unsafe half too, and threads can be anything:
//!
//! - with `--cfg loom`, loom's: `tests/orders.rs` goes through every order in
//!   which they may reach an atomic or a lock, and through every older value
//!   that a weakly ordered load may see.
//! - without, the system's: `tests/churn.rs` runs eight of them for as long as
//!   one likes, plainly or under a sanitizer.
//!
//! Loom rather than shuttle: shuttle draws its orders at random and takes
//! every atomic for sequentially consistent, so it could not find an ordering
//! that is too weak.  What is too large for loom, the sanitizers see.
//!
//! Userland's home needs no more than that: `nghost`'s graph is of `Rc` and
//! `RefCell`, which the compiler keeps on one thread.

pub mod kernel;
pub mod node;
pub mod platform;
pub mod sync;
