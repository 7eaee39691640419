// SPDX-License-Identifier: BSD-2-Clause
//! A netgraph client: what libnetgraph is to C, for Rust.
//!
//! A [`Client`] is a node of type `socket`. Through it a program sends control
//! messages to other nodes and receives theirs, in binary or in the ASCII form
//! that nodes translate for themselves. On FreeBSD it opens `AF_NETGRAPH`
//! sockets; on any Unix it speaks to `nghost`, the userland netgraph. Nothing
//! above [`transport`] knows which.
//!
//! | module | concern |
//! |---|---|
//! | [`client`] | sending, receiving, matching replies, ASCII forms |
//! | [`generic`] | the messages that every node understands, typed |
//! | [`message`] | one message: header and arguments |
//! | [`transport`] | the two ways to reach a netgraph |
//! | [`error`], [`errno`] | what can go wrong, in FreeBSD's words |
//! | [`trace`] | what goes over the socket, for people |
//! | [`words`] | lines of a script, taken apart |
//! | [`jail`] | the `-j` of ngctl(8) |
//! | [`cli`], [`options`] | what the commands built on this library share |
//!
//! The article of 2004 that every NetFlow howto for FreeBSD descends from:
//!
//! ```
//! # let Some((_nghost, _)) = ngctl_testing::nghost::start(false) else { return Ok(()) };
//! use ngctl_rs::{Client, Endpoint};
//!
//! let mut netgraph = Client::open("howto", &Endpoint::choose(None))?;
//! netgraph.mkpeer("em0:", "tee", "lower", "right")?;
//! netgraph.connect("em0:", "em0:lower", "upper", "left")?;
//! netgraph.mkpeer("em0:lower", "netflow", "right2left", "iface0")?;
//! netgraph.name("em0:lower.right2left", "netflow")?;
//! netgraph.send_ascii("netflow:", "setifindex { iface=0 index=1 }")?;
//! netgraph.mkpeer("netflow:", "ksocket", "export", "inet/dgram/udp")?;
//! netgraph.send_ascii("netflow:export", "connect inet/127.0.0.1:4444")?;
//! # Ok::<(), ngctl_rs::Error>(())
//! ```
//!
//! The folder `examples/` has whole programs: `wire` does the above for any
//! interface, `largest` walks a node's cache. Nearly all examples in these pages
//! are run by `cargo test`, against an nghost of their own.
//!
//! See netgraph(4) for nodes, hooks and paths, netgraph(3) for the C library.

#![deny(unsafe_code)]

pub mod cli;
pub mod client;
pub mod error;
pub mod generic;
pub mod jail;
pub mod message;
pub mod options;
pub mod trace;
pub mod transport;
pub mod words;

pub use client::{Client, Received};
pub use error::{Error, Result};
pub use message::Message;
pub use sys_bindings::errno::{self, Errno};
pub use transport::Endpoint;
