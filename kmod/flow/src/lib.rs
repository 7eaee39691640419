// SPDX-License-Identifier: BSD-2-Clause
//! The flow engine: packets in, flow records out.
//!
//! ```text
//! packet ──► parse ──► key ──► cache ──► sweep ──► FlowRecord ──► export
//! ```
//!
//! [`packet`] turns bytes into a key or into the reason why not, [`cache`]
//! keeps one record for each key, [`Engine`] joins the two and counts, and
//! [`export`] builds datagrams of records.  Nothing here knows of netgraph or
//! FreeBSD; memory, locks and routes come from the traits in [`platform`] and
//! [`route`].
//!
//! No input makes anything here panic, allocate without bound or loop for
//! long: bytes are reached through `get`, sums saturate or wrap, and every
//! loop is over something whose size the code next to it limits.
#![no_std]
#![forbid(unsafe_code)]

mod address;
pub mod cache;
mod counters;
mod engine;
pub mod export;
mod hash;
mod key;
pub mod packet;
pub mod platform;
pub mod route;
pub mod sync;

pub use address::Address;
pub use cache::{FlowRecord, Moment, NoMemory, Timeouts};
pub use counters::{Sum, Tally};
pub use engine::{Engine, Refused, Source, DEFAULT_LIMIT, LOOK_AHEAD};
pub use hash::{Seed, SEED_WORDS};
pub use key::Key;
pub use packet::{Bytes, LinkType, Refusal};
pub use platform::{Lock, Once, Platform};
pub use route::{NoRoutes, Path, Routes};
