// SPDX-License-Identifier: BSD-2-Clause
//! Commands as words: what a line of a script, or one typed at a prompt, says.

use std::str::{from_utf8, Utf8Error};

/// The words of a script's line: none if it is blank or begins with a `#`.
/// White space of any kind stands between them, and there is no quoting; see
/// ngctl(8).
///
/// ```
/// # use ngctl_rs::words::of_line;
/// assert_eq!(of_line(b"name em0:lower \tnetflow\r\n")?, ["name", "em0:lower", "netflow"]);
/// assert!(of_line(b"# in KOI8-R: \xcb\xcf\xc9")?.is_empty());
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
///
/// # Errors
/// When the line is not UTF-8, unless it is a comment.
pub fn of_line(line: &[u8]) -> Result<Vec<&str>, Utf8Error> {
    if line.starts_with(b"#") {
        return Ok(Vec::new());
    }
    from_utf8(line).map(split)
}

/// The words of a line that may begin with any character.
pub fn split(line: &str) -> Vec<&str> {
    line.split([' ', '\t', '\r', '\n', '\x0b', '\x0c'])
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_split_at_any_white_space_and_never_quoted() {
        let line = "\tmsg  netflow:\x0bsetifindex {\x0ciface=0 \"a b\" }\r\n";
        let words = [
            "msg",
            "netflow:",
            "setifindex",
            "{",
            "iface=0",
            "\"a",
            "b\"",
            "}",
        ];
        assert_eq!(split(line), words);
        assert!(split(" \t\r\n").is_empty());
    }
}
