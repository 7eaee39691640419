// SPDX-License-Identifier: BSD-2-Clause
//! The programs under test, run as a user runs them.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The path of a program of this workspace, built beside this test.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).context("no target folder")?;
    let path = folder.join(name);
    ensure!(
        path.exists(),
        "{} is not built: run 'cargo build --workspace' with this test's profile first",
        path.display()
    );
    Ok(path)
}

/// The path of a program of the system, or `None`, said aloud.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        println!("not run: {name} is not installed");
    }
    found
}

/// The script of the 2004 article, with the collector's port.
pub fn article_script(port: u16) -> String {
    include_str!("../../demo/article.ngctl").replace(":4444", &format!(":{port}"))
}

/// What connects version 9 to a collector's port as well.
pub fn export9_script(port: u16) -> String {
    format!(
        "mkpeer netflow: ksocket export9 inet/dgram/udp\n\
         msg netflow:export9 connect inet/127.0.0.1:{port}\n"
    )
}

/// A running nghost, killed if the test goes before it.
pub struct Nghost {
    child: Child,
    socket: PathBuf,
    errors: Option<std::thread::JoinHandle<String>>,
}

impl Nghost {
    /// Starts nghost with a socket in `folder` and waits until it serves.
    pub fn start<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Result<Self> {
        let socket = folder.join("socket");
        let mut child = Command::new(program("nghost")?)
            .arg("--socket")
            .arg(&socket)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stderr = child.stderr.take().context("no stderr")?;
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut nghost = Nghost {
            child,
            socket,
            errors: Some(errors),
        };
        let start = Instant::now();
        while UnixStream::connect(&nghost.socket).is_err() {
            if nghost.child.try_wait()?.is_some() {
                bail!("nghost ended: {}", nghost.errors());
            }
            ensure!(start.elapsed() < PATIENCE, "nghost does not serve");
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(nghost)
    }

    /// What it said on stderr, once it has ended.
    fn errors(&mut self) -> String {
        let thread = self.errors.take().map(std::thread::JoinHandle::join);
        thread.and_then(Result::ok).unwrap_or_default()
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Runs one of the tools on this nghost.
    pub fn run<S: AsRef<OsStr>>(&self, tool: &str, args: &[S]) -> Result<Output> {
        let output = Command::new(program(tool)?)
            .env("NGHOST_SOCKET", &self.socket)
            .args(args)
            .stdin(Stdio::null())
            .output()?;
        Ok(output)
    }

    /// Runs a tool that must succeed.  What it printed.
    pub fn ok<S: AsRef<OsStr>>(&self, tool: &str, args: &[S]) -> Result<String> {
        let output = self.run(tool, args)?;
        ensure!(
            output.status.success(),
            "{tool}: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs an ngctl script.
    pub fn script(&self, text: &str) -> Result<String> {
        let path = self.socket.with_extension("ngctl");
        std::fs::write(&path, text)?;
        self.ok("ngctl-rs", &[OsStr::new("-f"), path.as_os_str()])
    }

    /// Waits until nghost ends by itself.  Its exit status and what it said.
    pub fn wait(mut self) -> Result<(Option<i32>, String)> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status.code(), self.errors()));
            }
            ensure!(start.elapsed() < PATIENCE, "nghost does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks it to end, as Ctrl-C does, and waits.
    pub fn interrupt(self) -> Result<(Option<i32>, String)> {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT)?;
        self.wait()
    }
}

impl Drop for Nghost {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number of the account that a node logs when it closes.
pub fn accounted(log: &str, name: &str) -> Result<u64> {
    let line = log
        .lines()
        .find(|line| line.contains("packets received="))
        .with_context(|| format!("no account in: {log}"))?;
    let name = format!(" {name}");
    let numbers = line.split(&name).skip(1).map(|rest| {
        let number = rest
            .trim_start_matches(|c| c != '=')
            .trim_start_matches('=');
        let digits = number.split([' ', ')']).next().unwrap_or_default();
        digits
            .parse::<u64>()
            .with_context(|| format!("{name} in: {line}"))
    });
    numbers.sum()
}
