// SPDX-License-Identifier: BSD-2-Clause
//! The collector of Debian's package nfdump, and what is true of any program
//! that listens on a UDP port.

use std::net::{IpAddr, UdpSocket};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{ensure, Context, Result};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use serde::Deserialize;
use tempfile::TempDir;

use crate::oracle::FlowKey;
use crate::programs::{end_of, installed, until};

/// A record as `nfdump -o json` prints it.
#[derive(Debug, Deserialize)]
pub struct NfdumpRecord {
    #[serde(alias = "src4_addr", alias = "src6_addr")]
    src: IpAddr,
    #[serde(alias = "dst4_addr", alias = "dst6_addr")]
    dst: IpAddr,
    proto: u8,
    #[serde(default)]
    src_port: u16,
    #[serde(default)]
    dst_port: u16,
    #[serde(default)]
    icmp_type: u8,
    #[serde(default)]
    icmp_code: u8,
    src_tos: u8,
    /// Packets.
    pub in_packets: u32,
    /// Octets.
    pub in_bytes: u32,
    /// ifIndex of the input, 0 for none.
    #[serde(default)]
    pub input_snmp: u32,
    /// ifIndex of the output, 0 for none.
    #[serde(default)]
    pub output_snmp: u32,
}

impl NfdumpRecord {
    /// The flow.
    pub fn key(&self) -> FlowKey {
        let icmp = u16::from_be_bytes([self.icmp_type, self.icmp_code]);
        FlowKey {
            src: self.src,
            dst: self.dst,
            proto: self.proto,
            sport: self.src_port,
            dport: if matches!(self.proto, 1 | 58) {
                icmp
            } else {
                self.dst_port
            },
            tos: self.src_tos,
        }
    }
}

/// A UDP port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    Ok(socket.local_addr()?.port())
}

/// Ends a program with a signal.  What it said on stderr.
pub fn stop(child: Child, signal: Signal) -> Result<String> {
    kill(Pid::from_raw(child.id().cast_signed()), signal)?;
    let Output { status, stderr, .. } = end_of(child)?;
    ensure!(status.success() || status.code().is_none(), "{status}");
    Ok(String::from_utf8(stderr)?)
}

/// Octets that wait in a process's UDP socket, `None` when there is no such
/// socket, as Linux tells.
fn waiting(process: u32, port: u16) -> Result<Option<u64>> {
    let sockets = std::fs::read_to_string(format!("/proc/{process}/net/udp"))?;
    let wanted = format!(":{port:04X}");
    for line in sockets.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.get(1).is_some_and(|local| local.ends_with(&wanted)) {
            let queues = words.get(4).and_then(|queues| queues.split_once(':'));
            let (_, receive) = queues.context("no queues")?;
            return Ok(Some(u64::from_str_radix(receive, 16)?));
        }
    }
    Ok(None)
}

/// Waits until a process listens on a UDP port.
pub fn wait_for_listener(process: u32, port: u16) -> Result<()> {
    let what = format!("process {process} listens on port {port}");
    until(&what, || Ok(waiting(process, port)?.is_some()))
}

/// Waits until a process has read what has arrived.
pub fn wait_until_read(process: u32, port: u16) -> Result<()> {
    let what = format!("process {process} has read all of port {port}");
    until(&what, || Ok(waiting(process, port)? == Some(0)))
}

/// A running nfcapd.
pub struct Nfcapd {
    port: u16,
    folder: TempDir,
    child: Child,
}

impl Nfcapd {
    /// Starts it on a free port of 127.0.0.1, in a network namespace if one is
    /// named; `None`, said aloud, if it is not installed.
    pub fn start(namespace: Option<&str>) -> Result<Option<Self>> {
        let (Some(nfcapd), Some(_)) = (installed("nfcapd"), installed("nfdump")) else {
            return Ok(None);
        };
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        let mut command = match namespace {
            Some(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name]).arg(nfcapd);
                command
            }
            None => Command::new(nfcapd),
        };
        let child = command
            .args(["-b", "127.0.0.1", "-B", "8388608", "-t", "3600", "-p"])
            .arg(port.to_string())
            .arg("-w")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        wait_for_listener(child.id(), port)?;
        Ok(Some(Nfcapd {
            port,
            folder,
            child,
        }))
    }

    /// Its UDP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it once it has read everything; it must not have missed or
    /// rejected anything.  The records, as nfdump reads them back.
    pub fn finish(self) -> Result<Vec<NfdumpRecord>> {
        wait_until_read(self.child.id(), self.port)?;
        let said = stop(self.child, Signal::SIGTERM)?;
        let fine = "Sequence Errors: 0, Bad Packets: 0";
        ensure!(said.contains(fine), "{said}");
        let nfdump = installed("nfdump").context("it was there before")?;
        let output = Command::new(nfdump)
            .args(["-o", "json", "-R"])
            .arg(self.folder.path())
            .output()?;
        ensure!(output.status.success(), "nfdump: {}", output.status);
        serde_json::from_slice(&output.stdout).context("what nfdump printed")
    }
}
