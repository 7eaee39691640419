// SPDX-License-Identifier: BSD-2-Clause
//! ASCII forms of arguments: what can be read can be written, and reads the
//! same again; bytes of any content can be written or are refused.

use nghost::ascii::{counted, parse, unparse, Field, Form, Type};
use nghost::ascii::{HEX32, INT32, UINT16, UINT32, UINT64, UINT8};
use nghost::message::HEADER_LEN;

use crate::tally;

static PAIR: Type = Type::Struct(&[Field("small", UINT8), Field("large", UINT64)]);
static TYPES: [Type; 11] = [
    UINT16,
    INT32,
    HEX32,
    Type::Int(8, Form::Signed),
    Type::String,
    Type::FixedString(32),
    Type::EtherAddr,
    Type::Sockaddr,
    Type::Array(&UINT16, |_, _| Some(7)),
    Type::Struct(&[
        Field("n", UINT32),
        Field("items", Type::Array(&PAIR, counted)),
    ]),
    Type::Struct(&[
        Field("name", Type::FixedString(8)),
        Field("index", UINT16),
        Field("len", UINT32),
        Field("data", Type::Bytes(counted)),
    ]),
];

/// The first octet chooses a type, and whether text or bytes follow.
pub fn run(data: &[u8]) {
    tally::add(1);
    let Some((&how, rest)) = data.split_first() else {
        return;
    };
    let ty = &TYPES[usize::from(how >> 1) % TYPES.len()];
    let header = [0; HEADER_LEN];
    let written = |args: &[u8]| unparse(ty, &[&header, args].concat());
    if how & 1 == 1 {
        let _ = written(rest);
        return;
    }
    if let Ok(args) = parse(ty, rest, &header) {
        // Bytes behind a string's NUL have no ASCII form, so text is compared.
        let text = written(&args).expect("what was read can be written");
        let again = parse(ty, &text, &header).and_then(|args| written(&args));
        assert_eq!(again.as_ref(), Ok(&text));
    }
}
