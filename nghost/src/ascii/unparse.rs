// SPDX-License-Identifier: BSD-2-Clause
//! From bytes to ASCII.

use std::io::Write;

use sys_bindings::EINVAL;

use super::{parse, sockaddr, token, Form, Type, LIMIT};
use crate::errno::Errno;
use crate::message::HEADER_LEN;

/// Appends the ASCII form of the value at `at` in `message`, a header and
/// arguments; `at` moves behind the value.
pub fn value(ty: &Type, message: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Result<(), Errno> {
    match ty {
        Type::Int(size, form) => int(*size, *form, message, at, out),
        Type::String => {
            let rest = message.get(*at..).ok_or(EINVAL)?;
            let string = until_nul(rest);
            token::quote(string, out);
            *at += rest.len().min(string.len() + 1);
            Ok(())
        }
        Type::FixedString(size) => {
            token::quote(until_nul(take(message, at, *size)?), out);
            Ok(())
        }
        Type::EtherAddr => {
            let octets = take(message, at, 6)?;
            let text: Vec<String> = octets.iter().map(|o| format!("{o:02x}")).collect();
            out.extend_from_slice(text.join(":").as_bytes());
            Ok(())
        }
        Type::Sockaddr => sockaddr::unparse(message, at, out),
        Type::Bytes(_) | Type::Struct(_) | Type::Array(..) => composite(ty, message, at, out),
    }
}

/// The next `len` octets.
pub fn take<'a>(message: &'a [u8], at: &mut usize, len: usize) -> Result<&'a [u8], Errno> {
    let bytes = message
        .get(*at..)
        .and_then(|rest| rest.get(..len))
        .ok_or(EINVAL)?;
    *at += len;
    Ok(bytes)
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    &bytes[..end]
}

fn int(
    size: usize,
    form: Form,
    message: &[u8],
    at: &mut usize,
    out: &mut Vec<u8>,
) -> Result<(), Errno> {
    let bytes = take(message, at, size)?;
    let mut wide = [0; 8];
    wide[..size].copy_from_slice(bytes);
    if cfg!(target_endian = "big") {
        wide.rotate_right(8 - size);
    }
    let value = u64::from_ne_bytes(wide);
    let shift = 64 - 8 * size as u32;
    // Writing to a Vec cannot fail.
    let _ = match form {
        Form::Unsigned => write!(out, "{value}"),
        Form::Signed => write!(out, "{}", (value << shift) as i64 >> shift),
        Form::Hex => write!(out, "{value:#x}"),
    };
    Ok(())
}

fn composite(ty: &Type, message: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Result<(), Errno> {
    let fields = match ty {
        Type::Struct(fields) => Some(fields),
        _ => None,
    };
    let count = ty.count(message, *at).ok_or(EINVAL)?;
    let mut printed = false;
    let mut expected = 0;
    out.push(if fields.is_some() { b'{' } else { b'[' });
    for index in 0..count {
        let element = ty.element(index).ok_or(EINVAL)?;
        *at += element.padding(*at - HEADER_LEN);
        if let Some(len) = default_at(element, message, *at) {
            *at += len;
            continue;
        }
        out.push(b' ');
        if let Some(field) = fields.and_then(|fields| fields.get(index)) {
            out.extend_from_slice(field.0.as_bytes());
            out.push(b'=');
        } else {
            if index != expected {
                out.extend_from_slice(format!("{index}=").as_bytes());
            }
            expected = index + 1;
        }
        value(element, message, at, out)?;
        printed = true;
    }
    if printed {
        out.push(b' ');
    }
    out.push(if fields.is_some() { b'}' } else { b']' });
    Ok(())
}

/// The length of the element at `at` when it equals its default.  Base looks
/// at the first 20 KiB only; what lies beyond is always printed.
fn default_at(ty: &Type, message: &[u8], at: usize) -> Option<usize> {
    if at >= LIMIT {
        return None;
    }
    let mut work = message.get(..at)?.to_vec();
    parse::default(ty, &mut work).ok()?;
    let default = &work[at..];
    message
        .get(at..)?
        .starts_with(default)
        .then_some(default.len())
}
