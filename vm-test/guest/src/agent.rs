// SPDX-License-Identifier: BSD-2-Clause
//! Shell commands from a serial line, and what came of them back.
//!
//! A request is its length (u32, little-endian) and a command for sh(1), sent
//! in pieces of [`PIECE`] octets, each of which is acknowledged with one octet:
//! uart(4) loses what comes faster than it is taken. The answer is the exit
//! status and the output's length (both u32, little-endian), then the output,
//! octet for octet. An answer "vm-guest" with status 0 goes out first, unasked.

use anyhow::{ensure, Context, Result};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
};

/// Where a command's output goes. No pipe: what a command leaves running in the
/// background would hold it open.
const OUTPUT: &str = "/tmp/vm-guest.output";

/// Octets of a request at a time, and what acknowledges them.
const PIECE: usize = 128;
/// See [`PIECE`].
const ACKNOWLEDGE: &[u8] = b".";

/// Serves until the line is gone.
pub fn serve(line: &Path) -> Result<()> {
    let mut line = OpenOptions::new()
        .read(true)
        .write(true)
        .open(line)
        .with_context(|| line.display().to_string())?;
    let stty = Command::new("stty")
        .args(["raw", "-echo", "115200"])
        .stdin(line.try_clone()?)
        .status()
        .context("stty")?;
    ensure!(stty.success(), "stty: {stty}");

    answer(&mut line, 0, b"vm-guest")?;
    loop {
        let mut len = [0; 4];
        line.read_exact(&mut len)?;
        let mut command = vec![0; u32::from_le_bytes(len) as usize];
        for piece in command.chunks_mut(PIECE) {
            line.read_exact(piece)?;
            line.write_all(ACKNOWLEDGE)?;
        }
        let status = run(&String::from_utf8(command)?)?;
        answer(&mut line, status, &fs::read(OUTPUT)?)?;
    }
}

fn run(command: &str) -> Result<u32> {
    let output = File::create(OUTPUT)?;
    let status = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .status()?;
    let signal = || status.signal().map_or(255, |signal| 128 + signal);
    Ok(status.code().unwrap_or_else(signal).cast_unsigned())
}

fn answer(line: &mut File, status: u32, output: &[u8]) -> Result<()> {
    let len = u32::try_from(output.len())?;
    line.write_all(&status.to_le_bytes())?;
    line.write_all(&len.to_le_bytes())?;
    line.write_all(output)?;
    line.flush()?;
    Ok(())
}
