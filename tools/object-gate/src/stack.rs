// SPDX-License-Identifier: BSD-2-Clause
//! Stack frames: each function's, as the compiler wrote it to `.stack_sizes`
//! (`clang -fstack-size-section`, `rustc -Zemit-stack-sizes`).

use std::collections::BTreeMap;

use anyhow::{ensure, Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolKind};

use crate::{Module, Report};

/// A place in the module's code.
type Place = (SectionIndex, u64);

/// Checks that no frame is larger than `max` bytes and none is unknown, which
/// is so for a function whose frame grows as it runs.
pub fn check(module: &Module<'_>, max: u64) -> Result<Report> {
    let mut frames = BTreeMap::new();
    let sections = module.sections();
    for section in sections.filter(|section| section.name() == Ok(".stack_sizes")) {
        read(module, &section, &mut frames)?;
    }
    let mut faults = Vec::new();
    let mut largest = ("none", 0);
    let functions = module
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
    let mut count = 0_usize;
    for function in functions {
        let Some(section) = function.section_index() else {
            continue;
        };
        let name = function.name().unwrap_or("?");
        count += 1;
        match frames.get(&(section.0, function.address())) {
            None => faults.push(format!("{name}: nobody knows how large its frame gets")),
            Some(&size) if size > max => {
                faults.push(format!(
                    "{name}: its frame has {size} bytes of at most {max}"
                ));
            }
            Some(&size) if size > largest.1 => largest = (name, size),
            Some(_) => {}
        }
    }
    let (name, size) = largest;
    Ok(Report {
        check: "stack",
        summary: format!("{count} functions; the largest frame is {name}'s, {size} of {max} bytes"),
        faults,
    })
}

/// Reads one section: for each function its address, which a relocation gives,
/// and the size as an unsigned LEB128.
fn read<'data>(
    module: &Module<'data>,
    section: &impl ObjectSection<'data>,
    frames: &mut BTreeMap<(usize, u64), u64>,
) -> Result<()> {
    let data = section.data().context(".stack_sizes cannot be read")?;
    let places: BTreeMap<u64, Place> = section
        .relocations()
        .filter_map(|(at, relocation)| {
            let RelocationTarget::Symbol(index) = relocation.target() else {
                return None;
            };
            let symbol = module.symbol_by_index(index).ok()?;
            let address = symbol.address().wrapping_add_signed(relocation.addend());
            Some((at, (symbol.section_index()?, address)))
        })
        .collect();
    let mut at = 0;
    while at < data.len() {
        let place = places.get(&(at as u64));
        let &(index, address) = place.context(".stack_sizes names no function")?;
        at += size_of::<u64>();
        let (size, len) = uleb128(data.get(at..).unwrap_or_default())
            .context(".stack_sizes ends within a size")?;
        at += len;
        let larger = frames.entry((index.0, address)).or_default();
        *larger = size.max(*larger);
    }
    ensure!(at == data.len(), ".stack_sizes is cut off");
    Ok(())
}

/// A number and how many bytes it takes.
fn uleb128(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::uleb128;

    #[test]
    fn sizes_of_one_and_more_bytes() {
        assert_eq!(uleb128(&[0x08]), Some((8, 1)));
        assert_eq!(uleb128(&[0xe8, 0x07, 0xff]), Some((1000, 2)));
        assert_eq!(uleb128(&[0x80]), None);
        assert_eq!(uleb128(&[]), None);
    }
}
