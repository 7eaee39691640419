// SPDX-License-Identifier: BSD-2-Clause
//! Numbers as the kernel's strtol(9) family reads them.

/// What was read and where it ended; `end` is the start when there was no
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Magnitude, saturated.
    magnitude: u64,
    /// A minus sign came first.
    negative: bool,
    /// The magnitude does not fit in 64 bits.
    overflow: bool,
    /// Index of the first byte that is not part of the number.
    pub end: usize,
}

impl Number {
    /// As strtol(9): beyond the range of 64 bits it saturates.
    pub fn signed(self) -> i64 {
        match (self.negative, i64::try_from(self.magnitude)) {
            (false, Ok(value)) => value,
            (false, Err(_)) => i64::MAX,
            (true, Ok(value)) => -value,
            (true, Err(_)) => i64::MIN,
        }
    }

    /// As strtoul(9): a minus sign wraps around, beyond 64 bits it saturates.
    pub fn unsigned(self) -> u64 {
        if self.overflow {
            u64::MAX
        } else if self.negative {
            self.magnitude.wrapping_neg()
        } else {
            self.magnitude
        }
    }
}

/// C's `isspace`.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Reads a number at `start`: white space, a sign, and digits of `base`.
/// Base 0 takes `0x` for hexadecimal and a leading 0 for octal, base 16 lets
/// `0x` come first.
pub fn read(text: &[u8], start: usize, base: u32) -> Number {
    let at = |index: usize| text.get(index).copied().unwrap_or(0);
    let mut end = start;
    while is_space(at(end)) {
        end += 1;
    }
    let negative = at(end) == b'-';
    if negative || at(end) == b'+' {
        end += 1;
    }
    let mut radix = base;
    if matches!(base, 0 | 16) && at(end) == b'0' && matches!(at(end + 1), b'x' | b'X') {
        end += 2;
        radix = 16;
    } else if base == 0 {
        radix = if at(end) == b'0' { 8 } else { 10 };
    }
    let mut magnitude = Some(0u64);
    let mut any = false;
    while let Some(digit) = char::from(at(end)).to_digit(radix) {
        magnitude = magnitude
            .and_then(|m| m.checked_mul(u64::from(radix)))
            .and_then(|m| m.checked_add(u64::from(digit)));
        any = true;
        end += 1;
    }
    Number {
        magnitude: magnitude.unwrap_or(u64::MAX),
        negative,
        overflow: magnitude.is_none(),
        end: if any { end } else { start },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(text: &str) -> (i64, usize) {
        let number = read(text.as_bytes(), 0, 0);
        (number.signed(), number.end)
    }

    #[test]
    fn bases_signs_and_ends() {
        assert_eq!(signed("15 "), (15, 2));
        assert_eq!(signed(" -0x1F,"), (-31, 6));
        assert_eq!(signed("0755"), (0o755, 4));
        assert_eq!(signed("12ab"), (12, 2));
        assert_eq!(signed("x"), (0, 0));
        assert_eq!(signed("0x"), (0, 0));
        assert_eq!(signed("99999999999999999999").0, i64::MAX);
        assert_eq!(signed("-99999999999999999999").0, i64::MIN);
    }

    #[test]
    fn unsigned_wraps_at_a_minus_sign() {
        assert_eq!(read(b"-1", 0, 0).unsigned(), u64::MAX);
        assert_eq!(read(b"ff", 0, 16).unsigned(), 255);
        assert_eq!(read(b"99999999999999999999", 0, 10).unsigned(), u64::MAX);
    }
}
