// SPDX-License-Identifier: BSD-2-Clause
//! Arithmetic is checked wherever something is tried out, and not in what is
//! installed: a check is a way to panic, which a kernel must not have.

use std::hint::black_box;
use std::panic::catch_unwind;

use anyhow::{ensure, Context, Result};
use end_to_end::proofs::read;

/// The lines of a table of a manifest.
fn table<'a>(manifest: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let mut lines = manifest.lines().skip_while(|line| *line != name);
    lines.next()?;
    Some(lines.take_while(|line| !line.starts_with('[')).collect())
}

#[test]
fn tests_check_it() {
    let sum = catch_unwind(|| black_box(u8::MAX) + black_box(1));
    if cfg!(debug_assertions) {
        sum.unwrap_err();
    }
}

#[test]
fn what_is_installed_leaves_it_out_on_purpose() -> Result<()> {
    let manifest = read("Cargo.toml")?;
    let release = table(&manifest, "[profile.release]").context("no release profile")?;
    ensure!(release.contains(&"overflow-checks = false"), "{release:?}");
    let others = manifest.matches("[profile.").count();
    ensure!(others == 1, "{others} profiles: do they check?");
    Ok(())
}

/// What is built for speed, and tries things out all the same.
#[test]
fn fuzzing_and_races_check_it() -> Result<()> {
    for (file, profile) in [
        ("fuzz/libfuzzer/Cargo.toml", "[profile.release]"),
        ("races/Cargo.toml", "[profile.dev]"),
    ] {
        let manifest = read(file)?;
        let lines = table(&manifest, profile).with_context(|| format!("{file}: no {profile}"))?;
        ensure!(lines.contains(&"overflow-checks = true"), "{file}");
    }
    Ok(())
}
