// SPDX-License-Identifier: BSD-2-Clause
//! The home: its time, memory and routes, what is sent there and logged.

use std::fmt::Arguments;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use flow::{Path, Platform};
use flow_testing::fault::Fault;
use flow_testing::memory::{Memory, Piece, StdLock, StdOnce};
use ng_netflow::kpi::{Counter, Ends, Errno, HookId, Hop, Kpi, WallClock};
use sys_bindings::ENOBUFS;

/// What a test can see and set of its home.
pub struct World {
    /// Where all memory comes from.
    pub memory: Memory,
    /// Milliseconds since boot.
    pub uptime: AtomicU64,
    /// Datagrams that hooks took.
    pub sent: Mutex<Vec<Vec<u8>>>,
    /// Whether hooks refuse datagrams, with `ENOBUFS`.
    pub sends_fail: AtomicBool,
    /// The hook that refuses them though others do not, or 0.
    pub full_hook: AtomicUsize,
    /// Sends that fail beside those.
    pub sends: Fault,
    /// Lookups of routes that find none.
    pub lookups: Fault,
    /// Number of routing tables.
    pub fibs: AtomicU16,
    /// Lines for the system's log.
    pub log: Mutex<Vec<String>>,
}

/// The home, which the node owns a handle of, and the test another.
#[derive(Clone)]
pub struct Home(pub Arc<World>);

/// Wall-clock seconds at boot.
pub const BOOT: u64 = 1_700_000_000;

impl Default for Home {
    fn default() -> Self {
        Home::new()
    }
}

impl Home {
    /// A minute after boot, with plenty of memory and two routing tables.
    pub fn new() -> Self {
        Home(Arc::new(World {
            memory: Memory::plenty(),
            uptime: AtomicU64::new(60_000),
            sent: Mutex::default(),
            sends_fail: AtomicBool::new(false),
            full_hook: AtomicUsize::new(0),
            sends: Fault::default(),
            lookups: Fault::default(),
            fibs: AtomicU16::new(2),
            log: Mutex::default(),
        }))
    }

    /// Lets time pass, and the node does not notice.
    pub fn wait(&self, milliseconds: u64) {
        self.0.uptime.fetch_add(milliseconds, SeqCst);
    }

    /// The datagrams sent since the last call.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.sent.lock().unwrap())
    }
}

impl Platform for Home {
    type Slab<T> = Piece<[T]>;
    type Lock<T> = StdLock<T>;
    type Array<T, const N: usize> = Piece<[T; N]>;
    type Locks<T, const N: usize> = Piece<[StdLock<T>; N]>;
    type Once<T> = StdOnce<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Piece<[T]>> {
        self.0.memory.slab(len, fill)
    }

    fn locks<T, const N: usize>(
        &self,
        fill: impl FnMut(usize) -> T,
    ) -> Option<Piece<[Self::Lock<T>; N]>> {
        self.0.memory.locks(fill)
    }

    fn once<T>(&self) -> Self::Once<T> {
        self.0.memory.once()
    }
}

/// 192.168.1.0/24 and 2001:db8::/64 are behind interface 1, all else behind a
/// gateway on interface 2.
impl Home {
    fn route4(&self, _fib: u16, to: Ipv4Addr) -> Option<Hop<Ipv4Addr>> {
        if self.0.lookups.strikes() {
            return None;
        }
        Some(if to.octets().starts_with(&[192, 168, 1]) {
            Hop {
                interface: 1,
                gateway: Ipv4Addr::UNSPECIFIED,
                prefix_len: 24,
            }
        } else {
            Hop {
                interface: 2,
                gateway: Ipv4Addr::new(192, 168, 1, 254),
                prefix_len: 0,
            }
        })
    }

    fn route6(&self, _fib: u16, to: Ipv6Addr) -> Option<Hop<Ipv6Addr>> {
        let found = to.segments()[0] == 0x2001 && !self.0.lookups.strikes();
        found.then_some(Hop {
            interface: 1,
            gateway: Ipv6Addr::UNSPECIFIED,
            prefix_len: 64,
        })
    }
}

impl Kpi for Home {
    type Hook = HookId;
    type Counter = TestCounter;

    fn counter(&self) -> Option<TestCounter> {
        let piece = self.0.memory.slab(1, |_| ())?;
        drop(piece);
        Some(TestCounter::default())
    }

    fn name(hook: &HookId) -> HookId {
        *hook
    }

    fn uptime(&self) -> u64 {
        self.0.uptime.load(SeqCst)
    }

    fn wall_clock(&self) -> WallClock {
        let uptime = self.uptime();
        WallClock {
            secs: (BOOT + uptime / 1000) as u32,
            nanos: (uptime % 1000) as u32 * 1_000_000,
        }
    }

    fn random(&self, seed: &mut [u64]) {
        for (word, n) in seed.iter_mut().zip(1u64..) {
            *word = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn path4(&self, fib: u16, ends: Ends<Ipv4Addr>) -> Path<Ipv4Addr> {
        ends.path(|to| self.route4(fib, to))
    }

    fn path6(&self, fib: u16, ends: Ends<Ipv6Addr>) -> Path<Ipv6Addr> {
        ends.path(|to| self.route6(fib, to))
    }

    fn fibs(&self) -> u16 {
        self.0.fibs.load(SeqCst)
    }

    fn send(&self, hook: &HookId, datagram: &[u8]) -> Result<(), Errno> {
        let is_full = hook.0.get() == self.0.full_hook.load(SeqCst);
        if is_full || self.0.sends_fail.load(SeqCst) || self.0.sends.strikes() {
            return Err(ENOBUFS);
        }
        self.0.sent.lock().unwrap().push(datagram.to_vec());
        Ok(())
    }

    fn log(&self, line: Arguments<'_>) {
        self.0.log.lock().unwrap().push(line.to_string());
    }
}

/// A counter that all threads share.
#[derive(Default)]
pub struct TestCounter(AtomicU64);

impl Counter for TestCounter {
    fn count(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    fn sum(&self) -> u64 {
        self.0.load(SeqCst)
    }
}
