// SPDX-License-Identifier: BSD-2-Clause
//! The ways to reach a netgraph, behind one trait.
//!
//! `netgraph` opens FreeBSD's own sockets, [`nghost`] connects to the
//! userland netgraph's. What they carry is the same: [`address`] and messages.

pub mod address;
pub mod envelope;
#[cfg(target_os = "freebsd")]
pub mod netgraph;
pub mod nghost;

use crate::error::Result;
use nix::{
    errno::Errno,
    poll::{poll, PollFd, PollTimeout},
};
use std::{
    io,
    os::fd::BorrowedFd,
    path::PathBuf,
    time::{Duration, Instant},
};
use sys_bindings::nghost::{DefaultPath, SOCKET_ENV};

/// A connection to a netgraph: one node of type `socket`.
pub trait Transport: Send {
    /// Names the node, as bind(2).
    ///
    /// # Errors
    /// `EADDRINUSE` when another node has the name.
    fn bind(&mut self, name: &str) -> Result<()>;

    /// Delivers a message and waits until the node has taken it, as sendto(2)
    /// on a control socket.
    ///
    /// # Errors
    /// The node's own, and `ENOENT` when nothing is at `path`.
    fn send_control(&mut self, path: &str, message: &[u8]) -> Result<()>;

    /// Sends a packet out of one of the node's hooks, as sendto(2) on a data
    /// socket.
    ///
    /// # Errors
    /// `EHOSTUNREACH` when there is no such hook.
    fn send_data(&mut self, hook: &str, packet: &[u8]) -> Result<()>;

    /// What has come to the node, or `None` when nothing does in time. Without
    /// a timeout it waits for ever, with a timeout of zero not at all.
    ///
    /// # Errors
    /// Those of a broken connection, or of bytes that make no sense.
    fn receive(&mut self, timeout: Option<Duration>) -> Result<Option<Incoming>>;

    /// The name of an interface in the world the node lives in, as
    /// if_indextoname(3), or `None` when there is no such interface.
    ///
    /// # Errors
    /// Those of a broken connection.
    fn interface_name(&mut self, index: u32) -> Result<Option<String>>;

    /// The descriptors that become readable when something comes to the node.
    fn descriptors(&self) -> Vec<BorrowedFd<'_>>;
}

/// Something that came to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A control message, with the path of the node that sent it.
    Control(String, Vec<u8>),
    /// A packet, with the hook it came in on.
    Data(String, Vec<u8>),
}

/// Which netgraph to talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The kernel's.
    #[cfg(target_os = "freebsd")]
    Kernel,
    /// That of the `nghost` process that listens at this path.
    Nghost(PathBuf),
}

impl Endpoint {
    /// The socket named by an option, or by `$NGHOST_SOCKET` unless that is
    /// empty; else the kernel on FreeBSD, and `nghost` at its usual path
    /// elsewhere.
    ///
    /// ```
    /// use ngctl_rs::Endpoint;
    ///
    /// let endpoint = Endpoint::choose(Some("/run/nghost".into()));
    /// assert_eq!(endpoint, Endpoint::Nghost("/run/nghost".into()));
    /// ```
    pub fn choose(option: Option<PathBuf>) -> Self {
        let in_environment = || {
            let named = std::env::var_os(SOCKET_ENV);
            named.filter(|name| !name.is_empty()).map(PathBuf::from)
        };
        let named = option.or_else(in_environment);
        match named {
            Some(path) => Self::Nghost(path),
            #[cfg(target_os = "freebsd")]
            None => Self::Kernel,
            #[cfg(not(target_os = "freebsd"))]
            None => Self::usual_nghost(),
        }
    }

    /// `nghost` where it listens unless told otherwise.
    pub fn usual_nghost() -> Self {
        let uid = nix::unistd::getuid().as_raw();
        Self::Nghost(DefaultPath(uid).to_string().into())
    }

    /// Connects.
    ///
    /// # Errors
    /// [`Error::Connect`](crate::Error::Connect) when no `nghost` is there;
    /// from the kernel `EPERM`, or `EAFNOSUPPORT` when it lacks ng_socket(4).
    pub fn connect(&self) -> Result<Box<dyn Transport>> {
        match self {
            #[cfg(target_os = "freebsd")]
            Self::Kernel => Ok(Box::new(netgraph::Netgraph::open()?)),
            Self::Nghost(path) => Ok(Box::new(nghost::Nghost::connect(path)?)),
        }
    }
}

/// A moment to wait until, or none.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// `timeout` from now. One too long for the clock is none.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// How long it is until then: zero when it has passed, `None` for ever.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether it is over.
    pub(crate) fn passed(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }
}

/// Waits until one of the descriptors is readable or has failed, and says
/// which; all `false` when none does in time.
///
/// # Errors
/// Those of poll(2); an interrupted wait goes on.
pub fn wait_readable(fds: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    let deadline = Deadline::after(timeout);
    let mut polled: Vec<PollFd<'_>> = fds
        .iter()
        .map(|fd| PollFd::new(*fd, nix::poll::PollFlags::POLLIN))
        .collect();
    loop {
        // Rounded up, or the last fraction of a millisecond would spin.
        let wait = match deadline.left() {
            None => PollTimeout::NONE,
            Some(Duration::ZERO) => PollTimeout::ZERO,
            Some(left) => {
                PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
            }
        };
        match poll(&mut polled, wait) {
            Ok(0) if !deadline.passed() => {}
            Ok(_) => return Ok(polled.iter().map(|fd| fd.any().unwrap_or(true)).collect()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
