// SPDX-License-Identifier: BSD-2-Clause
//! A collector of NetFlow version 5 that adds up what comes, to see whether
//! an exporter's totals are right.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::socket::{setsockopt, sockopt};

/// Octets of a version 5 header and of a record.
const HEADER: usize = 24;
const RECORD: usize = 48;
/// Silence after which an exporter has nothing more to say.
const SILENCE: Duration = Duration::from_secs(4);

/// What was exported.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collected {
    /// Datagrams.
    pub datagrams: u64,
    /// Records in them.
    pub records: u64,
    /// Packets in those.
    pub packets: u64,
    /// Octets in those.
    pub octets: u64,
}

/// What an exporter may need before its first datagram.
const PATIENCE: Duration = Duration::from_secs(60);

/// Collects at a port of the loopback, from the first datagram until there was
/// none for a while.
pub fn collect(port: u16) -> Result<Collected> {
    let socket = UdpSocket::bind(("127.0.0.1", port)).with_context(|| format!("port {port}"))?;
    // Beyond the system's limit where this is root, else as much as there is.
    if setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20)).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &(64 << 20)).context("the receive buffer")?;
    }
    socket.set_read_timeout(Some(PATIENCE)).context("waiting")?;
    let mut sum = Collected::default();
    let mut buffer = [0; 65_536];
    loop {
        let len = match socket.recv(&mut buffer) {
            Ok(len) => len,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(sum);
            }
            Err(error) => return Err(error).context("receiving"),
        };
        socket.set_read_timeout(Some(SILENCE)).context("waiting")?;
        let records = buffer[..len].get(HEADER..).unwrap_or_default();
        sum.datagrams += 1;
        for record in records.chunks_exact(RECORD) {
            let number = |at: usize| {
                let bytes = record.get(at..at + 4).and_then(|part| part.first_chunk());
                u64::from(bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes)))
            };
            sum.records += 1;
            sum.packets += number(16);
            sum.octets += number(20);
        }
    }
}
