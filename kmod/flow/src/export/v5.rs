// SPDX-License-Identifier: BSD-2-Clause
//! NetFlow version 5, as Cisco documents it ("NetFlow Export Datagram Format",
//! Tables B-3 and B-4).
//!
//! A header of 24 octets and up to 30 records of 48 octets; all numbers are
//! big-endian.  It carries IPv4 only.

use core::net::Ipv4Addr;

use super::{AnyRecord, Appended, Clock, Protocol};
use crate::cache::FlowRecord;

/// Octets of the header.
pub const HEADER_LEN: usize = 24;
/// Octets of a record.
pub const RECORD_LEN: usize = 48;
/// Records in a full datagram.
pub const MAX_RECORDS: usize = 30;

const VERSION: u16 = 5;
const MAX_LEN: usize = HEADER_LEN + MAX_RECORDS * RECORD_LEN;

/// The sequence of version 5 datagrams of one observation domain.
#[derive(Clone, Debug)]
pub struct V5 {
    /// Records in all datagrams before this one: `flow_sequence`.
    sequence: u32,
    /// `engine_id`; base puts the number of the FIB there.
    engine_id: u8,
    /// Records in this datagram.
    count: u16,
}

impl V5 {
    /// A sequence that begins at 0.
    pub fn new(engine_id: u8) -> Self {
        V5 {
            sequence: 0,
            engine_id,
            count: 0,
        }
    }
}

impl Protocol for V5 {
    type Settings = ();

    fn max_len((): &()) -> usize {
        MAX_LEN
    }

    fn append(&mut self, buffer: &mut [u8], record: &AnyRecord, (): &(), _now: u64) -> Appended {
        let AnyRecord::V4(record) = record else {
            return Appended::NotCarried;
        };
        let at = HEADER_LEN + usize::from(self.count) * RECORD_LEN;
        let Some(place) = buffer.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) else {
            return Appended::NotCarried;
        };
        *place = encode(record);
        self.count += 1;
        if usize::from(self.count) < MAX_RECORDS {
            Appended::Room
        } else {
            Appended::Full
        }
    }

    fn finish(&mut self, buffer: &mut [u8], clock: Clock) -> usize {
        let count = core::mem::take(&mut self.count);
        let Some(header) = buffer.first_chunk_mut() else {
            return 0;
        };
        if count == 0 {
            return 0;
        }
        *header = self.header(count, clock);
        self.sequence = self.sequence.wrapping_add(u32::from(count));
        HEADER_LEN + usize::from(count) * RECORD_LEN
    }
}

impl V5 {
    fn header(&self, count: u16, clock: Clock) -> [u8; HEADER_LEN] {
        let [v0, v1] = VERSION.to_be_bytes();
        let [n0, n1] = count.to_be_bytes();
        let [u0, u1, u2, u3] = (clock.uptime as u32).to_be_bytes();
        let [t0, t1, t2, t3] = clock.unix_secs.to_be_bytes();
        let [f0, f1, f2, f3] = clock.unix_nanos.to_be_bytes();
        let [q0, q1, q2, q3] = self.sequence.to_be_bytes();
        // engine_type 0; sampling_interval 0: not sampled.
        [
            v0,
            v1,
            n0,
            n1,
            u0,
            u1,
            u2,
            u3,
            t0,
            t1,
            t2,
            t3,
            f0,
            f1,
            f2,
            f3,
            q0,
            q1,
            q2,
            q3,
            0,
            self.engine_id,
            0,
            0,
        ]
    }
}

/// A record, in the order of Cisco's table: srcaddr, dstaddr, nexthop, input,
/// output, dPkts, dOctets, First, Last, srcport, dstport, pad1, tcp_flags,
/// prot, tos, src_as, dst_as, src_mask, dst_mask, pad2.  The autonomous
/// systems are 0: the kernel does not know them.
fn encode(record: &FlowRecord<Ipv4Addr>) -> [u8; RECORD_LEN] {
    let [s0, s1, s2, s3] = record.key.src.octets();
    let [d0, d1, d2, d3] = record.key.dst.octets();
    let [h0, h1, h2, h3] = record.path.next_hop.octets();
    let [i0, i1] = record.key.input.to_be_bytes();
    let [o0, o1] = record.path.output.to_be_bytes();
    let [p0, p1, p2, p3] = record.packets.to_be_bytes();
    let [b0, b1, b2, b3] = record.octets.to_be_bytes();
    let [f0, f1, f2, f3] = (record.first as u32).to_be_bytes();
    let [l0, l1, l2, l3] = (record.last as u32).to_be_bytes();
    let [sp0, sp1] = record.key.sport.to_be_bytes();
    let [dp0, dp1] = record.key.dport.to_be_bytes();
    let [_, flags] = record.tcp_flags.to_be_bytes();
    [
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
        h0,
        h1,
        h2,
        h3,
        i0,
        i1,
        o0,
        o1,
        p0,
        p1,
        p2,
        p3,
        b0,
        b1,
        b2,
        b3,
        f0,
        f1,
        f2,
        f3,
        l0,
        l1,
        l2,
        l3,
        sp0,
        sp1,
        dp0,
        dp1,
        0,
        flags,
        record.key.proto,
        record.key.tos,
        0,
        0,
        0,
        0,
        record.path.src_mask,
        record.path.dst_mask,
        0,
        0,
    ]
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::{Key, Path};
    use std::vec::Vec;

    fn echo_reply() -> AnyRecord {
        AnyRecord::V4(FlowRecord {
            key: Key {
                src: Ipv4Addr::new(192, 168, 1, 2),
                dst: Ipv4Addr::new(192, 168, 1, 1),
                sport: 0,
                dport: 0,
                proto: 1,
                tos: 0,
                input: 1,
                fib: 0,
            },
            path: Path {
                next_hop: Ipv4Addr::UNSPECIFIED,
                output: 1,
                src_mask: 24,
                dst_mask: 24,
            },
            packets: 1,
            octets: 84,
            first: 0x0102_0304,
            last: 0x0102_0305,
            tcp_flags: 0,
        })
    }

    const CLOCK: Clock = Clock {
        uptime: 0x1_1122_3344,
        unix_secs: 0x5566_7788,
        unix_nanos: 0x0102_0304,
    };

    fn hex(bytes: &[u8]) -> Vec<u32> {
        bytes
            .chunks(4)
            .map(|b| u32::from_be_bytes(b.try_into().unwrap()))
            .collect()
    }

    /// The datagram of the 2004 article, times aside.
    #[test]
    fn the_articles_datagram() {
        let mut v5 = V5::new(0);
        let mut buffer = [0xff; MAX_LEN];
        assert_eq!(
            v5.append(&mut buffer, &echo_reply(), &(), 0),
            Appended::Room
        );
        assert_eq!(v5.finish(&mut buffer, CLOCK), 72);
        assert_eq!(
            hex(&buffer[..72]),
            [
                0x0005_0001,
                0x1122_3344,
                0x5566_7788,
                0x0102_0304,
                0,
                0, //
                0xc0a8_0102,
                0xc0a8_0101,
                0,
                0x0001_0001,
                1,
                0x54,
                0x0102_0304,
                0x0102_0305,
                0,
                0x0000_0100,
                0,
                0x1818_0000,
            ]
        );
    }

    #[test]
    fn the_thirtieth_record_fills_a_datagram_and_the_sequence_counts_records() {
        let mut v5 = V5::new(7);
        let mut buffer = [0; MAX_LEN];
        for n in 1..=30 {
            let expected = if n < 30 {
                Appended::Room
            } else {
                Appended::Full
            };
            assert_eq!(v5.append(&mut buffer, &echo_reply(), &(), 0), expected);
        }
        assert_eq!(v5.finish(&mut buffer, CLOCK), 1464);
        assert_eq!(buffer[2..4], [0, 30]);
        assert_eq!(buffer[20..22], [0, 7]);
        assert_eq!(
            v5.append(&mut buffer, &echo_reply(), &(), 0),
            Appended::Room
        );
        assert_eq!(v5.finish(&mut buffer, CLOCK), 72);
        assert_eq!(buffer[16..20], [0, 0, 0, 30]);
        assert_eq!(v5.finish(&mut buffer, CLOCK), 0, "nothing to send");
    }
}
