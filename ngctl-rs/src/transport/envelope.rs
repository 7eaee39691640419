// SPDX-License-Identifier: BSD-2-Clause
//! Frames on `nghost`'s socket, as [`sys_bindings::nghost`] defines them.

use crate::error::{Error, Result};
use sys_bindings::nghost::{Kind, MAX_FRAME};

/// The bytes of a frame's length field, which do not count themselves.
const LENGTH: usize = 4;
/// The bytes of a frame's kind, which count.
const KIND: usize = 4;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What the payload is.
    pub kind: Kind,
    /// The rest of the frame.
    pub payload: Vec<u8>,
}

/// The bytes of a frame.
///
/// # Errors
/// [`Error::Unsendable`] when it would be longer than `nghost` accepts.
pub fn encode(kind: Kind, payload: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(KIND + payload.len())
        .ok()
        .filter(|length| *length <= MAX_FRAME)
        .ok_or_else(|| Error::Unsendable {
            what: "frame",
            text: format!("{kind:?}"),
            why: format!("of {} bytes is longer than {MAX_FRAME}", payload.len()),
        })?;
    let mut bytes = Vec::with_capacity(LENGTH + KIND + payload.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&kind.to_wire().to_le_bytes());
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// Frames out of a stream of bytes, however it was cut up on the way.
///
/// ```
/// use ngctl_rs::transport::envelope::{encode, Frames};
/// use sys_bindings::nghost::Kind;
///
/// let bytes = encode(Kind::Status, &0i32.to_le_bytes())?;
/// let mut frames = Frames::default();
/// frames.push(&bytes[..5]);
/// assert!(frames.pop()?.is_none());
/// frames.push(&bytes[5..]);
/// assert_eq!(frames.pop()?.unwrap().kind, Kind::Status);
/// # Ok::<(), ngctl_rs::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    /// Takes bytes as they arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, or `None` while it is not all there.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a length that no frame has or an unknown kind:
    /// the stream is of no further use.
    pub fn pop(&mut self) -> Result<Option<Frame>> {
        let malformed = |why: String| Err(Error::malformed("frame from nghost", why));
        let Some((length, rest)) = self.bytes.split_first_chunk::<LENGTH>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length);
        if length > MAX_FRAME || (length as usize) < KIND {
            return malformed(format!("its length is {length}"));
        }
        let Some((kind, payload)) = rest
            .get(..length as usize)
            .and_then(|frame| frame.split_first_chunk::<KIND>())
        else {
            return Ok(None);
        };
        let number = u32::from_le_bytes(*kind);
        let Some(kind) = Kind::from_wire(number) else {
            return malformed(format!("its kind is {number:#x}"));
        };
        let payload = payload.to_vec();
        self.bytes.drain(..LENGTH + length as usize);
        Ok(Some(Frame { kind, payload }))
    }
}
