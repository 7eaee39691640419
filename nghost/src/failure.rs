// SPDX-License-Identifier: BSD-2-Clause
//! What ends the program: a line for the user and a status of sysexits(3).

use std::fmt;

pub use sys_bindings::sysexits::*;

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
