// SPDX-License-Identifier: BSD-2-Clause
//! Into a jail(8), as `-j` asks: its netgraph is one of its own if it has a
//! network stack of its own.
//!
//! No safe wrapper knows these two system calls. They are jail(2)'s.

#![cfg_attr(target_os = "freebsd", allow(unsafe_code))]

use crate::cli::{Exit, EX_USAGE};

/// Puts this process into the jail with this name or number, for good.
///
/// # Errors
/// An [`Exit`] with base's words and status: 64 for an empty name, 68 when
/// there is no such jail, 77 when the user may not, 69 where there are no jails.
///
/// ```
/// assert_eq!(ngctl_rs::jail::attach("").unwrap_err().code, 64);
/// ```
pub fn attach(name: &str) -> Result<(), Exit> {
    if name.is_empty() || name.contains('\0') {
        return Err(Exit::new(EX_USAGE, "invalid jail name"));
    }
    enter(name)
}

#[cfg(not(target_os = "freebsd"))]
fn enter(_: &str) -> Result<(), Exit> {
    Err(Exit::new(
        crate::cli::EX_UNAVAILABLE,
        "-j: jails are FreeBSD's, there are none here; leave it out",
    ))
}

#[cfg(target_os = "freebsd")]
fn enter(name: &str) -> Result<(), Exit> {
    use crate::cli::{EX_NOHOST, EX_NOPERM, EX_OSERR};
    use nix::errno::Errno;

    let id = id_of(name).map_err(|(errno, words)| match errno {
        Errno::EPERM => Exit::new(EX_NOPERM, words),
        _ => Exit::new(EX_NOHOST, words),
    })?;
    // SAFETY: jail_attach(2) takes a number only.
    match Errno::result(unsafe { libc::jail_attach(id) }) {
        Ok(_) => Ok(()),
        Err(Errno::EPERM) => Err(Exit::new(EX_NOPERM, "cannot attach to jail")),
        Err(_) => Err(Exit::new(EX_OSERR, "cannot attach to jail")),
    }
}

/// The number of a jail, or why it has none: the kernel says that in words.
#[cfg(target_os = "freebsd")]
fn id_of(name: &str) -> Result<i32, (nix::errno::Errno, String)> {
    use nix::errno::Errno;

    let mut number = name.parse::<i32>().ok();
    // The host itself, which the kernel does not list.
    if number == Some(0) {
        return Ok(0);
    }
    let mut value = format!("{name}\0").into_bytes();
    let mut words = [0u8; 1024];
    let part = |bytes: *mut u8, length: usize| libc::iovec {
        iov_base: bytes.cast(),
        iov_len: length,
    };
    let (mut jid, mut by_name, mut errmsg) = (*b"jid\0", *b"name\0", *b"errmsg\0");
    let (key, by) = match &mut number {
        Some(number) => (
            part(jid.as_mut_ptr(), jid.len()),
            part((&raw mut *number).cast(), size_of::<i32>()),
        ),
        None => (
            part(by_name.as_mut_ptr(), by_name.len()),
            part(value.as_mut_ptr(), value.len()),
        ),
    };
    let mut parts = [
        key,
        by,
        part(errmsg.as_mut_ptr(), errmsg.len()),
        part(words.as_mut_ptr(), words.len()),
    ];
    // SAFETY: there are as many parts as said, each of them points to a buffer
    // that outlives the call and has the length that stands beside it, and the
    // kernel writes to the number and the words at most.
    let id = unsafe { libc::jail_get(parts.as_mut_ptr(), parts.len() as libc::c_uint, 0) };
    Errno::result(id).map_err(|errno| {
        let words = crate::message::text(&words);
        match words.as_str() {
            "" => (errno, format!("jail_get: {}", errno.desc())),
            _ => (errno, words),
        }
    })
}
