// SPDX-License-Identifier: BSD-2-Clause
//! Control messages: `struct ng_mesg` and its arguments (netgraph(4)).

use sys_bindings::{ng_mesg, ng_msghdr, EINVAL, NGF_RESP, NG_VERSION};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::errno::Errno;

/// Octets of `struct ng_mesg` before the arguments.
pub const HEADER_LEN: usize = size_of::<ng_mesg>();

/// A control message; `header.arglen` always is the length of `args`.
#[derive(Clone, Debug)]
pub struct Message {
    /// `struct ng_mesg` without its arguments, in host byte order.
    pub header: ng_msghdr,
    /// The arguments, laid out as on FreeBSD amd64.
    pub args: Vec<u8>,
}

impl Message {
    /// A message as a program would send it, with token 0.
    pub fn new(cookie: u32, cmd: u32, args: Vec<u8>) -> Self {
        let mut header = ng_msghdr::new_zeroed();
        header.version = NG_VERSION;
        header.typecookie = cookie;
        header.cmd = cmd;
        Message { header, args }.with_arglen()
    }

    /// Reads a message.  `EINVAL` for another version of netgraph's messages
    /// or for fewer arguments than the header promises; what lies beyond the
    /// arguments is ignored, as FreeBSD ignores it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Errno> {
        let (message, rest) = ng_mesg::read_from_prefix(bytes).map_err(|_| EINVAL)?;
        if message.header.version != NG_VERSION {
            return Err(EINVAL);
        }
        let args = rest
            .get(..message.header.arglen as usize)
            .ok_or(EINVAL)?
            .to_vec();
        let header = message.header;
        Ok(Message { header, args })
    }

    /// The answer to this message.
    pub fn reply(&self, args: Vec<u8>) -> Self {
        let mut header = self.header;
        header.flags |= NGF_RESP;
        Message { header, args }.with_arglen()
    }

    /// Header and arguments as they cross a socket.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LEN + self.args.len());
        bytes.extend_from_slice(self.header.as_bytes());
        bytes.extend_from_slice(&self.args);
        bytes
    }

    /// The arguments as one structure; `EINVAL` unless their length is its.
    pub fn args_as<T: FromBytes + KnownLayout + Immutable>(&self) -> Result<T, Errno> {
        T::read_from_bytes(&self.args).map_err(|_| EINVAL)
    }

    /// Is this an answer rather than a request?
    pub fn is_response(&self) -> bool {
        self.header.flags & NGF_RESP != 0
    }

    fn with_arglen(mut self) -> Self {
        // Longer arguments than 4 GiB do not exist: clients' frames are capped
        // and answers are made of lists that fit in memory.
        self.header.arglen = u32::try_from(self.args.len()).unwrap_or(u32::MAX);
        self
    }
}

/// The string in a fixed array of C: up to the first NUL, and at most one
/// octet less than the array, where C would put the NUL.
pub fn c_string(array: &[u8]) -> &[u8] {
    let room = array.len().saturating_sub(1);
    let end = array.iter().position(|&b| b == 0).unwrap_or(room);
    &array[..end.min(room)]
}

/// A string in a fixed array of C, cut so that a NUL follows it.
pub fn c_array<const N: usize>(string: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    let len = string.len().min(N.saturating_sub(1));
    array[..len].copy_from_slice(&string[..len]);
    array
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_and_arguments_survive_the_way_through_bytes() {
        let message = Message::new(7, 8, vec![1, 2, 3]);
        let back = Message::parse(&message.to_bytes()).unwrap();
        assert_eq!((back.header.typecookie, back.header.cmd), (7, 8));
        assert_eq!(back.args, [1, 2, 3]);
        assert!(back.reply(vec![]).is_response());
    }

    #[test]
    fn a_message_that_promises_more_than_it_brings_is_refused() {
        let mut bytes = Message::new(7, 8, vec![1, 2, 3]).to_bytes();
        bytes.pop();
        assert_eq!(Message::parse(&bytes).unwrap_err(), EINVAL);
        bytes[0] = NG_VERSION + 1;
        assert_eq!(Message::parse(&bytes).unwrap_err(), EINVAL);
    }

    #[test]
    fn a_c_string_leaves_room_for_its_nul() {
        assert_eq!(c_string(b"abc\0d"), b"abc");
        assert_eq!(c_string(b"abcd"), b"abc");
        assert_eq!(c_array::<4>(b"abcdef"), *b"abc\0");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Message::parse(&bytes);
        }
    }
}
