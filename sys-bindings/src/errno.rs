// SPDX-License-Identifier: BSD-2-Clause
//! FreeBSD's error numbers and what FreeBSD's strerror(3) says of them.
//!
//! A node answers with FreeBSD's numbers wherever it runs, and Linux counts
//! differently above 34: the host's own texts would name the wrong error.

use crate::*;
use core::{error, fmt};

/// An error number as intro(2) of FreeBSD lists them.
///
/// ```
/// use sys_bindings::{errno::Errno, EISCONN};
///
/// assert_eq!(Errno(EISCONN).to_string(), "Socket is already connected");
/// assert_eq!(Errno(4711).to_string(), "Unknown error: 4711");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match TEXTS.iter().find(|(number, _)| *number == self.0) {
            Some((_, text)) => f.write_str(text),
            None => write!(f, "Unknown error: {}", self.0),
        }
    }
}

impl error::Error for Errno {}

/// In the order of their numbers, without gaps.
const TEXTS: [(i32, &str); ELAST as usize] = [
    (EPERM, "Operation not permitted"),
    (ENOENT, "No such file or directory"),
    (ESRCH, "No such process"),
    (EINTR, "Interrupted system call"),
    (EIO, "Input/output error"),
    (ENXIO, "Device not configured"),
    (E2BIG, "Argument list too long"),
    (ENOEXEC, "Exec format error"),
    (EBADF, "Bad file descriptor"),
    (ECHILD, "No child processes"),
    (EDEADLK, "Resource deadlock avoided"),
    (ENOMEM, "Cannot allocate memory"),
    (EACCES, "Permission denied"),
    (EFAULT, "Bad address"),
    (ENOTBLK, "Block device required"),
    (EBUSY, "Device busy"),
    (EEXIST, "File exists"),
    (EXDEV, "Cross-device link"),
    (ENODEV, "Operation not supported by device"),
    (ENOTDIR, "Not a directory"),
    (EISDIR, "Is a directory"),
    (EINVAL, "Invalid argument"),
    (ENFILE, "Too many open files in system"),
    (EMFILE, "Too many open files"),
    (ENOTTY, "Inappropriate ioctl for device"),
    (ETXTBSY, "Text file busy"),
    (EFBIG, "File too large"),
    (ENOSPC, "No space left on device"),
    (ESPIPE, "Illegal seek"),
    (EROFS, "Read-only file system"),
    (EMLINK, "Too many links"),
    (EPIPE, "Broken pipe"),
    (EDOM, "Numerical argument out of domain"),
    (ERANGE, "Result too large"),
    (EAGAIN, "Resource temporarily unavailable"),
    (EINPROGRESS, "Operation now in progress"),
    (EALREADY, "Operation already in progress"),
    (ENOTSOCK, "Socket operation on non-socket"),
    (EDESTADDRREQ, "Destination address required"),
    (EMSGSIZE, "Message too long"),
    (EPROTOTYPE, "Protocol wrong type for socket"),
    (ENOPROTOOPT, "Protocol not available"),
    (EPROTONOSUPPORT, "Protocol not supported"),
    (ESOCKTNOSUPPORT, "Socket type not supported"),
    (EOPNOTSUPP, "Operation not supported"),
    (EPFNOSUPPORT, "Protocol family not supported"),
    (
        EAFNOSUPPORT,
        "Address family not supported by protocol family",
    ),
    (EADDRINUSE, "Address already in use"),
    (EADDRNOTAVAIL, "Can't assign requested address"),
    (ENETDOWN, "Network is down"),
    (ENETUNREACH, "Network is unreachable"),
    (ENETRESET, "Network dropped connection on reset"),
    (ECONNABORTED, "Software caused connection abort"),
    (ECONNRESET, "Connection reset by peer"),
    (ENOBUFS, "No buffer space available"),
    (EISCONN, "Socket is already connected"),
    (ENOTCONN, "Socket is not connected"),
    (ESHUTDOWN, "Can't send after socket shutdown"),
    (ETOOMANYREFS, "Too many references: can't splice"),
    (ETIMEDOUT, "Operation timed out"),
    (ECONNREFUSED, "Connection refused"),
    (ELOOP, "Too many levels of symbolic links"),
    (ENAMETOOLONG, "File name too long"),
    (EHOSTDOWN, "Host is down"),
    (EHOSTUNREACH, "No route to host"),
    (ENOTEMPTY, "Directory not empty"),
    (EPROCLIM, "Too many processes"),
    (EUSERS, "Too many users"),
    (EDQUOT, "Disc quota exceeded"),
    (ESTALE, "Stale NFS file handle"),
    (EREMOTE, "Too many levels of remote in path"),
    (EBADRPC, "RPC struct is bad"),
    (ERPCMISMATCH, "RPC version wrong"),
    (EPROGUNAVAIL, "RPC prog. not avail"),
    (EPROGMISMATCH, "Program version wrong"),
    (EPROCUNAVAIL, "Bad procedure for program"),
    (ENOLCK, "No locks available"),
    (ENOSYS, "Function not implemented"),
    (EFTYPE, "Inappropriate file type or format"),
    (EAUTH, "Authentication error"),
    (ENEEDAUTH, "Need authenticator"),
    (EIDRM, "Identifier removed"),
    (ENOMSG, "No message of desired type"),
    (EOVERFLOW, "Value too large to be stored in data type"),
    (ECANCELED, "Operation canceled"),
    (EILSEQ, "Illegal byte sequence"),
    (ENOATTR, "Attribute not found"),
    (EDOOFUS, "Programming error"),
    (EBADMSG, "Bad message"),
    (EMULTIHOP, "Multihop attempted"),
    (ENOLINK, "Link has been severed"),
    (EPROTO, "Protocol error"),
    (ENOTCAPABLE, "Capabilities insufficient"),
    (ECAPMODE, "Not permitted in capability mode"),
    (ENOTRECOVERABLE, "State not recoverable"),
    (EOWNERDEAD, "Previous owner died"),
    (EINTEGRITY, "Integrity check failed"),
];

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Errno, TEXTS};
    use std::string::ToString;

    #[test]
    fn the_table_has_every_number_once() {
        for (index, (number, _)) in TEXTS.iter().enumerate() {
            assert_eq!(*number, index as i32 + 1);
        }
    }

    #[test]
    fn numbers_mean_what_freebsd_means() {
        // Each of these is another error, or none, on Linux.
        assert_eq!(Errno(35).to_string(), "Resource temporarily unavailable");
        assert_eq!(Errno(48).to_string(), "Address already in use");
        assert_eq!(Errno(57).to_string(), "Socket is not connected");
        assert_eq!(Errno(78).to_string(), "Function not implemented");
        assert_eq!(Errno(-1).to_string(), "Unknown error: -1");
    }
}
