// SPDX-License-Identifier: BSD-2-Clause
//! FreeBSD's own constants and structures. Made by `generate.sh`; do not edit.

use crate::unions::*;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

pub const SOCK_STREAM: i32 = 1;
pub const SOCK_DGRAM: i32 = 2;
pub const SOCK_RAW: i32 = 3;
pub const SOCK_RDM: i32 = 4;
pub const SOCK_SEQPACKET: i32 = 5;
pub const AF_INET: u8 = 2;
pub const AF_INET6: u8 = 28;
pub const AF_NETGRAPH: u8 = 32;
pub const IFNAMSIZ: usize = 16;
pub const DLT_EN10MB: u8 = 1;
pub const DLT_RAW: u8 = 12;
pub const IPPROTO_IP: i32 = 0;
pub const IPPROTO_ICMP: i32 = 1;
pub const IPPROTO_TCP: i32 = 6;
pub const IPPROTO_UDP: i32 = 17;
pub const IPPROTO_IPV6: i32 = 41;
pub const IPPROTO_RAW: i32 = 255;
pub const IPPROTO_IGMP: i32 = 2;
pub const IPPROTO_IPV4: i32 = 4;
pub const IPPROTO_GRE: i32 = 47;
pub const IPPROTO_ESP: i32 = 50;
pub const IPPROTO_AH: i32 = 51;
pub const IPPROTO_ICMPV6: i32 = 58;
pub const IPPROTO_SCTP: i32 = 132;
pub const IPPROTO_UDPLITE: i32 = 136;
pub const IPPROTO_DIVERT: i32 = 258;
pub const EPERM: i32 = 1;
pub const ENOENT: i32 = 2;
pub const ESRCH: i32 = 3;
pub const EINTR: i32 = 4;
pub const EIO: i32 = 5;
pub const ENXIO: i32 = 6;
pub const E2BIG: i32 = 7;
pub const ENOEXEC: i32 = 8;
pub const EBADF: i32 = 9;
pub const ECHILD: i32 = 10;
pub const EDEADLK: i32 = 11;
pub const ENOMEM: i32 = 12;
pub const EACCES: i32 = 13;
pub const EFAULT: i32 = 14;
pub const ENOTBLK: i32 = 15;
pub const EBUSY: i32 = 16;
pub const EEXIST: i32 = 17;
pub const EXDEV: i32 = 18;
pub const ENODEV: i32 = 19;
pub const ENOTDIR: i32 = 20;
pub const EISDIR: i32 = 21;
pub const EINVAL: i32 = 22;
pub const ENFILE: i32 = 23;
pub const EMFILE: i32 = 24;
pub const ENOTTY: i32 = 25;
pub const ETXTBSY: i32 = 26;
pub const EFBIG: i32 = 27;
pub const ENOSPC: i32 = 28;
pub const ESPIPE: i32 = 29;
pub const EROFS: i32 = 30;
pub const EMLINK: i32 = 31;
pub const EPIPE: i32 = 32;
pub const EDOM: i32 = 33;
pub const ERANGE: i32 = 34;
pub const EAGAIN: i32 = 35;
pub const EWOULDBLOCK: i32 = 35;
pub const EINPROGRESS: i32 = 36;
pub const EALREADY: i32 = 37;
pub const ENOTSOCK: i32 = 38;
pub const EDESTADDRREQ: i32 = 39;
pub const EMSGSIZE: i32 = 40;
pub const EPROTOTYPE: i32 = 41;
pub const ENOPROTOOPT: i32 = 42;
pub const EPROTONOSUPPORT: i32 = 43;
pub const ESOCKTNOSUPPORT: i32 = 44;
pub const EOPNOTSUPP: i32 = 45;
pub const ENOTSUP: i32 = 45;
pub const EPFNOSUPPORT: i32 = 46;
pub const EAFNOSUPPORT: i32 = 47;
pub const EADDRINUSE: i32 = 48;
pub const EADDRNOTAVAIL: i32 = 49;
pub const ENETDOWN: i32 = 50;
pub const ENETUNREACH: i32 = 51;
pub const ENETRESET: i32 = 52;
pub const ECONNABORTED: i32 = 53;
pub const ECONNRESET: i32 = 54;
pub const ENOBUFS: i32 = 55;
pub const EISCONN: i32 = 56;
pub const ENOTCONN: i32 = 57;
pub const ESHUTDOWN: i32 = 58;
pub const ETOOMANYREFS: i32 = 59;
pub const ETIMEDOUT: i32 = 60;
pub const ECONNREFUSED: i32 = 61;
pub const ELOOP: i32 = 62;
pub const ENAMETOOLONG: i32 = 63;
pub const EHOSTDOWN: i32 = 64;
pub const EHOSTUNREACH: i32 = 65;
pub const ENOTEMPTY: i32 = 66;
pub const EPROCLIM: i32 = 67;
pub const EUSERS: i32 = 68;
pub const EDQUOT: i32 = 69;
pub const ESTALE: i32 = 70;
pub const EREMOTE: i32 = 71;
pub const EBADRPC: i32 = 72;
pub const ERPCMISMATCH: i32 = 73;
pub const EPROGUNAVAIL: i32 = 74;
pub const EPROGMISMATCH: i32 = 75;
pub const EPROCUNAVAIL: i32 = 76;
pub const ENOLCK: i32 = 77;
pub const ENOSYS: i32 = 78;
pub const EFTYPE: i32 = 79;
pub const EAUTH: i32 = 80;
pub const ENEEDAUTH: i32 = 81;
pub const EIDRM: i32 = 82;
pub const ENOMSG: i32 = 83;
pub const EOVERFLOW: i32 = 84;
pub const ECANCELED: i32 = 85;
pub const EILSEQ: i32 = 86;
pub const ENOATTR: i32 = 87;
pub const EDOOFUS: i32 = 88;
pub const EBADMSG: i32 = 89;
pub const EMULTIHOP: i32 = 90;
pub const ENOLINK: i32 = 91;
pub const EPROTO: i32 = 92;
pub const ENOTCAPABLE: i32 = 93;
pub const ECAPMODE: i32 = 94;
pub const ENOTRECOVERABLE: i32 = 95;
pub const EOWNERDEAD: i32 = 96;
pub const EINTEGRITY: i32 = 97;
pub const ELAST: i32 = 97;
pub const NG_TYPESIZ: usize = 32;
pub const NG_HOOKSIZ: usize = 32;
pub const NG_NODESIZ: usize = 32;
pub const NG_PATHSIZ: usize = 512;
pub const NG_CMDSTRSIZ: usize = 32;
pub const NG_TEXTRESPONSE: usize = 1024;
pub const NGM_READONLY: u32 = 268435456;
pub const NGM_HASREPLY: u32 = 536870912;
pub const NG_VERSION: u8 = 8;
pub const NGF_ORIG: u32 = 0;
pub const NGF_RESP: u32 = 1;
pub const NGM_GENERIC_COOKIE: u32 = 1137070366;
pub const NGM_FLOW_COOKIE: u32 = 851672669;
pub const NGM_LINK_IS_UP: u32 = 32;
pub const NGM_LINK_IS_DOWN: u32 = 33;
pub const NGM_HIGH_WATER_PASSED: u32 = 34;
pub const NGM_LOW_WATER_PASSED: u32 = 35;
pub const NGM_SYNC_QUEUE_STATE: u32 = 36;
pub const NGM_DROP_LINK: u32 = 41;
pub const NGM_RAISE_LINK: u32 = 42;
pub const NGM_FLUSH_QUEUE: u32 = 43;
pub const NGM_GET_BANDWIDTH: u32 = 268435500;
pub const NGM_SET_XMIT_Q_LIMITS: u32 = 45;
pub const NGM_GET_XMIT_Q_LIMITS: u32 = 268435502;
pub const NGM_MICROMANAGE: u32 = 47;
pub const NGM_SET_FLOW_MANAGER: u32 = 48;
pub const NG_SOCKET_NODE_TYPE: &str = "socket";
pub const NGM_SOCKET_COOKIE: u32 = 851601233;
pub const NG_DATA: i32 = 1;
pub const NG_CONTROL: i32 = 2;
pub const NG_ETHER_NODE_TYPE: &str = "ether";
pub const NGM_ETHER_COOKIE: u32 = 917786906;
pub const NG_ETHER_HOOK_LOWER: &str = "lower";
pub const NG_ETHER_HOOK_UPPER: &str = "upper";
pub const NG_ETHER_HOOK_DIVERT: &str = "divert";
pub const NG_ETHER_HOOK_ORPHAN: &str = "orphans";
pub const NG_HUB_NODE_TYPE: &str = "hub";
pub const NGM_HUB_COOKIE: u32 = 1082189597;
pub const NG_KSOCKET_NODE_TYPE: &str = "ksocket";
pub const NGM_KSOCKET_COOKIE: u32 = 942710669;
pub const NG_KSOCKET_MAX_OPTLEN: usize = 1024;
pub const NG_TEE_NODE_TYPE: &str = "tee";
pub const NGM_TEE_COOKIE: u32 = 916107047;
pub const NG_TEE_HOOK_RIGHT: &str = "right";
pub const NG_TEE_HOOK_LEFT: &str = "left";
pub const NG_TEE_HOOK_RIGHT2LEFT: &str = "right2left";
pub const NG_TEE_HOOK_LEFT2RIGHT: &str = "left2right";
pub const NG_NETFLOW_NODE_TYPE: &str = "netflow";
pub const NGM_NETFLOW_COOKIE: u32 = 1365756954;
pub const NGM_NETFLOW_V9_COOKIE: u32 = 1349865386;
pub const NG_NETFLOW_MAXIFACES: u16 = 65535;
pub const NG_NETFLOW_HOOK_DATA: &str = "iface";
pub const NG_NETFLOW_HOOK_OUT: &str = "out";
pub const NG_NETFLOW_HOOK_EXPORT: &str = "export";
pub const NG_NETFLOW_HOOK_EXPORT9: &str = "export9";
pub const MAXDLTNAMELEN: usize = 20;
pub const NG_NETFLOW_CONF_INGRESS: u32 = 1;
pub const NG_NETFLOW_CONF_EGRESS: u32 = 2;
pub const NG_NETFLOW_CONF_ONCE: u32 = 4;
pub const NG_NETFLOW_CONF_THISONCE: u32 = 8;
pub const NG_NETFLOW_CONF_NOSRCLOOKUP: u32 = 16;
pub const NG_NETFLOW_CONF_NODSTLOOKUP: u32 = 32;
pub const NG_NETFLOW_IS_FRAG: u32 = 1;
pub const NG_NETFLOW_FLOW_FLAGS: u32 = 48;
pub const NREC_AT_ONCE: usize = 1000;
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct sockaddr {
    pub sa_len: u8,
    pub sa_family: u8,
    pub sa_data: [u8; 14usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of sockaddr"][::core::mem::size_of::<sockaddr>() - 16usize];
    ["Alignment of sockaddr"][::core::mem::align_of::<sockaddr>() - 1usize];
    ["Offset of field: sockaddr::sa_len"][::core::mem::offset_of!(sockaddr, sa_len) - 0usize];
    ["Offset of field: sockaddr::sa_family"][::core::mem::offset_of!(sockaddr, sa_family) - 1usize];
    ["Offset of field: sockaddr::sa_data"][::core::mem::offset_of!(sockaddr, sa_data) - 2usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct in_addr {
    pub s_addr: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of in_addr"][::core::mem::size_of::<in_addr>() - 4usize];
    ["Alignment of in_addr"][::core::mem::align_of::<in_addr>() - 4usize];
    ["Offset of field: in_addr::s_addr"][::core::mem::offset_of!(in_addr, s_addr) - 0usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct sockaddr_in {
    pub sin_len: u8,
    pub sin_family: u8,
    pub sin_port: u16,
    pub sin_addr: in_addr,
    pub sin_zero: [u8; 8usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of sockaddr_in"][::core::mem::size_of::<sockaddr_in>() - 16usize];
    ["Alignment of sockaddr_in"][::core::mem::align_of::<sockaddr_in>() - 4usize];
    ["Offset of field: sockaddr_in::sin_len"][::core::mem::offset_of!(sockaddr_in, sin_len) - 0usize];
    ["Offset of field: sockaddr_in::sin_family"][::core::mem::offset_of!(sockaddr_in, sin_family) - 1usize];
    ["Offset of field: sockaddr_in::sin_port"][::core::mem::offset_of!(sockaddr_in, sin_port) - 2usize];
    ["Offset of field: sockaddr_in::sin_addr"][::core::mem::offset_of!(sockaddr_in, sin_addr) - 4usize];
    ["Offset of field: sockaddr_in::sin_zero"][::core::mem::offset_of!(sockaddr_in, sin_zero) - 8usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct in6_addr {
    pub __u6_addr: in6_addr_octets,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of in6_addr"][::core::mem::size_of::<in6_addr>() - 16usize];
    ["Alignment of in6_addr"][::core::mem::align_of::<in6_addr>() - 4usize];
    ["Offset of field: in6_addr::__u6_addr"][::core::mem::offset_of!(in6_addr, __u6_addr) - 0usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct sockaddr_in6 {
    pub sin6_len: u8,
    pub sin6_family: u8,
    pub sin6_port: u16,
    pub sin6_flowinfo: u32,
    pub sin6_addr: in6_addr,
    pub sin6_scope_id: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of sockaddr_in6"][::core::mem::size_of::<sockaddr_in6>() - 28usize];
    ["Alignment of sockaddr_in6"][::core::mem::align_of::<sockaddr_in6>() - 4usize];
    ["Offset of field: sockaddr_in6::sin6_len"][::core::mem::offset_of!(sockaddr_in6, sin6_len) - 0usize];
    ["Offset of field: sockaddr_in6::sin6_family"][::core::mem::offset_of!(sockaddr_in6, sin6_family) - 1usize];
    ["Offset of field: sockaddr_in6::sin6_port"][::core::mem::offset_of!(sockaddr_in6, sin6_port) - 2usize];
    ["Offset of field: sockaddr_in6::sin6_flowinfo"][::core::mem::offset_of!(sockaddr_in6, sin6_flowinfo) - 4usize];
    ["Offset of field: sockaddr_in6::sin6_addr"][::core::mem::offset_of!(sockaddr_in6, sin6_addr) - 8usize];
    ["Offset of field: sockaddr_in6::sin6_scope_id"][::core::mem::offset_of!(sockaddr_in6, sin6_scope_id) - 24usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_mesg {
    pub header: ng_msghdr,
}
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_msghdr {
    pub version: u8,
    pub spare: u8,
    pub spare2: u16,
    pub arglen: u32,
    pub cmd: u32,
    pub flags: u32,
    pub token: u32,
    pub typecookie: u32,
    pub cmdstr: [u8; 32usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_msghdr"][::core::mem::size_of::<ng_msghdr>() - 56usize];
    ["Alignment of ng_msghdr"][::core::mem::align_of::<ng_msghdr>() - 4usize];
    ["Offset of field: ng_msghdr::version"][::core::mem::offset_of!(ng_msghdr, version) - 0usize];
    ["Offset of field: ng_msghdr::spare"][::core::mem::offset_of!(ng_msghdr, spare) - 1usize];
    ["Offset of field: ng_msghdr::spare2"][::core::mem::offset_of!(ng_msghdr, spare2) - 2usize];
    ["Offset of field: ng_msghdr::arglen"][::core::mem::offset_of!(ng_msghdr, arglen) - 4usize];
    ["Offset of field: ng_msghdr::cmd"][::core::mem::offset_of!(ng_msghdr, cmd) - 8usize];
    ["Offset of field: ng_msghdr::flags"][::core::mem::offset_of!(ng_msghdr, flags) - 12usize];
    ["Offset of field: ng_msghdr::token"][::core::mem::offset_of!(ng_msghdr, token) - 16usize];
    ["Offset of field: ng_msghdr::typecookie"][::core::mem::offset_of!(ng_msghdr, typecookie) - 20usize];
    ["Offset of field: ng_msghdr::cmdstr"][::core::mem::offset_of!(ng_msghdr, cmdstr) - 24usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_mesg"][::core::mem::size_of::<ng_mesg>() - 56usize];
    ["Alignment of ng_mesg"][::core::mem::align_of::<ng_mesg>() - 4usize];
    ["Offset of field: ng_mesg::header"][::core::mem::offset_of!(ng_mesg, header) - 0usize];
};
pub const NGM_SHUTDOWN: u32 = 1;
pub const NGM_MKPEER: u32 = 2;
pub const NGM_CONNECT: u32 = 3;
pub const NGM_NAME: u32 = 4;
pub const NGM_RMHOOK: u32 = 5;
pub const NGM_NODEINFO: u32 = 805306374;
pub const NGM_LISTHOOKS: u32 = 805306375;
pub const NGM_LISTNAMES: u32 = 805306376;
pub const NGM_LISTNODES: u32 = 805306377;
pub const NGM_LISTTYPES: u32 = 805306378;
pub const NGM_TEXT_STATUS: u32 = 805306379;
pub const NGM_BINARY2ASCII: u32 = 805306380;
pub const NGM_ASCII2BINARY: u32 = 805306381;
pub const NGM_TEXT_CONFIG: u32 = 14;
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ngm_mkpeer {
    pub type_: [u8; 32usize],
    pub ourhook: [u8; 32usize],
    pub peerhook: [u8; 32usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ngm_mkpeer"][::core::mem::size_of::<ngm_mkpeer>() - 96usize];
    ["Alignment of ngm_mkpeer"][::core::mem::align_of::<ngm_mkpeer>() - 1usize];
    ["Offset of field: ngm_mkpeer::type_"][::core::mem::offset_of!(ngm_mkpeer, type_) - 0usize];
    ["Offset of field: ngm_mkpeer::ourhook"][::core::mem::offset_of!(ngm_mkpeer, ourhook) - 32usize];
    ["Offset of field: ngm_mkpeer::peerhook"][::core::mem::offset_of!(ngm_mkpeer, peerhook) - 64usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ngm_connect {
    pub path: [u8; 512usize],
    pub ourhook: [u8; 32usize],
    pub peerhook: [u8; 32usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ngm_connect"][::core::mem::size_of::<ngm_connect>() - 576usize];
    ["Alignment of ngm_connect"][::core::mem::align_of::<ngm_connect>() - 1usize];
    ["Offset of field: ngm_connect::path"][::core::mem::offset_of!(ngm_connect, path) - 0usize];
    ["Offset of field: ngm_connect::ourhook"][::core::mem::offset_of!(ngm_connect, ourhook) - 512usize];
    ["Offset of field: ngm_connect::peerhook"][::core::mem::offset_of!(ngm_connect, peerhook) - 544usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ngm_name {
    pub name: [u8; 32usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ngm_name"][::core::mem::size_of::<ngm_name>() - 32usize];
    ["Alignment of ngm_name"][::core::mem::align_of::<ngm_name>() - 1usize];
    ["Offset of field: ngm_name::name"][::core::mem::offset_of!(ngm_name, name) - 0usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ngm_rmhook {
    pub ourhook: [u8; 32usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ngm_rmhook"][::core::mem::size_of::<ngm_rmhook>() - 32usize];
    ["Alignment of ngm_rmhook"][::core::mem::align_of::<ngm_rmhook>() - 1usize];
    ["Offset of field: ngm_rmhook::ourhook"][::core::mem::offset_of!(ngm_rmhook, ourhook) - 0usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct nodeinfo {
    pub name: [u8; 32usize],
    pub type_: [u8; 32usize],
    pub id: u32,
    pub hooks: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of nodeinfo"][::core::mem::size_of::<nodeinfo>() - 72usize];
    ["Alignment of nodeinfo"][::core::mem::align_of::<nodeinfo>() - 4usize];
    ["Offset of field: nodeinfo::name"][::core::mem::offset_of!(nodeinfo, name) - 0usize];
    ["Offset of field: nodeinfo::type_"][::core::mem::offset_of!(nodeinfo, type_) - 32usize];
    ["Offset of field: nodeinfo::id"][::core::mem::offset_of!(nodeinfo, id) - 64usize];
    ["Offset of field: nodeinfo::hooks"][::core::mem::offset_of!(nodeinfo, hooks) - 68usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct linkinfo {
    pub ourhook: [u8; 32usize],
    pub peerhook: [u8; 32usize],
    pub nodeinfo: nodeinfo,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of linkinfo"][::core::mem::size_of::<linkinfo>() - 136usize];
    ["Alignment of linkinfo"][::core::mem::align_of::<linkinfo>() - 4usize];
    ["Offset of field: linkinfo::ourhook"][::core::mem::offset_of!(linkinfo, ourhook) - 0usize];
    ["Offset of field: linkinfo::peerhook"][::core::mem::offset_of!(linkinfo, peerhook) - 32usize];
    ["Offset of field: linkinfo::nodeinfo"][::core::mem::offset_of!(linkinfo, nodeinfo) - 64usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct hooklist {
    pub nodeinfo: nodeinfo,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of hooklist"][::core::mem::size_of::<hooklist>() - 72usize];
    ["Alignment of hooklist"][::core::mem::align_of::<hooklist>() - 4usize];
    ["Offset of field: hooklist::nodeinfo"][::core::mem::offset_of!(hooklist, nodeinfo) - 0usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct namelist {
    pub numnames: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of namelist"][::core::mem::size_of::<namelist>() - 4usize];
    ["Alignment of namelist"][::core::mem::align_of::<namelist>() - 4usize];
    ["Offset of field: namelist::numnames"][::core::mem::offset_of!(namelist, numnames) - 0usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct typeinfo {
    pub type_name: [u8; 32usize],
    pub numnodes: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of typeinfo"][::core::mem::size_of::<typeinfo>() - 36usize];
    ["Alignment of typeinfo"][::core::mem::align_of::<typeinfo>() - 4usize];
    ["Offset of field: typeinfo::type_name"][::core::mem::offset_of!(typeinfo, type_name) - 0usize];
    ["Offset of field: typeinfo::numnodes"][::core::mem::offset_of!(typeinfo, numnodes) - 32usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct typelist {
    pub numtypes: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of typelist"][::core::mem::size_of::<typelist>() - 4usize];
    ["Alignment of typelist"][::core::mem::align_of::<typelist>() - 4usize];
    ["Offset of field: typelist::numtypes"][::core::mem::offset_of!(typelist, numtypes) - 0usize];
};
pub const NGM_SOCK_CMD_NOLINGER: u32 = 1;
pub const NGM_SOCK_CMD_LINGER: u32 = 2;
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct sockaddr_ng {
    pub sg_len: u8,
    pub sg_family: u8,
    pub sg_data: [u8; 32usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of sockaddr_ng"][::core::mem::size_of::<sockaddr_ng>() - 34usize];
    ["Alignment of sockaddr_ng"][::core::mem::align_of::<sockaddr_ng>() - 1usize];
    ["Offset of field: sockaddr_ng::sg_len"][::core::mem::offset_of!(sockaddr_ng, sg_len) - 0usize];
    ["Offset of field: sockaddr_ng::sg_family"][::core::mem::offset_of!(sockaddr_ng, sg_family) - 1usize];
    ["Offset of field: sockaddr_ng::sg_data"][::core::mem::offset_of!(sockaddr_ng, sg_data) - 2usize];
};
pub const NGM_ETHER_GET_IFNAME: u32 = 1;
pub const NGM_ETHER_GET_IFINDEX: u32 = 2;
pub const NGM_ETHER_GET_ENADDR: u32 = 3;
pub const NGM_ETHER_SET_ENADDR: u32 = 4;
pub const NGM_ETHER_GET_PROMISC: u32 = 5;
pub const NGM_ETHER_SET_PROMISC: u32 = 6;
pub const NGM_ETHER_GET_AUTOSRC: u32 = 7;
pub const NGM_ETHER_SET_AUTOSRC: u32 = 8;
pub const NGM_ETHER_ADD_MULTI: u32 = 9;
pub const NGM_ETHER_DEL_MULTI: u32 = 10;
pub const NGM_ETHER_DETACH: u32 = 11;
pub const NGM_HUB_SET_PERSISTENT: u32 = 1;
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_ksocket_sockopt {
    pub level: i32,
    pub name: i32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_ksocket_sockopt"][::core::mem::size_of::<ng_ksocket_sockopt>() - 8usize];
    ["Alignment of ng_ksocket_sockopt"][::core::mem::align_of::<ng_ksocket_sockopt>() - 4usize];
    ["Offset of field: ng_ksocket_sockopt::level"][::core::mem::offset_of!(ng_ksocket_sockopt, level) - 0usize];
    ["Offset of field: ng_ksocket_sockopt::name"][::core::mem::offset_of!(ng_ksocket_sockopt, name) - 4usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_ksocket_accept {
    pub nodeid: u32,
    pub addr: sockaddr,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_ksocket_accept"][::core::mem::size_of::<ng_ksocket_accept>() - 20usize];
    ["Alignment of ng_ksocket_accept"][::core::mem::align_of::<ng_ksocket_accept>() - 4usize];
    ["Offset of field: ng_ksocket_accept::nodeid"][::core::mem::offset_of!(ng_ksocket_accept, nodeid) - 0usize];
    ["Offset of field: ng_ksocket_accept::addr"][::core::mem::offset_of!(ng_ksocket_accept, addr) - 4usize];
};
pub const NGM_KSOCKET_BIND: u32 = 1;
pub const NGM_KSOCKET_LISTEN: u32 = 2;
pub const NGM_KSOCKET_ACCEPT: u32 = 3;
pub const NGM_KSOCKET_CONNECT: u32 = 4;
pub const NGM_KSOCKET_GETNAME: u32 = 5;
pub const NGM_KSOCKET_GETPEERNAME: u32 = 6;
pub const NGM_KSOCKET_SETOPT: u32 = 7;
pub const NGM_KSOCKET_GETOPT: u32 = 8;
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_tee_hookstat {
    pub inOctets: u64,
    pub inFrames: u64,
    pub outOctets: u64,
    pub outFrames: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_tee_hookstat"][::core::mem::size_of::<ng_tee_hookstat>() - 32usize];
    ["Alignment of ng_tee_hookstat"][::core::mem::align_of::<ng_tee_hookstat>() - 8usize];
    ["Offset of field: ng_tee_hookstat::inOctets"][::core::mem::offset_of!(ng_tee_hookstat, inOctets) - 0usize];
    ["Offset of field: ng_tee_hookstat::inFrames"][::core::mem::offset_of!(ng_tee_hookstat, inFrames) - 8usize];
    ["Offset of field: ng_tee_hookstat::outOctets"][::core::mem::offset_of!(ng_tee_hookstat, outOctets) - 16usize];
    ["Offset of field: ng_tee_hookstat::outFrames"][::core::mem::offset_of!(ng_tee_hookstat, outFrames) - 24usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_tee_stats {
    pub right: ng_tee_hookstat,
    pub left: ng_tee_hookstat,
    pub right2left: ng_tee_hookstat,
    pub left2right: ng_tee_hookstat,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_tee_stats"][::core::mem::size_of::<ng_tee_stats>() - 128usize];
    ["Alignment of ng_tee_stats"][::core::mem::align_of::<ng_tee_stats>() - 8usize];
    ["Offset of field: ng_tee_stats::right"][::core::mem::offset_of!(ng_tee_stats, right) - 0usize];
    ["Offset of field: ng_tee_stats::left"][::core::mem::offset_of!(ng_tee_stats, left) - 32usize];
    ["Offset of field: ng_tee_stats::right2left"][::core::mem::offset_of!(ng_tee_stats, right2left) - 64usize];
    ["Offset of field: ng_tee_stats::left2right"][::core::mem::offset_of!(ng_tee_stats, left2right) - 96usize];
};
pub const NGM_TEE_GET_STATS: u32 = 1;
pub const NGM_TEE_CLR_STATS: u32 = 2;
pub const NGM_TEE_GETCLR_STATS: u32 = 3;
pub const NGM_NETFLOW_INFO: u32 = 805306369;
pub const NGM_NETFLOW_IFINFO: u32 = 805306370;
pub const NGM_NETFLOW_SHOW: u32 = 805306371;
pub const NGM_NETFLOW_SETDLT: u32 = 4;
pub const NGM_NETFLOW_SETIFINDEX: u32 = 5;
pub const NGM_NETFLOW_SETTIMEOUTS: u32 = 6;
pub const NGM_NETFLOW_SETCONFIG: u32 = 7;
pub const NGM_NETFLOW_SETTEMPLATE: u32 = 8;
pub const NGM_NETFLOW_SETMTU: u32 = 9;
pub const NGM_NETFLOW_V9INFO: u32 = 805306378;
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_info {
    pub nfinfo_bytes: u64,
    pub nfinfo_packets: u64,
    pub nfinfo_bytes6: u64,
    pub nfinfo_packets6: u64,
    pub nfinfo_sbytes: u64,
    pub nfinfo_spackets: u64,
    pub nfinfo_sbytes6: u64,
    pub nfinfo_spackets6: u64,
    pub nfinfo_act_exp: u64,
    pub nfinfo_inact_exp: u64,
    pub nfinfo_used: u32,
    pub nfinfo_used6: u32,
    pub nfinfo_alloc_failed: u32,
    pub nfinfo_export_failed: u32,
    pub nfinfo_export9_failed: u32,
    pub nfinfo_realloc_mbuf: u32,
    pub nfinfo_alloc_fibs: u32,
    pub nfinfo_inact_t: u32,
    pub nfinfo_act_t: u32,
    pub _pad0: [u8; 4usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_info"][::core::mem::size_of::<ng_netflow_info>() - 120usize];
    ["Alignment of ng_netflow_info"][::core::mem::align_of::<ng_netflow_info>() - 8usize];
    ["Offset of field: ng_netflow_info::nfinfo_bytes"][::core::mem::offset_of!(ng_netflow_info, nfinfo_bytes) - 0usize];
    ["Offset of field: ng_netflow_info::nfinfo_packets"][::core::mem::offset_of!(ng_netflow_info, nfinfo_packets) - 8usize];
    ["Offset of field: ng_netflow_info::nfinfo_bytes6"][::core::mem::offset_of!(ng_netflow_info, nfinfo_bytes6) - 16usize];
    ["Offset of field: ng_netflow_info::nfinfo_packets6"][::core::mem::offset_of!(ng_netflow_info, nfinfo_packets6) - 24usize];
    ["Offset of field: ng_netflow_info::nfinfo_sbytes"][::core::mem::offset_of!(ng_netflow_info, nfinfo_sbytes) - 32usize];
    ["Offset of field: ng_netflow_info::nfinfo_spackets"][::core::mem::offset_of!(ng_netflow_info, nfinfo_spackets) - 40usize];
    ["Offset of field: ng_netflow_info::nfinfo_sbytes6"][::core::mem::offset_of!(ng_netflow_info, nfinfo_sbytes6) - 48usize];
    ["Offset of field: ng_netflow_info::nfinfo_spackets6"][::core::mem::offset_of!(ng_netflow_info, nfinfo_spackets6) - 56usize];
    ["Offset of field: ng_netflow_info::nfinfo_act_exp"][::core::mem::offset_of!(ng_netflow_info, nfinfo_act_exp) - 64usize];
    ["Offset of field: ng_netflow_info::nfinfo_inact_exp"][::core::mem::offset_of!(ng_netflow_info, nfinfo_inact_exp) - 72usize];
    ["Offset of field: ng_netflow_info::nfinfo_used"][::core::mem::offset_of!(ng_netflow_info, nfinfo_used) - 80usize];
    ["Offset of field: ng_netflow_info::nfinfo_used6"][::core::mem::offset_of!(ng_netflow_info, nfinfo_used6) - 84usize];
    ["Offset of field: ng_netflow_info::nfinfo_alloc_failed"][::core::mem::offset_of!(ng_netflow_info, nfinfo_alloc_failed) - 88usize];
    ["Offset of field: ng_netflow_info::nfinfo_export_failed"][::core::mem::offset_of!(ng_netflow_info, nfinfo_export_failed) - 92usize];
    ["Offset of field: ng_netflow_info::nfinfo_export9_failed"][::core::mem::offset_of!(ng_netflow_info, nfinfo_export9_failed) - 96usize];
    ["Offset of field: ng_netflow_info::nfinfo_realloc_mbuf"][::core::mem::offset_of!(ng_netflow_info, nfinfo_realloc_mbuf) - 100usize];
    ["Offset of field: ng_netflow_info::nfinfo_alloc_fibs"][::core::mem::offset_of!(ng_netflow_info, nfinfo_alloc_fibs) - 104usize];
    ["Offset of field: ng_netflow_info::nfinfo_inact_t"][::core::mem::offset_of!(ng_netflow_info, nfinfo_inact_t) - 108usize];
    ["Offset of field: ng_netflow_info::nfinfo_act_t"][::core::mem::offset_of!(ng_netflow_info, nfinfo_act_t) - 112usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_ifinfo {
    pub ifinfo_packets: u32,
    pub ifinfo_dlt: u8,
    pub _pad0: u8,
    pub ifinfo_index: u16,
    pub conf: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_ifinfo"][::core::mem::size_of::<ng_netflow_ifinfo>() - 12usize];
    ["Alignment of ng_netflow_ifinfo"][::core::mem::align_of::<ng_netflow_ifinfo>() - 4usize];
    ["Offset of field: ng_netflow_ifinfo::ifinfo_packets"][::core::mem::offset_of!(ng_netflow_ifinfo, ifinfo_packets) - 0usize];
    ["Offset of field: ng_netflow_ifinfo::ifinfo_dlt"][::core::mem::offset_of!(ng_netflow_ifinfo, ifinfo_dlt) - 4usize];
    ["Offset of field: ng_netflow_ifinfo::ifinfo_index"][::core::mem::offset_of!(ng_netflow_ifinfo, ifinfo_index) - 6usize];
    ["Offset of field: ng_netflow_ifinfo::conf"][::core::mem::offset_of!(ng_netflow_ifinfo, conf) - 8usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_setdlt {
    pub iface: u16,
    pub dlt: u8,
    pub _pad0: u8,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_setdlt"][::core::mem::size_of::<ng_netflow_setdlt>() - 4usize];
    ["Alignment of ng_netflow_setdlt"][::core::mem::align_of::<ng_netflow_setdlt>() - 2usize];
    ["Offset of field: ng_netflow_setdlt::iface"][::core::mem::offset_of!(ng_netflow_setdlt, iface) - 0usize];
    ["Offset of field: ng_netflow_setdlt::dlt"][::core::mem::offset_of!(ng_netflow_setdlt, dlt) - 2usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_setifindex {
    pub iface: u16,
    pub index: u16,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_setifindex"][::core::mem::size_of::<ng_netflow_setifindex>() - 4usize];
    ["Alignment of ng_netflow_setifindex"][::core::mem::align_of::<ng_netflow_setifindex>() - 2usize];
    ["Offset of field: ng_netflow_setifindex::iface"][::core::mem::offset_of!(ng_netflow_setifindex, iface) - 0usize];
    ["Offset of field: ng_netflow_setifindex::index"][::core::mem::offset_of!(ng_netflow_setifindex, index) - 2usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_settimeouts {
    pub inactive_timeout: u32,
    pub active_timeout: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_settimeouts"][::core::mem::size_of::<ng_netflow_settimeouts>() - 8usize];
    ["Alignment of ng_netflow_settimeouts"][::core::mem::align_of::<ng_netflow_settimeouts>() - 4usize];
    ["Offset of field: ng_netflow_settimeouts::inactive_timeout"][::core::mem::offset_of!(ng_netflow_settimeouts, inactive_timeout) - 0usize];
    ["Offset of field: ng_netflow_settimeouts::active_timeout"][::core::mem::offset_of!(ng_netflow_settimeouts, active_timeout) - 4usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_setconfig {
    pub iface: u16,
    pub _pad0: [u8; 2usize],
    pub conf: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_setconfig"][::core::mem::size_of::<ng_netflow_setconfig>() - 8usize];
    ["Alignment of ng_netflow_setconfig"][::core::mem::align_of::<ng_netflow_setconfig>() - 4usize];
    ["Offset of field: ng_netflow_setconfig::iface"][::core::mem::offset_of!(ng_netflow_setconfig, iface) - 0usize];
    ["Offset of field: ng_netflow_setconfig::conf"][::core::mem::offset_of!(ng_netflow_setconfig, conf) - 4usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_settemplate {
    pub time: u16,
    pub packets: u16,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_settemplate"][::core::mem::size_of::<ng_netflow_settemplate>() - 4usize];
    ["Alignment of ng_netflow_settemplate"][::core::mem::align_of::<ng_netflow_settemplate>() - 2usize];
    ["Offset of field: ng_netflow_settemplate::time"][::core::mem::offset_of!(ng_netflow_settemplate, time) - 0usize];
    ["Offset of field: ng_netflow_settemplate::packets"][::core::mem::offset_of!(ng_netflow_settemplate, packets) - 2usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_setmtu {
    pub mtu: u16,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_setmtu"][::core::mem::size_of::<ng_netflow_setmtu>() - 2usize];
    ["Alignment of ng_netflow_setmtu"][::core::mem::align_of::<ng_netflow_setmtu>() - 2usize];
    ["Offset of field: ng_netflow_setmtu::mtu"][::core::mem::offset_of!(ng_netflow_setmtu, mtu) - 0usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ngnf_show_header {
    pub version: u8,
    pub _pad0: [u8; 3usize],
    pub hash_id: u32,
    pub list_id: u32,
    pub nentries: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ngnf_show_header"][::core::mem::size_of::<ngnf_show_header>() - 16usize];
    ["Alignment of ngnf_show_header"][::core::mem::align_of::<ngnf_show_header>() - 4usize];
    ["Offset of field: ngnf_show_header::version"][::core::mem::offset_of!(ngnf_show_header, version) - 0usize];
    ["Offset of field: ngnf_show_header::hash_id"][::core::mem::offset_of!(ngnf_show_header, hash_id) - 4usize];
    ["Offset of field: ngnf_show_header::list_id"][::core::mem::offset_of!(ngnf_show_header, list_id) - 8usize];
    ["Offset of field: ngnf_show_header::nentries"][::core::mem::offset_of!(ngnf_show_header, nentries) - 12usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ng_netflow_v9info {
    pub templ_packets: u16,
    pub templ_time: u16,
    pub mtu: u16,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ng_netflow_v9info"][::core::mem::size_of::<ng_netflow_v9info>() - 6usize];
    ["Alignment of ng_netflow_v9info"][::core::mem::align_of::<ng_netflow_v9info>() - 2usize];
    ["Offset of field: ng_netflow_v9info::templ_packets"][::core::mem::offset_of!(ng_netflow_v9info, templ_packets) - 0usize];
    ["Offset of field: ng_netflow_v9info::templ_time"][::core::mem::offset_of!(ng_netflow_v9info, templ_time) - 2usize];
    ["Offset of field: ng_netflow_v9info::mtu"][::core::mem::offset_of!(ng_netflow_v9info, mtu) - 4usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow_rec {
    pub flow_type: u16,
    pub fib: u16,
    pub r_src: in_addr,
    pub r_dst: in_addr,
    pub ports: flow_rec_ports,
    pub misc: flow_rec_misc,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of flow_rec"][::core::mem::size_of::<flow_rec>() - 20usize];
    ["Alignment of flow_rec"][::core::mem::align_of::<flow_rec>() - 4usize];
    ["Offset of field: flow_rec::flow_type"][::core::mem::offset_of!(flow_rec, flow_type) - 0usize];
    ["Offset of field: flow_rec::fib"][::core::mem::offset_of!(flow_rec, fib) - 2usize];
    ["Offset of field: flow_rec::r_src"][::core::mem::offset_of!(flow_rec, r_src) - 4usize];
    ["Offset of field: flow_rec::r_dst"][::core::mem::offset_of!(flow_rec, r_dst) - 8usize];
    ["Offset of field: flow_rec::ports"][::core::mem::offset_of!(flow_rec, ports) - 12usize];
    ["Offset of field: flow_rec::misc"][::core::mem::offset_of!(flow_rec, misc) - 16usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow6_rec {
    pub flow_type: u16,
    pub fib: u16,
    pub src: flow6_rec_src,
    pub dst: flow6_rec_dst,
    pub ports: flow_rec_ports,
    pub misc: flow_rec_misc,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of flow6_rec"][::core::mem::size_of::<flow6_rec>() - 44usize];
    ["Alignment of flow6_rec"][::core::mem::align_of::<flow6_rec>() - 4usize];
    ["Offset of field: flow6_rec::flow_type"][::core::mem::offset_of!(flow6_rec, flow_type) - 0usize];
    ["Offset of field: flow6_rec::fib"][::core::mem::offset_of!(flow6_rec, fib) - 2usize];
    ["Offset of field: flow6_rec::src"][::core::mem::offset_of!(flow6_rec, src) - 4usize];
    ["Offset of field: flow6_rec::dst"][::core::mem::offset_of!(flow6_rec, dst) - 20usize];
    ["Offset of field: flow6_rec::ports"][::core::mem::offset_of!(flow6_rec, ports) - 36usize];
    ["Offset of field: flow6_rec::misc"][::core::mem::offset_of!(flow6_rec, misc) - 40usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow_entry_data {
    pub version: u16,
    pub _pad0: [u8; 2usize],
    pub r: flow_rec,
    pub next_hop: in_addr,
    pub fle_o_ifx: u16,
    pub dst_mask: u8,
    pub src_mask: u8,
    pub packets: u64,
    pub bytes: u64,
    pub first: i64,
    pub last: i64,
    pub tcp_flags: u16,
    pub _pad1: [u8; 6usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of flow_entry_data"][::core::mem::size_of::<flow_entry_data>() - 72usize];
    ["Alignment of flow_entry_data"][::core::mem::align_of::<flow_entry_data>() - 8usize];
    ["Offset of field: flow_entry_data::version"][::core::mem::offset_of!(flow_entry_data, version) - 0usize];
    ["Offset of field: flow_entry_data::r"][::core::mem::offset_of!(flow_entry_data, r) - 4usize];
    ["Offset of field: flow_entry_data::next_hop"][::core::mem::offset_of!(flow_entry_data, next_hop) - 24usize];
    ["Offset of field: flow_entry_data::fle_o_ifx"][::core::mem::offset_of!(flow_entry_data, fle_o_ifx) - 28usize];
    ["Offset of field: flow_entry_data::dst_mask"][::core::mem::offset_of!(flow_entry_data, dst_mask) - 30usize];
    ["Offset of field: flow_entry_data::src_mask"][::core::mem::offset_of!(flow_entry_data, src_mask) - 31usize];
    ["Offset of field: flow_entry_data::packets"][::core::mem::offset_of!(flow_entry_data, packets) - 32usize];
    ["Offset of field: flow_entry_data::bytes"][::core::mem::offset_of!(flow_entry_data, bytes) - 40usize];
    ["Offset of field: flow_entry_data::first"][::core::mem::offset_of!(flow_entry_data, first) - 48usize];
    ["Offset of field: flow_entry_data::last"][::core::mem::offset_of!(flow_entry_data, last) - 56usize];
    ["Offset of field: flow_entry_data::tcp_flags"][::core::mem::offset_of!(flow_entry_data, tcp_flags) - 64usize];
};
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct flow6_entry_data {
    pub version: u16,
    pub _pad0: [u8; 2usize],
    pub r: flow6_rec,
    pub n: flow6_entry_data_n,
    pub fle_o_ifx: u16,
    pub dst_mask: u8,
    pub src_mask: u8,
    pub _pad1: [u8; 4usize],
    pub packets: u64,
    pub bytes: u64,
    pub first: i64,
    pub last: i64,
    pub tcp_flags: u16,
    pub _pad2: [u8; 6usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of flow6_entry_data"][::core::mem::size_of::<flow6_entry_data>() - 112usize];
    ["Alignment of flow6_entry_data"][::core::mem::align_of::<flow6_entry_data>() - 8usize];
    ["Offset of field: flow6_entry_data::version"][::core::mem::offset_of!(flow6_entry_data, version) - 0usize];
    ["Offset of field: flow6_entry_data::r"][::core::mem::offset_of!(flow6_entry_data, r) - 4usize];
    ["Offset of field: flow6_entry_data::n"][::core::mem::offset_of!(flow6_entry_data, n) - 48usize];
    ["Offset of field: flow6_entry_data::fle_o_ifx"][::core::mem::offset_of!(flow6_entry_data, fle_o_ifx) - 64usize];
    ["Offset of field: flow6_entry_data::dst_mask"][::core::mem::offset_of!(flow6_entry_data, dst_mask) - 66usize];
    ["Offset of field: flow6_entry_data::src_mask"][::core::mem::offset_of!(flow6_entry_data, src_mask) - 67usize];
    ["Offset of field: flow6_entry_data::packets"][::core::mem::offset_of!(flow6_entry_data, packets) - 72usize];
    ["Offset of field: flow6_entry_data::bytes"][::core::mem::offset_of!(flow6_entry_data, bytes) - 80usize];
    ["Offset of field: flow6_entry_data::first"][::core::mem::offset_of!(flow6_entry_data, first) - 88usize];
    ["Offset of field: flow6_entry_data::last"][::core::mem::offset_of!(flow6_entry_data, last) - 96usize];
    ["Offset of field: flow6_entry_data::tcp_flags"][::core::mem::offset_of!(flow6_entry_data, tcp_flags) - 104usize];
};
pub const AF_LOCAL: u8 = 1;
pub const NREC6_AT_ONCE: usize = 642;
pub const NGRESP_SIZE: usize = 72016;
pub const SORCVBUF_SIZE: usize = 72128;
