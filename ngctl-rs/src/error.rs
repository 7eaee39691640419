// SPDX-License-Identifier: BSD-2-Clause
//! What can go wrong between a program and a node.

use crate::errno::Errno;
use std::{io, path::PathBuf, time::Duration};
use sys_bindings::nghost::SOCKET_ENV;

/// The result of everything that talks to a netgraph.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a message was not sent, or no usable reply came back.
///
/// ```
/// use ngctl_rs::{Client, Endpoint, Error};
///
/// let nowhere = Endpoint::Nghost("/nonexistent/socket".into());
/// let error = Client::open("example", &nowhere).unwrap_err();
/// assert!(matches!(error, Error::Connect { .. }));
/// assert!(error.to_string().contains("is nghost running?"));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The node, or netgraph on the way to it, refused.
    #[error("{0}")]
    Errno(#[from] Errno),

    /// There is no `nghost` at the socket.
    #[error(
        "cannot connect to {}: {}; is nghost running? \
         Start it, or name its socket with --socket or ${SOCKET_ENV}",
        path.display(), describe(source)
    )]
    Connect {
        /// The socket's path.
        path: PathBuf,
        /// What connect(2) said.
        source: io::Error,
    },

    /// The socket failed under an open connection.
    #[error("{}", describe(.0))]
    Socket(#[from] io::Error),

    /// `nghost` went away.
    #[error("nghost closed the connection; did it end?")]
    Closed,

    /// The message was delivered, and no reply came.
    #[error("no reply within {} seconds", .0.as_secs_f32())]
    Timeout(Duration),

    /// A name that netgraph cannot carry, as it stands.
    #[error("{what} \"{text}\" {why}")]
    Unsendable {
        /// What it names: "hook", "path".
        what: &'static str,
        /// The name.
        text: String,
        /// Why it cannot be sent.
        why: String,
    },

    /// Bytes from the socket that are not what they must be.
    #[error("malformed {what}: {why}")]
    Malformed {
        /// What was expected there.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// Whether this went wrong after the request had been delivered, so that
    /// the fault is with the reply.
    pub fn is_of_reply(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Malformed { .. })
    }

    pub(crate) fn malformed(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Malformed {
            what: what.into(),
            why: why.into(),
        }
    }
}

/// An I/O error as err(3) words it: Rust's own text with the number in
/// parentheses left off.
///
/// ```
/// let error = std::fs::read("/nonexistent").unwrap_err();
/// assert_eq!(ngctl_rs::error::describe(&error), "No such file or directory");
/// ```
pub fn describe(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_string(),
        None => error.to_string(),
    }
}
