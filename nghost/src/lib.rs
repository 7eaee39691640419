// SPDX-License-Identifier: BSD-2-Clause
//! A userland netgraph in one process, around the node of crate `ng_netflow`.
//!
//! ```text
//!   clients ──► server ──► graph ──► nodes: ether tee hub ksocket socket netflow
//!                                      ▲        ▲
//!   captures ──► replay ───────────────┘        │
//!   live interface ─────────────────────────────┘
//! ```
//!
//! [`graph`] is netgraph's core, [`node`] what a node type implements,
//! [`nodes`] the types, [`ascii`] the ASCII forms of messages. [`server`]
//! speaks the protocol of [`sys_bindings::nghost`]. [`run`] is the loop that
//! owns the [`clock`], [`cli`] what the user asks of it, and [`probe`] a graph
//! that is made without a script; [`world`] is what a kernel would know of interfaces and
//! routes, and [`host`] hands all that to the netflow node.

#![forbid(unsafe_code)]

pub mod ascii;
pub mod capture;
pub mod cli;
pub mod clock;
mod drive;
pub mod errno;
pub mod failure;
pub mod graph;
pub mod host;
mod interface;
mod layer;
pub mod live;
pub mod log;
pub mod message;
pub mod node;
pub mod nodes;
pub mod probe;
pub mod replay;
pub mod run;
pub mod server;
pub mod signals;
pub mod throttle;
pub mod world;
