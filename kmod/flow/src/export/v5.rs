// SPDX-License-Identifier: BSD-2-Clause
//! NetFlow version 5, as Cisco documents it ("NetFlow Export Datagram Format",
//! Tables B-3 and B-4).
//!
//! A header of 24 octets and up to 30 records of 48 octets; all numbers are
//! big-endian.  It carries IPv4 only.

use core::net::Ipv4Addr;

use zerocopy::network_endian::{U16, U32};
use zerocopy::{Immutable, IntoBytes};

use super::{AnyRecord, Appended, Clock, Protocol};
use crate::cache::FlowRecord;

/// Octets of the header.
pub const HEADER_LEN: usize = size_of::<Header>();
/// Octets of a record.
pub const RECORD_LEN: usize = size_of::<Record>();
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
        let record = Record::from(record);
        let place = buffer.get_mut(at..);
        let Some(Ok(())) = place.map(|place| record.write_to_prefix(place)) else {
            return Appended::NotCarried;
        };
        self.count += 1;
        if usize::from(self.count) < MAX_RECORDS {
            Appended::Room
        } else {
            Appended::Full
        }
    }

    fn finish(&mut self, buffer: &mut [u8], clock: Clock) -> usize {
        let count = core::mem::take(&mut self.count);
        if count == 0 || self.header(count, clock).write_to_prefix(buffer).is_err() {
            return 0;
        }
        self.sequence = self.sequence.wrapping_add(u32::from(count));
        HEADER_LEN + usize::from(count) * RECORD_LEN
    }
}

/// Table B-3.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Header {
    version: U16,
    count: U16,
    sys_uptime: U32,
    unix_secs: U32,
    unix_nsecs: U32,
    flow_sequence: U32,
    engine_type: u8,
    engine_id: u8,
    /// 0: not sampled.
    sampling_interval: U16,
}

impl V5 {
    fn header(&self, count: u16, clock: Clock) -> Header {
        Header {
            version: VERSION.into(),
            count: count.into(),
            sys_uptime: (clock.uptime as u32).into(),
            unix_secs: clock.unix_secs.into(),
            unix_nsecs: clock.unix_nanos.into(),
            flow_sequence: self.sequence.into(),
            engine_type: 0,
            engine_id: self.engine_id,
            sampling_interval: U16::ZERO,
        }
    }
}

/// Table B-4.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Record {
    srcaddr: [u8; 4],
    dstaddr: [u8; 4],
    nexthop: [u8; 4],
    input: U16,
    output: U16,
    d_pkts: U32,
    d_octets: U32,
    first: U32,
    last: U32,
    srcport: U16,
    dstport: U16,
    pad1: u8,
    tcp_flags: u8,
    prot: u8,
    tos: u8,
    /// The kernel does not know the autonomous systems: 0.
    src_as: U16,
    dst_as: U16,
    src_mask: u8,
    dst_mask: u8,
    pad2: U16,
}

impl From<&FlowRecord<Ipv4Addr>> for Record {
    fn from(record: &FlowRecord<Ipv4Addr>) -> Self {
        let (key, path) = (&record.key, &record.path);
        Record {
            srcaddr: key.src.octets(),
            dstaddr: key.dst.octets(),
            nexthop: path.next_hop.octets(),
            input: key.input.into(),
            output: path.output.into(),
            d_pkts: record.packets.into(),
            d_octets: record.octets.into(),
            first: (record.first as u32).into(),
            last: (record.last as u32).into(),
            srcport: key.sport.into(),
            dstport: key.dport.into(),
            pad1: 0,
            tcp_flags: record.tcp_flags as u8,
            prot: key.proto,
            tos: key.tos,
            src_as: U16::ZERO,
            dst_as: U16::ZERO,
            src_mask: path.src_mask,
            dst_mask: path.dst_mask,
            pad2: U16::ZERO,
        }
    }
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
            let AnyRecord::V4(reply) = echo_reply() else {
                panic!("IPv4");
            };
            let record = AnyRecord::V4(FlowRecord {
                packets: n,
                ..reply
            });
            assert_eq!(v5.append(&mut buffer, &record, &(), 0), expected);
        }
        assert_eq!(v5.finish(&mut buffer, CLOCK), 1464);
        assert_eq!(V5::max_len(&()), 1464);
        let packets: Vec<u32> = hex(&buffer[24..]).chunks(12).map(|r| r[4]).collect();
        assert!(packets.iter().copied().eq(1..=30), "{packets:?}");
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
