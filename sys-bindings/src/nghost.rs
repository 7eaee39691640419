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

/// Names the socket, before [`DefaultPath`], in clients and in `nghost`.
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

    use super::{DefaultPath, Kind};
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
    fn the_default_path_is_the_users_own() {
        assert_eq!(DefaultPath(1001).to_string(), "/tmp/nghost.1001/socket");
    }
}
