// SPDX-License-Identifier: BSD-2-Clause
//! The house as it stands, against what [`arrows::house`] allows.

use arrows::{crates, house, modules, source, unsafety};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_path_buf()
}

fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn crates_import_one_way() {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {output:?}");
    let json = String::from_utf8(output.stdout).unwrap();
    let metadata = crates::Metadata::parse(&json).unwrap();
    none(&crates::violations(
        &metadata,
        house::CRATES,
        house::FOR_TESTS,
    ));
}

#[test]
fn modules_import_one_way() {
    for (member, order) in house::MODULES {
        let src = root().join(member).join("src");
        let mut files = Vec::new();
        for path in source::files(&src).unwrap() {
            let name = path.strip_prefix(&src).unwrap().display().to_string();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
        none(&modules::violations(&files, order).unwrap());
        for module in order.iter().flat_map(|step| step.split(' ')) {
            let of_it = |(name, _): &&(String, String)| {
                name.starts_with(&format!("{module}.")) || name.starts_with(&format!("{module}/"))
            };
            assert!(
                files.iter().any(|file| of_it(&file)),
                "{member}: no {module}"
            );
        }
    }
}

#[test]
fn unsafe_code_is_where_it_may_be() {
    let root = root();
    let mut found = Vec::new();
    for path in source::files(&root).unwrap() {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        found.extend(unsafety::violations(&name, &text, house::UNSAFE).unwrap());
    }
    none(&found);
}
