// SPDX-License-Identifier: BSD-2-Clause
//! Packets, made by hand, without a link layer.

use flow::Bytes;

/// A UDP datagram without data, from address `flow` to 10.0.0.1, port 53 both.
pub fn udp(flow: u32) -> [u8; 28] {
    let [a, b, c, d] = flow.to_be_bytes();
    [
        0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, a, b, c, d, 10, 0, 0, 1, //
        0, 53, 0, 53, 0, 8, 0, 0,
    ]
}

/// A TCP segment without data, from address `flow` to 10.0.0.1, port 53 both.
pub fn tcp(flow: u32, flags: u8) -> [u8; 40] {
    let mut packet = [0; 40];
    packet[..28].copy_from_slice(&udp(flow));
    (packet[3], packet[9]) = (40, 6);
    (packet[32], packet[33]) = (0x50, flags);
    packet
}

/// A UDP datagram without data, from 2001:db8:: and address `flow` to
/// fe80::1, port 53 both.
pub fn udp6(flow: u32) -> [u8; 48] {
    let mut packet = [0; 48];
    packet[..12].copy_from_slice(&[0x60, 0, 0, 0, 0, 8, 17, 64, 0x20, 0x01, 0x0d, 0xb8]);
    packet[20..24].copy_from_slice(&flow.to_be_bytes());
    (packet[24], packet[25], packet[39]) = (0xfe, 0x80, 1);
    packet[40..].copy_from_slice(&[0, 53, 0, 53, 0, 8, 0, 0]);
    packet
}

/// An IPv4 packet that claims to have this many octets, as one does of which
/// only the headers were captured.
pub fn claiming<const N: usize>(octets: u16, mut packet: [u8; N]) -> [u8; N] {
    packet[2..4].copy_from_slice(&octets.to_be_bytes());
    packet
}

/// A packet as mbufs have it: so many octets in the first piece, the rest
/// elsewhere.
pub struct Pieces<'a>(pub &'a [u8], pub usize);

impl Bytes for Pieces<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn first(&self) -> &[u8] {
        &self.0[..self.1.min(self.0.len())]
    }

    fn copy_out(&self, at: usize, into: &mut [u8]) -> bool {
        self.0.copy_out(at, into)
    }
}
