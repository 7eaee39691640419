// SPDX-License-Identifier: BSD-2-Clause
//! What goes over the socket, for people: libnetgraph's debug levels.

use crate::{error::Error, message::Message};
use std::fmt::Write as _;
use sys_bindings::*;

/// The cookies that have a name here, without "NGM_" and "_COOKIE".
const COOKIES: [(u32, &str); 7] = [
    (NGM_ETHER_COOKIE, "ETHER"),
    (NGM_GENERIC_COOKIE, "GENERIC"),
    (NGM_HUB_COOKIE, "HUB"),
    (NGM_KSOCKET_COOKIE, "KSOCKET"),
    (NGM_NETFLOW_COOKIE, "NETFLOW"),
    (NGM_SOCKET_COOKIE, "SOCKET"),
    (NGM_TEE_COOKIE, "TEE"),
];

/// The bytes of a socket address beside its text: length, family and a NUL.
pub(crate) const ADDRESS_OVERHEAD: usize = 3;

/// Bytes in a line.
const PER_LINE: usize = 16;

/// Where a line of [`hexdump`] goes over to characters.
const HEX_END: usize = "0000:  ".len() + 3 * PER_LINE;

/// Shows messages and packets as they pass.
///
/// Level 0 shows nothing, 1 the requests that failed, 2 every message and the
/// size of every packet, 3 packets' bytes too.
///
/// ```
/// # let Some((_nghost, _)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
/// use ngctl_rs::{trace::Trace, Client, Endpoint};
///
/// let mut netgraph = Client::open("example", &Endpoint::choose(None))?;
/// netgraph.set_trace(Trace::new(2, |line| eprintln!("example: {line}")));
/// # Ok::<(), ngctl_rs::Error>(())
/// ```
pub struct Trace {
    level: u32,
    sink: Box<dyn FnMut(&str) + Send>,
}

impl Trace {
    /// Hands `sink` one line at a time, without its end.
    pub fn new(level: u32, sink: impl FnMut(&str) + Send + 'static) -> Self {
        Self {
            level,
            sink: Box::new(sink),
        }
    }

    /// `length` is that of the socket address.
    pub(crate) fn message(&mut self, doing: &str, path: &str, length: usize, message: &Message) {
        if self.level < 2 {
            return;
        }
        let kind = if message.is_response() {
            "RESPONSE"
        } else {
            "MESSAGE"
        };
        let header = &message.header;
        self.line(&format!("{doing} {kind}:"));
        self.socket_address(length, path);
        self.line("NG_MESG :");
        self.line(&format!("  vers   {}", header.version));
        self.line(&format!("  arglen {}", header.arglen));
        self.line(&format!("  flags  {:x}", header.flags));
        self.line(&format!("  token  {}", header.token));
        let cookie = header.typecookie;
        let known = COOKIES.iter().find(|(known, _)| *known == cookie);
        let name = known.map_or("??", |(_, name)| name);
        self.line(&format!("  cookie {name} ({cookie})"));
        self.line(&format!("  cmd    {}", header.cmd as i32));
        self.line(&format!("  args ({} bytes)", header.arglen));
        self.bytes(&message.args);
    }

    pub(crate) fn packet(&mut self, doing: &str, hook: &str, packet: &[u8]) {
        if self.level >= 2 {
            let count = packet.len();
            self.line(&format!("{doing} hook \"{hook}\" ({count} bytes)"));
            if doing.starts_with("WRITE") {
                self.socket_address(hook.len() + ADDRESS_OVERHEAD, hook);
            }
        }
        if self.level >= 3 {
            self.bytes(packet);
        }
    }

    pub(crate) fn failure(&mut self, path: &str, error: &Error) {
        if self.level >= 1 {
            self.line(&format!("sendto({path}): {error}"));
        }
    }

    /// As [`hexdump`], with libnetgraph's spaces: one more in the middle, and
    /// two for each character that is not there.
    fn bytes(&mut self, bytes: &[u8]) {
        let dump = hexdump(bytes);
        for (line, bytes) in dump.lines().zip(bytes.chunks(PER_LINE)) {
            let (hex, ascii) = line.split_at(HEX_END.min(line.len()));
            let absent = PER_LINE - bytes.len();
            self.line(&format!("{hex} {ascii}{:absent$}", ""));
        }
    }

    fn socket_address(&mut self, length: usize, text: &str) {
        self.line(&format!(
            "SOCKADDR: {{ fam={AF_NETGRAPH} len={length} addr=\"{text}\" }}"
        ));
    }

    fn line(&mut self, line: &str) {
        (self.sink)(line);
    }
}

impl Default for Trace {
    /// Shows nothing.
    fn default() -> Self {
        Self::new(0, |_| {})
    }
}

/// Bytes in hexadecimal and ASCII, 16 to a line, as ngctl(8) shows them.
///
/// ```
/// let line = "0000:  68 69 0a                                         hi.             \n";
/// assert_eq!(ngctl_rs::trace::hexdump(b"hi\n"), line);
/// ```
pub fn hexdump(bytes: &[u8]) -> String {
    let mut dump = String::new();
    for (index, line) in bytes.chunks(PER_LINE).enumerate() {
        let hex: String = line.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x} "); // A String takes all.
            hex
        });
        let ascii: String = line
            .iter()
            .map(|byte| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            })
            .collect();
        let offset = index * PER_LINE;
        let _ = writeln!(dump, "{offset:04x}:  {hex:<48} {ascii:<16}");
    }
    dump
}
