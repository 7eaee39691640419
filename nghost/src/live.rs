// SPDX-License-Identifier: BSD-2-Clause
//! A live interface of the host, through packet(7) on Linux.
//!
//! This is a tap: the host's own stack gets every frame as well, and sends its
//! own. So a frame that was seen here is never sent again.
#![cfg_attr(target_os = "linux", allow(unsafe_code))]

#[cfg(target_os = "linux")]
pub use linux::Tap;
#[cfg(not(target_os = "linux"))]
pub use other::Tap;

/// A frame that crossed the interface.
pub struct Seen<'a> {
    /// Its octets, from the Ethernet header on.
    pub bytes: &'a [u8],
    /// The host sent it.
    pub outgoing: bool,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{self, ErrorKind, IoSliceMut};
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

    use nix::net::if_::if_nametoindex;
    use nix::sys::socket::{recvmsg, ControlMessageOwned, LinkAddr, MsgFlags};
    use socket2::{Domain, SockAddr, SockAddrStorage, Socket, Type};

    use super::Seen;
    use crate::failure::{Failure, EX_NOPERM, EX_OSERR, EX_UNAVAILABLE};
    use crate::world::config::MacAddr;

    /// Room for a frame that the network card has put together from several
    /// (GRO), and for the VLAN tag that the kernel took out.
    const MAX_FRAME: usize = 65536 + 18;

    /// What the kernel holds for us meanwhile, in octets.
    const RECEIVE_BUFFER: usize = 16 << 20;

    /// A packet socket on one interface.
    pub struct Tap {
        socket: Socket,
        mac: [u8; 6],
    }

    impl Tap {
        /// Opens the interface of this name. `EX_UNAVAILABLE` when there is
        /// none, `EX_NOPERM` without the right to.
        pub fn open(name: &str) -> Result<Self, Failure> {
            let index = if_nametoindex(name).map_err(|_| {
                Failure::new(
                    EX_UNAVAILABLE,
                    format!("there is no interface '{name}' here"),
                )
            })?;
            let socket = Self::open_index(index).map_err(|error| match error.kind() {
                ErrorKind::PermissionDenied => Failure::new(
                    EX_NOPERM,
                    format!(
                        "{name}: {error}: run nghost as root, \
                         or give it the right with 'setcap cap_net_raw+ep PATH-OF-NGHOST'"
                    ),
                ),
                _ => Failure::new(EX_OSERR, format!("{name}: {error}")),
            })?;
            let mac = fs::read_to_string(format!("/sys/class/net/{name}/address"));
            let mac = mac.ok().and_then(|mac| mac.trim().parse().ok());
            let MacAddr(mac) = mac.unwrap_or_default();
            Ok(Tap { socket, mac })
        }

        fn open_index(index: u32) -> io::Result<Socket> {
            // Without a protocol until it is bound: else it would have frames of
            // all other interfaces by then.
            let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
            socket.set_nonblocking(true)?;
            // Less is no failure, only less patience.
            let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
            ask_for_auxdata(&socket)?;
            socket.bind(&link_address(index, (libc::ETH_P_ALL as u16).to_be()))?;
            Ok(socket)
        }

        /// The interface's Ethernet address.
        pub fn mac(&self) -> [u8; 6] {
            self.mac
        }

        /// Calls `f` with a frame if one is there. `false` when not.
        pub fn receive(&self, f: impl FnOnce(Seen<'_>)) -> io::Result<bool> {
            let mut buffer = [0; MAX_FRAME];
            let mut control = nix::cmsg_space!(libc::tpacket_auxdata);
            let (len, outgoing, tag) = {
                // Four octets are left free for the VLAN tag.
                let mut parts = [IoSliceMut::new(&mut buffer[TAG_LEN..])];
                let fd = self.socket.as_raw_fd();
                let flags = MsgFlags::MSG_DONTWAIT;
                let message = match recvmsg::<LinkAddr>(fd, &mut parts, Some(&mut control), flags) {
                    Ok(message) => message,
                    Err(nix::Error::EAGAIN | nix::Error::EINTR) => return Ok(false),
                    Err(error) => return Err(error.into()),
                };
                let outgoing = message
                    .address
                    .is_some_and(|from| from.pkttype() == libc::PACKET_OUTGOING);
                let tag = message.cmsgs()?.find_map(|control| match control {
                    ControlMessageOwned::Unknown(auxdata) => vlan_tag(&auxdata.data_bytes),
                    _ => None,
                });
                (message.bytes, outgoing, tag)
            };
            let end = TAG_LEN + len;
            let start = match tag {
                Some(tag) if len >= ADDRESSES_LEN => {
                    buffer.copy_within(TAG_LEN..TAG_LEN + ADDRESSES_LEN, 0);
                    buffer[ADDRESSES_LEN..ADDRESSES_LEN + TAG_LEN].copy_from_slice(&tag);
                    0
                }
                _ => TAG_LEN,
            };
            f(Seen {
                bytes: &buffer[start..end],
                outgoing,
            });
            Ok(true)
        }

        /// Sends a frame.
        pub fn send(&self, frame: &[u8]) -> io::Result<()> {
            self.socket.send(frame).map(drop)
        }

        /// What to wait for frames on.
        pub fn fd(&self) -> BorrowedFd<'_> {
            self.socket.as_fd()
        }
    }

    /// Octets of a VLAN tag.
    const TAG_LEN: usize = 4;
    /// Octets before it: the Ethernet addresses.
    const ADDRESSES_LEN: usize = 12;

    /// The VLAN tag that the kernel took out of a frame, from
    /// `struct tpacket_auxdata`: status, length, two offsets and the tag.
    fn vlan_tag(auxdata: &[u8]) -> Option<[u8; TAG_LEN]> {
        let status = u32::from_ne_bytes(*auxdata.first_chunk()?);
        let tci = u16::from_ne_bytes(*auxdata.get(16..)?.first_chunk()?);
        let tpid = u16::from_ne_bytes(*auxdata.get(18..)?.first_chunk()?);
        if status & libc::TP_STATUS_VLAN_VALID == 0 {
            return None;
        }
        let tpid = if status & libc::TP_STATUS_VLAN_TPID_VALID == 0 {
            0x8100
        } else {
            tpid
        };
        let ([a, b], [c, d]) = (tpid.to_be_bytes(), tci.to_be_bytes());
        Some([a, b, c, d])
    }

    /// Has the kernel tell of the VLAN tags that it takes out.
    fn ask_for_auxdata(socket: &Socket) -> io::Result<()> {
        let yes: libc::c_int = 1;
        // SAFETY: the option takes an int, which lives until the call is over.
        let result = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_AUXDATA,
                (&raw const yes).cast(),
                size_of_val(&yes) as libc::socklen_t,
            )
        };
        match result {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// `sockaddr_ll` of an interface; the protocol is in network byte order.
    fn link_address(index: u32, protocol: u16) -> SockAddr {
        let mut storage = SockAddrStorage::zeroed();
        // SAFETY: sockaddr_ll is one of the address structures that the
        // storage is made for: plain integers, valid when zeroed.
        let address: &mut libc::sockaddr_ll = unsafe { storage.view_as() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = protocol;
        address.sll_ifindex = index as i32;
        let len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the storage holds a sockaddr_ll of this length with its
        // family set.
        unsafe { SockAddr::new(storage, len) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_tag_is_only_there_when_the_kernel_says_so() {
            let mut auxdata = [0; 20];
            assert_eq!(vlan_tag(&auxdata), None);
            assert_eq!(vlan_tag(&auxdata[..10]), None);
            auxdata[..4].copy_from_slice(&libc::TP_STATUS_VLAN_VALID.to_ne_bytes());
            auxdata[16..18].copy_from_slice(&7u16.to_ne_bytes());
            assert_eq!(vlan_tag(&auxdata), Some([0x81, 0, 0, 7]));
        }

        #[test]
        fn an_interface_that_is_not_there_is_named() {
            let failure = Tap::open("nosuch0").err().unwrap();
            assert_eq!(failure.status, EX_UNAVAILABLE);
            assert!(failure.text.contains("nosuch0"));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::convert::Infallible;
    use std::io;
    use std::os::fd::BorrowedFd;

    use super::Seen;
    use crate::failure::{Failure, EX_UNAVAILABLE};

    /// No interface can be opened here.
    pub struct Tap(Infallible);

    impl Tap {
        /// Always `EX_UNAVAILABLE`.
        pub fn open(name: &str) -> Result<Self, Failure> {
            let text = format!("{name}: live interfaces are for Linux; use the kernel's own node");
            Err(Failure::new(EX_UNAVAILABLE, text))
        }

        /// The interface's Ethernet address.
        pub fn mac(&self) -> [u8; 6] {
            match self.0 {}
        }

        /// Calls `f` with a frame if one is there.
        pub fn receive(&self, _: impl FnOnce(Seen<'_>)) -> io::Result<bool> {
            match self.0 {}
        }

        /// Sends a frame.
        pub fn send(&self, _: &[u8]) -> io::Result<()> {
            match self.0 {}
        }

        /// What to wait for frames on.
        pub fn fd(&self) -> BorrowedFd<'_> {
            match self.0 {}
        }
    }
}
