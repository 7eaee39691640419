// SPDX-License-Identifier: BSD-2-Clause
//! Netgraph through FreeBSD's own sockets, as ng_socket(4) describes them: a
//! control socket, which is the node, and a data socket connected to it.
//!
//! It has `unsafe` as no safe wrapper knows this address family. What can be done
//! through one, is.

#![allow(unsafe_code)]

use super::{address, wait_readable, Incoming, Transport};
use crate::{
    errno::Errno,
    error::{Error, Result},
    message::Message,
};
use libc::{c_char, c_int, sockaddr, socklen_t};
use nix::{
    errno::Errno as HostErrno,
    sys::socket::{getsockopt, setsockopt, sockopt},
};
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    time::Duration,
};
use sys_bindings::{
    nodeinfo, EAFNOSUPPORT, NGM_GENERIC_COOKIE, NGM_NODEINFO, NG_CONTROL, NG_DATA, SORCVBUF_SIZE,
};

/// What the sockets are to hold at best, as kern.ipc.maxsockbuf allows; at worst a
/// `SHOW` reply, the longest message of a known length. The kernel's default of 20 KB
/// loses that, and the list of some 280 nodes; a megabyte has that of 14,000.
const BUFFERS: [usize; 4] = [4 << 20, 1 << 20, 512 << 10, SORCVBUF_SIZE];

/// The two sockets.
#[derive(Debug)]
pub struct Netgraph {
    control: OwnedFd,
    data: OwnedFd,
    /// As long as what a socket can hold.
    buffer: Vec<u8>,
}

impl Netgraph {
    /// Creates the node. ng_socket(4) is loaded if the kernel lacks it.
    ///
    /// # Errors
    /// `EPERM` when the user may not, `EAFNOSUPPORT` when ng_socket(4) cannot
    /// be loaded.
    ///
    /// ```no_run
    /// use ngctl_rs::transport::{netgraph::Netgraph, Transport};
    ///
    /// let mut node = Netgraph::open()?;
    /// node.bind("example")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn open() -> Result<Self> {
        let control = match socket(NG_CONTROL) {
            Err(Error::Errno(Errno(EAFNOSUPPORT))) => {
                load_ng_socket()?;
                socket(NG_CONTROL)?
            }
            result => result?,
        };
        let data = socket(NG_DATA)?;
        let longest = grow_buffers(&control)?.max(grow_buffers(&data)?);
        let mut buffer = vec![0; longest];
        // By its id, which it has whether or not it is given a name.
        let to = address::encode("path", &format!("[{:x}]:", own_id(&control, &mut buffer)?))?;
        // SAFETY: the address is readable for the length passed with it.
        cvt(unsafe {
            libc::connect(
                data.as_raw_fd(),
                to.as_ptr().cast::<sockaddr>(),
                to.len() as socklen_t,
            )
        })?;
        Ok(Self {
            control,
            data,
            buffer,
        })
    }
}

/// The id of the node that a new control socket is.
fn own_id(control: &OwnedFd, buffer: &mut [u8]) -> Result<u32> {
    let request = Message::new(NGM_GENERIC_COOKIE, NGM_NODEINFO, &[]);
    let to = address::encode("path", ".")?;
    send_to(control, &to, &request.to_bytes())?;
    let (_, reply) = receive_from(control, buffer)?;
    let info: nodeinfo = Message::parse(&reply)?.args_as()?;
    Ok(info.id)
}

/// Reads one datagram and the text of its address.
fn receive_from(fd: &OwnedFd, buffer: &mut [u8]) -> Result<(String, Vec<u8>)> {
    let mut from = [0u8; 255];
    let mut from_length = from.len() as socklen_t;
    // SAFETY: both buffers are writable for the lengths passed with them,
    // and a sockaddr may be written to any bytes: the kernel copies.
    let count = cvt(unsafe {
        libc::recvfrom(
            fd.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            0,
            from.as_mut_ptr().cast::<sockaddr>(),
            &raw mut from_length,
        )
    })?;
    let bytes = buffer.get(..count as usize).unwrap_or(buffer).to_vec();
    let from = from.get(..from_length as usize).unwrap_or(&from);
    let (name, _) = address::split(from)?;
    Ok((name, bytes))
}

impl Transport for Netgraph {
    fn bind(&mut self, name: &str) -> Result<()> {
        let to = address::encode("node name", name)?;
        // SAFETY: the address is readable for the length passed with it.
        cvt(unsafe {
            libc::bind(
                self.control.as_raw_fd(),
                to.as_ptr().cast::<sockaddr>(),
                to.len() as socklen_t,
            )
        })?;
        Ok(())
    }

    fn send_control(&mut self, path: &str, message: &[u8]) -> Result<()> {
        send_to(&self.control, &address::encode("path", path)?, message)
    }

    fn send_data(&mut self, hook: &str, packet: &[u8]) -> Result<()> {
        send_to(&self.data, &address::encode("hook", hook)?, packet)
    }

    fn receive(&mut self, timeout: Option<Duration>) -> Result<Option<Incoming>> {
        let ready = wait_readable(&self.descriptors(), timeout)?;
        if ready.first() == Some(&true) {
            let (from, message) = receive_from(&self.control, &mut self.buffer)?;
            Ok(Some(Incoming::Control(from, message)))
        } else if ready.get(1) == Some(&true) {
            let (hook, packet) = receive_from(&self.data, &mut self.buffer)?;
            Ok(Some(Incoming::Data(hook, packet)))
        } else {
            Ok(None)
        }
    }

    fn interface_name(&mut self, index: u32) -> Result<Option<String>> {
        match nix::net::if_::if_indextoname(index) {
            // nix takes the null pointer of an unknown index for success.
            Ok(name) if name.is_empty() => Ok(None),
            Ok(name) => Ok(Some(name.to_string_lossy().into_owned())),
            Err(HostErrno::ENXIO) => Ok(None),
            Err(errno) => Err(Error::Errno(Errno(errno as i32))),
        }
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.control.as_fd(), self.data.as_fd()]
    }
}

/// A socket of the kind that ng_socket(4) calls its protocol.
fn socket(protocol: c_int) -> Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    // SAFETY: socket(2) takes numbers only.
    let fd = cvt(unsafe { libc::socket(libc::AF_NETGRAPH, kind, protocol) })?;
    // SAFETY: the descriptor is new, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

// The libc crate lacks it.
unsafe extern "C" {
    /// Loads a kernel module by its file name, as kldload(2).
    fn kldload(file: *const c_char) -> c_int;
}

/// Asks the kernel for ng_socket(4), as libnetgraph does.
fn load_ng_socket() -> Result<()> {
    // SAFETY: the name ends in a NUL.
    cvt(unsafe { kldload(c"ng_socket.ko".as_ptr()) })?;
    Ok(())
}

/// Makes room for long lists, and says how much there is for what is received. Never
/// less than there is already: net.graph.recvspace may say more.
fn grow_buffers(fd: &OwnedFd) -> Result<usize> {
    let failed = |errno| Error::Errno(Errno(errno as i32));
    let grow = |size: usize| -> nix::Result<()> {
        if getsockopt(fd, sockopt::RcvBuf)? < size {
            setsockopt(fd, sockopt::RcvBuf, &size)?;
        }
        setsockopt(fd, sockopt::SndBuf, &size)
    };
    let [better @ .., enough] = BUFFERS;
    if !better.into_iter().any(|size| grow(size).is_ok()) {
        grow(enough).map_err(failed)?;
    }
    getsockopt(fd, sockopt::RcvBuf).map_err(failed)
}

fn send_to(fd: &OwnedFd, to: &[u8], bytes: &[u8]) -> Result<()> {
    // SAFETY: both buffers are readable for the lengths passed with them.
    cvt(unsafe {
        libc::sendto(
            fd.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            0,
            to.as_ptr().cast::<sockaddr>(),
            to.len() as socklen_t,
        )
    })?;
    Ok(())
}

/// A system call's result, or its errno: here the host's are FreeBSD's.
fn cvt<T: PartialOrd + From<i8>>(result: T) -> Result<T> {
    if result < T::from(0) {
        return Err(Error::Errno(Errno(HostErrno::last_raw())));
    }
    Ok(result)
}
