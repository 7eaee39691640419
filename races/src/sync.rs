// SPDX-License-Identifier: BSD-2-Clause
//! Threads, and what they meet at: loom's or the system's.

pub use flow::sync::*;
#[cfg(loom)]
pub use loom::{
    sync::{Mutex, MutexGuard},
    thread, thread_local,
};
#[cfg(not(loom))]
pub use std::{
    sync::{Mutex, MutexGuard},
    thread, thread_local,
};

/// Notices two threads at one thing with nothing to put them in order.
#[cfg(loom)]
#[derive(Default)]
pub struct Alone {
    cell: loom::cell::UnsafeCell<()>,
    here: std::cell::Cell<Option<loom::cell::MutPtr<()>>>,
}

#[cfg(loom)]
impl Alone {
    /// From here on nobody else may come.
    pub fn enter(&self) {
        self.here.set(Some(self.cell.get_mut()));
    }

    /// To here.
    pub fn leave(&self) {
        self.here.set(None);
    }
}

/// A sanitizer's business.
#[cfg(not(loom))]
#[derive(Default)]
pub struct Alone {}

#[cfg(not(loom))]
impl Alone {
    pub fn enter(&self) {}
    pub fn leave(&self) {}
}
