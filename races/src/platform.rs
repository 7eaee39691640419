// SPDX-License-Identifier: BSD-2-Clause
//! An engine's world without a node around it, for what a node does not let one
//! choose.

use std::sync::OnceLock;

use flow::{Lock, Once, Platform};

use crate::sync::Mutex;

/// Memory without end.
pub struct Paper;

/// A value behind a lock.
pub struct Locked<T>(Mutex<T>);

impl<T> Lock<T> for Locked<T> {
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }
}

/// The engine has none: its home tests them.
pub struct Cell<T>(OnceLock<T>);

impl<T> Once<T> for Cell<T> {
    fn get(&self) -> Option<&T> {
        self.0.get()
    }

    fn set(&self, value: T) -> bool {
        self.0.set(value).is_ok()
    }
}

impl Platform for Paper {
    type Slab<T> = Box<[T]>;
    type Lock<T> = Locked<T>;
    type Array<T, const N: usize> = Box<[T; N]>;
    type Locks<T, const N: usize> = Box<[Locked<T>; N]>;
    type Once<T> = Cell<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
        Some((0..len).map(fill).collect())
    }

    fn locks<T, const N: usize>(
        &self,
        mut fill: impl FnMut(usize) -> T,
    ) -> Option<Box<[Locked<T>; N]>> {
        self.array(|index| Locked(Mutex::new(fill(index))))
    }

    fn once<T>(&self) -> Cell<T> {
        Cell(OnceLock::new())
    }
}
