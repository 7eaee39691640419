// SPDX-License-Identifier: BSD-2-Clause
//! `NGM_NETFLOW_SHOW`: the cache, a reply at a time.
//!
//! The client hands `hash_id` and `list_id` of each reply back with its next
//! request, until `hash_id` is 0.  Here they are the shard plus one and the
//! place in it.  Records never move, so a walk shows every record that stays
//! in the cache exactly once, whatever comes and goes meanwhile.

use core::net::{Ipv4Addr, Ipv6Addr};

use flow::cache::{Cache, Cursor, Place, SHARDS};
use flow::{Address, Engine, FlowRecord, Moment, Platform};
use sys_bindings::{
    flow6_entry_data, flow6_entry_data_n, flow6_rec, flow6_rec_dst, flow6_rec_src, flow_entry_data,
    flow_rec, flow_rec_misc, flow_rec_misc_i, flow_rec_ports, flow_rec_ports_dir, in6_addr,
    in6_addr_octets, in_addr, ngnf_show_header, EINVAL, ENOMEM, NREC6_AT_ONCE, NREC_AT_ONCE,
};
use zerocopy::{FromZeros, Immutable, IntoBytes};

use crate::kpi::{Errno, Reply};

/// Base's template numbers, which its records begin with.
const NETFLOW_V9_FLOW_V4_L4: u16 = 1;
const NETFLOW_V9_FLOW_V6_L4: u16 = 4;

/// Records copied under one hold of a shard's lock, while packets of that
/// shard wait.
const AT_ONCE: usize = 64;

/// Answers one request.  `EINVAL` for an IP version other than 4 and 6 and
/// for a `hash_id` that no reply has carried; `ENOMEM`.
pub fn show<P: Platform>(
    engine: &Engine<P>,
    request: ngnf_show_header,
    moment: Moment,
    reply: &mut impl Reply,
) -> Result<(), Errno> {
    let cursor = match request.hash_id {
        0 => Cursor::START,
        id if id as usize <= SHARDS => Cursor {
            shard: id - 1,
            place: Place(request.list_id),
        },
        _ => return Err(EINVAL),
    };
    match request.version {
        4 => walk(engine.v4(), cursor, NREC_AT_ONCE, moment, reply, entry4),
        6 => walk(engine.v6(), cursor, NREC6_AT_ONCE, moment, reply, entry6),
        _ => Err(EINVAL),
    }
}

fn walk<P: Platform, A: Address, E: IntoBytes + Immutable>(
    cache: &Cache<P, A>,
    cursor: Cursor,
    room: usize,
    moment: Moment,
    reply: &mut impl Reply,
    encode: impl Fn(&FlowRecord<A>) -> E,
) -> Result<(), Errno> {
    let header_len = size_of::<ngnf_show_header>();
    let bytes = reply
        .make(header_len + room * size_of::<E>())
        .ok_or(ENOMEM)?;
    let (head, body) = bytes.split_at_mut_checked(header_len).ok_or(ENOMEM)?;
    let mut places = body.chunks_exact_mut(size_of::<E>());
    let mut next = Some(cursor);
    while let (Some(cursor), room @ 1..) = (next, places.len()) {
        next = cache.read(cursor, moment, room.min(AT_ONCE), |record| {
            if let Some(place) = places.next() {
                // A place is as large as an entry.
                let _ = encode(&record).write_to(place);
            }
        });
    }
    let entries = room - places.len();
    let header = ngnf_show_header {
        version: A::IP_VERSION,
        hash_id: next.map_or(0, |cursor| cursor.shard + 1),
        list_id: next.map_or(0, |cursor| cursor.place.0),
        nentries: entries as u32,
        ..ngnf_show_header::new_zeroed()
    };
    header.write_to(head).map_err(|_| ENOMEM)?;
    reply.shorten(header_len + entries * size_of::<E>());
    Ok(())
}

/// Uptimes in base's records are in seconds.
fn seconds(milliseconds: u64) -> i64 {
    (milliseconds / 1000).cast_signed()
}

fn ports<A>(record: &FlowRecord<A>) -> flow_rec_ports {
    flow_rec_ports {
        dir: flow_rec_ports_dir {
            s_port: record.key.sport.to_be(),
            d_port: record.key.dport.to_be(),
        },
    }
}

fn misc<A>(record: &FlowRecord<A>) -> flow_rec_misc {
    flow_rec_misc {
        i: flow_rec_misc_i {
            prot: record.key.proto,
            tos: record.key.tos,
            i_ifx: record.key.input,
        },
    }
}

fn addr4(address: Ipv4Addr) -> in_addr {
    in_addr {
        s_addr: u32::from_ne_bytes(address.octets()),
    }
}

fn addr6(address: Ipv6Addr) -> in6_addr {
    in6_addr {
        __u6_addr: in6_addr_octets {
            __u6_addr8: address.octets(),
        },
    }
}

fn entry4(record: &FlowRecord<Ipv4Addr>) -> flow_entry_data {
    flow_entry_data {
        version: 4,
        r: flow_rec {
            flow_type: NETFLOW_V9_FLOW_V4_L4,
            fib: record.key.fib,
            r_src: addr4(record.key.src),
            r_dst: addr4(record.key.dst),
            ports: ports(record),
            misc: misc(record),
        },
        next_hop: addr4(record.path.next_hop),
        fle_o_ifx: record.path.output,
        dst_mask: record.path.dst_mask,
        src_mask: record.path.src_mask,
        packets: u64::from(record.packets),
        bytes: u64::from(record.octets),
        first: seconds(record.first),
        last: seconds(record.last),
        tcp_flags: record.tcp_flags,
        ..flow_entry_data::new_zeroed()
    }
}

fn entry6(record: &FlowRecord<Ipv6Addr>) -> flow6_entry_data {
    flow6_entry_data {
        version: 6,
        r: flow6_rec {
            flow_type: NETFLOW_V9_FLOW_V6_L4,
            fib: record.key.fib,
            src: flow6_rec_src {
                r_src6: addr6(record.key.src),
            },
            dst: flow6_rec_dst {
                r_dst6: addr6(record.key.dst),
            },
            ports: ports(record),
            misc: misc(record),
        },
        n: flow6_entry_data_n {
            next_hop6: addr6(record.path.next_hop),
        },
        fle_o_ifx: record.path.output,
        dst_mask: record.path.dst_mask,
        src_mask: record.path.src_mask,
        packets: u64::from(record.packets),
        bytes: u64::from(record.octets),
        first: seconds(record.first),
        last: seconds(record.last),
        tcp_flags: record.tcp_flags,
        ..flow6_entry_data::new_zeroed()
    }
}
