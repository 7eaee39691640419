// SPDX-License-Identifier: BSD-2-Clause
//! FreeBSD's errnos, which is what clients are told, and how the host's own
//! map to them.

use std::io;

use sys_bindings as bsd;
/// An errno in FreeBSD's words, for the user.
pub use sys_bindings::errno::Errno as Text;

/// A FreeBSD errno, as `sys_bindings` spells them (`EINVAL` is 22, …).
pub type Errno = i32;

/// Host number and FreeBSD number of the errnos that sockets report.
const MAP: &[(i32, Errno)] = &[
    (libc::EPERM, bsd::EPERM),
    (libc::ENOENT, bsd::ENOENT),
    (libc::EIO, bsd::EIO),
    (libc::ENXIO, bsd::ENXIO),
    (libc::ENOMEM, bsd::ENOMEM),
    (libc::EACCES, bsd::EACCES),
    (libc::EINVAL, bsd::EINVAL),
    (libc::ENFILE, bsd::ENFILE),
    (libc::EMFILE, bsd::EMFILE),
    (libc::EPIPE, bsd::EPIPE),
    (libc::EAGAIN, bsd::EAGAIN),
    (libc::EINPROGRESS, bsd::EINPROGRESS),
    (libc::EALREADY, bsd::EALREADY),
    (libc::EDESTADDRREQ, bsd::EDESTADDRREQ),
    (libc::EMSGSIZE, bsd::EMSGSIZE),
    (libc::EPROTONOSUPPORT, bsd::EPROTONOSUPPORT),
    (libc::EOPNOTSUPP, bsd::EOPNOTSUPP),
    (libc::EAFNOSUPPORT, bsd::EAFNOSUPPORT),
    (libc::EADDRINUSE, bsd::EADDRINUSE),
    (libc::EADDRNOTAVAIL, bsd::EADDRNOTAVAIL),
    (libc::ENETDOWN, bsd::ENETDOWN),
    (libc::ENETUNREACH, bsd::ENETUNREACH),
    (libc::ECONNRESET, bsd::ECONNRESET),
    (libc::ENOBUFS, bsd::ENOBUFS),
    (libc::EISCONN, bsd::EISCONN),
    (libc::ENOTCONN, bsd::ENOTCONN),
    (libc::ETIMEDOUT, bsd::ETIMEDOUT),
    (libc::ECONNREFUSED, bsd::ECONNREFUSED),
    (libc::EHOSTDOWN, bsd::EHOSTDOWN),
    (libc::EHOSTUNREACH, bsd::EHOSTUNREACH),
];

/// The FreeBSD errno for what a system call of this host reported; `EIO` for
/// what FreeBSD has no word for.
pub fn from_host(error: &io::Error) -> Errno {
    let host = error.raw_os_error();
    MAP.iter()
        .find(|&&(number, _)| Some(number) == host)
        .map_or(bsd::EIO, |&(_, errno)| errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_numbers_become_freebsds() {
        let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        assert_eq!(from_host(&refused), 61);
        assert_eq!(from_host(&io::Error::other("no number")), bsd::EIO);
    }
}
