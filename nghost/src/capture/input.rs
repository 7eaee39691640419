// SPDX-License-Identifier: BSD-2-Clause
//! Where captures are read from, and what can be wrong with it.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

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
    /// The host says so.
    Unreadable(io::Error),
}

impl Fault {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            Fault::CutOff | Fault::Corrupt(_) => EX_DATAERR,
            Fault::Unreadable(_) => EX_NOINPUT,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::CutOff => f.write_str("cut off"),
            Fault::Corrupt(why) => write!(f, "corrupt: {why}"),
            Fault::Unreadable(error) => write!(f, "unreadable: {error}"),
        }
    }
}

/// A file that is read from front to back; it may be a pipe.
pub struct Input<R> {
    reader: BufReader<R>,
    position: u64,
    /// Octets at the buffer's front that were taken already, in place.
    in_place: usize,
    /// What [`Input::take`] took last, if it did not lie in the buffer.
    taken: Vec<u8>,
}

impl<R: Read> Input<R> {
    /// Reads from `reader`.
    pub fn new(reader: R) -> Self {
        Input {
            reader: BufReader::with_capacity(BUFFER_LEN, reader),
            position: 0,
            in_place: 0,
            taken: Vec::new(),
        }
    }

    /// Octets taken so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Is there nothing more?
    pub fn is_at_end(&mut self) -> Result<bool, Fault> {
        self.go_on();
        loop {
            match self.reader.fill_buf() {
                Ok(rest) => return Ok(rest.is_empty()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Unreadable(error)),
            }
        }
    }

    /// The next `len` octets. Memory grows with what is there, not with what a
    /// file promises.
    pub fn take(&mut self, len: usize) -> Result<&[u8], Fault> {
        self.go_on();
        if self.reader.buffer().len() >= len {
            self.in_place = len;
            self.position += len as u64;
            return Ok(&self.reader.buffer()[..len]);
        }
        self.taken.clear();
        let mut part = self.reader.by_ref().take(len as u64);
        // It goes on after an interruption by itself.
        let read = part.read_to_end(&mut self.taken);
        self.position += self.taken.len() as u64;
        match read {
            Ok(read) if read == len => Ok(&self.taken),
            Ok(_) => Err(Fault::CutOff),
            Err(error) => Err(Fault::Unreadable(error)),
        }
    }

    /// Lets go of what was taken in place.
    fn go_on(&mut self) {
        self.reader.consume(std::mem::take(&mut self.in_place));
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
    pub fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        })
    }

    /// The 32-bit number at an offset.
    pub fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        })
    }
}
