// SPDX-License-Identifier: BSD-2-Clause
//! Netgraph through `nghost`'s Unix socket: one connection is one node.

use super::{
    address,
    envelope::{encode, Frame, Frames},
    wait_readable, Deadline, Incoming, Transport,
};
use crate::{
    errno::Errno,
    error::{Error, Result},
};
use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    path::Path,
    time::Duration,
};
use sys_bindings::nghost::Kind;

/// How long a request may stay unanswered. `nghost` answers as soon as it has
/// delivered a message; only one that hangs takes longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to `nghost`.
#[derive(Debug)]
pub struct Nghost {
    stream: UnixStream,
    frames: Frames,
    /// What arrived while an answer was awaited.
    queue: VecDeque<Incoming>,
}

impl Nghost {
    /// Connects to the `nghost` that listens at `path`.
    ///
    /// # Errors
    /// [`Error::Connect`] when none does.
    ///
    /// ```
    /// # let Some((_nghost, _)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// use ngctl_rs::transport::{nghost::Nghost, Transport};
    ///
    /// let path = "/run/nghost/socket";
    /// # let path = std::env::var("NGHOST_SOCKET").unwrap();
    /// let mut nghost = Nghost::connect(path.as_ref())?;
    /// assert_eq!(nghost.interface_name(1)?.as_deref(), Some("em0"));
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn connect(path: &Path) -> Result<Self> {
        match UnixStream::connect(path) {
            Ok(stream) => Ok(Self::over(stream)),
            Err(source) => Err(Error::Connect {
                path: path.to_path_buf(),
                source,
            }),
        }
    }

    /// Speaks over a connection that is already there.
    pub fn over(stream: UnixStream) -> Self {
        Self {
            stream,
            frames: Frames::default(),
            queue: VecDeque::new(),
        }
    }

    /// Sends a request and waits for the one frame that answers it.
    fn request(&mut self, kind: Kind, payload: &[u8], answer: Kind) -> Result<Vec<u8>> {
        self.stream
            .write_all(&encode(kind, payload)?)
            .map_err(broken)?;
        let deadline = Deadline::after(Some(ANSWER_TIMEOUT));
        while let Some(frame) = self.next_frame(deadline)? {
            if frame.kind == answer {
                return Ok(frame.payload);
            }
            let incoming = incoming(frame)?;
            self.queue.push_back(incoming);
            if deadline.passed() {
                break; // However much else keeps coming.
            }
        }
        Err(Error::Timeout(ANSWER_TIMEOUT))
    }

    /// A request that is answered by an errno.
    fn command(&mut self, kind: Kind, payload: &[u8]) -> Result<()> {
        let status = self.request(kind, payload, Kind::Status)?;
        let Ok(errno) = <[u8; 4]>::try_from(status.as_slice()) else {
            let why = format!("{} bytes, an errno has 4", status.len());
            return Err(Error::malformed("status from nghost", why));
        };
        match i32::from_le_bytes(errno) {
            0 => Ok(()),
            errno => Err(Error::Errno(Errno(errno))),
        }
    }

    /// The next frame, or `None` when it is not complete in time.
    fn next_frame(&mut self, deadline: Deadline) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.frames.pop()? {
                return Ok(Some(frame));
            }
            if wait_readable(&[self.stream.as_fd()], deadline.left())? == [false] {
                return Ok(None);
            }
            let mut buffer = [0; 64 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(Error::Closed),
                Ok(count) => self.frames.push(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(error)),
            }
        }
    }
}

impl Transport for Nghost {
    fn bind(&mut self, name: &str) -> Result<()> {
        self.command(Kind::Bind, &address::encode("node name", name)?)
    }

    fn send_control(&mut self, path: &str, message: &[u8]) -> Result<()> {
        let mut payload = address::encode("path", path)?;
        payload.extend_from_slice(message);
        self.command(Kind::Control, &payload)
    }

    fn send_data(&mut self, hook: &str, packet: &[u8]) -> Result<()> {
        let mut payload = address::encode("hook", hook)?;
        payload.extend_from_slice(packet);
        self.command(Kind::Data, &payload)
    }

    fn receive(&mut self, timeout: Option<Duration>) -> Result<Option<Incoming>> {
        if let Some(queued) = self.queue.pop_front() {
            return Ok(Some(queued));
        }
        match self.next_frame(Deadline::after(timeout))? {
            Some(frame) => incoming(frame).map(Some),
            None => Ok(None),
        }
    }

    fn interface_name(&mut self, index: u32) -> Result<Option<String>> {
        let name = self.request(Kind::IfName, &index.to_le_bytes(), Kind::IfNameReply)?;
        let name = crate::message::text(&name);
        Ok(Some(name).filter(|name| !name.is_empty()))
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.stream.as_fd()]
    }
}

/// What a frame that answers no request carries.
fn incoming(frame: Frame) -> Result<Incoming> {
    let (name, rest) = match frame.kind {
        Kind::Message | Kind::DataIn => address::split(&frame.payload)?,
        kind => {
            let why = format!("{kind:?} answers no request");
            return Err(Error::malformed("frame from nghost", why));
        }
    };
    Ok(match frame.kind {
        Kind::DataIn => Incoming::Data(name, rest.to_vec()),
        _ => Incoming::Control(name, rest.to_vec()),
    })
}

/// A connection reset is one that `nghost` closed before it had read it all.
fn broken(error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Error::Closed,
        _ => Error::Socket(error),
    }
}
