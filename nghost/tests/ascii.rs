// SPDX-License-Identifier: BSD-2-Clause
//! ASCII forms and bytes: each way and back, errors as in base, and no text or
//! bytes that do harm.

use ::nghost::ascii::sockaddr;
use ::nghost::ascii::{counted, parse, unparse, Field, Form, Type, INT32, UINT16, UINT32, UINT8};
use ::nghost::message::HEADER_LEN;
use proptest::collection::vec;
use proptest::prelude::*;
use sys_bindings::{E2BIG, EALREADY, EINVAL, ENOENT, ERANGE};

const HEADER: [u8; HEADER_LEN] = [0; HEADER_LEN];

fn to_bytes(ty: &Type, text: &str) -> Result<Vec<u8>, i32> {
    parse(ty, text.as_bytes(), &HEADER)
}

fn to_text(ty: &Type, bytes: &[u8]) -> Result<String, i32> {
    let text = unparse(ty, &[&HEADER, bytes].concat())?;
    Ok(String::from_utf8(text).unwrap())
}

static PAIR: Type = Type::Struct(&[Field("small", UINT8), Field("large", UINT32)]);
static LIST: Type = Type::Struct(&[
    Field("count", UINT8),
    Field("pad", Type::FixedString(4)),
    Field("n", UINT32),
    Field("items", Type::Array(&PAIR, counted)),
]);

#[test]
fn structures_are_laid_out_as_c_lays_them_out() {
    assert_eq!(to_bytes(&PAIR, "{ large=0x01020304 small=7 }").unwrap(), {
        let mut bytes = vec![7, 0, 0, 0];
        bytes.extend(0x01020304u32.to_ne_bytes());
        bytes
    });
    assert_eq!(to_bytes(&PAIR, " {} ").unwrap(), [0; 8]);
    assert_eq!(to_text(&PAIR, &[0; 8]).unwrap(), "{}");
    assert_eq!(
        to_text(&PAIR, &[9, 0, 0, 0, 0, 0, 0, 0]).unwrap(),
        "{ small=9 }"
    );
}

#[test]
fn errors_are_bases() {
    for (text, errno) in [
        ("", EINVAL),
        ("small=1", EINVAL),
        ("{ small=1", EINVAL),
        ("{ small }", EINVAL),
        ("{ small= }", EINVAL),
        ("{ small=x }", EINVAL),
        ("{ small=256 }", EINVAL),
        ("{ small=-129 }", EINVAL),
        ("{ large=0x100000000 }", EINVAL),
        ("{ nosuch=1 }", ENOENT),
        ("{ smal=1 }", ENOENT),
        ("{ small=1 small=2 }", EALREADY),
        ("{ \"small\"=1 }", EINVAL),
        ("[ 1 2 ]", EINVAL),
    ] {
        assert_eq!(to_bytes(&PAIR, text), Err(errno), "{text}");
    }
    // A value ends where its number ends, as in base.
    assert_eq!(to_bytes(&PAIR, "{ small=1x large=2 }").unwrap()[0], 1);
    assert_eq!(to_bytes(&PAIR, "{ small=-1 }").unwrap()[0], 255);
}

#[test]
fn arrays_are_as_long_as_the_message_says() {
    let bytes = to_bytes(&LIST, "{ n=3 items=[ { small=1 } 2={ large=5 } ] }").unwrap();
    assert_eq!(bytes.len(), 12 + 3 * 8);
    assert_eq!(
        to_text(&LIST, &bytes).unwrap(),
        "{ n=3 items=[ { small=1 } 2={ large=5 } ] }"
    );
    assert_eq!(to_bytes(&LIST, "{ n=1 items=[ {} {} ] }"), Err(E2BIG));
    assert_eq!(
        to_bytes(&LIST, "{ n=9 items=[ 1={} 1={} ] }"),
        Err(EALREADY)
    );
    assert_eq!(to_bytes(&LIST, "{ n=4000000000 items=[] }"), Err(EINVAL));
    assert_eq!(to_bytes(&LIST, "{ n=500000000 items=[] }"), Err(ERANGE));
    assert_eq!(to_bytes(&LIST, "{ n=500000000 }"), Err(ERANGE));
    assert_eq!(to_bytes(&LIST, "{ pad=\"abcd\" }"), Err(E2BIG));
    assert_eq!(to_bytes(&LIST, "{ pad=\"abc\" }").unwrap()[1..5], *b"abc\0");
}

#[test]
fn socket_addresses() {
    let ty = &Type::Sockaddr;
    for (text, bytes) in [
        (
            "inet/127.0.0.1:4444",
            [&[16, 2, 17, 92, 127, 0, 0, 1][..], &[0; 8]].concat(),
        ),
        (
            "inet/1.2.3.4",
            [&[16, 2, 0, 0, 1, 2, 3, 4][..], &[0; 8]].concat(),
        ),
        (
            "inet6/[2001:db8::1]:4739",
            [
                &[28, 28, 0x12, 0x83, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8][..],
                &[0; 11],
                &[1],
                &[0; 4],
            ]
            .concat(),
        ),
        (
            "{ len=4 family=1 data=[ 0x61 0x62 ] }",
            vec![4, 1, b'a', b'b'],
        ),
    ] {
        assert_eq!(to_bytes(ty, text).unwrap(), bytes, "{text}");
        assert_eq!(to_text(ty, &bytes).unwrap(), text);
        if let Ok(address) = sockaddr::from_bytes(&bytes) {
            assert_eq!(sockaddr::to_bytes(address), bytes);
        }
    }
    for text in [
        "",
        "inet",
        "inet/",
        "inet/1.2.3",
        "inet/1.2.3.256",
        "inet/1.2.3.4:",
        "inet/1.2.3.4:65536",
        "inet6/::1",
        "inet6/[::1",
        "inet6/[::g]",
        "atm/1",
        "127.0.0.1:4444",
    ] {
        assert_eq!(to_bytes(ty, text), Err(EINVAL), "{text}");
    }
    assert_eq!(to_text(ty, &[16, 2, 0, 0]), Err(EINVAL));
    assert_eq!(to_text(ty, &[]), Err(EINVAL));
}

#[test]
fn strings_and_ethernet_addresses() {
    let bytes = to_bytes(&Type::String, r#" "a b\n\"" "#).unwrap();
    assert_eq!(bytes, b"a b\n\"\0");
    assert_eq!(to_text(&Type::String, &bytes).unwrap(), r#""a b\n\"""#);
    assert_eq!(to_bytes(&Type::String, "bare"), Err(EINVAL));
    let mac = to_bytes(&Type::EtherAddr, "0:11:22:33:44:ff").unwrap();
    assert_eq!(mac, [0, 0x11, 0x22, 0x33, 0x44, 0xff]);
    assert_eq!(
        to_text(&Type::EtherAddr, &mac).unwrap(),
        "00:11:22:33:44:ff"
    );
    assert_eq!(to_bytes(&Type::EtherAddr, "0:11:22:33:44"), Err(EINVAL));
    assert_eq!(to_bytes(&Type::EtherAddr, "0:11:22:33:44:100"), Err(EINVAL));
}

/// A field's type, and a value of it as text and as bytes.
fn value() -> impl Strategy<Value = (Type, String, Vec<u8>)> {
    let text = |value: i128, form| match form {
        Form::Hex => format!("{value:#x}"),
        _ => value.to_string(),
    };
    let form = prop_oneof![Just(Form::Signed), Just(Form::Unsigned), Just(Form::Hex)];
    prop_oneof![
        (any::<i64>(), 0..4u32, form).prop_map(move |(wide, power, form)| {
            let size = 1usize << power;
            // Base reads 64 bits signed, whatever it prints.
            let form = if size == 8 { Form::Signed } else { form };
            let shift = 64 - 8 * size as u32;
            let value = match form {
                Form::Signed => i128::from(wide << shift >> shift),
                _ => i128::from((wide as u64) << shift >> shift),
            };
            let bytes = match size {
                1 => (value as u8).to_ne_bytes().to_vec(),
                2 => (value as u16).to_ne_bytes().to_vec(),
                4 => (value as u32).to_ne_bytes().to_vec(),
                _ => (value as u64).to_ne_bytes().to_vec(),
            };
            (Type::Int(size, form), text(value, form), bytes)
        }),
        vec(1..=255u8, 0..12).prop_map(|string| {
            let mut quoted = String::from("\"");
            for byte in &string {
                quoted += &format!("\\x{byte:02x}");
            }
            let mut bytes = string;
            bytes.resize(16, 0);
            (Type::FixedString(16), quoted + "\"", bytes)
        }),
    ]
}

proptest! {
    #[test]
    fn any_structure_goes_both_ways(values in vec((value(), any::<bool>()), 0..12)) {
        let mut fields = Vec::new();
        let mut text = String::from("{");
        let mut expected = Vec::new();
        let mut widest = 1;
        for (index, ((ty, value, bytes), given)) in values.into_iter().enumerate() {
            let name: &'static str = format!("field{index}").leak();
            let align = match &ty {
                Type::Int(size, _) => *size,
                _ => 1,
            };
            widest = widest.max(align);
            expected.resize(expected.len().next_multiple_of(align), 0);
            if given {
                text += &format!(" {name}={value}");
                expected.extend(bytes);
            } else {
                expected.resize(expected.len() + bytes.len(), 0);
            }
            fields.push(Field(name, ty));
        }
        expected.resize(expected.len().next_multiple_of(widest), 0);
        text += " }";
        let ty = Type::Struct(fields.leak());
        let bytes = to_bytes(&ty, &text);
        prop_assert_eq!(bytes.as_deref(), Ok(&expected[..]), "{}", text);
        let again = to_text(&ty, &expected).unwrap();
        prop_assert_eq!(to_bytes(&ty, &again), bytes, "{}", again);
    }

    #[test]
    fn addresses_go_both_ways(address: std::net::SocketAddrV4, v6: std::net::SocketAddrV6) {
        let v6 = std::net::SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id());
        for address in [address.into(), v6.into()] {
            let bytes = sockaddr::to_bytes(address);
            prop_assert_eq!(sockaddr::from_bytes(&bytes), Ok(address));
        }
    }

    #[test]
    fn no_text_does_harm(text in vec(any::<u8>(), 0..80)) {
        for ty in [&PAIR, &LIST, &Type::Sockaddr, &Type::String, &INT32, &Type::EtherAddr] {
            let _ = parse(ty, &text, &HEADER);
        }
    }

    #[test]
    fn no_text_of_the_right_letters_does_harm(
        text in "[{}\\[\\]=\" \\\\x0-9a-f./:]{0,60}|\\{ (n|items|count|pad)=[^}]{0,20}( \\})?",
    ) {
        for ty in [&PAIR, &LIST, &Type::Sockaddr, &UINT16] {
            if let Ok(bytes) = to_bytes(ty, &text) {
                prop_assert!(bytes.len() <= 20 * 1024);
                // What was made can be shown.
                prop_assert!(to_text(ty, &bytes).is_ok(), "{}", text);
            }
        }
    }

    #[test]
    fn no_bytes_do_harm(bytes in vec(any::<u8>(), 0..80)) {
        for ty in [&PAIR, &LIST, &Type::Sockaddr, &Type::String, &Type::EtherAddr] {
            let _ = to_text(ty, &bytes);
        }
    }
}
