// SPDX-License-Identifier: BSD-2-Clause
//! A collector of NetFlow version 5 that looks at every sequence number and
//! keeps nothing.

use anyhow::{Context, Result};
use std::{
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, UdpSocket},
    path::Path,
    time::{Duration, Instant},
};

/// Cisco's: a header, and so long a record.
const HEADER: usize = 24;
const RECORD: usize = 48;

/// Records, packets in them, records that the sequence says are missing, and
/// datagrams that did not follow the one before.
pub fn collect(port: u16, file: &Path) -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).context("cannot bind")?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    let (mut records, mut packets, mut missing, mut astray) = (0u64, 0u64, 0i64, 0u64);
    let mut expected: Option<u32> = None;
    let mut written = Instant::now();
    let mut buffer = [0; 2048];
    let beside = file.with_extension("new");
    loop {
        match socket.recv(&mut buffer) {
            Ok(len) => {
                let datagram = buffer.get(..len).unwrap_or_default();
                let sequence = number(datagram, 16);
                // One that is late is missing first, and found then.
                let ahead = sequence
                    .wrapping_sub(expected.unwrap_or(sequence))
                    .cast_signed();
                missing += i64::from(ahead);
                astray += u64::from(ahead != 0);
                let mut here = 0;
                for record in datagram.get(HEADER..).unwrap_or_default().chunks(RECORD) {
                    packets += u64::from(number(record, 16));
                    here += 1;
                }
                records += u64::from(here);
                expected = Some(sequence.wrapping_add(here));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error).context("cannot receive"),
        }
        if written.elapsed() > Duration::from_millis(500) {
            // Whoever reads it reads all of it.
            fs::write(&beside, format!("{records} {packets} {missing} {astray}\n"))?;
            fs::rename(&beside, file)?;
            written = Instant::now();
        }
    }
}

/// Four octets, most significant first; 0 if they are not there.
fn number(bytes: &[u8], at: usize) -> u32 {
    let octets = bytes
        .get(at..at + 4)
        .and_then(|octets| octets.try_into().ok());
    octets.map_or(0, u32::from_be_bytes)
}
