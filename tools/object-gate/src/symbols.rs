// SPDX-License-Identifier: BSD-2-Clause
//! Symbols: what the module asks for, the kernel must have.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use object::{Object, ObjectSymbol};

use crate::{Module, Report};

/// What the module's panic handler calls. Nothing defines it, so it is only
/// left in a module if some panic can be reached.
pub const PANIC: &str = "ng_netflow_panic_reached";

/// The names that a kernel, and modules that are loaded before ours, define.
#[derive(Debug, Default)]
pub struct KernelSymbols(BTreeSet<String>);

impl KernelSymbols {
    /// Reads one name a line; empty lines and those that begin with # are
    /// passed over.
    pub fn parse(text: &str) -> Self {
        let names = text.lines().map(str::trim);
        let names = names.filter(|name| !name.is_empty() && !name.starts_with('#'));
        Self(names.map(str::to_owned).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Checks every undefined symbol.
pub fn check(module: &Module<'_>, kernel: Option<&KernelSymbols>) -> Result<Report> {
    let mut undefined = BTreeSet::new();
    for symbol in module.symbols().filter(|symbol| symbol.is_undefined()) {
        let name = symbol.name().context("a symbol has no name")?;
        if !name.is_empty() && !is_set_bound(name) {
            undefined.insert(name);
        }
    }
    let mut faults = Vec::new();
    if undefined.remove(PANIC) {
        faults.push(format!("{PANIC}: a panic can be reached"));
    }
    let count = undefined.len();
    let summary = if let Some(kernel) = kernel {
        let unknown = undefined.iter().filter(|name| !kernel.0.contains(**name));
        faults.extend(unknown.map(|name| format!("{name}: the kernel has no such symbol")));
        format!("{count} undefined; the kernel has {}", kernel.len())
    } else {
        format!("{count} undefined; not run: no list of the kernel's")
    };
    Ok(Report {
        check: "symbols",
        summary,
        faults,
    })
}

/// The bounds of a linker set (`__start_set_...`), which the kernel's linker
/// makes up for each module.
fn is_set_bound(name: &str) -> bool {
    name.starts_with("__start_set_") || name.starts_with("__stop_set_")
}
