// SPDX-License-Identifier: BSD-2-Clause
//! Module metadata: the linker set `modmetadata_set`, as `sys/module.h` has it.

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex};

use crate::{Module, Report};

const SET: &str = "set_modmetadata_set";

// struct mod_metadata { int version; int type; const void *data; const char *cval; }
const MD_TYPE: u64 = 4;
const MD_DATA: u64 = 8;
const MD_CVAL: u64 = 16;

const MDT_DEPEND: u32 = 1;
const MDT_MODULE: u32 = 2;
const MDT_VERSION: u32 = 3;

/// What the module says of itself.
#[derive(Debug, Default)]
struct Metadata {
    modules: Vec<String>,
    /// Name and `mv_version`.
    versions: Vec<(String, u32)>,
    /// Name and `md_ver_preferred`.
    depends: Vec<(String, u32)>,
}

/// Checks that the module has this name and a version of its own, and depends
/// on these modules.
pub fn check(module: &Module<'_>, name: &str, depends: &[String]) -> Result<Report> {
    let metadata = read(module)?;
    let mut faults = Vec::new();
    if !metadata.modules.iter().any(|module| module == name) {
        faults.push(format!("there is no module {name}"));
    }
    if !metadata.versions.iter().any(|(module, _)| module == name) {
        faults.push(format!("module {name} has no version"));
    }
    for wanted in depends {
        if !metadata.depends.iter().any(|(module, _)| module == wanted) {
            faults.push(format!("there is no dependency on {wanted}"));
        }
    }
    Ok(Report {
        check: "metadata",
        summary: format!(
            "module {}; version {}; depends on {}",
            metadata.modules.join(", "),
            list(&metadata.versions),
            list(&metadata.depends)
        ),
        faults,
    })
}

fn list(entries: &[(String, u32)]) -> String {
    let entries = entries
        .iter()
        .map(|(name, version)| format!("{name} {version}"));
    entries.collect::<Vec<_>>().join(", ")
}

fn read(module: &Module<'_>) -> Result<Metadata> {
    let mut metadata = Metadata::default();
    let Some(set) = module.section_by_name(SET) else {
        return Ok(metadata);
    };
    for index in 0..set.size() / 8 {
        let entry = pointer(module, set.index(), index * 8)?;
        let name = string(module, pointer(module, entry.0, entry.1 + MD_CVAL)?)?;
        let data = pointer(module, entry.0, entry.1 + MD_DATA);
        match number(module, (entry.0, entry.1 + MD_TYPE))? {
            MDT_MODULE => metadata.modules.push(name),
            // struct mod_version { int version; }
            MDT_VERSION => metadata.versions.push((name, number(module, data?)?)),
            // struct mod_depend { int minimum; int preferred; int maximum; }
            MDT_DEPEND => {
                let (section, at) = data?;
                metadata
                    .depends
                    .push((name, number(module, (section, at + 4))?));
            }
            _ => {}
        }
    }
    Ok(metadata)
}

/// Where the pointer at this place leads, once it is relocated.
fn pointer(module: &Module<'_>, section: SectionIndex, at: u64) -> Result<(SectionIndex, u64)> {
    let section = module.section_by_index(section)?;
    let (_, relocation) = section
        .relocations()
        .find(|(offset, _)| *offset == at)
        .with_context(|| format!("no pointer at {}+{at:#x}", section.name().unwrap_or("?")))?;
    let RelocationTarget::Symbol(index) = relocation.target() else {
        anyhow::bail!("a pointer of {SET} leads nowhere");
    };
    let symbol = module.symbol_by_index(index)?;
    let target = symbol
        .section_index()
        .context("a pointer leads out of the module")?;
    Ok((
        target,
        symbol.address().wrapping_add_signed(relocation.addend()),
    ))
}

fn bytes<'data>(module: &Module<'data>, place: (SectionIndex, u64)) -> Result<&'data [u8]> {
    let data = module.section_by_index(place.0)?.data()?;
    let at = usize::try_from(place.1)?;
    data.get(at..)
        .context("a pointer leads past the end of its section")
}

fn number(module: &Module<'_>, place: (SectionIndex, u64)) -> Result<u32> {
    let bytes = bytes(module, place)?
        .first_chunk()
        .context("metadata is cut off")?;
    Ok(u32::from_le_bytes(*bytes))
}

fn string(module: &Module<'_>, place: (SectionIndex, u64)) -> Result<String> {
    let bytes = bytes(module, place)?;
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}
