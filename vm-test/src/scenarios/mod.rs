// SPDX-License-Identifier: BSD-2-Clause
//! The scenarios: each file here is one, and `build.rs` finds it.
//!
//! A scenario is a [`Scenario`] named `SCENARIO`, whose story runs commands in
//! the guest and says what it expects of them. It begins with our module
//! loaded and nothing else, and what it leaves behind is cleared away and
//! counted against it.

use crate::{guest::Guest, machine::Needs};
use anyhow::Result;

/// One thing to prove.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its file's name.
    pub name: &'static str,
    /// What it proves, in a line.
    pub proves: &'static str,
    /// Seconds it may take where the processor is emulated.
    pub limit: u64,
    /// Kernel environment, `name=value`, that it needs; it then has a boot of
    /// its own, and only a kernel that is started directly can be given it.
    pub kenv: &'static [&'static str],
    /// Whether it counts instructions: the machine then has one processor,
    /// whose time stamp counter counts them and nothing else while it runs.
    pub counts: bool,
    /// Whether it measures more than it proves: run only when named.
    pub is_bench: bool,
    /// What happens. An error is a failure.
    pub story: fn(&mut Guest) -> Result<()>,
}

impl Scenario {
    /// The machine that it needs.
    pub fn needs(&self) -> Needs {
        Needs {
            kenv: self.kenv,
            counts: self.counts,
        }
    }
}

/// What a scenario is unless it says otherwise.
pub const USUAL: Scenario = Scenario {
    name: "",
    proves: "",
    limit: 120,
    kenv: &[],
    counts: false,
    is_bench: false,
    story: |_| Ok(()),
};

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
