// SPDX-License-Identifier: BSD-2-Clause
//! Rust sources as trees of tokens: comments and strings are out of the way,
//! and what stands inside macros is seen too.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The `.rs` files below a folder, in order. Folders that hold what was built
/// and hidden ones are left out.
///
/// # Errors
/// A folder cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let skip = name.starts_with('.') || name == "target" || name == "build";
            if !skip {
                found.append(&mut files(&path)?);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The tokens of a source text.
///
/// # Errors
/// Where the text is no Rust.
pub fn tokens(text: &str) -> Result<TokenStream, String> {
    text.parse()
        .map_err(|error: proc_macro2::LexError| format!("{}: {error}", error.span().start().line))
}

/// Whether a token is this word.
pub fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

/// The line a token is on, from 1.
pub fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// Whether `::` stands at the beginning of these tokens.
pub fn is_colons(tokens: &[TokenTree]) -> bool {
    let colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(tokens.first()) && colon(tokens.get(1))
}

/// The tokens between the braces, when this is `{...}`.
pub fn braced(token: Option<&TokenTree>) -> Option<Vec<TokenTree>> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}
