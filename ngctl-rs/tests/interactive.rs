// SPDX-License-Identifier: BSD-2-Clause
//! The prompt, at a terminal: editing, history, completion, and what comes
//! while a line is edited.

use ngctl_rs::{transport::wait_readable, Message};
use ngctl_testing::{chars, response, Server, World};
use nix::pty::{openpty, Winsize};
use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    os::fd::{AsFd, OwnedFd},
    process::{Child, Command},
    time::{Duration, Instant},
};
use sys_bindings::*;
use zerocopy::IntoBytes;

const PATIENCE: Duration = Duration::from_secs(10);

/// The program at a terminal of its own.
struct Prompt {
    child: Child,
    terminal: File,
    /// What it printed and nothing has been made of yet.
    screen: String,
}

impl Prompt {
    fn start(server: &Server) -> Self {
        let size = Winsize {
            ws_row: 50,
            ws_col: 200,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(Some(&size), None).expect("a terminal");
        let end = |fd: &OwnedFd| fd.try_clone().expect("a descriptor");
        let child = Command::new(env!("CARGO_BIN_EXE_ngctl-rs"))
            .env("NGHOST_SOCKET", server.socket())
            .env("TERM", "xterm")
            .stdin(end(&pair.slave))
            .stdout(end(&pair.slave))
            .stderr(end(&pair.slave))
            .spawn()
            .expect("the program runs");
        let mut prompt = Self {
            child,
            terminal: pair.master.into(),
            screen: String::new(),
        };
        prompt.see("+ ");
        prompt
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("typed");
    }

    /// Waits until this is printed, and gives what came up to there.
    fn see(&mut self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(at) = self.screen.find(text) {
                let rest = self.screen.split_off(at + text.len());
                return std::mem::replace(&mut self.screen, rest);
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no {text:?} in {:?}",
                self.screen
            );
            let step = Some(Duration::from_millis(100));
            let ready = wait_readable(&[self.terminal.as_fd()], step).expect("poll");
            if ready == [false] {
                continue;
            }
            let mut bytes = [0; 4096];
            match self.terminal.read(&mut bytes) {
                Ok(count) => self.screen += &String::from_utf8_lossy(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("{error}; no {text:?} in {:?}", self.screen),
            }
        }
    }

    fn end(mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end: {:?}",
                self.screen
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn node(name: &str, ty: &str, id: u32, hooks: u32) -> nodeinfo {
    nodeinfo {
        name: chars(name),
        type_: chars(ty),
        id,
        hooks,
    }
}

/// A netgraph with a netflow node behind em0.
fn world() -> Server {
    Server::start(World::new(|_, path, message| {
        let reply = |args: &[u8]| Ok(vec![response(message, args)]);
        let em0 = node("em0", "ether", 1, 1);
        let netflow = node("netflow", "netflow", 5, 1);
        match message.header.cmd {
            NGM_LISTNODES => {
                let nodes = [em0, netflow, node("", "tee", 4, 0)];
                reply(&[&3u32.to_ne_bytes(), nodes.as_bytes()].concat())
            }
            NGM_LISTTYPES => {
                let tee = typeinfo {
                    type_name: chars("tee"),
                    numnodes: 1,
                };
                reply(&[&1u32.to_ne_bytes(), tee.as_bytes()].concat())
            }
            NGM_LISTHOOKS if path == "em0:" => {
                let link = linkinfo {
                    ourhook: chars("lower"),
                    peerhook: chars("iface0"),
                    nodeinfo: netflow,
                };
                reply(&[em0.as_bytes(), link.as_bytes()].concat())
            }
            NGM_NODEINFO if path == "netflow:" => reply(netflow.as_bytes()),
            NGM_ASCII2BINARY => reply(&Message::new(4711, 1, b"").to_bytes()),
            NGM_BINARY2ASCII => Err(ENOSYS),
            _ => Ok(vec![]),
        }
    }))
}

#[test]
fn words_are_completed() {
    let server = world();
    let mut prompt = Prompt::start(&server);
    prompt.press("mk\t");
    prompt.see("mkpeer ");
    prompt.press("em\t");
    prompt.see("em0:");
    // A path goes on with a hook.
    prompt.press("lo\tt\t");
    prompt.see("mkpeer em0:lower tee ");
    prompt.press("\x15msg netf\t settim\t");
    prompt.see("msg netflow: settimeouts ");
    // Everything there is.
    prompt.press("\x15shutdown \t\t");
    prompt.see("[4]:");
    prompt.press("\x15quit\r");
    assert_eq!(prompt.end(), Some(0));
}

#[test]
fn lines_are_edited_and_come_back() {
    let server = world();
    let mut prompt = Prompt::start(&server);
    // To the front of the line, and what is missing there.
    prompt.press("ebug 2\x01d\rdebug\r");
    prompt.see("Current debug level is 2");
    prompt.see("+ ");
    prompt.press("\x1b[A\r");
    prompt.see("Current debug level is 2");
    prompt.see("+ ");
    // A line thought better of.
    prompt.press("shutdown em0:");
    prompt.see("shutdown em0:");
    prompt.press("\x03");
    prompt.see("\n");
    prompt.see("+ ");
    prompt.press("bogus\r");
    prompt.see("\"bogus\": unknown command");
    prompt.see("+ ");
    prompt.press("\x04");
    assert_eq!(prompt.end(), Some(0));
}

#[test]
fn what_comes_is_shown_while_a_line_is_edited() {
    let server = world();
    let mut prompt = Prompt::start(&server);
    prompt.press("write echo 104 105\r");
    prompt.see("Rec'd data packet on hook \"echo\":");
    prompt.see("68 69");
    prompt.press("quit\r");
    assert_eq!(prompt.end(), Some(0));
}
