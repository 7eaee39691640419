// SPDX-License-Identifier: BSD-2-Clause
//! What the engine's tests share: a platform of the standard library whose
//! memory can be made to fail, routes, and a reader of classic pcap files.
#![allow(dead_code, reason = "each test file uses its part")]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};

use flow::{Engine, Hop, LinkType, Lock, Once, Platform, Routes, Seed, SEED_WORDS};

/// Memory that is refused when [`Memory::left`] has come down to 0, and in
/// pieces of more octets than [`Memory::largest`].
#[derive(Clone)]
pub struct Memory {
    pub left: Arc<AtomicUsize>,
    pub largest: Arc<AtomicUsize>,
}

impl Memory {
    pub fn plenty() -> Self {
        Memory {
            left: Arc::new(AtomicUsize::new(usize::MAX)),
            largest: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    pub fn allow(&self, allocations: usize) {
        self.left.store(allocations, SeqCst);
    }

    fn take(&self) -> Option<()> {
        let one_less = |left: usize| left.checked_sub(1);
        self.left
            .fetch_update(SeqCst, SeqCst, one_less)
            .ok()
            .map(drop)
    }
}

pub struct StdLock<T>(Mutex<T>);
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
    type Locks<T> = Box<[StdLock<T>]>;
    type Once<T> = StdOnce<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
        if len * size_of::<T>() > self.largest.load(SeqCst) {
            return None;
        }
        self.take()?;
        Some((0..len).map(fill).collect())
    }

    fn locks<T>(&self, len: usize, mut fill: impl FnMut(usize) -> T) -> Option<Box<[StdLock<T>]>> {
        self.slab(len, |i| StdLock(Mutex::new(fill(i))))
    }

    fn once<T>(&self) -> StdOnce<T> {
        StdOnce(OnceLock::new())
    }
}

/// No route to anywhere.
pub struct NoRoutes;

impl Routes for NoRoutes {
    fn route4(&self, _: u16, _: Ipv4Addr) -> Option<Hop<Ipv4Addr>> {
        None
    }

    fn route6(&self, _: u16, _: Ipv6Addr) -> Option<Hop<Ipv6Addr>> {
        None
    }
}

pub fn seed() -> Seed {
    // Any odd numbers will do here; a node draws them at random.
    Seed::new(core::array::from_fn::<u64, SEED_WORDS, _>(|i| {
        0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * i as u64 + 3)
    }))
}

pub fn engine(memory: &Memory, limit: usize) -> Engine<Memory> {
    Engine::new(memory.clone(), seed(), limit).unwrap()
}

/// The captures that are kept beside the project, or `None`, said aloud.
pub fn shared_captures() -> Option<Vec<PathBuf>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let Ok(families) = std::fs::read_dir(&folder) else {
        println!("not run: ../shared/captures is absent");
        return None;
    };
    let mut files: Vec<PathBuf> = families
        .flat_map(|family| std::fs::read_dir(family.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    Some(files)
}

/// A packet of a capture, and when it was seen.
pub struct Captured<'a> {
    /// Milliseconds since 1970.
    pub at: u64,
    pub bytes: &'a [u8],
}

/// Link type and packets of a classic pcap file; a record that is cut off
/// ends it.
pub fn read_pcap(file: &[u8]) -> (LinkType, Vec<Captured<'_>>) {
    let number = |at: usize| {
        let word: [u8; 4] = file.get(at..at + 4)?.try_into().unwrap();
        Some(match file[0] {
            0xd4 | 0x4d => u32::from_le_bytes(word),
            _ => u32::from_be_bytes(word),
        })
    };
    let nanoseconds = number(0) == Some(0xa1b2_3c4d);
    let link_type = match number(20).expect("a pcap header") & 0xffff {
        1 => LinkType::Ethernet,
        _ => LinkType::Raw,
    };
    let (mut packets, mut at) = (Vec::new(), 24);
    while let (Some(secs), Some(fraction), Some(caplen)) =
        (number(at), number(at + 4), number(at + 8))
    {
        let start = at + 16;
        let Some(bytes) = file.get(start..start + caplen as usize) else {
            break;
        };
        let milliseconds = fraction / if nanoseconds { 1_000_000 } else { 1000 };
        packets.push(Captured {
            at: u64::from(secs) * 1000 + u64::from(milliseconds),
            bytes,
        });
        at = start + caplen as usize;
    }
    (link_type, packets)
}
