// SPDX-License-Identifier: BSD-2-Clause
//! Checks a FreeBSD amd64 kernel module, as a file, for what would otherwise
//! show when it is loaded, or worse, later.
//!
//! | check | what could go wrong |
//! |---|---|
//! | [`relocations`] | kldload(8) refuses all but a few types |
//! | [`instructions`] | a vector or floating point register belongs to whichever process ran last |
//! | [`symbols`] | kldload(8) refuses a symbol that the kernel lacks; and a panic that can be reached is one such |
//! | [`stack`] | a kernel thread's stack has four pages |
//! | [`metadata`] | without it the loader finds neither the module nor what it needs |

#![forbid(unsafe_code)]

use anyhow::Result;
use object::elf::FileHeader64;
use object::read::elf::ElfFile;
use object::Endianness;

pub mod instructions;
pub mod metadata;
pub mod relocations;
pub mod stack;
pub mod symbols;

/// A module: an ELF object for amd64.
pub type Module<'data> = ElfFile<'data, FileHeader64<Endianness>>;

/// What one check found.
#[derive(Debug)]
pub struct Report {
    /// The check's name, one word.
    pub check: &'static str,
    /// What was looked at, in one line.
    pub summary: String,
    /// What must not be, each in one line. Empty when all is well.
    pub faults: Vec<String>,
}

/// What a module is measured by.
#[derive(Debug, Default)]
pub struct Rules {
    /// The symbols that the kernel has; `None` to leave them unchecked.
    pub kernel: Option<symbols::KernelSymbols>,
    /// The largest stack frame allowed, in bytes.
    pub max_frame: u64,
    /// The module's name.
    pub name: String,
    /// The modules that it must say it depends on.
    pub depends: Vec<String>,
}

/// Runs every check. An error means that the file itself makes no sense.
pub fn inspect(module: &Module<'_>, rules: &Rules) -> Result<Vec<Report>> {
    Ok(vec![
        relocations::check(module),
        instructions::check(module)?,
        symbols::check(module, rules.kernel.as_ref())?,
        stack::check(module, rules.max_frame)?,
        metadata::check(module, &rules.name, &rules.depends)?,
    ])
}
