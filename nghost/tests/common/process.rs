// SPDX-License-Identifier: BSD-2-Clause
//! The program itself, and a client on its socket.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ::nghost::message::{c_array, Message};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use sys_bindings::nghost::{first_frame, frame_header, Kind, FRAME_HEADER};
use sys_bindings::{ngm_connect, ngm_mkpeer, NGM_CONNECT, NGM_GENERIC_COOKIE, NGM_MKPEER};
use zerocopy::IntoBytes;

use super::{address, string};

/// How long anything may take here.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so; says what when it does not come to be.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Runs nghost to its end.
pub fn nghost<S: AsRef<OsStr>>(args: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nghost"))
        .args(args)
        .env_remove("NGHOST_SOCKET")
        .output()
        .unwrap()
}

/// A running nghost.
pub struct Process {
    child: Option<Child>,
    pub socket: PathBuf,
}

impl Process {
    /// Starts nghost with its socket in `folder`.
    pub fn start<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_nghost"));
        Self::start_by(command, folder, args)
    }

    /// As [`Process::start`], by a command that leads to nghost.
    pub fn start_by<S: AsRef<OsStr>>(mut command: Command, folder: &Path, args: &[S]) -> Self {
        let socket = folder.join("socket");
        let child = command
            .arg("--socket")
            .arg(&socket)
            .args(args)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let process = Process {
            child: Some(child),
            socket,
        };
        until("nghost serves", || process.socket.exists());
        process
    }

    pub fn connect(&self) -> Connection {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection {
            stream,
            input: Vec::new(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.id().cast_signed())
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        kill(self.pid(), Signal::SIGTERM).unwrap();
    }

    /// Waits until it has ended: its status and what it said.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let (pid, child) = (self.pid(), self.child.take().unwrap());
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        let Ok(output) = ended.recv_timeout(PATIENCE) else {
            kill(pid, Signal::SIGKILL).unwrap();
            panic!("nghost does not end");
        };
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A client.
pub struct Connection {
    pub stream: UnixStream,
    /// What has been read of the next frames.
    input: Vec<u8>,
}

/// The bytes of a frame for nghost.
pub fn frame(kind: u32, payload: &[u8]) -> Vec<u8> {
    [&frame_header(kind, payload.len()).unwrap(), payload].concat()
}

/// A frame from nghost.
pub type Frame = (Kind, Vec<u8>);

impl Connection {
    pub fn put(&mut self, kind: u32, payload: &[u8]) {
        self.stream.write_all(&frame(kind, payload)).unwrap();
    }

    /// The next frame, `None` when the connection is closed.
    pub fn get(&mut self) -> Option<Frame> {
        loop {
            if let Some((kind, payload)) = first_frame(&self.input).unwrap() {
                let frame = (Kind::from_wire(kind).unwrap(), payload.to_vec());
                self.input.drain(..FRAME_HEADER + frame.1.len());
                return Some(frame);
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(len) => self.input.extend(&bytes[..len]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// A request's status; messages before it are dropped.
    pub fn status(&mut self) -> i32 {
        loop {
            match self.get().expect("closed") {
                (Kind::Status, errno) => return i32::from_le_bytes(errno.try_into().unwrap()),
                (Kind::Message | Kind::DataIn, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub fn control(&mut self, path: &str, cookie: u32, cmd: u32, args: &[u8]) -> i32 {
        let message = Message::new(cookie, cmd, args.to_vec());
        let request = [address(path), message.to_bytes()].concat();
        self.put(Kind::Control.to_wire(), &request);
        self.status()
    }

    /// The arguments of the answer to a message.
    pub fn ask(&mut self, path: &str, cookie: u32, cmd: u32) -> Vec<u8> {
        assert_eq!(self.control(path, cookie, cmd, &[]), 0, "{path}");
        loop {
            match self.get().expect("closed") {
                (Kind::Message, payload) => {
                    let (_, message) = payload.split_at(payload[0].into());
                    return Message::parse(message).unwrap().args;
                }
                (Kind::DataIn, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub fn mkpeer(&mut self, path: &str, ty: &str, hook: &str, peer: &str) {
        let args = ngm_mkpeer {
            type_: c_array(ty.as_bytes()),
            ourhook: c_array(hook.as_bytes()),
            peerhook: c_array(peer.as_bytes()),
        };
        assert_eq!(
            self.control(path, NGM_GENERIC_COOKIE, NGM_MKPEER, args.as_bytes()),
            0
        );
    }

    /// Connects a hook of the client's own.
    pub fn listen_to(&mut self, node: &str, hook: &str, own: &str) {
        let args = ngm_connect {
            path: c_array(node.as_bytes()),
            ourhook: c_array(own.as_bytes()),
            peerhook: c_array(hook.as_bytes()),
        };
        assert_eq!(
            self.control(".:", NGM_GENERIC_COOKIE, NGM_CONNECT, args.as_bytes()),
            0
        );
    }

    /// The next packet and the hook it came in on.
    pub fn packet(&mut self) -> (String, Vec<u8>) {
        match self.get().expect("closed") {
            (Kind::DataIn, payload) => {
                let (address, packet) = payload.split_at(payload[0].into());
                (string(&address[2..]), packet.to_vec())
            }
            other => panic!("{other:?}"),
        }
    }
}
