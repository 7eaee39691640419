// SPDX-License-Identifier: BSD-2-Clause
//! A home for nodes that tests can see into: time, memory, routes, what is
//! sent and logged; and packets and messages for them.
#![allow(dead_code, reason = "each test file uses its part")]

#[path = "../../flow/tests/support/mod.rs"]
pub mod support;

use std::cell::RefCell;
use std::fmt::Arguments;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use flow::{Bytes, Hop, Platform, Routes};
use ng_netflow::kpi::{Counter, Errno, HookId, Kpi, Packet, Reply, WallClock};
use ng_netflow::{Node, TICK_MS};
use support::Memory;
use sys_bindings::*;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

/// What a test can see and set of its home.
pub struct World {
    pub memory: Memory,
    pub uptime: AtomicU64,
    pub sent: Mutex<Vec<Vec<u8>>>,
    pub sends_fail: AtomicBool,
    pub fibs: AtomicU16,
    pub log: Mutex<Vec<String>>,
}

#[derive(Clone)]
pub struct Home(pub Arc<World>);

/// Wall-clock seconds at boot.
pub const BOOT: u64 = 1_700_000_000;

impl Home {
    pub fn new() -> Self {
        Home(Arc::new(World {
            memory: Memory::plenty(),
            uptime: AtomicU64::new(60_000),
            sent: Mutex::default(),
            sends_fail: AtomicBool::new(false),
            fibs: AtomicU16::new(2),
            log: Mutex::default(),
        }))
    }

    pub fn wait(&self, milliseconds: u64) {
        self.0.uptime.fetch_add(milliseconds, SeqCst);
    }

    /// The datagrams sent since the last call.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.sent.lock().unwrap())
    }
}

impl Platform for Home {
    type Slab<T> = Box<[T]>;
    type Lock<T> = support::StdLock<T>;
    type Locks<T> = Box<[support::StdLock<T>]>;
    type Once<T> = support::StdOnce<T>;

    fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
        self.0.memory.slab(len, fill)
    }

    fn locks<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[Self::Lock<T>]>> {
        self.0.memory.locks(len, fill)
    }

    fn once<T>(&self) -> Self::Once<T> {
        self.0.memory.once()
    }
}

/// 192.168.1.0/24 and 2001:db8::/64 are behind interface 1, all else behind a
/// gateway on interface 2.
impl Routes for Home {
    fn route4(&self, _fib: u16, to: Ipv4Addr) -> Option<Hop<Ipv4Addr>> {
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
        (to.segments()[0] == 0x2001).then_some(Hop {
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

    fn hold(&self, hook: HookId) -> HookId {
        hook
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

    fn fibs(&self) -> u16 {
        self.0.fibs.load(SeqCst)
    }

    fn send(&self, _: &HookId, datagram: &[u8]) -> Result<(), Errno> {
        if self.0.sends_fail.load(SeqCst) {
            return Err(ENOBUFS);
        }
        self.0.sent.lock().unwrap().push(datagram.to_vec());
        Ok(())
    }

    fn log(&self, line: Arguments<'_>) {
        self.0.log.lock().unwrap().push(line.to_string());
    }
}

#[derive(Default)]
pub struct TestCounter(AtomicU64);

impl Counter for TestCounter {
    fn add(&self, n: u64) {
        self.0.fetch_add(n, SeqCst);
    }

    fn sum(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

pub struct TestPacket {
    pub bytes: Vec<u8>,
    pub fib: u16,
    pub received_on: u16,
    pub marks: RefCell<Vec<usize>>,
    /// Which node has the packet.
    pub seen_by: usize,
}

impl Bytes for TestPacket {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn first(&self) -> &[u8] {
        &self.bytes
    }

    fn copy_out(&self, at: usize, into: &mut [u8]) -> bool {
        Bytes::copy_out(&self.bytes[..], at, into)
    }
}

impl Packet for TestPacket {
    fn fib(&self) -> u16 {
        self.fib
    }

    fn received_on(&self) -> u16 {
        self.received_on
    }

    fn is_marked(&self, by_this_node_only: bool) -> bool {
        let marks = self.marks.borrow();
        let by = |node: &usize| !by_this_node_only || *node == self.seen_by;
        marks.iter().any(by)
    }

    fn mark(&self) {
        self.marks.borrow_mut().push(self.seen_by);
    }
}

pub fn packet(bytes: Vec<u8>) -> TestPacket {
    TestPacket {
        bytes,
        fib: 0,
        received_on: 0,
        marks: RefCell::default(),
        seen_by: 1,
    }
}

/// An Ethernet frame with an ICMP echo reply of 84 octets, 192.168.1.2 →
/// 192.168.1.1.
pub fn echo_reply() -> TestPacket {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend([
        0x45, 0, 0, 84, 0, 0, 0, 0, 64, 1, 0, 0, 192, 168, 1, 2, 192, 168, 1, 1, 0, 0, 0, 0,
    ]);
    frame.resize(14 + 84, 0);
    packet(frame)
}

/// A UDP datagram of 28 octets without a link layer, from address `flow`.
pub fn udp(flow: u32) -> Vec<u8> {
    let [a, b, c, d] = flow.to_be_bytes();
    vec![
        0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, a, b, c, d, 10, 0, 0, 1, 0, 53, 0, 53, 0, 8, 0, 0,
    ]
}

/// A TCP segment without data and without a link layer, from address `flow`.
pub fn tcp(flow: u32, flags: u8) -> Vec<u8> {
    let mut bytes = udp(flow);
    (bytes[3], bytes[9]) = (40, 6);
    bytes.resize(40, 0);
    (bytes[32], bytes[33]) = (0x50, flags);
    bytes
}

pub fn udp6(flow: u32) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0, 0, 8, 17, 64, 0x20, 0x01, 0x0d, 0xb8];
    bytes.resize(20, 0);
    bytes.extend(flow.to_be_bytes());
    bytes.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0, 53, 0, 53, 0, 8, 0, 0]);
    bytes
}

pub fn hook(number: usize) -> HookId {
    HookId(NonZeroUsize::new(number).unwrap())
}

/// The bytes of a reply, as a client gets them.
#[derive(Default)]
pub struct Answer(pub Option<Vec<u8>>);

impl Reply for Answer {
    fn make(&mut self, len: usize) -> Option<&mut [u8]> {
        assert!(self.0.is_none(), "made at most once");
        Some(self.0.insert(vec![0; len]))
    }

    fn shorten(&mut self, len: usize) {
        self.0.as_mut().unwrap().truncate(len);
    }
}

pub fn message(node: &Node<Home>, command: u32, args: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
    let mut answer = Answer::default();
    node.rcvmsg(NGM_NETFLOW_COOKIE, command, args, &mut answer)?;
    Ok(answer.0)
}

pub fn info(node: &Node<Home>) -> ng_netflow_info {
    let answer = message(node, NGM_NETFLOW_INFO, &[]).unwrap().unwrap();
    ng_netflow_info::read_from_bytes(&answer).unwrap()
}

pub fn set_raw(node: &Node<Home>, iface: u16) {
    let set = ng_netflow_setdlt {
        iface,
        dlt: DLT_RAW,
        ..ng_netflow_setdlt::new_zeroed()
    };
    message(node, NGM_NETFLOW_SETDLT, set.as_bytes()).unwrap();
}

pub fn set_timeouts(node: &Node<Home>, inactive_timeout: u32, active_timeout: u32) {
    let set = ng_netflow_settimeouts {
        inactive_timeout,
        active_timeout,
    };
    message(node, NGM_NETFLOW_SETTIMEOUTS, set.as_bytes()).unwrap();
}

/// A node with `iface0` taking raw IP, and an exporter.
pub fn exporting_node(home: &Home) -> Node<Home> {
    let node = Node::new(home.clone()).unwrap();
    node.newhook(b"iface0", hook(1)).unwrap();
    node.newhook(b"export", hook(9)).unwrap();
    set_raw(&node, 0);
    node
}

/// Lets time pass as the callout would.
pub fn run(node: &Node<Home>, home: &Home, milliseconds: u64) {
    for _ in 0..milliseconds / u64::from(TICK_MS) {
        home.wait(TICK_MS.into());
        assert_eq!(node.tick(), TICK_MS);
    }
}

pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The flow sequence and the number of records of a version 5 datagram.
pub fn sequence_and_count(datagram: &[u8]) -> (u32, u32) {
    (word(datagram, 16), word(datagram, 0) & 0xffff)
}

/// Walks the cache as flowctl does.  The records' source addresses.
pub fn show(node: &Node<Home>, version: u8) -> Vec<u32> {
    let (entry_len, source_at) = match version {
        4 => (size_of::<flow_entry_data>(), 8),
        _ => (size_of::<flow6_entry_data>(), 8 + 12),
    };
    let mut request = ngnf_show_header {
        version,
        ..ngnf_show_header::new_zeroed()
    };
    let mut shown = Vec::new();
    loop {
        let answer = message(node, NGM_NETFLOW_SHOW, request.as_bytes())
            .unwrap()
            .unwrap();
        let (head, body) = ngnf_show_header::read_from_prefix(&answer).unwrap();
        assert_eq!(head.version, version);
        assert_eq!(body.len(), head.nentries as usize * entry_len);
        assert!(answer.len() <= NGRESP_SIZE);
        shown.extend(body.chunks(entry_len).map(|entry| word(entry, source_at)));
        if head.hash_id == 0 {
            return shown;
        }
        (request.hash_id, request.list_id) = (head.hash_id, head.list_id);
    }
}
