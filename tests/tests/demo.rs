// SPDX-License-Identifier: BSD-2-Clause
//! The demo on captures of a user's own: whatever is in them, its totals agree.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};
use end_to_end::nfcapd::free_port;
use end_to_end::programs::{installed, program};

/// The demo's capture, and octets of its file header and record headers.
const CAPTURE: &[u8] = include_bytes!("../../demo/em0.pcap");
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// The demo's capture with other frames, `None` to leave one out.
fn capture(link: u32, change: impl Fn(&[u8]) -> Option<&[u8]>) -> Result<Vec<u8>> {
    let mut bytes = CAPTURE[..20].to_vec();
    bytes.extend(link.to_le_bytes());
    let mut rest = &CAPTURE[FILE_HEADER..];
    while !rest.is_empty() {
        let len: [u8; 4] = rest[8..12].try_into()?;
        let (record, next) = rest.split_at(RECORD_HEADER + u32::from_le_bytes(len) as usize);
        let (header, frame) = record.split_at(RECORD_HEADER);
        if let Some(frame) = change(frame) {
            bytes.extend(&header[..8]);
            bytes.extend((frame.len() as u32).to_le_bytes());
            bytes.extend((frame.len() as u32).to_le_bytes());
            bytes.extend(frame);
        }
        rest = next;
    }
    Ok(bytes)
}

/// Runs the demo with this test's programs.  What it printed, and whether it
/// was content.
fn demo(folder: &Path, capture: &Path) -> Result<(bool, String)> {
    let programs = program("nghost")?;
    let release = folder.join("release");
    if !release.exists() {
        std::os::unix::fs::symlink(programs.parent().context("a folder")?, release)?;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(root.join("demo/demo.sh"))
        .env("CARGO_TARGET_DIR", folder)
        .env("CAPTURE", capture)
        .env("PORT", free_port()?.to_string())
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[test]
fn captures_of_any_kind_agree() -> Result<()> {
    if installed("nfcapd").is_none() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = |name: &str, bytes: Vec<u8>| -> Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    };
    let is = |frame: &[u8], ethertype: [u8; 2]| frame.get(12..14) == Some(&ethertype);
    let (ipv4, ipv6) = ([8, 0], [0x86, 0xdd]);
    for (path, word) in [
        (file("a, comma.pcap", CAPTURE.to_vec())?, "IPv4 packets"),
        (
            file("raw.pcap", capture(101, |f| is(f, ipv4).then(|| &f[14..]))?)?,
            "setdlt",
        ),
        (
            file("ipv6.pcap", capture(1, |f| is(f, ipv6).then_some(f))?)?,
            "there is no IPv4 for version 5",
        ),
    ] {
        let (content, said) = demo(folder.path(), &path)?;
        ensure!(content, "{}: {said}", path.display());
        ensure!(said.contains("they agree"), "{said}");
        ensure!(said.contains(word), "no '{word}' in {said}");
    }
    let empty = file("empty.pcap", capture(1, |_| None)?)?;
    let (content, said) = demo(folder.path(), &empty)?;
    ensure!(!content && said.contains("they do not agree"), "{said}");
    Ok(())
}
