// SPDX-License-Identifier: BSD-2-Clause
//! Packets as the node gets them.

use std::cell::RefCell;

use flow::Bytes;
use ng_netflow::kpi::Packet;

/// A packet in one piece, and what its mbuf says of it.
pub struct TestPacket {
    /// The packet.
    pub bytes: Vec<u8>,
    /// Its routing table.
    pub fib: u16,
    /// ifIndex of the interface it came in on, or 0.
    pub received_on: u16,
    /// The nodes that have marked it.
    pub marks: RefCell<Vec<usize>>,
    /// Which node has the packet.
    pub seen_by: usize,
}

impl Packet for TestPacket {
    fn bytes(&self) -> &(impl Bytes + ?Sized) {
        &self.bytes[..]
    }

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

/// A packet that node 1 has, of routing table 0.
pub fn packet(bytes: impl Into<Vec<u8>>) -> TestPacket {
    TestPacket {
        bytes: bytes.into(),
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
