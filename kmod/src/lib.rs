// SPDX-License-Identifier: BSD-2-Clause
//! The `netflow` netgraph node, as ng_netflow(4) describes it.
//!
//! # Who calls in
//!
//! A node's home calls its methods, in FreeBSD from netgraph's callbacks:
//!
//! | method | in the kernel | may run beside |
//! |---|---|---|
//! | [`Node::rcvdata`] | any thread, mostly in the net epoch, as a netgraph reader | everything but the writers |
//! | [`Node::rcvmsg`], read-only commands | netgraph reader | everything but the writers |
//! | [`Node::rcvmsg`], other commands; [`Node::newhook`], [`Node::disconnect`] | netgraph writer; a new node's first `newhook` without its lock, but nobody can reach it | `tick` |
//! | [`Node::tick`] | callout, in the net epoch and the node's vnet | everything but itself and `close` |
//! | [`Node::close`] | netgraph writer, or whoever destroys the network stack; callout drained, readers gone | nothing |
//!
//! None of them sleeps.  The locks are a shard's of the flow cache, the
//! exporter's and the export hook's; no two are ever held at once, and none
//! while a datagram is sent.  A shard's is held while routes are looked up, which
//! cannot sleep, and while memory is given back.
#![no_std]

mod collector;
mod conservation;
mod exporter;
mod guarded;
mod iface;
pub mod kpi;
#[cfg(any(test, feature = "kernel"))]
mod lines;
mod message;
mod node;
mod role;
mod show;

#[cfg(feature = "kernel")]
mod entry;

pub use conservation::{Conservation, DropReason, ExportAccount};
pub use iface::Port;
pub use node::{Node, Pass, BURST_PAUSE_MS, TICK_MS};
pub use role::Role;
