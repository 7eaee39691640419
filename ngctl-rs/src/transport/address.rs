// SPDX-License-Identifier: BSD-2-Clause
//! `struct sockaddr_ng`: a path, a node's name or a hook's name.
//!
//! Its first byte is the length of it all, its second the family, then comes
//! the text with a NUL. The text may be longer than the structure's array.

use crate::{
    error::{Error, Result},
    message::text,
};
use sys_bindings::AF_NETGRAPH;

/// The bytes before the text: `sg_len` and `sg_family`.
const OVERHEAD: usize = 2;

/// The address whose text this is, for bind(2) and sendto(2).
///
/// # Errors
/// [`Error::Unsendable`] when the length does not fit in its byte, or the text
/// holds a NUL. The kernel takes less: 31 bytes.
///
/// ```
/// use ngctl_rs::transport::address;
///
/// let bytes = address::encode("path", "em0:")?;
/// assert_eq!(bytes, [7, 32, b'e', b'm', b'0', b':', 0]);
/// assert_eq!(address::split(&bytes)?, ("em0:".to_string(), &[][..]));
/// # Ok::<(), ngctl_rs::Error>(())
/// ```
pub fn encode(what: &'static str, name: &str) -> Result<Vec<u8>> {
    let unsendable = |why: String| Error::Unsendable {
        what,
        text: name.to_string(),
        why,
    };
    if name.contains('\0') {
        return Err(unsendable("holds a NUL byte".into()));
    }
    let length = u8::try_from(OVERHEAD + name.len() + 1).map_err(|_| {
        let longest = usize::from(u8::MAX) - OVERHEAD - 1;
        unsendable(format!("is longer than {longest} bytes"))
    })?;
    let mut bytes = vec![length, AF_NETGRAPH];
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    Ok(bytes)
}

/// The text of the address at the front of `bytes`, and what follows it.
///
/// # Errors
/// [`Error::Malformed`] when `sg_len` is not within `bytes`, or the address is
/// of another family.
pub fn split(bytes: &[u8]) -> Result<(String, &[u8])> {
    let malformed = |why: String| Error::malformed("socket address", why);
    let Some(length) = bytes.first().map(|length| usize::from(*length)) else {
        return Err(malformed("no bytes".into()));
    };
    match bytes.split_at_checked(length) {
        Some(([_, AF_NETGRAPH, name @ ..], rest)) => Ok((text(name), rest)),
        Some(([_, family, ..], _)) => Err(malformed(format!("address family {family}"))),
        Some(_) => Err(malformed(format!("sg_len is {length}"))),
        None => Err(malformed(format!(
            "sg_len is {length}, {} bytes arrived",
            bytes.len()
        ))),
    }
}
