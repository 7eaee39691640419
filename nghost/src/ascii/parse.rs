// SPDX-License-Identifier: BSD-2-Clause
//! From ASCII to bytes.

use std::collections::BTreeMap;

use sys_bindings::{E2BIG, EALREADY, EINVAL, ENOENT, EOPNOTSUPP, ERANGE};

use super::token::{self, Token};
use super::{number, sockaddr, Form, Type, LIMIT};
use crate::errno::Errno;
use crate::message::HEADER_LEN;

/// A text on its way to bytes.
pub struct Parser<'a> {
    text: &'a [u8],
    /// The message's header and the arguments made so far.
    out: Vec<u8>,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a [u8], header: &[u8; HEADER_LEN]) -> Self {
        // C's string ends at the first NUL.
        let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        Parser {
            text: &text[..end],
            out: header.to_vec(),
        }
    }

    /// What was made.
    pub fn into_arguments(mut self) -> Vec<u8> {
        self.out.split_off(HEADER_LEN)
    }

    /// Reads a value at `at`, which moves behind it.
    pub fn value(&mut self, ty: &Type, at: &mut usize) -> Result<(), Errno> {
        match ty {
            Type::Int(size, form) => self.int(*size, *form, at),
            Type::String => {
                let mut string = self.string(at)?;
                string.push(0);
                self.append(&string)
            }
            Type::FixedString(size) => {
                let mut string = self.string(at)?;
                if string.len() >= *size {
                    return Err(E2BIG);
                }
                string.resize(*size, 0);
                self.append(&string)
            }
            Type::Bytes(_) => self.bytes(ty, at),
            Type::Struct(_) | Type::Array(..) => self.composite(ty, at),
            Type::EtherAddr => self.ether_addr(at),
            Type::Sockaddr => {
                if token::next(self.text, at).0 == Token::LeftBrace {
                    return self.composite(&sockaddr::GENERIC, at);
                }
                let address = sockaddr::parse(self.text, at)?;
                self.append(&address)
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        if self.out.len() + bytes.len() > HEADER_LEN + LIMIT {
            return Err(ERANGE);
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn zeros(&mut self, len: usize) -> Result<(), Errno> {
        if len > HEADER_LEN + LIMIT - self.out.len() {
            return Err(ERANGE);
        }
        self.out.resize(self.out.len() + len, 0);
        Ok(())
    }

    /// Octets take values of either sign that fit, as `-1` or `0xff`; 64 bits
    /// saturate.
    fn int(&mut self, size: usize, form: Form, at: &mut usize) -> Result<(), Errno> {
        let number = number::read(self.text, *at, 0);
        let value = match (size, form) {
            (4, Form::Unsigned | Form::Hex) => number.unsigned() as i64,
            _ => number.signed(),
        };
        let bits = 8 * size as u32;
        let fits = bits == 64 || (-(1i64 << (bits - 1))..1i64 << bits).contains(&value);
        if number.end == *at || !fits {
            return Err(EINVAL);
        }
        *at = number.end;
        // Truncation is two's complement: -1 becomes 0xff.
        match size {
            1 => self.append(&(value as u8).to_ne_bytes()),
            2 => self.append(&(value as u16).to_ne_bytes()),
            4 => self.append(&(value as u32).to_ne_bytes()),
            _ => self.append(&value.to_ne_bytes()),
        }
    }

    fn string(&self, at: &mut usize) -> Result<Vec<u8>, Errno> {
        let start = token::skip_space(self.text, *at);
        let (value, len) = token::string(self.text, start).ok_or(EINVAL)?;
        *at = start + len;
        Ok(value)
    }

    fn bytes(&mut self, ty: &Type, at: &mut usize) -> Result<(), Errno> {
        let Ok(string) = self.string(at) else {
            return self.composite(ty, at);
        };
        let len = ty.count(&self.out, self.out.len()).ok_or(EINVAL)?;
        if len > HEADER_LEN + LIMIT - self.out.len() {
            return Err(ERANGE);
        }
        let rest = len.checked_sub(string.len()).ok_or(E2BIG)?;
        self.append(&string)?;
        self.zeros(rest)
    }

    fn ether_addr(&mut self, at: &mut usize) -> Result<(), Errno> {
        for index in 0..6 {
            if index > 0 {
                if self.text.get(*at) != Some(&b':') {
                    return Err(EINVAL);
                }
                *at += 1;
            }
            let number = number::read(self.text, *at, 16);
            let octet = u8::try_from(number.unsigned()).map_err(|_| EINVAL)?;
            if number.end == *at {
                return Err(EINVAL);
            }
            *at = number.end;
            self.append(&[octet])?;
        }
        Ok(())
    }

    /// A structure or an array: first finds each element's place in the text,
    /// then makes the bytes in order, from the text or from the default.
    fn composite(&mut self, ty: &Type, at: &mut usize) -> Result<(), Errno> {
        let start = self.out.len();
        let count = ty.count(&self.out, start).ok_or(EINVAL)?;
        let places = self.places(ty, count, at)?;
        for index in 0..count {
            let element = ty.element(index).ok_or(EINVAL)?;
            self.zeros(element.padding(self.out.len() - start))?;
            match places.get(&index) {
                Some(&place) => {
                    *at = place;
                    self.value(element, at)?;
                }
                None => self.default(element)?,
            }
        }
        self.zeros(ty.padding(self.out.len() - start))
    }

    fn places(
        &self,
        ty: &Type,
        count: usize,
        at: &mut usize,
    ) -> Result<BTreeMap<usize, usize>, Errno> {
        let (open, close) = match ty {
            Type::Struct(_) => (Token::LeftBrace, Token::RightBrace),
            _ => (Token::LeftBracket, Token::RightBracket),
        };
        let (token, len) = token::next(self.text, at);
        if token != open {
            return Err(EINVAL);
        }
        *at += len;
        let mut places = BTreeMap::new();
        let mut implied = 0u32;
        loop {
            let (token, len) = token::next(self.text, at);
            if token == close {
                *at += len;
                return Ok(places);
            }
            let index = match ty {
                Type::Struct(fields) => {
                    if token != Token::Word {
                        return Err(EINVAL);
                    }
                    let name = &self.text[*at..*at + len];
                    let index = fields.iter().position(|f| f.0.as_bytes() == name);
                    *at += len;
                    let index = index.ok_or(ENOENT)?;
                    self.equals(at)?;
                    index
                }
                _ => {
                    let index = match self.explicit_index(token, len, at)? {
                        Some(index) => index,
                        None => implied,
                    };
                    implied = index.wrapping_add(1);
                    index as usize
                }
            };
            if index >= count {
                return Err(E2BIG);
            }
            *at = token::skip_space(self.text, *at);
            if places.insert(index, *at).is_some() {
                return Err(EALREADY);
            }
            *at += token::skip_value(self.text, *at)?;
        }
    }

    fn equals(&self, at: &mut usize) -> Result<(), Errno> {
        let (token, len) = token::next(self.text, at);
        if token != Token::Equals {
            return Err(EINVAL);
        }
        *at += len;
        Ok(())
    }

    /// The index in `7=value`; a value alone has none.
    fn explicit_index(
        &self,
        token: Token,
        len: usize,
        at: &mut usize,
    ) -> Result<Option<u32>, Errno> {
        match token {
            Token::LeftBrace | Token::LeftBracket => return Ok(None),
            Token::Word => {}
            _ => return Err(EINVAL),
        }
        let mut behind = *at + len;
        if self.equals(&mut behind).is_err() {
            return Ok(None);
        }
        let number = number::read(self.text, *at, 0);
        if number.end != *at + len || number.unsigned() == u64::MAX {
            return Err(EINVAL);
        }
        *at = behind;
        Ok(Some(number.unsigned() as u32)) // C's cast to u_int.
    }

    fn default(&mut self, ty: &Type) -> Result<(), Errno> {
        // More than the limit is refused below, and so never made.
        default(ty, &mut self.out)?;
        if self.out.len() > HEADER_LEN + LIMIT {
            return Err(ERANGE);
        }
        Ok(())
    }
}

/// Appends the default of a type to `out`, a header and the arguments before
/// it.  `EOPNOTSUPP` for types that have none.
pub fn default(ty: &Type, out: &mut Vec<u8>) -> Result<(), Errno> {
    match ty {
        Type::Int(size, _) | Type::FixedString(size) => out.resize(out.len() + size, 0),
        Type::String => out.push(0),
        Type::EtherAddr | Type::Sockaddr => return Err(EOPNOTSUPP),
        Type::Bytes(_) | Type::Struct(_) | Type::Array(..) => {
            let start = out.len();
            let count = ty.count(out, start).ok_or(EINVAL)?;
            if count > LIMIT {
                return Err(ERANGE);
            }
            for index in 0..count {
                let element = ty.element(index).ok_or(EINVAL)?;
                out.resize(out.len() + element.padding(out.len() - start), 0);
                default(element, out)?;
                if out.len() > HEADER_LEN + LIMIT {
                    return Err(ERANGE);
                }
            }
            out.resize(out.len() + ty.padding(out.len() - start), 0);
        }
    }
    Ok(())
}
