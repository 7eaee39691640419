// SPDX-License-Identifier: BSD-2-Clause
//! What the netflow node takes from its home, in userland: memory, locks,
//! time, routes, randomness, and the way into the graph.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::rc::{Rc, Weak};

use flow::{Bytes, Path, Platform};
use ng_netflow::kpi::{self, Ends, HookId, Hop, Kpi, WallClock};
use slotmap::{Key, KeyData};
use sys_bindings::ENOTCONN;

use crate::clock::{Clock, NANOS_PER_MILLI, NANOS_PER_SEC};
use crate::errno::Errno;
use crate::graph::{Graph, HookKey};
use crate::log::Log;
use crate::node::Packet;
use crate::world::World;

/// A hook's key has 64 bits, and so must the node's own name for a hook.
const _: () = assert!(usize::BITS == 64);

/// What all nodes of the process stand on.
#[derive(Clone)]
pub struct Surroundings {
    /// The clock.
    pub clock: Rc<Clock>,
    /// Interfaces and routes.
    pub world: Rc<World>,
    /// Where lines for the user go.
    pub log: Rc<Log>,
    /// Datagrams that sockets lost, as far as the host has told.
    pub lost: Rc<Cell<u64>>,
}

impl Surroundings {
    /// A world with a clock that begins now.
    pub fn new(world: Rc<World>, log: Log) -> Self {
        Surroundings {
            clock: Rc::new(Clock::new()),
            world,
            log: Rc::new(log),
            lost: Rc::default(),
        }
    }
}

/// The home of one netflow node.
pub struct Host {
    /// Clock, routes and log.
    around: Surroundings,
    /// The graph that the node stands in.
    graph: Weak<Graph>,
}

impl Host {
    /// A home in `graph`.
    pub fn new(around: Surroundings, graph: Weak<Graph>) -> Self {
        Host { around, graph }
    }
}

/// The hook that the node names.
pub fn hook_key(id: HookId) -> HookKey {
    KeyData::from_ffi(id.0.get() as u64).into()
}

/// A value that one at a time has: the process has one thread.
pub struct Lock<T>(RefCell<T>);

impl<T> flow::Lock<T> for Lock<T> {
    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.borrow_mut())
    }
}

/// A cell that is set once.
pub struct Once<T>(OnceCell<T>);

impl<T> flow::Once<T> for Once<T> {
    #[inline]
    fn get(&self) -> Option<&T> {
        self.0.get()
    }

    fn set(&self, value: T) -> bool {
        self.0.set(value).is_ok()
    }
}

/// A counter.
#[derive(Default)]
pub struct Counter(Cell<u64>);

impl kpi::Counter for Counter {
    #[inline]
    fn count(&self) {
        self.0.set(self.0.get().wrapping_add(1));
    }

    fn sum(&self) -> u64 {
        self.0.get()
    }
}

impl Platform for Host {
    type Slab<T> = Box<[T]>;
    type Lock<T> = Lock<T>;
    type Array<T, const N: usize> = Box<[T; N]>;
    type Locks<T, const N: usize> = Box<[Lock<T>; N]>;
    type Once<T> = Once<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
        let mut values = Vec::new();
        values.try_reserve_exact(len).ok()?;
        values.extend((0..len).map(fill));
        Some(values.into_boxed_slice())
    }

    fn locks<T, const N: usize>(
        &self,
        mut fill: impl FnMut(usize) -> T,
    ) -> Option<Box<[Lock<T>; N]>> {
        self.array(|index| Lock(RefCell::new(fill(index))))
    }

    fn once<T>(&self) -> Once<T> {
        Once(OnceCell::new())
    }
}

impl Host {
    fn route4(&self, fib: u16, to: Ipv4Addr) -> Option<Hop<Ipv4Addr>> {
        let route = self.around.world.fib(fib)?.look_up4(to)?;
        let gateway = match route.gateway {
            Some(IpAddr::V4(gateway)) => gateway,
            _ => Ipv4Addr::UNSPECIFIED,
        };
        Some(Hop {
            interface: route.interface,
            gateway,
            prefix_len: route.len,
        })
    }

    fn route6(&self, fib: u16, to: Ipv6Addr) -> Option<Hop<Ipv6Addr>> {
        let route = self.around.world.fib(fib)?.look_up6(to)?;
        let gateway = match route.gateway {
            Some(IpAddr::V6(gateway)) => gateway,
            _ => Ipv6Addr::UNSPECIFIED,
        };
        Some(Hop {
            interface: route.interface,
            gateway,
            prefix_len: route.len,
        })
    }
}

impl Kpi for Host {
    // A key outlives its hook: it then leads nowhere.
    type Hook = HookKey;
    type Counter = Counter;

    fn counter(&self) -> Option<Counter> {
        Some(Counter::default())
    }

    fn name(hook: &HookKey) -> HookId {
        let bits = hook.data().as_ffi() as usize;
        // A key's version is never 0, and it is the upper half.
        HookId(NonZeroUsize::new(bits).unwrap_or(NonZeroUsize::MAX))
    }

    fn uptime(&self) -> u64 {
        self.around.clock.uptime() / NANOS_PER_MILLI
    }

    fn wall_clock(&self) -> WallClock {
        let now = self.around.clock.time_of_day();
        WallClock {
            // Wraps in 2106, as the field of every version of NetFlow does.
            secs: (now / NANOS_PER_SEC) as u32,
            nanos: (now % NANOS_PER_SEC) as u32,
        }
    }

    fn random(&self, seed: &mut [u64]) {
        use std::hash::{BuildHasher, RandomState};
        for (index, word) in seed.iter_mut().enumerate() {
            // The standard library keys each state from the system's random
            // numbers.
            *word = RandomState::new().hash_one(index);
        }
    }

    fn path4(&self, fib: u16, ends: Ends<Ipv4Addr>) -> Path<Ipv4Addr> {
        ends.path(|to| self.route4(fib, to))
    }

    fn path6(&self, fib: u16, ends: Ends<Ipv6Addr>) -> Path<Ipv6Addr> {
        ends.path(|to| self.route6(fib, to))
    }

    fn fibs(&self) -> u16 {
        self.around.world.fibs()
    }

    fn send(&self, hook: &HookKey, datagram: &[u8]) -> Result<(), Errno> {
        let graph = self.graph.upgrade().ok_or(ENOTCONN)?;
        if !graph.is_connected(*hook) {
            return Err(ENOTCONN);
        }
        graph.send_data(*hook, Packet::new(datagram))
    }

    fn log(&self, line: fmt::Arguments<'_>) {
        self.around.log.line(format_args!("ng_netflow: {line}"));
    }
}

/// A packet as the netflow node with this ID sees it.
pub struct Seen<'a> {
    packet: &'a Packet<'a>,
    by: u32,
    /// The node has left its mark.
    pub marked: Cell<bool>,
}

impl<'a> Seen<'a> {
    /// `packet`, seen by the node with ID `by`.
    pub fn new(packet: &'a Packet<'a>, by: u32) -> Self {
        let marked = Cell::new(false);
        Seen { packet, by, marked }
    }
}

impl kpi::Packet for Seen<'_> {
    fn bytes(&self) -> &(impl Bytes + ?Sized) {
        &self.packet.bytes[..]
    }

    fn fib(&self) -> u16 {
        self.packet.fib
    }

    fn received_on(&self) -> u16 {
        self.packet.received_on
    }

    fn is_marked(&self, by_this_node_only: bool) -> bool {
        let marks = &self.packet.marks;
        if by_this_node_only {
            marks.contains(&self.by)
        } else {
            !marks.is_empty()
        }
    }

    fn mark(&self) {
        self.marked.set(true);
    }
}

/// The arguments of an answer.
#[derive(Default)]
pub struct Reply(pub Option<Vec<u8>>);

impl kpi::Reply for Reply {
    fn make(&mut self, len: usize) -> Option<&mut [u8]> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).ok()?;
        bytes.resize(len, 0);
        Some(self.0.insert(bytes))
    }

    fn shorten(&mut self, len: usize) {
        if let Some(bytes) = &mut self.0 {
            bytes.truncate(len);
        }
    }
}
