// SPDX-License-Identifier: BSD-2-Clause
//! Socket addresses as ng_ksocket(4) writes them, in FreeBSD's layouts:
//! `inet/192.0.2.1:4739`, `inet6/[2001:db8::1]:4739`, and a structure of
//! `len`, `family` and `data` for every other family.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use sys_bindings::{sockaddr_in, sockaddr_in6, AF_INET, AF_INET6, EINVAL};
use zerocopy::{FromBytes, FromZeros, IntoBytes};

use super::unparse::value;
use super::{number, Field, Type, UINT8};
use crate::errno::Errno;

/// `struct sockaddr` of any family.
pub const GENERIC: Type = Type::Struct(&[
    Field("len", UINT8),
    Field("family", UINT8),
    Field("data", Type::Bytes(data_length)),
]);

/// Octets of `struct sockaddr` before `sa_data`.
const DATA_OFFSET: usize = 2;

fn data_length(message: &[u8], at: usize) -> Option<u32> {
    let len = *message.get(at.checked_sub(DATA_OFFSET)?)?;
    Some(u32::from(len).saturating_sub(DATA_OFFSET as u32))
}

/// Reads an address in its family's own form.
pub fn parse(text: &[u8], at: &mut usize) -> Result<Vec<u8>, Errno> {
    let rest = text.get(*at..).ok_or(EINVAL)?;
    let slash = rest.iter().position(|&b| b == b'/').ok_or(EINVAL)?;
    let family = &rest[..slash];
    *at += slash + 1;
    let address = match family {
        b"inet" | b"2" => SocketAddr::V4(parse_v4(text, at)?),
        b"inet6" | b"28" => SocketAddr::V6(parse_v6(text, at)?),
        _ => return Err(EINVAL),
    };
    Ok(to_bytes(address))
}

fn parse_v4(text: &[u8], at: &mut usize) -> Result<SocketAddrV4, Errno> {
    let mut octets = [0; 4];
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            if text.get(*at) != Some(&b'.') {
                return Err(EINVAL);
            }
            *at += 1;
        }
        *octet = u8::try_from(decimal(text, at)?).map_err(|_| EINVAL)?;
    }
    let port = parse_port(text, at)?;
    Ok(SocketAddrV4::new(Ipv4Addr::from(octets), port))
}

fn parse_v6(text: &[u8], at: &mut usize) -> Result<SocketAddrV6, Errno> {
    let inner = text.get(*at..).and_then(|rest| rest.strip_prefix(b"["));
    let inner = inner.ok_or(EINVAL)?;
    let len = inner.iter().position(|&b| b == b']').ok_or(EINVAL)?;
    let address: Ipv6Addr = std::str::from_utf8(&inner[..len])
        .ok()
        .and_then(|inner| inner.parse().ok())
        .ok_or(EINVAL)?;
    *at += len + 2;
    let port = parse_port(text, at)?;
    Ok(SocketAddrV6::new(address, port, 0, 0))
}

fn parse_port(text: &[u8], at: &mut usize) -> Result<u16, Errno> {
    if text.get(*at) != Some(&b':') {
        return Ok(0);
    }
    *at += 1;
    u16::try_from(decimal(text, at)?).map_err(|_| EINVAL)
}

fn decimal(text: &[u8], at: &mut usize) -> Result<u64, Errno> {
    let number = number::read(text, *at, 10);
    if number.end == *at {
        return Err(EINVAL);
    }
    *at = number.end;
    Ok(number.unsigned())
}

/// Appends the ASCII form of the address at `at`.
pub fn unparse(message: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Result<(), Errno> {
    let rest = message.get(*at..).ok_or(EINVAL)?;
    let (address, len) = match rest.get(1) {
        Some(&AF_INET) => (from_bytes(rest)?, size_of::<sockaddr_in>()),
        Some(&AF_INET6) => (from_bytes(rest)?, size_of::<sockaddr_in6>()),
        _ => return value(&GENERIC, message, at, out),
    };
    let ip = match address {
        SocketAddr::V4(v4) => format!("inet/{}", v4.ip()),
        SocketAddr::V6(v6) => format!("inet6/[{}]", v6.ip()),
    };
    out.extend_from_slice(ip.as_bytes());
    if address.port() != 0 {
        out.extend_from_slice(format!(":{}", address.port()).as_bytes());
    }
    *at += len;
    Ok(())
}

/// A FreeBSD `sockaddr_in` or `sockaddr_in6`.
pub fn to_bytes(address: SocketAddr) -> Vec<u8> {
    match address {
        SocketAddr::V4(v4) => {
            let mut sin = sockaddr_in::new_zeroed();
            sin.sin_len = size_of::<sockaddr_in>() as u8;
            sin.sin_family = AF_INET;
            sin.sin_port = v4.port().to_be();
            sin.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            sin.as_bytes().to_vec()
        }
        SocketAddr::V6(v6) => {
            let mut sin6 = sockaddr_in6::new_zeroed();
            sin6.sin6_len = size_of::<sockaddr_in6>() as u8;
            sin6.sin6_family = AF_INET6;
            sin6.sin6_port = v6.port().to_be();
            sin6.sin6_addr.__u6_addr.__u6_addr8 = v6.ip().octets();
            sin6.sin6_scope_id = v6.scope_id();
            sin6.as_bytes().to_vec()
        }
    }
}

/// Reads a FreeBSD `sockaddr_in` or `sockaddr_in6` at the beginning of
/// `bytes`; `EINVAL` for another family or for too few octets.
pub fn from_bytes(bytes: &[u8]) -> Result<SocketAddr, Errno> {
    match bytes.get(1) {
        Some(&AF_INET) => {
            let (sin, _) = sockaddr_in::read_from_prefix(bytes).map_err(|_| EINVAL)?;
            let ip = Ipv4Addr::from(sin.sin_addr.s_addr.to_ne_bytes());
            Ok(SocketAddr::from((ip, u16::from_be(sin.sin_port))))
        }
        Some(&AF_INET6) => {
            let (sin6, _) = sockaddr_in6::read_from_prefix(bytes).map_err(|_| EINVAL)?;
            let ip = Ipv6Addr::from(sin6.sin6_addr.__u6_addr.__u6_addr8);
            let port = u16::from_be(sin6.sin6_port);
            Ok(SocketAddrV6::new(ip, port, 0, sin6.sin6_scope_id).into())
        }
        _ => Err(EINVAL),
    }
}
