// SPDX-License-Identifier: BSD-2-Clause
//! One value behind one lock, that can be taken away and put back.

use flow::{Lock, Platform};

/// A place for a value, reached only with its lock held.
pub struct Guarded<P: Platform, T>(P::Locks<Option<T>, 1>);

impl<P: Platform, T> Guarded<P, T> {
    /// A place with `value` in it; `None` when there is no memory.
    pub fn new(platform: &P, value: Option<T>) -> Option<Self> {
        let mut value = value;
        platform.locks(|_| value.take()).map(Guarded)
    }

    /// Calls `f` with the place while its lock is held.
    pub fn with<R>(&self, f: impl FnOnce(&mut Option<T>) -> R) -> R {
        let [lock] = &*self.0;
        lock.with(f)
    }

    /// Takes the value away, to work on it without the lock.
    pub fn take(&self) -> Option<T> {
        self.with(Option::take)
    }

    /// Puts a value in, in place of what was there.
    pub fn put(&self, value: Option<T>) {
        // What was there is dropped after the lock is released.
        let _old = self.with(|place| core::mem::replace(place, value));
    }

    /// A copy of the value.
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.with(|place| place.clone())
    }
}
