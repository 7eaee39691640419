// SPDX-License-Identifier: BSD-2-Clause
//! Tables of claims in `docs/`, and whether what they name as proof is there:
//! tests, scenarios, make targets and scripts.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};

/// The top of the sources.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the sources.
pub fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(root().join(path)).with_context(|| path.to_string())
}

/// What stands between backquotes.
pub fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of a page's tables without their headings, each a list of its cells.
pub fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let below = text.lines().skip(1).chain([""]);
    text.lines()
        .zip(below)
        .filter(|(line, below)| line.starts_with("| ") && !below.starts_with("|---"))
        .map(|(line, _)| line.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// Is there a test, or a scenario, of this name?
pub fn test_exists(file: &str, name: &str) -> Result<bool> {
    if file == "vm-test" {
        let scenario = format!("vm-test/src/scenarios/{name}.rs");
        return Ok(root().join(scenario).is_file());
    }
    let source = read(file)?;
    let Some(at) = source.find(&format!("fn {name}(")) else {
        return Ok(false);
    };
    // Nothing but attributes between the one that makes it a test and its name.
    let before = source[..at].rfind("#[test]").map(|test| &source[test..at]);
    Ok(before.is_some_and(|between| !between.contains(['{', ';'])))
}

/// How many of a page's words in backquotes are `file.rs: test` or
/// `vm-test: scenario`; each of them must be there.
pub fn tests_named(text: &str) -> Result<usize> {
    let mut proofs = 0;
    for proof in code(text) {
        let Some((file, name)) = proof.split_once(": ") else {
            continue;
        };
        if !file.ends_with(".rs") && file != "vm-test" {
            continue; // Words of a message.
        }
        ensure!(test_exists(file, name)?, "there is no such test: {proof}");
        proofs += 1;
    }
    Ok(proofs)
}

/// Is there what a command line begins with: a target of the Makefile, a script
/// of ours, a fuzz target?
pub fn command_exists(line: &str) -> Result<bool> {
    // What is set for the command only.
    let mut words = line
        .split_whitespace()
        .skip_while(|word| word.contains('='));
    match words.next() {
        Some("make") => {
            let makefiles = ["Makefile", "tools/kmod.mk", "tools/vm-test.mk"];
            let rules = makefiles
                .map(read)
                .into_iter()
                .collect::<Result<String>>()?;
            let is_target = |word: &str| {
                rules.lines().any(|line| {
                    line.split_once(':')
                        .is_some_and(|(targets, _)| targets.split_whitespace().any(|it| it == word))
                })
            };
            let exists = |word: &str| match word.split_once('=') {
                Some(("TARGET", fuzzed)) => root().join("fuzz/corpus").join(fuzzed).is_dir(),
                Some((variable, _)) => rules.contains(&format!("$({variable})")),
                None => is_target(word),
            };
            Ok(words.all(exists))
        }
        Some(script) if script.starts_with("tools/") => Ok(root().join(script).is_file()),
        Some("cargo") => Ok(true),
        _ => Ok(false),
    }
}
