// SPDX-License-Identifier: BSD-2-Clause
//! Where captures are read from, and what can be wrong with it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::poll::{poll, PollFd, PollFlags, PollTimeout};

use crate::failure::{EX_DATAERR, EX_NOINPUT};

/// Octets read from the file at once.
const BUFFER_LEN: usize = 1 << 18;

/// What ends a file before its end.
#[derive(Debug)]
pub enum Fault {
    /// It ends within something.
    CutOff,
    /// It makes no sense, and why.
    Corrupt(&'static str),
    /// It is compressed: by which program, and which undoes it.
    Compressed(&'static str, &'static str),
    /// The host says so.
    Unreadable(io::Error),
}

impl Fault {
    /// Is what comes next just not there yet? Nothing is taken then, and the
    /// same may be asked for again.
    pub fn is_wait(&self) -> bool {
        matches!(self, Fault::Unreadable(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            Fault::CutOff | Fault::Corrupt(_) | Fault::Compressed(..) => EX_DATAERR,
            Fault::Unreadable(_) => EX_NOINPUT,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::CutOff => f.write_str("cut off"),
            Fault::Corrupt(why) => write!(f, "corrupt: {why}"),
            Fault::Compressed(by, cat) => write!(
                f,
                "compressed by {by}; read it with '{cat} FILE | nghost probe -r - ...'"
            ),
            Fault::Unreadable(error) => write!(f, "unreadable: {error}"),
        }
    }
}

/// A file, or a pipe or device in its place, of which no read blocks:
/// `WouldBlock` as long as a pipe's writer has written nothing, or has not come.
pub struct Source {
    file: File,
    is_regular: bool,
}

impl Source {
    /// Opens it, and says how many octets it has: 0 for a pipe.
    pub fn open(path: &Path) -> io::Result<(Self, u64)> {
        // Without the flag this would wait for a FIFO's writer. It is not enough
        // for the reads: without a writer they would find an end, and FreeBSD's
        // /dev/stdin does not heed it.
        let nonblocking = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)?;
        let found = nonblocking.metadata()?;
        let source = Source {
            file: nonblocking,
            is_regular: found.is_file(),
        };
        let size = if source.is_regular { found.len() } else { 0 };
        Ok((source, size))
    }

    /// What tells when there is more.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut fds = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
        if !self.is_regular && poll(&mut fds, PollTimeout::ZERO)? == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.file.read(buffer)
    }
}

/// What is read from front to back.
pub struct Input<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where in the buffer begins what was taken last.
    last: usize,
    /// Where it ends, and what comes next begins.
    next: usize,
    /// Where in the buffer ends what is read.
    end: usize,
    /// Octets of the file that were before the buffer's first.
    before: u64,
}

impl<R: Read> Input<R> {
    /// Reads from `reader`.
    pub fn new(reader: R) -> Self {
        Input {
            reader,
            buffer: vec![0; BUFFER_LEN],
            last: 0,
            next: 0,
            end: 0,
            before: 0,
        }
    }

    /// Where it is read from.
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// Octets taken so far.
    pub fn position(&self) -> u64 {
        self.before + self.next as u64
    }

    /// Is there nothing more?
    #[inline]
    pub fn is_at_end(&mut self) -> Result<bool, Fault> {
        Ok(self.next == self.end && !self.fill(1)?)
    }

    /// The next `len` octets, which stay to be taken.
    #[inline]
    pub fn peek(&mut self, len: usize) -> Result<&[u8], Fault> {
        if self.end - self.next < len && !self.fill(len)? {
            self.next = self.end;
            return Err(Fault::CutOff);
        }
        Ok(&self.buffer[self.next..self.next + len])
    }

    /// The next `len` octets.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&[u8], Fault> {
        self.peek(len)?;
        self.last = self.next;
        self.next += len;
        Ok(self.taken())
    }

    /// What is read already and not taken.
    #[inline]
    pub fn ahead(&self) -> &[u8] {
        &self.buffer[self.next..self.end]
    }

    /// What was taken last.
    #[inline]
    pub fn taken(&self) -> &[u8] {
        &self.buffer[self.last..self.next]
    }

    /// Reads on until `len` octets are there to be taken. `false` when the file
    /// ends before.
    #[cold]
    fn fill(&mut self, len: usize) -> Result<bool, Fault> {
        self.buffer.copy_within(self.next..self.end, 0);
        self.before += self.next as u64;
        self.end -= self.next;
        (self.last, self.next) = (0, 0);
        while self.end < len {
            if self.end == self.buffer.len() {
                // It grows with what is there, not with what a file promises.
                self.buffer.resize(2 * self.end, 0);
            }
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(len) => self.end += len,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Unreadable(error)),
            }
        }
        Ok(true)
    }
}

/// The byte order of a file, which its writer chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The most significant octet comes first.
    Big,
    /// The least significant octet comes first.
    Little,
}

impl Order {
    /// The 16-bit number at an offset.
    #[inline]
    pub fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        })
    }

    /// The 32-bit number at an offset.
    #[inline]
    pub fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        })
    }
}
