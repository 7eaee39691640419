// SPDX-License-Identifier: BSD-2-Clause
//! The words of netgraph's ASCII forms: braces, brackets, `=`, quoted strings
//! and everything else between white space.

use sys_bindings::EINVAL;

use super::number::is_space;
use crate::errno::Errno;

/// A token's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `=`
    Equals,
    /// A string in double quotes.
    String,
    /// Anything else.
    Word,
    /// A string without its closing quote.
    Unterminated,
    /// No more text.
    End,
}

/// Skips white space from `at`.
pub fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).copied().is_some_and(is_space) {
        at += 1;
    }
    at
}

/// The token at or after `*at`, which is moved to its first byte, and its
/// length.
pub fn next(text: &[u8], at: &mut usize) -> (Token, usize) {
    *at = skip_space(text, *at);
    let Some(&first) = text.get(*at) else {
        return (Token::End, 0);
    };
    match single(first) {
        Some(token) => (token, 1),
        None if first == b'"' => match string(text, *at) {
            Some((_, len)) => (Token::String, len),
            None => (Token::Unterminated, 0),
        },
        None => {
            let ends = |&b: &u8| is_space(b) || single(b).is_some() || b == b'"';
            let rest = &text[*at + 1..];
            let len = 1 + rest.iter().position(ends).unwrap_or(rest.len());
            (Token::Word, len)
        }
    }
}

fn single(byte: u8) -> Option<Token> {
    Some(match byte {
        b'{' => Token::LeftBrace,
        b'}' => Token::RightBrace,
        b'[' => Token::LeftBracket,
        b']' => Token::RightBracket,
        b'=' => Token::Equals,
        _ => return None,
    })
}

/// Length of the value at `start`: one token, or all up to the brace or
/// bracket that closes it.
pub fn skip_value(text: &[u8], start: usize) -> Result<usize, Errno> {
    let (mut brackets, mut braces) = (0u32, 0u32);
    let mut at = start;
    loop {
        let (token, len) = next(text, &mut at);
        match token {
            Token::LeftBracket => brackets += 1,
            Token::LeftBrace => braces += 1,
            Token::RightBracket => brackets = brackets.checked_sub(1).ok_or(EINVAL)?,
            Token::RightBrace => braces = braces.checked_sub(1).ok_or(EINVAL)?,
            Token::End | Token::Unterminated => return Err(EINVAL),
            _ => {}
        }
        at += len;
        if brackets == 0 && braces == 0 {
            return Ok(at - start);
        }
    }
}

/// The string whose opening quote is at `start` with its escapes resolved, and
/// its length in the text, quotes included.  `None` without a closing quote.
pub fn string(text: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let body = text.get(start..)?.strip_prefix(b"\"")?;
    let mut value = Vec::new();
    let mut at = 0;
    loop {
        let byte = *body.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((value, at + 1)),
            b'\\' => {
                let (escaped, len) = escape(body.get(at..)?)?;
                value.push(escaped);
                at += len;
            }
            other => value.push(other),
        }
    }
}

/// What follows a backslash: the byte it stands for and its length.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let digits = |from: usize, most: usize, radix: u32| {
        let mut value = 0u32;
        let mut len = 0;
        while let Some(digit) = text
            .get(from + len)
            .filter(|_| len < most)
            .and_then(|&b| char::from(b).to_digit(radix))
        {
            value = value * radix + digit;
            len += 1;
        }
        // C stores it in a char: only the low eight bits stay.
        (value as u8, from + len)
    };
    Some(match *text.first()? {
        b't' => (b'\t', 1),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b'v' => (0x0b, 1),
        b'f' => (0x0c, 1),
        b'0'..=b'7' => digits(0, 3, 8),
        b'x' => digits(1, 2, 16),
        other => (other, 1),
    })
}

/// Appends `raw` in double quotes, so that [`string`] reads it back.
pub fn quote(raw: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in raw {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x0b => out.extend_from_slice(b"\\v"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            other => out.extend_from_slice(format!("\\x{other:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_end_where_the_next_begins() {
        let text = b"  ab=\"c d\"{ [x]";
        let mut at = 0;
        let mut seen = Vec::new();
        loop {
            let (token, len) = next(text, &mut at);
            if token == Token::End {
                break;
            }
            seen.push((token, &text[at..at + len]));
            at += len;
        }
        assert_eq!(
            seen,
            [
                (Token::Word, &b"ab"[..]),
                (Token::Equals, b"="),
                (Token::String, b"\"c d\""),
                (Token::LeftBrace, b"{"),
                (Token::LeftBracket, b"["),
                (Token::Word, b"x"),
                (Token::RightBracket, b"]"),
            ]
        );
    }

    #[test]
    fn escapes() {
        let (value, len) = string(br#""a\t\101\x41\\\"z""#, 0).unwrap();
        assert_eq!(value, b"a\tAA\\\"z");
        assert_eq!(len, br#""a\t\101\x41\\\"z""#.len());
        assert!(string(b"\"open", 0).is_none());
        assert!(string(b"\"open\\", 0).is_none());
    }

    #[test]
    fn a_value_ends_with_its_brackets() {
        assert_eq!(skip_value(b"{ a=[ 1 2 ] } rest", 0), Ok(13));
        assert_eq!(skip_value(b"}", 0), Err(EINVAL));
        assert_eq!(skip_value(b"{ a=1", 0), Err(EINVAL));
    }

    proptest! {
        #[test]
        fn quoted_strings_are_read_back(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut text = Vec::new();
            quote(&raw, &mut text);
            prop_assert_eq!(string(&text, 0), Some((raw, text.len())));
        }
    }
}
