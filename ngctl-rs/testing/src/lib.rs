// SPDX-License-Identifier: BSD-2-Clause
//! What tests of netgraph's clients share: a [`world`] that stands in for
//! nghost, [`nghost`] itself for the examples, the [`program`] under test and
//! the [`transcript`] of what it should print.

pub mod nghost;
pub mod program;
pub mod transcript;
pub mod world;

pub use program::{run, Run};
pub use transcript::{block, compare_with_base};
pub use world::{chars, from_node_5, response, Answer, Rule, Server, World};
