// SPDX-License-Identifier: BSD-2-Clause
//! The ABI of FreeBSD's netgraph and of its `netflow` node, for kernel and
//! userland alike: constants and structures under the names C gives them.
//!
//! What each means is in FreeBSD's manual: netgraph(4), ng_socket(4),
//! ng_netflow(4), ng_ksocket(4), ng_ether(4), ng_tee(4), ng_hub(4), intro(2).
//! Names, numbers and layouts are those of FreeBSD amd64 (64 bits, little
//! endian) on whatever machine this is compiled, so that bytes made here are
//! bytes a FreeBSD kernel takes.
//!
//! - Numbers in netgraph's messages are in host byte order. Those of socket
//!   addresses (`sin_port`, `s_addr`, `sin6_port`) and the addresses and ports
//!   of a [`flow_rec`] are in network byte order.
//! - Every structure is plain bytes: `zerocopy`'s traits turn it into bytes and
//!   back without `unsafe`. Padding is spelled out as `_padN`, so that it is
//!   never left unwritten; start from `new_zeroed()`.
//! - A `char` is a `u8`, a `long` 64 bits. A string constant lacks C's NUL.
//! - An array at the end of a structure (`ng_mesg.data`, `hooklist.link`) is
//!   not a field: it is the bytes that follow the structure.
//! - A constant has the type of what it goes into: sizes are `usize`, errnos
//!   and arguments of socket(2) `i32`, address families `u8`, others `u32`.
//!
//! ```
//! use sys_bindings::*;
//! use zerocopy::{FromBytes, FromZeros, IntoBytes};
//!
//! let mut request = ng_mesg::new_zeroed();
//! request.header.version = NG_VERSION;
//! request.header.typecookie = NGM_GENERIC_COOKIE;
//! request.header.cmd = NGM_NODEINFO;
//! let bytes = request.as_bytes();
//!
//! let (message, arguments) = ng_mesg::read_from_prefix(bytes).unwrap();
//! assert_eq!(message.header.cmd, NGM_NODEINFO);
//! assert!(arguments.is_empty());
//! ```

#![no_std]
#![forbid(unsafe_code)]

pub mod errno;
#[rustfmt::skip] // As bindgen leaves it, whichever rustfmt there is.
#[allow(missing_docs, non_camel_case_types, non_snake_case)] // C's own.
mod generated;
pub mod nghost;
pub mod sysexits;
mod unions;

pub use generated::*;
pub use unions::*;
