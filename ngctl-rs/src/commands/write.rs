// SPDX-License-Identifier: BSD-2-Clause
//! `write`: a packet out of one of our own hooks.

use super::{failed, Command, Failure, Flow, Outcome};
use crate::session::Session;
use ngctl_rs::{
    cli::{Exit, EX_OSERR},
    error::describe,
};
use std::{
    fs::File,
    io::{self, Read},
};
use sys_bindings::NG_HOOKSIZ;

/// Bytes of a packet from a file at most: more than any link has, and what nghost and
/// a kernel's socket can carry.
const LONGEST: usize = 65536;

pub static COMMAND: Command = Command {
    usage: "write hook < -f file | byte ... >",
    summary: "Send a packet out of a hook of our own node",
    help: "The packet is what the file holds, or the bytes given: numbers as in C, decimal, \
           octal or hexadecimal.",
    aliases: &["w"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let (hook, packet) = match args {
        [hook, "-f", path] => (hook, contents(path)?),
        [_, "-f", ..] | [] | [_] => return Err(Failure::Usage),
        [hook, bytes @ ..] => (
            hook,
            bytes.iter().copied().map(byte).collect::<Result<_, _>>()?,
        ),
    };
    if hook.len() >= NG_HOOKSIZ {
        return Err(Exit::new(EX_OSERR, format!("hook name \"{hook}\" too long")).into());
    }
    session
        .client()?
        .send_data(hook, &packet)
        .map_err(|error| failed(format!("writing to hook \"{hook}\""), error))?;
    Ok(Flow::Continue)
}

fn contents(path: &str) -> Result<Vec<u8>, Failure> {
    let packet = beginning(path)
        .map_err(|error| failed(format!("can't read file \"{path}\""), describe(&error)))?;
    let wrong = |why: &str| Err(Exit::new(EX_OSERR, format!("file \"{path}\" {why}")).into());
    match packet.len() {
        0 => wrong("is empty"),
        length if length > LONGEST => wrong(&format!("is longer than {LONGEST} bytes")),
        _ => Ok(packet),
    }
}

/// No more of a file than shows whether it is too long.
fn beginning(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = LONGEST + 1;
    File::open(path)?
        .take(most as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A byte as scanf(3)'s `%i` reads it, signed or not.
fn byte(word: &str) -> Result<u8, Failure> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word.strip_prefix('+').unwrap_or(word)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // Rust would take one more sign.
    let value = match digits.starts_with(['-', '+']) {
        true => None,
        false => i32::from_str_radix(digits, radix).ok(),
    };
    match value.map(|value| sign * value) {
        Some(value @ -128..=255) => Ok(value as u8),
        _ => Err(Exit::new(EX_OSERR, format!("invalid byte \"{word}\"")).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::byte;

    #[test]
    fn bytes_are_numbers_as_in_c() {
        let bytes = ["0", "255", "0x7f", "0XFF", "017", "-1", "-128", "+9"];
        let read: Vec<u8> = bytes.iter().filter_map(|word| byte(word).ok()).collect();
        assert_eq!(read, [0, 255, 127, 255, 15, 255, 128, 9]);
        for wrong in [
            "256", "-129", "x", "", "0x", "08", "1x", "--1", "+-1", "0x-1",
        ] {
            assert!(byte(wrong).is_err(), "{wrong}");
        }
    }
}
