// SPDX-License-Identifier: BSD-2-Clause
//! Text in lines that a system's log takes whole.

use core::fmt::{self, Write};

/// Octets of a line: syslogd(8) takes 1,024, and a kernel's stack is small.
const LONGEST: usize = 512;

/// Hands text over line by line: what does not fit goes on in the next, from the
/// space before its first word.
pub struct Lines<F: FnMut(&[u8])> {
    line: [u8; LONGEST],
    len: usize,
    each: F,
}

impl<F: FnMut(&[u8])> Lines<F> {
    pub fn new(each: F) -> Self {
        Self {
            line: [0; LONGEST],
            len: 0,
            each,
        }
    }

    /// Hands over the last line.
    pub fn end(&mut self) {
        (self.each)(self.line.get(..self.len).unwrap_or_default());
    }

    /// Hands a full line over up to its last word, which begins the next one.
    fn wrap(&mut self) {
        let space = self.line.iter().rposition(|byte| *byte == b' ');
        // A word of half a line and more is cut.
        let end = space.filter(|at| *at > LONGEST / 2).unwrap_or(LONGEST);
        if let Some((whole, word)) = self.line.split_at_mut_checked(end) {
            (self.each)(whole);
            self.len = word.len();
            for (place, byte) in whole.iter_mut().zip(word) {
                *place = *byte;
            }
        }
    }
}

impl<F: FnMut(&[u8])> Write for Lines<F> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.len == LONGEST {
                self.wrap();
            }
            if let Some(place) = self.line.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{string::String, vec::Vec};

    fn lines(text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let mut log = Lines::new(|line| lines.push(String::from_utf8_lossy(line).into_owned()));
        write!(log, "{text}").unwrap();
        log.end();
        lines
    }

    #[test]
    fn nothing_is_cut() {
        for words in 0..1000 {
            let text: String = (0..words)
                .map(|n| std::format!("dropped[{n}]={n} "))
                .collect();
            let lines = lines(&text);
            assert_eq!(lines.concat(), text);
            assert!(lines.iter().all(|line| line.len() <= LONGEST));
            let mut going_on = lines.iter().skip(1);
            assert!(going_on.all(|line| line.starts_with(' ')));
        }
        let word = "x".repeat(3 * LONGEST + 1);
        assert_eq!(lines(&word).concat(), word);
    }
}
