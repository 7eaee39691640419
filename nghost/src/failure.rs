// SPDX-License-Identifier: BSD-2-Clause
//! What ends the program: a line for the user and a status of sysexits(3).

use std::fmt;

/// Bad options.
pub const EX_USAGE: u8 = 64;
/// An input file is not what it should be.
pub const EX_DATAERR: u8 = 65;
/// An input file cannot be read.
pub const EX_NOINPUT: u8 = 66;
/// A host that nobody knows.
pub const EX_NOHOST: u8 = 68;
/// A service that is needed is not there, or there already.
pub const EX_UNAVAILABLE: u8 = 69;
/// A system call failed.
pub const EX_OSERR: u8 = 71;
/// A file or socket cannot be made.
pub const EX_CANTCREAT: u8 = 73;
/// Output cannot be written.
pub const EX_IOERR: u8 = 74;
/// Not permitted.
pub const EX_NOPERM: u8 = 77;
/// Something is configured wrongly.
pub const EX_CONFIG: u8 = 78;

/// An error that ends the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit status.
    pub status: u8,
    /// What failed, where, and what to do.
    pub text: String,
}

impl Failure {
    /// An error with its exit status.
    pub fn new(status: u8, text: impl Into<String>) -> Self {
        let text = text.into();
        Failure { status, text }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}
