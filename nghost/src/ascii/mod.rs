// SPDX-License-Identifier: BSD-2-Clause
//! The ASCII forms of control messages, and back: what ng_parse(3) of
//! netgraph does, after the same tables of names and types.
//!
//! `{ iface=0 index=1 }` is a structure, `[ 1 2 7=3 ]` an array, `"text"` a
//! string.  Fields that are not given have their default, which is zero;
//! fields that equal their default are not printed.  Errors are base's:
//! `ENOENT` for an unknown field, `EINVAL` for a bad value or a missing brace,
//! `EALREADY` for a field given twice, `E2BIG` for what does not fit,
//! `ERANGE` beyond 20 KiB.

mod number;
mod parse;
pub mod sockaddr;
mod token;
mod unparse;

use crate::errno::Errno;
use crate::message::HEADER_LEN;

pub use number::{is_space, read as read_number};

/// How a type's bytes and its ASCII form correspond.
#[derive(Debug)]
pub enum Type {
    /// An integer in host byte order, of 1, 2, 4 or 8 octets.
    Int(usize, Form),
    /// A string with its NUL.
    String,
    /// A string in an array of this many octets, its NUL among them.
    FixedString(usize),
    /// Octets; a quoted string is taken as well.
    Bytes(Length),
    /// Named fields.
    Struct(&'static [Field]),
    /// Elements of one type.
    Array(&'static Type, Length),
    /// Six octets, `00:11:22:33:44:55`.
    EtherAddr,
    /// A socket address as ng_ksocket(4) writes it: `inet/1.2.3.4:5`.
    Sockaddr,
}

/// A field's name and type.
#[derive(Debug)]
pub struct Field(pub &'static str, pub Type);

/// How an integer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Decimal with sign.
    Signed,
    /// Decimal.
    Unsigned,
    /// Hexadecimal, with `0x`.
    Hex,
}

/// How many elements the array at `at` has, read from what precedes it in
/// `message`: a `struct ng_mesg` and its arguments up to there.  `None` when
/// the message is too short to tell.
pub type Length = fn(message: &[u8], at: usize) -> Option<u32>;

/// `uint8_t`.
pub const UINT8: Type = Type::Int(1, Form::Unsigned);
/// `uint16_t`.
pub const UINT16: Type = Type::Int(2, Form::Unsigned);
/// `uint32_t`.
pub const UINT32: Type = Type::Int(4, Form::Unsigned);
/// `uint64_t`.
pub const UINT64: Type = Type::Int(8, Form::Unsigned);
/// `int32_t`.
pub const INT32: Type = Type::Int(4, Form::Signed);
/// `uint32_t` in hexadecimal.
pub const HEX32: Type = Type::Int(4, Form::Hex);

/// A command that a node type knows, under its name.
#[derive(Debug)]
pub struct Command {
    /// The type's cookie.
    pub cookie: u32,
    /// The command's number, `NGM_READONLY` and `NGM_HASREPLY` included.
    pub cmd: u32,
    /// Its name in ASCII.
    pub name: &'static str,
    /// The request's arguments, if it has any.
    pub args: Option<&'static Type>,
    /// The answer's arguments, if there are any.
    pub reply: Option<&'static Type>,
}

/// The cookie that all messages of a node type carry.
#[derive(Clone, Copy)]
pub struct Cookie(pub u32);

impl Cookie {
    /// One of its commands.
    pub const fn command(
        self,
        cmd: u32,
        name: &'static str,
        args: Option<&'static Type>,
        reply: Option<&'static Type>,
    ) -> Command {
        let Self(cookie) = self;
        Command {
            cookie,
            cmd,
            name,
            args,
            reply,
        }
    }
}

/// Octets of arguments that the ASCII forms can make, as in base.
const LIMIT: usize = 20 * 1024;

/// Makes the arguments of a message from their ASCII form.  `header` is the
/// message's own, which some types look into.
pub fn parse(ty: &Type, text: &[u8], header: &[u8; HEADER_LEN]) -> Result<Vec<u8>, Errno> {
    let mut parser = parse::Parser::new(text, header);
    let mut at = 0;
    parser.value(ty, &mut at)?;
    Ok(parser.into_arguments())
}

/// Makes the ASCII form of the arguments of `message`, which is a header and
/// the arguments.  `EINVAL` when they are too short for the type.
pub fn unparse(ty: &Type, message: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut out = Vec::new();
    let mut at = HEADER_LEN;
    unparse::value(ty, message, &mut at, &mut out)?;
    Ok(out)
}

/// Length of an array that follows its number of elements.
pub fn counted(message: &[u8], at: usize) -> Option<u32> {
    read_u32(message, at.checked_sub(4)?)
}

/// The `uint32_t` at `at`.
pub fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*word))
}

impl Type {
    /// What an element of this type is aligned to, in octets; 0 for types
    /// that need no padding.
    fn alignment(&self) -> usize {
        match self {
            Type::Int(size, _) => *size,
            Type::Struct(fields) => fields.iter().map(|f| f.1.alignment()).max().unwrap_or(0),
            Type::Array(element, _) => element.alignment(),
            _ => 0,
        }
    }

    /// Octets of padding before an element of this type at `position`.
    fn padding(&self, position: usize) -> usize {
        match self.alignment() {
            0 => 0,
            alignment => position.next_multiple_of(alignment) - position,
        }
    }

    /// The type of element `index`, when this is a structure or an array.
    fn element(&self, index: usize) -> Option<&Type> {
        match self {
            Type::Struct(fields) => fields.get(index).map(|field| &field.1),
            Type::Array(element, _) => Some(element),
            Type::Bytes(_) => Some(&Type::Int(1, Form::Hex)),
            _ => None,
        }
    }

    /// How many elements the structure or array at `at` has.
    fn count(&self, message: &[u8], at: usize) -> Option<usize> {
        match self {
            Type::Struct(fields) => Some(fields.len()),
            Type::Array(_, length) | Type::Bytes(length) => {
                // Base keeps an int for each element's place in the text.
                let count = length(message, at)?;
                (count <= i32::MAX as u32 / 4).then_some(count as usize)
            }
            _ => None,
        }
    }
}
