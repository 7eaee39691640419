// SPDX-License-Identifier: BSD-2-Clause
//! What the examples in the documentation run against: an nghost of their own,
//! with the interface em0 and, if wired, the netflow node of the 2004 article.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use ngctl_rs::{Client, Endpoint};
use tempfile::TempDir;

/// A running nghost, which ends with this.
pub struct Nghost {
    child: Child,
    /// Where its socket is.
    _folder: TempDir,
}

impl Drop for Nghost {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts nghost, as the one that clients of this process find, and connects
/// to it.  `None`, said aloud, when it is not built: "cargo build -p nghost"
/// does.
///
/// # Panics
/// It does not run, or not as it should.
pub fn start(wired: bool) -> Option<(Nghost, Client)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = named.unwrap_or_else(|| root.join("target"));
    let profile = match cfg!(debug_assertions) {
        true => "debug",
        false => "release",
    };
    let program = target.join(profile).join("nghost");
    if !program.exists() {
        println!("not run: {} is not built", program.display());
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    let child = Command::new(program)
        .args(["--interface", "em0,index=1", "--socket"])
        .arg(&socket)
        .stderr(Stdio::null())
        .spawn()
        .expect("nghost runs");
    let nghost = Nghost {
        child,
        _folder: folder,
    };
    // So that the example finds it as a user's program does.
    std::env::set_var("NGHOST_SOCKET", &socket);
    let mut client = loop {
        match Client::open("", &Endpoint::choose(None)) {
            Ok(client) => break client,
            Err(_) => sleep(Duration::from_millis(2)),
        }
    };
    if wired {
        let script = std::fs::read_to_string(root.join("demo/article.ngctl"));
        for line in script.expect("the article").lines() {
            run(&mut client, line);
        }
    }
    Some((nghost, client))
}

/// Does what a line of the article's script says.
fn run(client: &mut Client, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["mkpeer", path, ty, hook, peer] => client.mkpeer(path, ty, hook, peer),
        ["connect", path, peer, hook, theirs] => client.connect(path, peer, hook, theirs),
        ["name", path, name] => client.name(path, name),
        ["msg", path, message @ ..] => client.send_ascii(path, &message.join(" ")).map(drop),
        other => panic!("{other:?}"),
    }
    .expect(line);
}
