// SPDX-License-Identifier: BSD-2-Clause
//! What the engine runs on here: memory that is counted as malloc(9) would
//! hand it out, and locks that cost what an uncontended mtx(9) costs.

use alloc::boxed::Box;
use core::cell::{OnceCell, UnsafeCell};
use core::hint::spin_loop;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use flow::{Lock, Once, Platform};

/// Memory from the heap.
#[derive(Default)]
pub struct Memory {
    /// Octets in use, in pieces of powers of two as malloc(9) has them.
    used: Box<Used>,
}

/// What is counted, where values can find it after the platform has moved.
#[derive(Default)]
struct Used {
    octets: AtomicUsize,
    largest: AtomicUsize,
}

impl Memory {
    /// Octets ever taken, in pieces of powers of two as malloc(9) has them.
    /// What has been given back is not subtracted.
    pub fn taken(&self) -> usize {
        self.used.octets.load(Relaxed)
    }

    /// The largest piece in octets since this was asked last.
    pub fn largest_piece(&self) -> usize {
        self.used.largest.swap(0, Relaxed)
    }
}

impl Platform for Memory {
    type Slab<T> = Box<[T]>;
    type Lock<T> = SpinLock<T>;
    type Array<T, const N: usize> = Box<[T; N]>;
    type Locks<T, const N: usize> = Box<[SpinLock<T>; N]>;
    type Once<T> = Cell<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
        let piece = (len * size_of::<T>()).next_power_of_two();
        self.used.octets.fetch_add(piece, Relaxed);
        self.used.largest.fetch_max(piece, Relaxed);
        Some((0..len).map(fill).collect())
    }

    fn locks<T, const N: usize>(
        &self,
        mut fill: impl FnMut(usize) -> T,
    ) -> Option<Box<[SpinLock<T>; N]>> {
        self.array(|index| SpinLock::new(fill(index)))
    }

    fn once<T>(&self) -> Cell<T> {
        Cell(OnceCell::new())
    }
}

/// As mtx(9) without contention: one locked compare-and-swap to take it, and
/// one to give it back.
#[repr(C, align(64))]
pub struct SpinLock<T> {
    /// As large as a `struct mtx`, whose last word is the lock.
    _lock_object: [usize; 3],
    owned: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: the value is only reached with the lock held.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    fn new(value: T) -> Self {
        SpinLock {
            _lock_object: [0; 3],
            owned: AtomicUsize::new(0),
            value: UnsafeCell::new(value),
        }
    }
}

impl<T> Lock<T> for SpinLock<T> {
    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        while self
            .owned
            .compare_exchange_weak(0, 1, Acquire, Relaxed)
            .is_err()
        {
            spin_loop();
        }
        // SAFETY: nobody else has the lock.
        let result = f(unsafe { &mut *self.value.get() });
        // Not a plain store, which would be cheaper than what mtx(9) does.
        let _ = self.owned.compare_exchange(1, 0, Release, Relaxed);
        result
    }
}

/// A cell that is set before it is shared.
pub struct Cell<T>(OnceCell<T>);

impl<T> Once<T> for Cell<T> {
    fn get(&self) -> Option<&T> {
        self.0.get()
    }

    fn set(&self, value: T) -> bool {
        self.0.set(value).is_ok()
    }
}
