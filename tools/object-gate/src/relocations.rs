// SPDX-License-Identifier: BSD-2-Clause
//! Relocations: only what `elf_reloc()` of amd64's `elf_machdep.c` carries out.

use object::elf::{R_X86_64_32S, R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, SHF_ALLOC};
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags,
};

use crate::{Module, Report};

/// Checks every relocation of what is loaded.
pub fn check(module: &Module<'_>) -> Report {
    let mut count = 0_usize;
    let mut faults = Vec::new();
    for section in module.sections().filter(is_loaded) {
        for (offset, relocation) in section.relocations() {
            count += 1;
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                continue;
            };
            if !is_allowed(r_type) {
                faults.push(format!(
                    "type {} against {} at {}+{offset:#x}: the kernel's linker does not know it",
                    type_name(r_type),
                    target_name(module, relocation.target()),
                    section.name().unwrap_or("?"),
                ));
            }
        }
    }
    Report {
        check: "relocations",
        summary: format!("{count}; allowed are 64, PC32, PLT32 and 32S"),
        faults,
    }
}

/// Whether a section gets into memory at all.
pub(crate) fn is_loaded<'data>(section: &impl ObjectSection<'data>) -> bool {
    let SectionFlags::Elf { sh_flags } = section.flags() else {
        return false;
    };
    sh_flags & u64::from(SHF_ALLOC) != 0
}

fn is_allowed(r_type: u32) -> bool {
    matches!(
        r_type,
        R_X86_64_64 | R_X86_64_PC32 | R_X86_64_PLT32 | R_X86_64_32S
    )
}

/// The names of those that a compiler is likely to come up with.
fn type_name(r_type: u32) -> String {
    let name = match r_type {
        object::elf::R_X86_64_GOT32 => "GOT32",
        object::elf::R_X86_64_GOTPCREL => "GOTPCREL",
        object::elf::R_X86_64_GOTPCRELX => "GOTPCRELX",
        object::elf::R_X86_64_REX_GOTPCRELX => "REX_GOTPCRELX",
        object::elf::R_X86_64_32 => "32",
        object::elf::R_X86_64_16 => "16",
        object::elf::R_X86_64_8 => "8",
        object::elf::R_X86_64_PC64 => "PC64",
        object::elf::R_X86_64_TPOFF32 => "TPOFF32",
        object::elf::R_X86_64_GOTTPOFF => "GOTTPOFF",
        _ => return r_type.to_string(),
    };
    name.to_owned()
}

fn target_name(module: &Module<'_>, target: RelocationTarget) -> String {
    let RelocationTarget::Symbol(index) = target else {
        return "?".to_owned();
    };
    let symbol = module.symbol_by_index(index);
    let name = symbol.as_ref().map_or(Ok("?"), |symbol| symbol.name());
    name.unwrap_or("?").to_owned()
}
