// SPDX-License-Identifier: BSD-2-Clause
//! A stand-in for `nghost`: a thread that speaks the envelope on a Unix socket
//! and answers what a test tells it to.

use ngctl_rs::{
    transport::{
        address,
        envelope::{encode, Frame, Frames},
    },
    Message,
};
use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    thread,
};
use sys_bindings::{nghost::Kind, NGF_RESP};
use tempfile::TempDir;

use crate::program::{run, Run};

/// What a node makes of a message: an errno, or what it sends back.
pub type Answer = Result<Vec<Message>, i32>;

/// How messages are answered: by the client's name, the path and the message.
pub type Rule = Box<dyn FnMut(&str, &str, &Message) -> Answer + Send>;

/// A world with one rule: how messages are answered.
pub struct World {
    /// What the node at the path answers.
    pub answer: Rule,
    /// Interface names by index.
    pub interfaces: Vec<(u32, &'static str)>,
    /// Whether a message goes out before the status of what caused it.
    pub early: bool,
}

impl World {
    /// A world with this rule and no interfaces.
    pub fn new(answer: impl FnMut(&str, &str, &Message) -> Answer + Send + 'static) -> Self {
        Self {
            answer: Box::new(answer),
            interfaces: Vec::new(),
            early: true,
        }
    }

    /// Serves one connection until the client closes it.
    pub fn serve(&mut self, mut stream: UnixStream) {
        let mut name = String::new();
        let mut frames = Frames::default();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            frames.push(&buffer[..count]);
            while let Some(frame) = frames.pop().expect("the client's frames are sound") {
                for (kind, payload) in self.react(&mut name, frame) {
                    let bytes = encode(kind, &payload).expect("short enough");
                    let _ = stream.write_all(&bytes); // The client may be gone.
                }
            }
        }
    }

    fn react(&mut self, name: &mut String, frame: Frame) -> Vec<(Kind, Vec<u8>)> {
        let status = |errno: i32| (Kind::Status, errno.to_le_bytes().to_vec());
        match frame.kind {
            Kind::Bind => {
                *name = address::split(&frame.payload).expect("an address").0;
                vec![status(0)]
            }
            Kind::IfName => {
                let index = u32::from_le_bytes(frame.payload.try_into().expect("an index"));
                let known = self.interfaces.iter().find(|(known, _)| *known == index);
                let name = known.map_or("", |(_, name)| name);
                vec![(Kind::IfNameReply, name.as_bytes().to_vec())]
            }
            Kind::Control => {
                let (path, message) = address::split(&frame.payload).expect("an address");
                let message = Message::parse(message).expect("a message");
                match (self.answer)(name, &path, &message) {
                    Err(errno) => vec![status(errno)],
                    Ok(replies) => {
                        let mut out: Vec<_> = replies
                            .iter()
                            .map(|reply| (Kind::Message, from_node_5(reply)))
                            .collect();
                        let at = if self.early { out.len() } else { 0 };
                        out.insert(at, status(0));
                        out
                    }
                }
            }
            Kind::Data => {
                let (hook, packet) = address::split(&frame.payload).expect("an address");
                match hook.as_str() {
                    "echo" => vec![status(0), (Kind::DataIn, frame.payload)],
                    _ if packet.is_empty() => vec![status(sys_bindings::EINVAL)],
                    _ => vec![status(sys_bindings::EHOSTUNREACH)],
                }
            }
            kind => panic!("{kind:?} from a client"),
        }
    }
}

/// As recvfrom(2) hands a message out: the whole `sockaddr_ng`, then the bytes.
pub fn from_node_5(message: &Message) -> Vec<u8> {
    let mut payload = vec![0; 34];
    payload[..6].copy_from_slice(&[34, sys_bindings::AF_NETGRAPH, b'[', b'5', b']', b':']);
    payload.extend_from_slice(&message.to_bytes());
    payload
}

/// The response to a message.
pub fn response(to: &Message, args: &[u8]) -> Message {
    let mut header = to.header;
    header.flags |= NGF_RESP;
    Message::with_header(header, args.to_vec())
}

/// One of netgraph's fixed arrays.
pub fn chars<const N: usize>(text: &str) -> [u8; N] {
    ngctl_rs::message::array("text", text).expect("short enough")
}

/// A world that listens.
pub struct Server {
    dir: TempDir,
}

impl Server {
    /// Listens until the test's process ends.
    pub fn start(mut world: World) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(dir.path().join("socket")).expect("a socket");
        thread::spawn(move || {
            for stream in listener.incoming() {
                world.serve(stream.expect("a connection"));
            }
        });
        Self { dir }
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    /// A file beside the socket with this content.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// Runs a program against it under the name that base gives it.
    pub fn run(&self, program: &str, called: &str, args: &[&str]) -> Run {
        run(program, called, args, &self.socket(), b"")
    }
}
