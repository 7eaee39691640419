// SPDX-License-Identifier: BSD-2-Clause
//! Lists the scenarios, so that a new one takes one file and no other line.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let folder = Path::new("src/scenarios");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names: Vec<String> = fs::read_dir(folder)?
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".rs")?.to_string()))
        .filter(|name| name != "mod")
        .collect();
    names.sort();
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut text = String::new();
    for name in &names {
        text += &format!("#[path = \"{root}/src/scenarios/{name}.rs\"]\nmod {name};\n");
    }
    text += "/// Every scenario, in the order of their names.\n";
    text += "pub const ALL: &[Scenario] = &[\n";
    for name in &names {
        text += &format!("    Scenario {{ name: \"{name}\", ..{name}::SCENARIO }},\n");
    }
    text += "];\n";
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("scenarios.rs"), text)
}
