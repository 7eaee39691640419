// SPDX-License-Identifier: BSD-2-Clause
//! Unsafe code where none may be.

use crate::source::{is_word, line, tokens};
use proc_macro2::{TokenStream, TokenTree};

/// Finds the word `unsafe` in a file, named relative to the project's root,
/// that is not below one of `allowed`.
///
/// # Errors
/// The text is no Rust.
pub fn violations(file: &str, text: &str, allowed: &[&str]) -> Result<Vec<String>, String> {
    if allowed.iter().any(|place| file.starts_with(place)) {
        return Ok(Vec::new());
    }
    let tokens = tokens(text).map_err(|error| format!("{file}:{error}"))?;
    let mut lines = Vec::new();
    find(tokens, &mut lines);
    let report = |line| format!("{file}:{line}: unsafe");
    Ok(lines.into_iter().map(report).collect())
}

fn find(tokens: TokenStream, lines: &mut Vec<usize>) {
    for token in tokens {
        if is_word(Some(&token), "unsafe") {
            lines.push(line(&token));
        } else if let TokenTree::Group(group) = token {
            find(group.stream(), lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
        //! unsafe in a comment
        fn f() -> &'static str { \"unsafe\" }
        macro_rules! m { () => { unsafe { g() } } }
        unsafe impl Send for X {}
    ";

    #[test]
    fn code_counts_and_words_do_not() {
        assert_eq!(
            violations("node/src/lib.rs", TEXT, &["node/src/kpi/"]).unwrap(),
            ["node/src/lib.rs:4: unsafe", "node/src/lib.rs:5: unsafe"]
        );
    }

    #[test]
    fn it_may_be_where_it_is_allowed() {
        let found = violations("node/src/kpi/memory.rs", TEXT, &["node/src/kpi/"]);
        assert_eq!(found, Ok(Vec::new()));
    }
}
