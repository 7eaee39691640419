// SPDX-License-Identifier: BSD-2-Clause
//! Addresses of nodes: `name:`, `[id]:`, `.:`, each with a path of hooks
//! behind it, or a path alone (netgraph(4), "Addressing").

use sys_bindings::{EINVAL, NG_PATHSIZ};

use crate::ascii::read_number;
use crate::errno::Errno;

/// An address taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// What stands before the colon, if there is one.
    pub node: Option<&'a [u8]>,
    /// The hooks' names with dots between, if there are any.
    pub hooks: Option<&'a [u8]>,
}

/// Takes an address apart; `EINVAL` when it is malformed.
pub fn parse(address: &[u8]) -> Result<Path<'_>, Errno> {
    let address = &address[..address.len().min(NG_PATHSIZ - 1)];
    let (node, path) = match address.iter().position(|&b| b == b':') {
        Some(colon) => (Some(&address[..colon]), &address[colon + 1..]),
        None => (None, address),
    };
    if let Some(node) = node {
        if node.is_empty() || (node != b"." && node.contains(&b'.')) {
            return Err(EINVAL);
        }
    }
    if path.contains(&b':') || path.windows(2).any(|pair| pair == b"..") {
        return Err(EINVAL);
    }
    let path = path.strip_prefix(b".").unwrap_or(path);
    let path = path.strip_suffix(b".").unwrap_or(path);
    Ok(Path {
        node,
        hooks: (!path.is_empty()).then_some(path),
    })
}

/// The ID in a name like `[1f]`, if it is one; never 0.
pub fn decode_id(name: &[u8]) -> Option<u32> {
    let inner = name.strip_prefix(b"[")?.strip_suffix(b"]")?;
    if !inner.first()?.is_ascii_hexdigit() {
        return None;
    }
    let number = read_number(inner, 0, 16);
    let value = number.unsigned();
    // Base casts to 32 bits after it looked for 0 and for overflow.
    (number.end == inner.len() && value != u64::MAX && value as u32 != 0).then_some(value as u32)
}

/// May a node be called this?  `EINVAL` when not.
pub fn check_name(name: &[u8]) -> Result<(), Errno> {
    let special = name.iter().any(|b| matches!(b, b'.' | b':'));
    if name.is_empty() || special || decode_id(name).is_some() {
        return Err(EINVAL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path<'a>(node: Option<&'a str>, hooks: Option<&'a str>) -> Result<Path<'a>, Errno> {
        Ok(Path {
            node: node.map(str::as_bytes),
            hooks: hooks.map(str::as_bytes),
        })
    }

    #[test]
    fn addresses_come_apart() {
        assert_eq!(parse(b"em0:"), path(Some("em0"), None));
        assert_eq!(
            parse(b"em0:lower.right2left"),
            path(Some("em0"), Some("lower.right2left"))
        );
        assert_eq!(parse(b".:"), path(Some("."), None));
        assert_eq!(parse(b"."), path(None, None));
        assert_eq!(parse(b""), path(None, None));
        assert_eq!(parse(b".a.b."), path(None, Some("a.b")));
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for address in [":a", "a.b:c", "a:b:c", "a:b..c", "..:a"] {
            assert_eq!(parse(address.as_bytes()), Err(EINVAL), "{address}");
        }
    }

    #[test]
    fn ids() {
        assert_eq!(decode_id(b"[1f]"), Some(0x1f));
        assert_eq!(decode_id(b"[0x1F]"), Some(0x1f));
        for name in ["[0]", "[]", "1f", "[1g]", "[-1]", "[ 1]", "[1] "] {
            assert_eq!(decode_id(name.as_bytes()), None, "{name}");
        }
        assert_eq!(check_name(b"[5]"), Err(EINVAL));
        assert_eq!(check_name(b"[5"), Ok(()));
        assert_eq!(check_name(b"a.b"), Err(EINVAL));
    }

    proptest! {
        #[test]
        fn no_address_panics(address in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse(&address);
            let _ = decode_id(&address);
        }
    }
}
