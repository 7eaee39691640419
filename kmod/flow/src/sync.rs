// SPDX-License-Identifier: BSD-2-Clause
//! Atomics, for the engine and the node: `core`'s, or loom's where a test runs
//! through every order in which threads may come to them (`races/`).
//!
//! Locks and cells come from the [`Platform`](crate::Platform), so this is all
//! that has to be exchanged.

#[cfg(not(loom))]
pub use core::sync::atomic::*;
#[cfg(loom)]
pub use loom::sync::atomic::*;
