// SPDX-License-Identifier: BSD-2-Clause
//! The captures that are kept beside the project, and a reader of classic pcap
//! files.

use std::io;
use std::path::{Path, PathBuf};

use flow::LinkType;

/// The folder that is kept beside the project, or `None`, said aloud.
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared");
    if folder.join("captures").is_dir() {
        return Some(folder);
    }
    println!("not run: ../shared is absent");
    None
}

/// Every capture there, in order.
///
/// # Errors
/// The folder cannot be read, or has none.
pub fn captures(shared: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for family in std::fs::read_dir(shared.join("captures"))? {
        for file in std::fs::read_dir(family?.path())? {
            files.push(file?.path());
        }
    }
    if files.is_empty() {
        let none = format!("no captures in {}", shared.display());
        return Err(io::Error::other(none));
    }
    files.sort();
    Ok(files)
}

/// A packet of a capture, and when it was seen.
pub struct Captured<'a> {
    /// Milliseconds since 1970.
    pub at: u64,
    /// What was captured of it.
    pub bytes: &'a [u8],
}

/// Link type and packets of a classic pcap file; a record that is cut off
/// ends it.
pub fn read_pcap(file: &[u8]) -> (LinkType, Vec<Captured<'_>>) {
    let number = |at: usize| {
        let word: [u8; 4] = file.get(at..at + 4)?.try_into().unwrap();
        Some(match file[0] {
            0xd4 | 0x4d => u32::from_le_bytes(word),
            _ => u32::from_be_bytes(word),
        })
    };
    let nanoseconds = number(0) == Some(0xa1b2_3c4d);
    let link_type = match number(20).expect("a pcap header") & 0xffff {
        1 => LinkType::Ethernet,
        _ => LinkType::Raw,
    };
    let (mut packets, mut at) = (Vec::new(), 24);
    while let (Some(secs), Some(fraction), Some(caplen)) =
        (number(at), number(at + 4), number(at + 8))
    {
        let start = at + 16;
        let Some(bytes) = file.get(start..start + caplen as usize) else {
            break;
        };
        let milliseconds = fraction / if nanoseconds { 1_000_000 } else { 1000 };
        packets.push(Captured {
            at: u64::from(secs) * 1000 + u64::from(milliseconds),
            bytes,
        });
        at = start + caplen as usize;
    }
    (link_type, packets)
}
