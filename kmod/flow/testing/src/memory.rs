// SPDX-License-Identifier: BSD-2-Clause
//! A platform of the standard library whose memory can be made to fail.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};

use flow::{Lock, Once, Platform};

use crate::fault::Fault;

/// Memory that is refused when [`Memory::left`] has come down to 0, and in
/// pieces of more octets than [`Memory::largest`].
#[derive(Clone)]
pub struct Memory {
    /// How many more allocations succeed.
    pub left: Arc<AtomicUsize>,
    /// Octets of the largest piece that there is.
    pub largest: Arc<AtomicUsize>,
    /// Octets ever taken; what was given back is not subtracted.
    pub taken: Arc<AtomicUsize>,
    /// Allocations that fail beside those.
    pub fault: Arc<Fault>,
}

impl Memory {
    /// As much as the host has.
    pub fn plenty() -> Self {
        Memory {
            left: Arc::new(AtomicUsize::new(usize::MAX)),
            largest: Arc::new(AtomicUsize::new(usize::MAX)),
            taken: Arc::default(),
            fault: Arc::default(),
        }
    }

    /// Lets this many more allocations succeed.
    pub fn allow(&self, allocations: usize) {
        self.left.store(allocations, SeqCst);
    }

    fn take(&self) -> Option<()> {
        if self.fault.strikes() {
            return None;
        }
        let one_less = |left: usize| left.checked_sub(1);
        self.left
            .fetch_update(SeqCst, SeqCst, one_less)
            .ok()
            .map(drop)
    }
}

/// A [`Mutex`].
pub struct StdLock<T>(Mutex<T>);
/// A [`OnceLock`].
pub struct StdOnce<T>(OnceLock<T>);

impl<T> Lock<T> for StdLock<T> {
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }
}

impl<T> Once<T> for StdOnce<T> {
    fn get(&self) -> Option<&T> {
        self.0.get()
    }

    fn set(&self, value: T) -> bool {
        self.0.set(value).is_ok()
    }
}

impl Platform for Memory {
    type Slab<T> = Box<[T]>;
    type Lock<T> = StdLock<T>;
    type Array<T, const N: usize> = Box<[T; N]>;
    type Locks<T, const N: usize> = Box<[StdLock<T>; N]>;
    type Once<T> = StdOnce<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
        if len * size_of::<T>() > self.largest.load(SeqCst) {
            return None;
        }
        self.take()?;
        self.taken.fetch_add(len * size_of::<T>(), SeqCst);
        Some((0..len).map(fill).collect())
    }

    fn locks<T, const N: usize>(
        &self,
        mut fill: impl FnMut(usize) -> T,
    ) -> Option<Box<[StdLock<T>; N]>> {
        self.array(|i| StdLock(Mutex::new(fill(i))))
    }

    fn once<T>(&self) -> StdOnce<T> {
        StdOnce(OnceLock::new())
    }
}
