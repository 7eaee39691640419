// SPDX-License-Identifier: BSD-2-Clause
//! ng_ksocket(4): a socket of the host, here UDP over IPv4 or IPv6.
//!
//! The hook's name says which: `inet/dgram/udp` or `inet6/dgram/udp6`, or the
//! same in FreeBSD's numbers. What the host's socket reports goes back to the
//! sender as FreeBSD's errno; a full socket buffer makes packets wait, and a node that
//! goes stays for them. What is lost, also what becomes known too late for the sender,
//! a refusal above all, is counted, and the user is told.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::rc::Rc;

use nix::poll::PollFlags;
use socket2::{Domain, Protocol, Socket, Type as SocketType};
use sys_bindings::{
    AF_INET, AF_INET6, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, EISCONN, ENOBUFS, ENOTCONN, ENXIO,
    EOPNOTSUPP, EPROTONOSUPPORT, IPPROTO_IP, IPPROTO_UDP, NGM_KSOCKET_ACCEPT, NGM_KSOCKET_BIND,
    NGM_KSOCKET_CONNECT, NGM_KSOCKET_COOKIE, NGM_KSOCKET_GETNAME, NGM_KSOCKET_GETOPT,
    NGM_KSOCKET_GETPEERNAME, NGM_KSOCKET_LISTEN, NGM_KSOCKET_SETOPT, NG_KSOCKET_NODE_TYPE,
    SOCK_DGRAM,
};

use crate::ascii::sockaddr::{self, GENERIC};
use crate::ascii::{read_number, read_u32, Command, Cookie, Field, Type, HEX32, INT32};
use crate::errno::{from_host, Errno, Text};
use crate::graph::{HookKey, NodeType};
use crate::host::Surroundings;
use crate::message::{Message, HEADER_LEN};
use crate::node::{Answer, Here, Incoming, Interest, Node, Origin, Packet};
use crate::throttle::Throttle;

static SOCKADDR: Type = Type::Sockaddr;
static INT: Type = INT32;
static SOCKOPT: Type = Type::Struct(&[
    Field("level", INT32),
    Field("name", INT32),
    Field("value", Type::Bytes(option_length)),
]);
static ACCEPT: Type = Type::Struct(&[Field("nodeid", HEX32), Field("addr", GENERIC)]);

/// The value of a socket option is what the message holds beyond `level` and
/// `name`.
fn option_length(message: &[u8], _: usize) -> Option<u32> {
    const ARGLEN: usize = 4; // Its place in struct ng_mesg.
    let arglen = read_u32(message.get(..HEADER_LEN)?, ARGLEN)?;
    Some(arglen.saturating_sub(8))
}

const KSOCKET: Cookie = Cookie(NGM_KSOCKET_COOKIE);

static COMMANDS: &[Command] = &[
    KSOCKET.command(NGM_KSOCKET_BIND, "bind", Some(&SOCKADDR), None),
    KSOCKET.command(NGM_KSOCKET_LISTEN, "listen", Some(&INT), None),
    KSOCKET.command(NGM_KSOCKET_ACCEPT, "accept", None, Some(&ACCEPT)),
    KSOCKET.command(NGM_KSOCKET_CONNECT, "connect", Some(&SOCKADDR), Some(&INT)),
    KSOCKET.command(NGM_KSOCKET_GETNAME, "getname", None, Some(&SOCKADDR)),
    KSOCKET.command(
        NGM_KSOCKET_GETPEERNAME,
        "getpeername",
        None,
        Some(&SOCKADDR),
    ),
    KSOCKET.command(NGM_KSOCKET_SETOPT, "setopt", Some(&SOCKOPT), None),
    KSOCKET.command(NGM_KSOCKET_GETOPT, "getopt", Some(&SOCKOPT), Some(&SOCKOPT)),
];

/// Datagrams that wait for the host at most; beyond, `ENOBUFS`. A node that empties
/// its cache as it goes waits before it comes to that.
pub const MAX_BACKLOG: usize = 65536;

/// Datagrams read at once, so that a flood leaves time for the others.
const MAX_READ: usize = 64;

/// The largest UDP datagram.
const MAX_DATAGRAM: usize = 65536;

/// The node type; all its nodes share `throttle`, and tell `around` what they lost.
pub fn node_type(around: Surroundings, throttle: Rc<Throttle>) -> NodeType {
    NodeType {
        name: NG_KSOCKET_NODE_TYPE,
        commands: COMMANDS,
        constructor: Some(Box::new(move |_, _, _| {
            Ok(Rc::new(Ksocket::new(around.clone(), throttle.clone())))
        })),
    }
}

struct Ksocket {
    hook: Cell<Option<HookKey>>,
    /// The socket and its family, once the hook is connected.
    socket: OnceCell<(u8, Socket)>,
    backlog: RefCell<VecDeque<Vec<u8>>>,
    /// Where datagrams are received; empty until one is looked for.
    buffer: RefCell<Vec<u8>>,
    /// The host's socket has no room.
    blocked: Cell<bool>,
    /// Datagrams that were lost, as far as the host has told.
    lost: Cell<u64>,
    around: Surroundings,
    throttle: Rc<Throttle>,
}

impl Ksocket {
    fn new(around: Surroundings, throttle: Rc<Throttle>) -> Self {
        Ksocket {
            hook: Cell::new(None),
            socket: OnceCell::new(),
            backlog: RefCell::default(),
            buffer: RefCell::default(),
            blocked: Cell::new(false),
            lost: Cell::new(0),
            around,
            throttle,
        }
    }

    /// The socket; `ENXIO` before the hook is connected.
    fn socket(&self) -> Result<&Socket, Errno> {
        self.socket.get().map(|(_, socket)| socket).ok_or(ENXIO)
    }

    /// The address that a message brings, which must be of the socket's
    /// family.
    fn address(&self, args: &[u8]) -> Result<SocketAddr, Errno> {
        let (Some(&len), Some(&family)) = (args.first(), args.get(1)) else {
            return Err(EINVAL);
        };
        if args.len() < usize::from(len) {
            return Err(EINVAL);
        }
        if family != self.socket.get().ok_or(ENXIO)?.0 {
            return Err(EAFNOSUPPORT);
        }
        let address = sockaddr::from_bytes(args)?;
        if sockaddr::to_bytes(address).len() != usize::from(len) {
            return Err(EINVAL);
        }
        Ok(address)
    }

    /// Sends a datagram. `false` when the host has no room for it.
    fn try_send(&self, datagram: &[u8]) -> Result<bool, Errno> {
        let socket = self.socket()?;
        let mut sent = socket.send(datagram);
        if let Some(error) = sent.as_ref().err().filter(|error| is_late(error)) {
            // Instead of sending this one. What does not come again was of an
            // earlier one.
            let errno = from_host(error);
            sent = socket.send(datagram);
            if sent.is_ok() {
                self.lose(errno);
            }
        }
        match sent {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.blocked.set(true);
                Ok(false)
            }
            Err(error) => Err(host(error)),
        }
    }

    /// Sends a datagram, or keeps it until the host has room.
    fn take(&self, packet: Packet<'_>) -> Result<(), Errno> {
        if self.backlog() == 0 && self.throttle.take() && self.try_send(&packet.bytes)? {
            return Ok(());
        }
        let mut backlog = self.backlog.borrow_mut();
        if backlog.len() >= MAX_BACKLOG {
            return Err(ENOBUFS);
        }
        backlog.push_back(packet.bytes.into_owned());
        Ok(())
    }

    fn flush(&self) {
        self.blocked.set(false);
        let mut backlog = self.backlog.borrow_mut();
        while !self.blocked.get() && !backlog.is_empty() && self.throttle.take() {
            let Some(datagram) = backlog.pop_front() else {
                return;
            };
            match self.try_send(&datagram) {
                Ok(true) => {}
                Ok(false) => backlog.push_front(datagram),
                // The sender has been told that it is sent.
                Err(errno) => self.lose(errno),
            }
        }
    }

    /// Counts a datagram that is lost, and tells the user of the first.
    fn lose(&self, errno: Errno) {
        let all = &self.around.lost;
        all.set(all.get() + 1);
        if self.lost.replace(self.lost.get() + 1) == 0 {
            self.around.log.line(format_args!(
                "{}: {}: datagrams are lost; is a collector there?",
                self.peer(),
                Text(errno)
            ));
        }
    }

    /// Where datagrams go.
    fn peer(&self) -> String {
        let peer = self
            .socket()
            .ok()
            .and_then(|socket| socket.peer_addr().ok());
        let peer = peer.and_then(|peer| peer.as_socket());
        peer.map_or("ksocket".to_owned(), |peer| peer.to_string())
    }

    /// The next datagram, if there is one.
    fn receive<'a>(&self, buffer: &'a mut [u8]) -> Option<Packet<'a>> {
        let mut socket = self.socket().ok()?;
        let len = match socket.read(buffer) {
            Err(error) if is_late(&error) => {
                self.lose(host(error));
                socket.read(buffer)
            }
            read => read,
        };
        // Nothing there, mostly.
        buffer.get(..len.ok()?).map(Packet::new)
    }
}

impl Drop for Ksocket {
    fn drop(&mut self) {
        // Of the last one nothing else would tell.
        let last = self.socket().map(Socket::take_error);
        if let Ok(Ok(Some(error))) = last {
            if is_late(&error) {
                self.lose(host(error));
            }
        }
        let lost = self.lost.get();
        if lost > 0 {
            self.around.log.line(format_args!(
                "{}: datagrams lost: at least {lost}",
                self.peer()
            ));
        }
    }
}

/// May the host tell that nobody took an earlier datagram? An ICMP message has
/// come: no such port, host or network, or a firewall that lets nothing through.
fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::PermissionDenied
    )
}

impl Node for Ksocket {
    fn newhook(&self, _: Here<'_>, hook: HookKey, name: &[u8]) -> Result<u64, Errno> {
        if self.hook.get().is_some() {
            return Err(EISCONN);
        }
        let socket = open(name)?;
        self.socket.set(socket).map_err(|_| EISCONN)?;
        self.hook.set(Some(hook));
        Ok(0)
    }

    fn rcvmsg(&self, _: Here<'_>, message: &Message, _: Origin) -> Answer {
        if message.header.typecookie != NGM_KSOCKET_COOKIE {
            return Err(EINVAL);
        }
        let args = &message.args;
        match message.header.cmd {
            NGM_KSOCKET_BIND => {
                let address = self.address(args)?;
                self.socket()?.bind(&address.into()).map_err(host)?;
            }
            NGM_KSOCKET_CONNECT => {
                let address = self.address(args)?;
                if address.port() == 0 {
                    return Err(EADDRNOTAVAIL);
                }
                self.socket()?.connect(&address.into()).map_err(host)?;
            }
            NGM_KSOCKET_GETNAME | NGM_KSOCKET_GETPEERNAME if !args.is_empty() => {
                return Err(EINVAL);
            }
            NGM_KSOCKET_GETNAME => {
                let address = self.socket()?.local_addr().map_err(host)?;
                let address = address.as_socket().ok_or(EINVAL)?;
                return Ok(Some(sockaddr::to_bytes(address)));
            }
            NGM_KSOCKET_GETPEERNAME => {
                let address = self.socket()?.peer_addr().map_err(host)?;
                let address = address.as_socket().ok_or(ENOTCONN)?;
                return Ok(Some(sockaddr::to_bytes(address)));
            }
            // What FreeBSD says of datagram sockets.
            NGM_KSOCKET_LISTEN => return Err(EOPNOTSUPP),
            NGM_KSOCKET_ACCEPT => return Err(EINVAL),
            // The host's options are not FreeBSD's.
            NGM_KSOCKET_SETOPT | NGM_KSOCKET_GETOPT => return Err(EOPNOTSUPP),
            _ => return Err(EINVAL),
        }
        Ok(None)
    }

    fn rcvdata(&self, _: Here<'_>, _: Incoming, packet: Packet<'_>) -> Result<(), Errno> {
        // A hub's sender is told of one of its collectors: what only another did not
        // get, nobody else would tell.
        self.take(packet).inspect_err(|errno| self.lose(*errno))
    }

    fn disconnect(&self, here: Here<'_>, _: Incoming) {
        self.hook.set(None);
        here.remove_self();
    }

    /// It stays, as a socket that is closed does, until what waits has left.
    fn shutdown(&self, _: Here<'_>) -> bool {
        self.backlog() > 0
    }

    fn interests(&self) -> Vec<Interest<'_>> {
        let mut wanted = PollFlags::POLLIN;
        wanted.set(PollFlags::POLLOUT, self.blocked.get());
        let socket = self.socket().ok();
        Vec::from_iter(socket.map(|socket| (socket.as_fd(), wanted)))
    }

    fn ready(&self, here: Here<'_>) {
        self.flush();
        if self.hook.get().is_none() && self.backlog() == 0 {
            return here.remove_self();
        }
        // Whoever gets a datagram may come back here.
        let mut buffer = self.buffer.take();
        buffer.resize(MAX_DATAGRAM, 0);
        for _ in 0..MAX_READ {
            let (Some(hook), Some(packet)) = (self.hook.get(), self.receive(&mut buffer)) else {
                break;
            };
            // Nobody to tell: the datagram's sender is elsewhere.
            let _ = here.graph.send_data(hook, packet);
        }
        self.buffer.replace(buffer);
    }

    fn backlog(&self) -> usize {
        self.backlog.borrow().len()
    }
}

/// Opens the socket that a hook's name describes. `EINVAL` for a name that
/// describes none, `EPROTONOSUPPORT` for one that is not UDP.
fn open(name: &[u8]) -> Result<(u8, Socket), Errno> {
    let mut parts = name.splitn(3, |&b| b == b'/');
    let mut part = || parts.next().ok_or(EINVAL);
    let family = number(part()?, &[("local", 1), ("inet", 2), ("inet6", 28)])?;
    let types = [
        ("stream", 1),
        ("dgram", 2),
        ("raw", 3),
        ("rdm", 4),
        ("seqpacket", 5),
    ];
    let ty = number(part()?, &types)?;
    let protocols: &[(&str, i32)] = match u8::try_from(family) {
        Ok(AF_INET) => &[
            ("ip", 0),
            ("icmp", 1),
            ("tcp", 6),
            ("udp", 17),
            ("raw", 255),
        ],
        Ok(AF_INET6) => &[
            ("ip6", 41),
            ("icmp6", 58),
            ("tcp6", 6),
            ("udp6", 17),
            ("raw6", 255),
        ],
        _ => &[],
    };
    let protocol = number(part()?, protocols)?;
    let (family, domain) = match u8::try_from(family) {
        Ok(AF_INET) => (AF_INET, Domain::IPV4),
        Ok(AF_INET6) => (AF_INET6, Domain::IPV6),
        _ => return Err(EPROTONOSUPPORT),
    };
    if ty != SOCK_DGRAM || !matches!(protocol, IPPROTO_IP | IPPROTO_UDP) {
        return Err(EPROTONOSUPPORT);
    }
    let open = || {
        let socket = Socket::new(domain, SocketType::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    open().map(|socket| (family, socket)).map_err(host)
}

fn host(error: io::Error) -> Errno {
    from_host(&error)
}

/// The number that a word stands for: one of `known`, or itself in decimal.
fn number(word: &[u8], known: &[(&str, i32)]) -> Result<i32, Errno> {
    let mut known = known.iter();
    if let Some(&(_, number)) = known.find(|(name, _)| name.as_bytes() == word) {
        return Ok(number);
    }
    let number = read_number(word, 0, 10);
    if number.end != word.len() || word.is_empty() {
        return Err(EINVAL);
    }
    i32::try_from(number.unsigned()).map_err(|_| EINVAL)
}
