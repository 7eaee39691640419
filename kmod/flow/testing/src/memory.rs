// SPDX-License-Identifier: BSD-2-Clause
//! A platform of the standard library whose memory can be made to fail.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
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
    /// Octets in use.
    pub used: Arc<AtomicUsize>,
    /// Allocations that fail beside those.
    pub fault: Arc<Fault>,
}

impl Memory {
    /// As much as the host has.
    pub fn plenty() -> Self {
        Memory {
            left: Arc::new(AtomicUsize::new(usize::MAX)),
            largest: Arc::new(AtomicUsize::new(usize::MAX)),
            used: Arc::default(),
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

/// A piece of memory, which is counted until it goes.
pub struct Piece<V: ?Sized> {
    value: Box<V>,
    share: Share,
}

/// What a piece has of all that is used.
struct Share {
    used: Arc<AtomicUsize>,
    octets: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.used.fetch_sub(self.octets, SeqCst);
    }
}

impl<V: ?Sized> Deref for Piece<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V: ?Sized> DerefMut for Piece<V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.value
    }
}

impl<T, const N: usize> TryFrom<Piece<[T]>> for Piece<[T; N]> {
    type Error = Box<[T]>;

    fn try_from(piece: Piece<[T]>) -> Result<Self, Box<[T]>> {
        Ok(Piece {
            value: piece.value.try_into()?,
            share: piece.share,
        })
    }
}

/// A [`Mutex`].
pub struct StdLock<T>(Mutex<T>);
/// A [`OnceLock`].
pub struct StdOnce<T>(OnceLock<T>);

thread_local! {
    static HOLDS: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has held a [`StdLock`].
pub fn holds() -> u64 {
    HOLDS.get()
}

impl<T> Lock<T> for StdLock<T> {
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        HOLDS.set(HOLDS.get() + 1);
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
    type Slab<T> = Piece<[T]>;
    type Lock<T> = StdLock<T>;
    type Array<T, const N: usize> = Piece<[T; N]>;
    type Locks<T, const N: usize> = Piece<[StdLock<T>; N]>;
    type Once<T> = StdOnce<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Piece<[T]>> {
        if len * size_of::<T>() > self.largest.load(SeqCst) {
            return None;
        }
        self.take()?;
        let octets = len * size_of::<T>();
        self.used.fetch_add(octets, SeqCst);
        Some(Piece {
            value: (0..len).map(fill).collect(),
            share: Share {
                used: Arc::clone(&self.used),
                octets,
            },
        })
    }

    fn locks<T, const N: usize>(
        &self,
        mut fill: impl FnMut(usize) -> T,
    ) -> Option<Piece<[StdLock<T>; N]>> {
        self.array(|i| StdLock(Mutex::new(fill(i))))
    }

    fn once<T>(&self) -> StdOnce<T> {
        StdOnce(OnceLock::new())
    }
}
