// SPDX-License-Identifier: BSD-2-Clause
//! How fast the engine is, and how much of that is the memory's doing.
//!
//! [`platform`] gives the engine locks that cost what the kernel's do and
//! memory that is counted, [`traffic`] prepares packets, [`workloads`] runs
//! them by [`clock`] and checks its own sums, [`latency`] measures what a miss costs here
//! and now, [`report`] and [`plot`] write what came out.

pub mod capture;
pub mod clock;
pub mod collector;
pub mod latency;
pub mod machine;
pub mod platform;
pub mod plot;
pub mod report;
pub mod traffic;
pub mod workloads;
