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

/// Waits until something is so; says what when it does not come to be.
pub fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_so()? {
        ensure!(start.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Waits until a program ends: its status, and what it printed into pipes.  It is
/// killed if it does not.
pub fn end_of(child: Child) -> Result<Output> {
    let pid = Pid::from_raw(child.id().cast_signed());
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match ended.recv_timeout(PATIENCE) {
        Ok(output) => Ok(output?),
        Err(_) => {
            kill(pid, Signal::SIGKILL)?;
            bail!("{pid} does not end");
        }
    }
}

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

/// A path as a value of nghost's options: commas in it are doubled.
pub fn value(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
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
        until("nghost serves", || {
            if nghost.child.try_wait()?.is_some() {
                bail!("nghost ended: {}", nghost.errors());
            }
            Ok(UnixStream::connect(&nghost.socket).is_ok())
        })?;
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

    /// Octets of memory that it has in use, by Linux's /proc.
    pub fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("no VmRSS")?.parse::<u64>()? * 1024)
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
        until("nghost ends", || Ok(self.child.try_wait()?.is_some()))?;
        Ok((self.child.wait()?.code(), self.errors()))
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

/// Numbers of the account that are always there.
const ALWAYS: &[&str] = &["received", "unaccounted", "cached", "expired"];
/// Numbers that are left out when they are 0; the first two are sums.
const SOMETIMES: &[&str] = &[
    "refused",
    "dropped",
    "refused[no memory]",
    "dropped[no exporter]",
    "dropped[not carried]",
    "dropped[send failed]",
    "dropped[no memory]",
    "dropped[over the limit]",
    "handed_over",
    "pending",
    "bypassed",
    "out of time order",
    "records evicted",
];

/// A number of the account that a node logs when it closes, of all exporters
/// together; "refused" and "dropped" are for all reasons.
pub fn accounted(log: &str, name: &str) -> Result<u64> {
    let line = log
        .lines()
        .find(|line| line.contains("packets received="))
        .with_context(|| format!("no account in: {log}"))?;
    let is_refusal = |reason: &flow::Refusal| name == format!("refused[{}]", reason.name());
    let known = SOMETIMES.contains(&name) || flow::Refusal::ALL.iter().any(is_refusal);
    ensure!(ALWAYS.contains(&name) || known, "no account has '{name}'");
    let numbers: Vec<u64> = line
        .match_indices(&format!(" {name}"))
        .filter_map(|(at, found)| {
            let rest = &line[at + found.len()..];
            let (rest, number) = rest.split_once('=')?;
            // All of the name, but for a sum's reason.
            let whole = rest.is_empty() || (rest.starts_with('[') && rest.ends_with(']'));
            let digits = number.split([' ', ')']).next()?;
            whole.then(|| digits.parse().ok()).flatten()
        })
        .collect();
    ensure!(!numbers.is_empty() || known, "{name} is missing in: {line}");
    Ok(numbers.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_by_whole_names() -> Result<()> {
        let log = "nghost: ng_netflow: packets received=9 unaccounted=0 cached=0 expired=5 \
                   (export handed_over=3 pending=0 dropped[send failed]=2) \
                   (export9 handed_over=5 pending=0) refused[not IP]=3 \
                   refused[bad IP version]=1 bypassed=4";
        for (name, number) in [
            ("received", 9),
            ("handed_over", 8),
            ("dropped", 2),
            ("dropped[send failed]", 2),
            ("dropped[no memory]", 0),
            ("refused", 4),
            ("refused[not IP]", 3),
            ("refused[IP header truncated]", 0),
            ("bypassed", 4),
        ] {
            ensure!(accounted(log, name)? == number, "{name}");
        }
        for wrong in ["receive", "refused[no such]", "handed", "dropped["] {
            ensure!(accounted(log, wrong).is_err(), "{wrong}");
        }
        ensure!(accounted("packets received=1 cached=0", "expired").is_err());
        Ok(())
    }
}
