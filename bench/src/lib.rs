// SPDX-License-Identifier: BSD-2-Clause
//! How fast the engine is, and how much of that is the memory's doing.
//!
//! [`workloads`] runs the packets of [`flow_workload`] by [`clock`] and checks
//! its own sums, [`cores`] says where, [`latency`] measures what a miss costs here and now,
//! [`report`] and [`plot`] write what came out.

pub mod capture;
pub mod clock;
pub mod collector;
pub mod cores;
pub mod latency;
pub mod machine;
pub mod plot;
pub mod report;
pub mod show;
pub mod workloads;
