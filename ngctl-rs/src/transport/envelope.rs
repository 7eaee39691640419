// SPDX-License-Identifier: BSD-2-Clause
//! Frames on `nghost`'s socket, as [`sys_bindings::nghost`] defines them.

use crate::error::{Error, Result};
use sys_bindings::nghost::{first_frame, frame_header, Kind, FRAME_HEADER, MAX_FRAME};

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
    let Some(header) = frame_header(kind.to_wire(), payload.len()) else {
        return Err(Error::Unsendable {
            what: "frame",
            text: format!("{kind:?}"),
            why: format!("of {} bytes is longer than {MAX_FRAME}", payload.len()),
        });
    };
    Ok([&header, payload].concat())
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
        let (number, payload) = match first_frame(&self.bytes) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(None),
            Err(length) => return malformed(format!("its length is {length}")),
        };
        let Some(kind) = Kind::from_wire(number) else {
            return malformed(format!("its kind is {number:#x}"));
        };
        let payload = payload.to_vec();
        self.bytes.drain(..FRAME_HEADER + payload.len());
        Ok(Some(Frame { kind, payload }))
    }
}
