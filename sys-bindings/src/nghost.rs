// SPDX-License-Identifier: BSD-2-Clause
//! The envelope in which netgraph's messages cross `nghost`'s Unix socket.
//!
//! On FreeBSD a client opens `AF_NETGRAPH` sockets; elsewhere it connects a
//! `SOCK_STREAM` Unix socket to `nghost`. One connection is one node of type
//! `socket`, control and data in one, and lives as long as the connection.
//!
//! A frame is a little-endian `u32` length of all that follows it, a
//! little-endian `u32` [`Kind`], and a payload. Inside, everything has the
//! layout that FreeBSD amd64 gives it, so a payload is what `sendto(2)` would
//! have been handed there.
//!
//! ```text
//!   length  kind      payload             client to nghost:
//!   u32     CONTROL   sockaddr_ng path, ng_mesg and its arguments   → STATUS
//!   u32     BIND      sockaddr_ng name                              → STATUS
//!   u32     IFNAME    u32 interface index                           → IFNAME
//!   u32     DATA      sockaddr_ng hook, packet                      → STATUS
//!                                         nghost to client:
//!   u32     STATUS    i32 FreeBSD errno, 0 for success
//!   u32     MESSAGE   sockaddr_ng origin, ng_mesg and its arguments
//!   u32     IFNAME    name without NUL, empty when there is none
//!   u32     DATA      sockaddr_ng hook, packet
//! ```
//!
//! A request is answered by exactly one frame of the kind named at its right,
//! in order. Messages and data may arrive before that answer: a client queues
//! them. A [`sockaddr_ng`](crate::sockaddr_ng) is as long as its `sg_len`
//! says, and a path in it may be longer than the structure's array.

use core::fmt;

/// What a frame carries. Requests are small numbers, what `nghost` sends has
/// bit 7 set.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A control message, as `sendto(2)` on a control socket.
    Control = 1,
    /// Names the client's node, as `bind(2)` on a control socket.
    Bind = 2,
    /// Asks for an interface's name, as `if_indextoname(3)`.
    IfName = 3,
    /// A packet for one of the node's hooks, as `sendto(2)` on a data socket.
    Data = 4,
    /// How a request went: the errno that its system call would have set.
    Status = 0x81,
    /// A control message that came to the node.
    Message = 0x82,
    /// The name asked for.
    IfNameReply = 0x83,
    /// A packet that came in on one of the node's hooks.
    DataIn = 0x84,
}

impl Kind {
    /// The kind with this number on the wire, if there is one.
    pub const fn from_wire(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Control,
            2 => Self::Bind,
            3 => Self::IfName,
            4 => Self::Data,
            0x81 => Self::Status,
            0x82 => Self::Message,
            0x83 => Self::IfNameReply,
            0x84 => Self::DataIn,
            _ => return None,
        })
    }

    /// The number on the wire.
    pub const fn to_wire(self) -> u32 {
        self as u32
    }
}

/// The longest frame, counted as its length field does, that either side
/// accepts: a megabyte. The longest message of the base system, a full `SHOW`
/// reply, has 72 KB.
pub const MAX_FRAME: u32 = 1 << 20;

/// The bytes of a frame before its payload.
pub const FRAME_HEADER: usize = 8;

/// The bytes of the kind, which the length counts; it does not count itself.
const KIND: usize = 4;

/// The header of a frame with a payload of so many bytes, or `None` when the
/// frame would be longer than [`MAX_FRAME`]. The kind is any number: a test may
/// send what means nothing.
pub fn frame_header(kind: u32, payload: usize) -> Option<[u8; FRAME_HEADER]> {
    let length = u32::try_from(payload.checked_add(KIND)?).ok()?;
    if length > MAX_FRAME {
        return None;
    }
    let [a, b, c, d] = length.to_le_bytes();
    let [e, f, g, h] = kind.to_le_bytes();
    Some([a, b, c, d, e, f, g, h])
}

/// The kind and the payload of the first frame in a stream of bytes, or `None`
/// while it is not all there. It has [`FRAME_HEADER`] and the payload's bytes.
///
/// # Errors
/// The length, when no frame has that: nothing that follows can be told apart.
///
/// ```
/// use sys_bindings::nghost::{first_frame, frame_header, Kind};
///
/// let header = frame_header(Kind::IfName.to_wire(), 4).expect("short enough");
/// let bytes = [&header[..], &7u32.to_le_bytes(), b"next"].concat();
/// assert_eq!(first_frame(&bytes[..11]), Ok(None));
/// assert_eq!(first_frame(&bytes), Ok(Some((3, &[7, 0, 0, 0][..]))));
/// ```
pub fn first_frame(bytes: &[u8]) -> Result<Option<(u32, &[u8])>, u32> {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*length);
    if length > MAX_FRAME || (length as usize) < KIND {
        return Err(length);
    }
    let frame = rest.get(..length as usize);
    let parts = frame.and_then(|frame| frame.split_first_chunk());
    Ok(parts.map(|(kind, payload)| (u32::from_le_bytes(*kind), payload)))
}

/// Names the socket, before [`DefaultPath`], in clients and in `nghost`. Empty
/// it names none.
pub const SOCKET_ENV: &str = "NGHOST_SOCKET";

/// Where the socket is unless [`SOCKET_ENV`] or an option says otherwise, for
/// the user with this id. The directory is the user's alone, mode 0700.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultPath(pub u32);

impl fmt::Display for DefaultPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/tmp/nghost.{}/socket", self.0)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{first_frame, frame_header, DefaultPath, Kind, MAX_FRAME};
    use std::string::ToString;

    #[test]
    fn every_kind_survives_the_wire() {
        for number in 0..=0xff {
            if let Some(kind) = Kind::from_wire(number) {
                assert_eq!(kind.to_wire(), number);
            }
        }
        let known = (0..=0xff).filter_map(Kind::from_wire).count();
        assert_eq!(known, 8);
    }

    #[test]
    fn a_frame_is_as_long_as_it_may_be_and_no_longer() {
        let longest = MAX_FRAME as usize - 4;
        let header = frame_header(1, longest).expect("the longest");
        let bytes = [&header[..], &std::vec![0; longest]].concat();
        let (kind, payload) = first_frame(&bytes).expect("sound").expect("all there");
        assert_eq!((kind, payload.len()), (1, longest));
        for longer in [longest + 1, usize::MAX] {
            assert_eq!(frame_header(1, longer), None);
        }
        for length in [0, 3, MAX_FRAME + 1, u32::MAX] {
            assert_eq!(first_frame(&length.to_le_bytes()), Err(length));
        }
    }

    #[test]
    fn the_default_path_is_the_users_own() {
        assert_eq!(DefaultPath(1001).to_string(), "/tmp/nghost.1001/socket");
    }
}
