// SPDX-License-Identifier: BSD-2-Clause
//! The unions inside FreeBSD's structures, each as a structure of its widest
//! member.
//!
//! Reading a Rust union is unsafe, and no one here needs the narrow view: what
//! C calls `r.ports.dir.s_port` is `r.ports.dir.s_port` here too. Offsets and
//! sizes stay FreeBSD's; `generated.rs` asserts them for the structures around.

#![allow(missing_docs, non_camel_case_types)] // C's names, and C's meaning.

use crate::in6_addr;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `flow_rec.ports` and `flow6_rec.ports`; network byte order.
#[repr(C, align(4))]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow_rec_ports {
    pub dir: flow_rec_ports_dir,
}

/// Source and destination port of TCP and UDP, network byte order.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow_rec_ports_dir {
    pub s_port: u16,
    pub d_port: u16,
}

/// `flow_rec.misc` and `flow6_rec.misc`.
#[repr(C, align(4))]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow_rec_misc {
    pub i: flow_rec_misc_i,
}

/// Protocol, type of service, and input interface index in host byte order.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow_rec_misc_i {
    pub prot: u8,
    pub tos: u8,
    pub i_ifx: u16,
}

/// `flow6_rec.src`.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow6_rec_src {
    pub r_src6: in6_addr,
}

/// `flow6_rec.dst`.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow6_rec_dst {
    pub r_dst6: in6_addr,
}

/// `flow6_entry_data.n`.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow6_entry_data_n {
    pub next_hop6: in6_addr,
}

/// `in6_addr.__u6_addr`; C aligns it as its `uint32_t` view.
#[repr(C, align(4))]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct in6_addr_octets {
    pub __u6_addr8: [u8; 16],
}
