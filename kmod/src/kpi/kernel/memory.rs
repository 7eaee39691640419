// SPDX-License-Identifier: BSD-2-Clause
//! Memory that may be refused, and locks that live in it.

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;

use flow::sync::{AtomicPtr, Ordering};

use super::shim;

/// Memory for a `layout` whose size is not 0, from malloc(9), as others left it.
pub fn allocate<T>(layout: Layout) -> Option<NonNull<T>> {
    NonNull::new(shim::shim_alloc(layout.size(), layout.align()).cast())
}

/// Gives back what [`allocate`] gave.
///
/// # Safety
///
/// `memory` came from [`allocate`], and nobody uses it from now on.
pub unsafe fn release<T>(memory: NonNull<T>) {
    // SAFETY: the caller's promise is what free(9) asks.
    unsafe { shim::shim_free(memory.as_ptr().cast()) }
}

/// A value in memory of its own; `None` when there is none, or `make` gives
/// none. A large value is best made here, where no stack has to hold it twice.
#[inline]
pub fn boxed<T>(make: impl FnOnce() -> Option<T>) -> Option<NonNull<T>> {
    const { assert!(size_of::<T>() != 0) };
    let place = allocate::<T>(Layout::new::<T>())?;
    let Some(value) = make() else {
        // SAFETY: the memory is from above, and not in use.
        unsafe { release(place) };
        return None;
    };
    // SAFETY: the memory is new and laid out for a `T`.
    unsafe { place.write(value) };
    Some(place)
}

/// Drops and frees what [`boxed`] made.
///
/// # Safety
///
/// `place` came from [`boxed`], and nobody uses it from now on.
pub unsafe fn unbox<T>(place: NonNull<T>) {
    // SAFETY: there is a `T` that nobody else uses.
    unsafe { place.drop_in_place() };
    // SAFETY: `boxed` had it from `allocate`.
    unsafe { release(place) }
}

/// An owned run of values in one piece of memory.
pub struct Slab<T> {
    first: NonNull<T>,
    len: usize,
}

// SAFETY: a slab owns its values as a `Vec` does.
unsafe impl<T: Send> Send for Slab<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Slab<T> {}

impl<T> Slab<T> {
    /// `len` values, made where they stay.
    pub fn new(len: usize, mut fill: impl FnMut(usize) -> T) -> Option<Self> {
        let layout = Layout::array::<T>(len).ok()?;
        let first = if layout.size() == 0 {
            NonNull::dangling()
        } else {
            allocate::<T>(layout)?
        };
        for index in 0..len {
            // SAFETY: the memory has room for `len` values.
            let place = unsafe { first.add(index) };
            // SAFETY: as above, and `fill` cannot panic half way.
            unsafe { place.write(fill(index)) };
        }
        Some(Self { first, len })
    }
}

impl<T> Deref for Slab<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `new` made `len` values there, which `self` owns.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for Slab<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { slice::from_raw_parts_mut(self.first.as_ptr(), self.len) }
    }
}

impl<T> Drop for Slab<T> {
    fn drop(&mut self) {
        // SAFETY: the values are dropped once, here.
        unsafe { ptr::drop_in_place::<[T]>(&mut **self) };
        if self.len * size_of::<T>() != 0 {
            // SAFETY: `new` had it from `allocate`, and it goes with `self`.
            unsafe { release(self.first) }
        }
    }
}

/// As many values in one piece of memory as its type says.
pub struct Array<T, const N: usize>(NonNull<[T; N]>);

// SAFETY: an array owns its values as a `Box` does.
unsafe impl<T: Send, const N: usize> Send for Array<T, N> {}
// SAFETY: as above.
unsafe impl<T: Sync, const N: usize> Sync for Array<T, N> {}

impl<T, const N: usize> TryFrom<Slab<T>> for Array<T, N> {
    type Error = Slab<T>;

    fn try_from(slab: Slab<T>) -> Result<Self, Slab<T>> {
        const { assert!(N * size_of::<T>() != 0) };
        if slab.len != N {
            return Err(slab);
        }
        // The memory is the array's now.
        Ok(Self(ManuallyDrop::new(slab).first.cast()))
    }
}

impl<T, const N: usize> Deref for Array<T, N> {
    type Target = [T; N];

    #[inline]
    fn deref(&self) -> &[T; N] {
        // SAFETY: the slab's values are there, which `self` owns.
        unsafe { self.0.as_ref() }
    }
}

impl<T, const N: usize> DerefMut for Array<T, N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T; N] {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { self.0.as_mut() }
    }
}

impl<T, const N: usize> Drop for Array<T, N> {
    fn drop(&mut self) {
        // SAFETY: the slab had it from `allocate`, as `boxed` does, and it goes
        // with `self`.
        unsafe { unbox(self.0) }
    }
}

/// A value behind an mtx(9), in lines of memory of its own: what the value
/// begins with is in the lock's.
#[repr(C, align(64))]
pub struct Locked<T> {
    mtx: shim::mtx,
    value: UnsafeCell<T>,
}

// SAFETY: the value is only reached with the lock held.
unsafe impl<T: Send> Send for Locked<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Locked<T> {}

/// A run of values, each behind a lock of its own. An mtx(9) must stay where it
/// was initialised, so nobody gets these as `&mut`.
pub struct Locks<T, const N: usize>(Array<Locked<T>, N>);

impl<T, const N: usize> Locks<T, N> {
    /// Values, each behind a lock that is ready for use.
    pub fn new(mut fill: impl FnMut(usize) -> T) -> Option<Self> {
        let locks = Slab::new(N, |index| Locked {
            mtx: shim::mtx::uninitialised(),
            value: UnsafeCell::new(fill(index)),
        })?;
        let locks = Array::try_from(locks).ok()?;
        for lock in locks.iter() {
            // SAFETY: it is zeroed, and the array's values do not move.
            unsafe { shim::shim_mtx_init(&lock.mtx) };
        }
        Some(Self(locks))
    }
}

impl<T, const N: usize> Deref for Locks<T, N> {
    type Target = [Locked<T>; N];

    #[inline]
    fn deref(&self) -> &[Locked<T>; N] {
        &self.0
    }
}

impl<T> flow::Lock<T> for Locked<T> {
    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: `Locks::new` has initialised it, and whoever has one takes no
        // other.
        unsafe { self.mtx.lock() };
        // SAFETY: the lock keeps all others out until it is released.
        let result = f(unsafe { &mut *self.value.get() });
        // SAFETY: this thread took the lock above.
        unsafe { self.mtx.unlock() };
        result
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        // SAFETY: `Locks::new` has initialised it, and whoever drops holds it alone.
        unsafe { shim::shim_mtx_destroy(&self.mtx) };
    }
}

/// Set once, read without a lock.
pub struct OnceCell<T>(AtomicPtr<T>);

// SAFETY: the cell owns its value and shares it.
unsafe impl<T: Send + Sync> Send for OnceCell<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

impl<T> flow::Once<T> for OnceCell<T> {
    #[inline]
    fn get(&self) -> Option<&T> {
        // SAFETY: what is in the cell was whole before it came there, and
        // stays until the cell is dropped.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    fn set(&self, value: T) -> bool {
        let Some(place) = boxed(|| Some(value)) else {
            return false;
        };
        let set = self.0.compare_exchange(
            ptr::null_mut(),
            place.as_ptr(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        if set.is_err() {
            // SAFETY: another thread's value is there; this one was not seen.
            unsafe { unbox(place) };
        }
        set.is_ok()
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        if let Some(place) = NonNull::new(self.0.load(Ordering::Relaxed)) {
            // SAFETY: `set` had it from `boxed`, and it goes with the cell.
            unsafe { unbox(place) };
        }
    }
}
