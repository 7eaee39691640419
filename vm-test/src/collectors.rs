// SPDX-License-Identifier: BSD-2-Clause
//! What collectors in the guest have had.

use crate::guest::Guest;
use anyhow::{ensure, Context, Result};

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

/// What `vm-guest collect` has had.
#[derive(Debug)]
pub struct Collected {
    /// Records.
    pub records: u64,
    /// Packets in them.
    pub packets: u64,
    /// Records that the sequence says are missing.
    pub missing: i64,
    /// Datagrams that did not follow the one before.
    pub astray: i64,
}

impl Collected {
    /// Reads it from the file that it was told to write.
    pub fn read(guest: &mut Guest, file: &str) -> Result<Self> {
        let line = guest.ok(&format!("cat {file}"))?;
        let numbers: Vec<i64> = line
            .split_whitespace()
            .map(|word| word.parse().context(line.clone()))
            .collect::<Result<_>>()?;
        let [records, packets, missing, astray] = numbers[..] else {
            anyhow::bail!("the collector wrote {line:?}");
        };
        Ok(Collected {
            records: records.try_into()?,
            packets: packets.try_into()?,
            missing,
            astray,
        })
    }

    /// Every sequence number was the one expected.
    pub fn in_order(&self) -> bool {
        (self.missing, self.astray) == (0, 0)
    }
}
