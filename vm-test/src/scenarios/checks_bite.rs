// SPDX-License-Identifier: BSD-2-Clause
//! A check that never complains proves nothing: faults are planted in a module
//! of vm-test's own, built as ours is, and the kernel has to find each.

use super::{Scenario, USUAL};
use crate::guest::Guest;
use anyhow::{Context, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "a kernel with checks complains of planted faults, in C and in Rust",
    // KASAN would panic, as it does for everybody else.
    kenv: &["debug.kasan.panic_on_violation=0"],
    story,
    ..USUAL
};

/// Faults and what WITNESS says of them.
const WITNESS: &[(&str, &str)] = &[
    ("reversal", "lock order reversal"),
    ("sleep", "non-sleepable locks held"),
];

/// Faults and where KASAN must say they are.
const KASAN: &[(&str, &str)] = &[
    ("heap-c", "at netflow_heap+"),
    ("stack-c", "at netflow_stack+"),
    ("freed-c", "at netflow_freed+"),
    ("heap-rust", "at vmtest_netflow_heap+"),
    ("stack-rust", "at vmtest_netflow_stack+"),
];

fn story(guest: &mut Guest) -> Result<()> {
    guest.needs("kern.features.witness", "needs a kernel with checks")?;
    guest.load_test()?;
    for (fault, complaint) in WITNESS {
        plant(guest, fault, complaint)?;
    }
    let mut found = WITNESS.len();
    if guest.has("kern.features.kasan")? {
        for (fault, complaint) in KASAN {
            plant(guest, fault, complaint)?;
        }
        found += KASAN.len();
    }
    guest.ok("sysctl debug.vmtest.fault=leak && kldunload vmtest")?;
    guest.complains("leaked memory on destroy")?;
    guest.note(format!("{} of {0} faults found", found + 1));
    Ok(())
}

fn plant(guest: &mut Guest, fault: &str, complaint: &str) -> Result<()> {
    guest.ok(&format!("sysctl debug.vmtest.fault={fault}"))?;
    guest.complains(complaint).with_context(|| fault.to_string())
}
