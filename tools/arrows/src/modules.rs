// SPDX-License-Identifier: BSD-2-Clause
//! Arrows between the modules of a crate: what `crate::` and `super::` lead to.

use crate::source::{braced, is_colons, is_word, line, tokens};
use proc_macro2::TokenTree;
use std::{collections::BTreeMap, path::Path};

/// Finds modules that import one that comes after them in `order`, and modules
/// without a place in it. An item of `order` is a module, or several with spaces
/// between.
///
/// `files` are the crate's, named relative to its `src`, with their texts;
/// `lib.rs` is above all modules.
///
/// # Errors
/// A text is no Rust, or there is no `lib.rs`.
pub fn violations(files: &[(String, String)], order: &[&str]) -> Result<Vec<String>, String> {
    let mut parsed = Vec::new();
    for (file, text) in files {
        let tokens = tokens(text).map_err(|error| format!("{file}:{error}"))?;
        parsed.push((file, tokens.into_iter().collect::<Vec<_>>()));
    }
    let root = parsed.iter().find(|(file, _)| *file == "lib.rs");
    let (_, root) = root.ok_or("no lib.rs")?;
    let reexports = reexports(root);

    let place = |module: &str| {
        let mut steps = order.iter();
        steps.position(|step| step.split(' ').any(|other| other == module))
    };
    let mut found = Vec::new();
    for (file, tokens) in &parsed {
        let path = module_path(file);
        let Some(module) = path.first().cloned() else {
            continue;
        };
        let Some(own) = place(&module) else {
            found.push(format!("{file}: module {module} has no place in the order"));
            continue;
        };
        let mut imports = Vec::new();
        collect(tokens, &path, &mut imports);
        for (line, name) in imports {
            let target = reexports.get(&name).unwrap_or(&name);
            if place(target).is_some_and(|target| target > own) {
                found.push(format!("{file}:{line}: {module} imports {target}"));
            }
        }
    }
    Ok(found)
}

/// `cache/mod.rs` is `cache`, `cache/table.rs` is `cache::table`.
fn module_path(file: &str) -> Vec<String> {
    let path = Path::new(file).with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    parts
        .filter(|part| !matches!(part.as_str(), "mod" | "lib" | "main"))
        .collect()
}

/// Which module each name that lib.rs re-exports comes from.
fn reexports(root: &[TokenTree]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for statement in root.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ';'))
    {
        let Some(start) = statement.iter().position(|t| is_word(Some(t), "use")) else {
            continue;
        };
        let mut words = Vec::new();
        all_words(&statement[start + 1..], &mut words);
        if let Some((module, rest)) = words.split_first() {
            let name = |name: &String| (name.clone(), module.clone());
            names.extend(rest.iter().map(name));
        }
    }
    names
}

fn all_words(tokens: &[TokenTree], words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Group(group) => {
                all_words(&group.stream().into_iter().collect::<Vec<_>>(), words);
            }
            _ => {}
        }
    }
}

/// Collects the names that follow the crate's root in paths, with their lines.
/// `module` is the path of the module that the tokens are in.
fn collect(tokens: &[TokenTree], module: &[String], imports: &mut Vec<(usize, String)>) {
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        at += 1;
        if is_word(rest.first(), "mod") {
            // A module inside the file: `super` means one level less there.
            if let (Some(TokenTree::Ident(name)), Some(body)) = (rest.get(1), braced(rest.get(2))) {
                let inner = [module, &[name.to_string()]].concat();
                collect(&body, &inner, imports);
                at += 2;
            }
        } else if let Some((levels, tail)) = anchor(rest) {
            at += rest.len() - tail.len() - 1;
            if levels.is_none_or(|levels| levels >= module.len()) {
                imports.extend(first_names(tail));
            }
        } else if let Some(TokenTree::Group(group)) = rest.first() {
            let inner: Vec<_> = group.stream().into_iter().collect();
            collect(&inner, module, imports);
        }
    }
}

/// Reads `crate::`, or `super::` once or more, and says how many levels up that
/// is (`None` for all of them) and what comes after.
fn anchor(tokens: &[TokenTree]) -> Option<(Option<usize>, &[TokenTree])> {
    if is_word(tokens.first(), "crate") && is_colons(&tokens[1..]) {
        return Some((None, &tokens[3..]));
    }
    let mut levels = 0;
    let mut tail = tokens;
    while is_word(tail.first(), "super") && is_colons(&tail[1..]) {
        levels += 1;
        tail = &tail[3..];
    }
    (levels > 0).then_some((Some(levels), tail))
}

/// The first name of a path, or of each path between braces.
fn first_names(tail: &[TokenTree]) -> Vec<(usize, String)> {
    let name = |token: &TokenTree| match token {
        TokenTree::Ident(ident) => Some((line(token), ident.to_string())),
        _ => None,
    };
    match braced(tail.first()) {
        Some(list) => list
            .split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ','))
            .filter_map(|path| name(path.first()?))
            .collect(),
        None => tail.first().and_then(name).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &[&str] = &["key", "cache", "export"];

    fn check(file: &str, text: &str) -> Vec<String> {
        let root = "mod key; mod cache; mod export; pub use export::{v5::V5, Sent as Gone};";
        let files = [
            ("lib.rs".to_string(), root.to_string()),
            (file.to_string(), text.to_string()),
        ];
        violations(&files, ORDER).unwrap()
    }

    #[test]
    fn arrows_as_drawn_pass() {
        let text = "use crate::{key::Key, cache}; use super::record::Record;";
        assert!(check("cache/table.rs", text).is_empty());
        assert!(check("export.rs", "fn f(cache: &super::cache::Cache) {}").is_empty());
    }

    #[test]
    fn back_arrows_fail_however_they_are_written() {
        for (file, text) in [
            ("cache.rs", "use crate::export::v5;"),
            ("cache/mod.rs", "use crate::{key::Key, export::v5};"),
            ("cache/table.rs", "use super::super::export;"),
            ("cache.rs", "fn f() { let x = crate::export::send(); }"),
            ("cache.rs", "use super::export::v5;"),
            ("cache.rs", "use crate::V5;"),
            ("cache.rs", "use crate::{Gone};"),
            ("cache.rs", "macro_rules! m { () => { $crate::export::X } }"),
            ("cache.rs", "mod inner { use super::super::export; }"),
        ] {
            assert_eq!(
                check(file, text),
                [format!("{file}:1: cache imports export")],
                "{text}"
            );
        }
    }

    #[test]
    fn names_alone_are_no_arrows() {
        assert!(check("cache.rs", "// crate::export\nfn export() {}").is_empty());
        assert!(check("cache/mod.rs", "mod inner { use super::export; }").is_empty());
    }

    #[test]
    fn modules_named_together_may_import_each_other() {
        let file = |name: &str, text: &str| (name.to_string(), text.to_string());
        let files = [
            file("lib.rs", ""),
            file("address.rs", "use crate::route::Hop;"),
            file("route.rs", "use crate::address::Address;"),
        ];
        assert_eq!(violations(&files, &["address route"]), Ok(vec![]));
        assert_ne!(violations(&files, &["address", "route"]), Ok(vec![]));
    }

    #[test]
    fn a_module_without_a_place_fails() {
        assert_eq!(
            check("attic.rs", ""),
            ["attic.rs: module attic has no place in the order"]
        );
    }
}
