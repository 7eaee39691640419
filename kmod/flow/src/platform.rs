// SPDX-License-Identifier: BSD-2-Clause
//! What the engine needs from the world it runs in: memory that may be
//! refused, locks, and cells that are written once.
//!
//! The kernel's answer is malloc(9) and mtx(9), userland's is the standard
//! library; tests add one that fails on purpose.

use core::ops::{Deref, DerefMut};

/// Memory and locks.  Nothing here may sleep, and every allocation may fail.
pub trait Platform: Sized {
    /// An owned run of values, all in one allocation.
    type Slab<T>: DerefMut<Target = [T]>;
    /// A [`Platform::Slab`] whose length is known when it is compiled, so that
    /// a place in it costs no comparison.
    type Array<T, const N: usize>: DerefMut<Target = [T; N]> + TryFrom<Self::Slab<T>>;
    /// A value behind a lock of its own.
    type Lock<T>: Lock<T>;
    /// An owned run of locks, which stay where they are.
    type Locks<T, const N: usize>: Deref<Target = [Self::Lock<T>; N]>;
    /// A cell that is empty until it is set, and then never changes.
    type Once<T>: Once<T>;

    /// `len` values, each made in place by `fill`, which is given its index.
    /// `None` when there is no memory; then `fill` has not been called.
    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Self::Slab<T>>;

    /// As [`Platform::slab`].
    fn array<T, const N: usize>(&self, fill: impl FnMut(usize) -> T) -> Option<Self::Array<T, N>> {
        self.slab(N, fill)?.try_into().ok()
    }

    /// As [`Platform::slab`], each value behind a lock that is ready for use.
    fn locks<T, const N: usize>(&self, fill: impl FnMut(usize) -> T) -> Option<Self::Locks<T, N>>;

    /// An empty cell.
    fn once<T>(&self) -> Self::Once<T>;
}

/// Mutual exclusion around one value.
pub trait Lock<T> {
    /// Calls `f` with the value while the lock is held.  `f` must not sleep
    /// and must not take another lock of the same kind.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

/// Set once, read often and without a lock.
pub trait Once<T> {
    /// The value, once it is set.
    fn get(&self) -> Option<&T>;

    /// Sets the value.  `false`, and the value is dropped, when there was no
    /// memory or the cell is taken already; [`Once::get`] tells which.
    fn set(&self, value: T) -> bool;
}
