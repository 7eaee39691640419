// SPDX-License-Identifier: BSD-2-Clause
//! A node of type `socket` to talk through.

use crate::{
    error::{Error, Result},
    message::{array, text, Message},
    trace::{Trace, ADDRESS_OVERHEAD},
    transport::{Deadline, Endpoint, Incoming, Transport},
};
use std::{collections::VecDeque, fmt, os::fd::BorrowedFd, time::Duration};
use sys_bindings::{
    ng_mesg, ng_msghdr, sockaddr_ng, NGM_ASCII2BINARY, NGM_BINARY2ASCII, NGM_GENERIC_COOKIE,
    NG_VERSION,
};
use zerocopy::FromZeros;

/// How long a reply may take. Netgraph's own come before the request returns;
/// some nodes wait for the other end of a line first.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to a netgraph. Dropping it removes its node.
pub struct Client {
    transport: Box<dyn Transport>,
    token: u32,
    /// What came while a certain reply was awaited.
    pending: VecDeque<Received>,
    trace: Trace,
}

/// Something that came to the client's node.
#[derive(Clone, Debug)]
pub enum Received {
    /// A control message.
    Message {
        /// The path of the node that sent it, such as `[5]:`.
        from: String,
        /// The message.
        message: Message,
    },
    /// A packet.
    Packet {
        /// The hook it came in on.
        hook: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// A message in the form that nodes translate for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsciiMessage {
    /// The command's name, such as `info`.
    pub command: String,
    /// Its number.
    pub cmd: u32,
    /// Whether it answers a request.
    pub is_response: bool,
    /// Its arguments, empty when it has none.
    pub args: String,
}

impl Client {
    /// Connects and creates a node with this name; without one if it is empty.
    ///
    /// # Errors
    /// [`Error::Connect`] when `nghost` is not there, `EPERM` when the user may
    /// not, `EADDRINUSE` when there is such a node.
    ///
    /// ```
    /// # let Some((_nghost, _)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// use ngctl_rs::{Client, Endpoint};
    ///
    /// let name = format!("example{}", std::process::id());
    /// let mut netgraph = Client::open(&name, &Endpoint::choose(None))?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn open(name: &str, endpoint: &Endpoint) -> Result<Self> {
        let mut transport = endpoint.connect()?;
        if !name.is_empty() {
            transport.bind(name)?;
        }
        Ok(Self::over(transport))
    }

    /// Talks over a transport that is already there.
    pub fn over(transport: Box<dyn Transport>) -> Self {
        Self {
            transport,
            token: u32::MAX, // The first is 0.
            pending: VecDeque::new(),
            trace: Trace::default(),
        }
    }

    /// Shows what is sent and received, as [`Trace`] says.
    pub fn set_trace(&mut self, trace: Trace) {
        self.trace = trace;
    }

    /// Sends a command to the node at `path` and returns the token that its
    /// reply will carry.
    ///
    /// # Errors
    /// The node's own. `ENOENT` when there is no node at `path`, `EINVAL` when
    /// it does not know the command or the arguments have a wrong length.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// use sys_bindings::{NGM_GENERIC_COOKIE, NGM_SHUTDOWN};
    ///
    /// netgraph.send("netflow:", NGM_GENERIC_COOKIE, NGM_SHUTDOWN, &[])?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn send(&mut self, path: &str, cookie: u32, cmd: u32, args: &[u8]) -> Result<u32> {
        self.deliver(path, Message::new(cookie, cmd, args))
    }

    /// Sends a command and waits for its reply. Whatever else arrives is kept
    /// for [`receive`](Self::receive).
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`Error::Timeout`] when no reply comes.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// use sys_bindings::{ng_netflow_info, NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO};
    ///
    /// let reply = netgraph.call("netflow:", NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO, &[])?;
    /// let info: ng_netflow_info = reply.args_as()?;
    /// println!("{} IPv4 packets", info.nfinfo_packets);
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn call(&mut self, path: &str, cookie: u32, cmd: u32, args: &[u8]) -> Result<Message> {
        let token = self.send(path, cookie, cmd, args)?;
        self.reply_to(token, cookie, cmd)
    }

    /// Sends a command in ASCII, its name first: the node translates it, and
    /// what it makes of it is sent to it again. Returns the message as sent.
    ///
    /// # Errors
    /// As [`send`](Self::send). `ENOSYS` when the node has no such command or
    /// no ASCII form of it, `EINVAL` or `ENOENT` when the arguments are wrong.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// netgraph.send_ascii("netflow:", "settimeouts { inactive=15 active=1800 }")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn send_ascii(&mut self, path: &str, command_and_args: &str) -> Result<Message> {
        let mut message = self.to_binary(path, command_and_args)?;
        message.header.version = NG_VERSION;
        message.header.token = self.deliver(path, message.clone())?;
        Ok(message)
    }

    /// Has the node at `path` translate a command from ASCII.
    ///
    /// # Errors
    /// As [`send_ascii`](Self::send_ascii).
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// let message = netgraph.to_binary("netflow:", "setmtu { mtu=1500 }")?;
    /// assert_eq!(message.args, 1500u16.to_ne_bytes());
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn to_binary(&mut self, path: &str, command_and_args: &str) -> Result<Message> {
        let line = command_and_args.trim_ascii_start();
        let (command, args) = line.split_at(line.find(is_space).unwrap_or(line.len()));
        let args = args.trim_start_matches(is_space);
        if args.contains('\0') {
            return Err(Error::Unsendable {
                what: "arguments",
                text: args.to_string(),
                why: "hold a NUL byte".into(),
            });
        }
        let mut header = ng_msghdr::new_zeroed();
        header.cmdstr = array("command", command)?;
        let mut args = args.as_bytes().to_vec();
        args.push(0);
        let ascii = Message::with_header(header, args).to_bytes();
        let reply = self.call(path, NGM_GENERIC_COOKIE, NGM_ASCII2BINARY, &ascii)?;
        Message::parse(&reply.args)
    }

    /// Has the node that sent a message translate it to ASCII.
    ///
    /// # Errors
    /// As [`send`](Self::send); `ENOSYS` when it has no ASCII form of it.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// use ngctl_rs::Received;
    ///
    /// # netgraph.send_ascii("netflow:", "info")?;
    /// if let Some(Received::Message { from, message }) = netgraph.receive(None)? {
    ///     let ascii = netgraph.to_ascii(&from, &message)?;
    ///     println!("{} {}", ascii.command, ascii.args);
    /// }
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn to_ascii(&mut self, from: &str, message: &Message) -> Result<AsciiMessage> {
        let binary = message.to_bytes();
        let reply = self.call(from, NGM_GENERIC_COOKIE, NGM_BINARY2ASCII, &binary)?;
        let ascii = Message::parse(&reply.args)?;
        Ok(AsciiMessage {
            command: text(&ascii.header.cmdstr),
            cmd: ascii.header.cmd,
            is_response: ascii.is_response(),
            args: text(&ascii.args),
        })
    }

    /// What has come to the node, or `None` when nothing does in time. Without
    /// a timeout it waits for ever, with a timeout of zero not at all.
    ///
    /// # Errors
    /// Those of a broken connection, or of bytes that make no sense.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// while let Some(received) = netgraph.receive(Some(std::time::Duration::ZERO))? {
    ///     println!("{received:?}");
    /// }
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn receive(&mut self, timeout: Option<Duration>) -> Result<Option<Received>> {
        match self.pending.pop_front() {
            Some(pending) => Ok(Some(pending)),
            None => self.next(Deadline::after(timeout)),
        }
    }

    /// The control message that comes next to the node. Packets are kept for
    /// [`receive`](Self::receive).
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// assert!(netgraph.receive_message(Some(std::time::Duration::ZERO))?.is_none());
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn receive_message(&mut self, timeout: Option<Duration>) -> Result<Option<Received>> {
        let is_message = |received: &Received| matches!(received, Received::Message { .. });
        if let Some(at) = self.pending.iter().position(is_message) {
            return Ok(self.pending.remove(at));
        }
        let deadline = Deadline::after(timeout);
        while let Some(received) = self.next(deadline)? {
            if is_message(&received) {
                return Ok(Some(received));
            }
            self.pending.push_back(received);
            if deadline.passed() {
                break; // However many packets keep coming.
            }
        }
        Ok(None)
    }

    /// The control message that comes next after a command that is always answered.
    ///
    /// # Errors
    /// As [`receive`](Self::receive); [`Error::Timeout`] when none comes.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// if netgraph.send_ascii("netflow:", "info")?.has_reply() {
    ///     println!("{:?}", netgraph.receive_reply()?);
    /// }
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn receive_reply(&mut self) -> Result<Received> {
        self.receive_message(Some(REPLY_TIMEOUT))?
            .ok_or(Error::Timeout(REPLY_TIMEOUT))
    }

    /// Sends a packet out of one of the node's own hooks.
    ///
    /// # Errors
    /// `EHOSTUNREACH` when there is no such hook.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// netgraph.mkpeer(".", "hub", "mine", "theirs")?;
    /// netgraph.send_data("mine", b"any bytes")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn send_data(&mut self, hook: &str, packet: &[u8]) -> Result<()> {
        self.trace.packet("WRITE PACKET to", hook, packet);
        self.transport.send_data(hook, packet)
    }

    /// The name of an interface in the world the node lives in: the machine's
    /// own for the kernel's netgraph, that of the capture for `nghost`.
    ///
    /// # Errors
    /// Those of a broken connection.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// assert_eq!(netgraph.interface_name(0)?, None);
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn interface_name(&mut self, index: u32) -> Result<Option<String>> {
        self.transport.interface_name(index)
    }

    /// The descriptors that become readable when something comes to the node.
    /// Before waiting for them, call [`receive`](Self::receive) with a timeout
    /// of zero until it returns `None`: a message may have been read already.
    pub fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.transport.descriptors()
    }

    /// Numbers the message and sends it.
    fn deliver(&mut self, path: &str, mut message: Message) -> Result<u32> {
        // C's tokens are ints, and the reserved ones negative.
        self.token = self.token.wrapping_add(1) & i32::MAX as u32;
        message.header.token = self.token;
        self.trace
            .message("SENDING", path, path.len() + ADDRESS_OVERHEAD, &message);
        let sent = self.transport.send_control(path, &message.to_bytes());
        if let Err(error) = &sent {
            self.trace.failure(path, error);
        }
        sent.map(|()| self.token)
    }

    /// Waits for the response that carries `token`.
    fn reply_to(&mut self, token: u32, cookie: u32, cmd: u32) -> Result<Message> {
        let deadline = Deadline::after(Some(REPLY_TIMEOUT));
        while let Some(received) = self.next(deadline)? {
            match received {
                Received::Message { message, .. }
                    if message.is_response() && message.header.token == token =>
                {
                    let header = &message.header;
                    if (header.typecookie, header.cmd) != (cookie, cmd) {
                        return Err(Error::malformed(
                            format!("reply to command {} of cookie {cookie}", cmd as i32),
                            format!(
                                "it is to command {} of cookie {}",
                                header.cmd as i32, header.typecookie
                            ),
                        ));
                    }
                    return Ok(message);
                }
                // Nobody else knows the token before there is a response.
                Received::Message { message, .. }
                    if !message.is_response()
                        && message.header.token == token
                        && (message.header.typecookie, message.header.cmd) == (cookie, cmd) =>
                {
                    return Err(Error::malformed(
                        format!("reply to command {} of cookie {cookie}", cmd as i32),
                        "the request itself came: its path leads to our own node",
                    ));
                }
                other => self.pending.push_back(other),
            }
            if deadline.passed() {
                break; // However much else keeps coming.
            }
        }
        Err(Error::Timeout(REPLY_TIMEOUT))
    }

    /// Reads from the transport, past what is pending.
    fn next(&mut self, deadline: Deadline) -> Result<Option<Received>> {
        Ok(match self.transport.receive(deadline.left())? {
            None => None,
            Some(Incoming::Control(from, bytes)) => {
                let message = Message::parse(&bytes)?;
                self.trace
                    .message("RECEIVED", &from, size_of::<sockaddr_ng>(), &message);
                Some(Received::Message { from, message })
            }
            Some(Incoming::Data(hook, bytes)) => {
                self.trace.packet("READ PACKET from", &hook, &bytes);
                Some(Received::Packet { hook, bytes })
            }
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("token", &self.token)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

/// C's isspace(3), which libnetgraph splits by.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

const _: () = assert!(size_of::<ng_mesg>() == size_of::<ng_msghdr>());
