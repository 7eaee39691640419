// SPDX-License-Identifier: BSD-2-Clause
//! Programs under test, and how they end.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
    /// Its exit status, `None` if a signal killed it.
    pub status: Option<i32>,
}

impl Run {
    /// As a transcript has it: what was printed, and the status.
    pub fn transcript(&self) -> String {
        let status = self.status.expect("not killed by a signal");
        format!("{}{}[exit {status}]\n", self.stdout, self.stderr)
    }
}

/// Runs a program with `$NGHOST_SOCKET` set, `input` being its standard input.
pub fn run(program: &str, called: &str, args: &[&str], socket: &Path, input: &[u8]) -> Run {
    let mut child = Command::new(program)
        .arg0(called)
        .args(args)
        .env("NGHOST_SOCKET", socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let _ = child.stdin.take().expect("piped").write_all(input); // It may not read it.
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("it ends");
    Run {
        stdout: String::from_utf8(stdout).expect("text"),
        stderr: String::from_utf8(stderr).expect("text"),
        status: status.code(),
    }
}
