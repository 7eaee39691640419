// SPDX-License-Identifier: BSD-2-Clause
//! What stands in a version 9 datagram: its header, base's templates, and the
//! records that they describe.  All numbers are big-endian.

use zerocopy::network_endian::{U16, U32};
use zerocopy::{Immutable, IntoBytes, Unaligned};

use crate::address::Address;
use crate::cache::FlowRecord;
use crate::export::Clock;

const VERSION: u16 = 9;
pub const HEADER_LEN: usize = size_of::<Header>();
/// Template and length of a FlowSet.
pub const FLOWSET_HEADER_LEN: usize = 4;

pub const TEMPLATE_FLOWSET: u16 = 0;
/// Base's template of IPv4 flows: 255 plus its flow type 1.
pub const TEMPLATE_V4: u16 = 256;
/// Base's template of IPv6 flows: 255 plus its flow type 4.
pub const TEMPLATE_V6: u16 = 259;

#[cfg(test)]
pub const RECORD_LEN_V4: usize = size_of::<Record<[u8; 4]>>();
pub const RECORD_LEN_V6: usize = size_of::<Record<[u8; 16]>>();

/// The header (RFC 3954, section 5.1).
#[derive(IntoBytes, Immutable)]
#[repr(C)]
pub struct Header {
    version: U16,
    count: U16,
    sys_up_time: U32,
    unix_secs: U32,
    sequence_number: U32,
    source_id: U32,
}

impl Header {
    pub fn new(count: u16, sequence: u32, source_id: u32, clock: Clock) -> Self {
        Header {
            version: VERSION.into(),
            count: count.into(),
            sys_up_time: (clock.uptime as u32).into(),
            unix_secs: clock.unix_secs.into(),
            sequence_number: sequence.into(),
            source_id: source_id.into(),
        }
    }
}

/// Field types (RFC 3954, section 8) and lengths in octets.  Where IPv4 and
/// IPv6 differ they differ in the three addresses only.
const FIELDS: usize = 20;
const ADDRESSES_V4: [(u16, u16); 3] = [(8, 4), (12, 4), (15, 4)];
const ADDRESSES_V6: [(u16, u16); 3] = [(27, 16), (28, 16), (62, 16)];
const COMMON: [(u16, u16); FIELDS - 3] = [
    (10, 2), // INPUT_SNMP
    (14, 2), // OUTPUT_SNMP
    (2, 4),  // IN_PKTS
    (1, 4),  // IN_BYTES
    (24, 4), // OUT_PKTS
    (23, 4), // OUT_BYTES
    (22, 4), // FIRST_SWITCHED
    (21, 4), // LAST_SWITCHED
    (7, 2),  // L4_SRC_PORT
    (11, 2), // L4_DST_PORT
    (6, 1),  // TCP_FLAGS
    (4, 1),  // PROTOCOL
    (5, 1),  // TOS
    (16, 4), // SRC_AS
    (17, 4), // DST_AS
    (9, 1),  // SRC_MASK
    (13, 1), // DST_MASK
];
/// Both templates, as they stand in the template FlowSet.
pub const TEMPLATES_LEN: usize = FLOWSET_HEADER_LEN + 2 * (4 + 4 * FIELDS);
pub const TEMPLATES: u16 = 2;

/// The octets of the template FlowSet.
pub fn templates() -> impl Iterator<Item = u8> {
    let template = |id: u16, addresses: [(u16, u16); 3]| {
        let fields = addresses.into_iter().chain(COMMON);
        let words = fields.flat_map(|(field, len)| [field, len]);
        [id, FIELDS as u16].into_iter().chain(words)
    };
    [TEMPLATE_FLOWSET, TEMPLATES_LEN as u16]
        .into_iter()
        .chain(template(TEMPLATE_V4, ADDRESSES_V4))
        .chain(template(TEMPLATE_V6, ADDRESSES_V6))
        .flat_map(u16::to_be_bytes)
}

/// A record: source, destination and next hop, then the fields of [`COMMON`].
#[derive(IntoBytes, Immutable, Unaligned)]
#[repr(C, packed)]
pub struct Record<A> {
    source: A,
    destination: A,
    next_hop: A,
    input_snmp: U16,
    output_snmp: U16,
    in_pkts: U32,
    in_bytes: U32,
    // What follows and is 0 the node does not know, nor does base.
    out_pkts: U32,
    out_bytes: U32,
    first_switched: U32,
    last_switched: U32,
    l4_src_port: U16,
    l4_dst_port: U16,
    tcp_flags: u8,
    protocol: u8,
    tos: u8,
    src_as: U32,
    dst_as: U32,
    src_mask: u8,
    dst_mask: u8,
}

impl<O> Record<O> {
    /// A flow record whose addresses have these octets.
    pub fn of<A: Address>(record: &FlowRecord<A>, octets: impl Fn(A) -> O) -> Self {
        let (key, path) = (&record.key, &record.path);
        Record {
            source: octets(key.src),
            destination: octets(key.dst),
            next_hop: octets(path.next_hop),
            input_snmp: key.input.into(),
            output_snmp: path.output.into(),
            in_pkts: record.packets.into(),
            in_bytes: record.octets.into(),
            out_pkts: U32::ZERO,
            out_bytes: U32::ZERO,
            first_switched: (record.first as u32).into(),
            last_switched: (record.last as u32).into(),
            l4_src_port: key.sport.into(),
            l4_dst_port: key.dport.into(),
            tcp_flags: record.tcp_flags as u8,
            protocol: key.proto,
            tos: key.tos,
            src_as: U32::ZERO,
            dst_as: U32::ZERO,
            src_mask: path.src_mask,
            dst_mask: path.dst_mask,
        }
    }
}
