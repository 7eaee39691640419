// SPDX-License-Identifier: BSD-2-Clause
//! Those who receive datagrams on the host, beside the one of `end_to_end`.

use anyhow::{ensure, Context, Result};
use end_to_end::{
    oracle::{add, FlowKey, Totals},
    programs::installed,
};
use nix::{
    sys::signal::{kill, Signal},
    unistd::Pid,
};
use std::{
    net::UdpSocket,
    path::PathBuf,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// Datagrams of version 5 that were written one after the other.
pub fn split(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut datagrams = Vec::new();
    while let [0, 5, high, low, ..] = bytes {
        let len = 24 + 48 * usize::from(u16::from_be_bytes([*high, *low]));
        ensure!(bytes.len() >= len, "a datagram of {len} octets is cut off");
        let (datagram, rest) = bytes.split_at(len);
        datagrams.push(datagram.to_vec());
        bytes = rest;
    }
    ensure!(
        bytes.is_empty(),
        "what follows is not version 5: {bytes:x?}"
    );
    Ok(datagrams)
}

/// The collector of Debian's package nfdump.
pub struct Nfcapd {
    /// Its UDP port on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
    nfdump: PathBuf,
    process: Child,
}

impl Nfcapd {
    /// Starts it; `None` if it is not installed.
    pub fn start() -> Result<Option<Self>> {
        let (Some(nfcapd), Some(nfdump)) = (installed("nfcapd"), installed("nfdump")) else {
            return Ok(None);
        };
        // A port that was free just now.
        let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let process = Command::new(nfcapd)
            .args(["-b", "127.0.0.1", "-p", &port.to_string(), "-w"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start nfcapd")?;
        Ok(Some(Nfcapd {
            port,
            folder,
            nfdump,
            process,
        }))
    }

    /// Ends it and reads what it wrote.
    pub fn finish(mut self) -> Result<Totals> {
        kill(
            Pid::from_raw(self.process.id().cast_signed()),
            Signal::SIGTERM,
        )?;
        self.process.wait()?;
        let output = Command::new(&self.nfdump)
            .arg("-R")
            .arg(self.folder.path())
            .args(["-q", "-N", "-o", "fmt:%sa,%da,%pr,%sp,%dp,%tos,%pkt,%byt"])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut totals = Totals::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split(',').map(str::trim).collect();
            let [src, dst, proto, sport, dport, tos, packets, octets] = words[..] else {
                anyhow::bail!("nfdump: {line}");
            };
            let proto = match proto {
                "ICMP" => 1,
                "TCP" => 6,
                "UDP" => 17,
                other => other.parse()?,
            };
            // nfdump writes ICMP's type and code as type.code.
            let dport = match dport.split_once('.') {
                Some((kind, code)) => kind.parse::<u16>()? << 8 | code.parse::<u16>()?,
                None => dport.parse()?,
            };
            let key = FlowKey {
                src: src.parse()?,
                dst: dst.parse()?,
                proto,
                sport: sport.parse()?,
                dport,
                tos: tos.parse()?,
            };
            add(&mut totals, key, packets.parse()?, octets.parse()?);
        }
        Ok(totals)
    }
}

impl Drop for Nfcapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
