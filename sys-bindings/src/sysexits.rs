// SPDX-License-Identifier: BSD-2-Clause
//! Exit statuses of the programs, as sysexits(3) numbers them.

/// Success.
pub const EX_OK: u8 = 0;
/// The command was used wrongly.
pub const EX_USAGE: u8 = 64;
/// An input file is not what it should be.
pub const EX_DATAERR: u8 = 65;
/// An input file cannot be read.
pub const EX_NOINPUT: u8 = 66;
/// A host, or a jail, that nobody knows.
pub const EX_NOHOST: u8 = 68;
/// A service that is needed is not there, or there already.
pub const EX_UNAVAILABLE: u8 = 69;
/// The system, or a node, refused.
pub const EX_OSERR: u8 = 71;
/// A file or socket cannot be made.
pub const EX_CANTCREAT: u8 = 73;
/// Output cannot be written.
pub const EX_IOERR: u8 = 74;
/// The other end sent what it must not.
pub const EX_PROTOCOL: u8 = 76;
/// The user may not.
pub const EX_NOPERM: u8 = 77;
/// Something is configured wrongly.
pub const EX_CONFIG: u8 = 78;
