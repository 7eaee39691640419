// SPDX-License-Identifier: BSD-2-Clause
//! What a hook is for, as its name says.

use crate::kpi::Errno;
use sys_bindings::{
    EINVAL, NG_NETFLOW_HOOK_DATA, NG_NETFLOW_HOOK_EXPORT, NG_NETFLOW_HOOK_EXPORT9,
    NG_NETFLOW_HOOK_OUT,
};

/// Interfaces of a node, numbered from 0: `USHRT_MAX`, as ng_netflow.h has it.
pub(crate) const NG_NETFLOW_MAXIFACES: u32 = u16::MAX as u32;

/// A hook's part in the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `ifaceN`: packets that interface N received.
    Iface(u16),
    /// `outN`: packets on their way out of interface N.
    Out(u16),
    /// `export`: NetFlow version 5 leaves here.
    Export,
    /// `export9`: NetFlow version 9 leaves here.
    Export9,
}

impl Role {
    /// Reads a hook's name.  Numbers are decimal, without leading zeros and
    /// below `NG_NETFLOW_MAXIFACES`; anything else is `EINVAL`.
    pub fn of(name: &[u8]) -> Result<Role, Errno> {
        if let Some(number) = name.strip_prefix(NG_NETFLOW_HOOK_DATA.as_bytes()) {
            return iface_number(number).map(Role::Iface);
        }
        if let Some(number) = name.strip_prefix(NG_NETFLOW_HOOK_OUT.as_bytes()) {
            return iface_number(number).map(Role::Out);
        }
        if name == NG_NETFLOW_HOOK_EXPORT.as_bytes() {
            return Ok(Role::Export);
        }
        if name == NG_NETFLOW_HOOK_EXPORT9.as_bytes() {
            return Ok(Role::Export9);
        }
        Err(EINVAL)
    }

    /// The role as a number other than 0, for a hook's private pointer.
    pub fn to_bits(self) -> usize {
        match self {
            Role::Iface(number) => 1 << 16 | usize::from(number),
            Role::Out(number) => 2 << 16 | usize::from(number),
            Role::Export => 3 << 16,
            Role::Export9 => 4 << 16,
        }
    }

    /// The role with this number.
    #[inline]
    pub fn from_bits(bits: usize) -> Option<Role> {
        let number = bits as u16;
        match bits >> 16 {
            1 => Some(Role::Iface(number)),
            2 => Some(Role::Out(number)),
            3 if number == 0 => Some(Role::Export),
            4 if number == 0 => Some(Role::Export9),
            _ => None,
        }
    }
}

fn iface_number(digits: &[u8]) -> Result<u16, Errno> {
    let leading_zero = digits.len() > 1 && digits.first() == Some(&b'0');
    let text = core::str::from_utf8(digits).map_err(|_| EINVAL)?;
    if leading_zero || !digits.iter().all(u8::is_ascii_digit) {
        return Err(EINVAL);
    }
    match text.parse::<u16>() {
        Ok(number) if u32::from(number) < NG_NETFLOW_MAXIFACES => Ok(number),
        _ => Err(EINVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_base_takes() {
        assert_eq!(Role::of(b"iface0"), Ok(Role::Iface(0)));
        assert_eq!(Role::of(b"iface65534"), Ok(Role::Iface(65534)));
        assert_eq!(Role::of(b"out7"), Ok(Role::Out(7)));
        assert_eq!(Role::of(b"export"), Ok(Role::Export));
        assert_eq!(Role::of(b"export9"), Ok(Role::Export9));
    }

    #[test]
    fn names_that_base_refuses() {
        for name in [
            "iface",
            "iface01",
            "ifaceX",
            "iface1x",
            "iface-1",
            "iface+1",
            "iface65535",
            "iface4294967296",
            "out",
            "out00",
            "Iface0",
            "exports",
            "export8",
            "",
            "hook",
        ] {
            assert_eq!(Role::of(name.as_bytes()), Err(EINVAL), "{name}");
        }
    }

    #[test]
    fn every_role_survives_the_private_pointer() {
        for role in [
            Role::Iface(0),
            Role::Iface(65534),
            Role::Out(0),
            Role::Out(9),
            Role::Export,
            Role::Export9,
        ] {
            assert_ne!(role.to_bits(), 0);
            assert_eq!(Role::from_bits(role.to_bits()), Some(role));
        }
        assert_eq!(Role::from_bits(0), None);
    }
}
