// SPDX-License-Identifier: BSD-2-Clause
//! A full cache on its whole way to a user: out of nghost's node, over its
//! socket, through `flowctl show`, into a file.

use std::fs::{self, File};
use std::io::{read_to_string, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{bail, ensure, Context, Result};

use crate::capture;
use crate::clock::RUNS;

/// What nghost is told: flows stay, and then packets come.
const SCRIPT: &str = "\
mkpeer em0: netflow lower iface0
name em0:lower netflow
msg netflow: settimeouts { inactive=86400 active=86400 }
msg em0: start
";

/// Milliseconds of real time that `flowctl show` takes with so many flows of
/// one packet each: the best of some runs. The programs are those beside this
/// one, files go into `folder`.
pub fn end_to_end(flows: u32, folder: &Path) -> Result<f64> {
    let capture = folder.join("show.pcap");
    capture::write(&capture, 0..flows)?;
    let socket = folder.join("socket");
    let nghost = Nghost::start(&capture, &socket)?;
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let shown = folder.join("shown");
        let output = File::create(&shown).context("a file for what is shown")?;
        let mut flowctl = program("flowctl")?;
        flowctl.arg("--socket").arg(&socket);
        let begun = Instant::now();
        let status = flowctl.args(["netflow", "show"]).stdout(output).status();
        best = best.min(begun.elapsed().as_secs_f64() * 1e3);
        ensure!(status.context("flowctl")?.success(), "flowctl failed");
        check(&fs::read_to_string(&shown).context("what is shown")?, flows)?;
    }
    drop(nghost);
    Ok(best)
}

/// A heading, then each flow with its packet.
fn check(shown: &str, flows: u32) -> Result<()> {
    let packets = shown.lines().skip(1).filter_map(|line| {
        let last = line.split_ascii_whitespace().next_back()?;
        last.parse::<u32>().ok()
    });
    let (rows, packets) = packets.fold((0, 0), |(rows, sum), here| (rows + 1, sum + here));
    ensure!(
        (rows, packets) == (flows, flows),
        "flowctl shows {rows} flows with {packets} packets, not {flows}"
    );
    Ok(())
}

/// A program that was built with this one.
fn program(name: &str) -> Result<Command> {
    let me = std::env::current_exe().context("finding this program")?;
    let path = me.with_file_name(name);
    ensure!(path.exists(), "{}: not built", path.display());
    Ok(Command::new(path))
}

/// A running nghost, whose cache is full.
struct Nghost(Child);

impl Nghost {
    fn start(capture: &Path, socket: &Path) -> Result<Self> {
        let interface = format!("em0,index=1,pace=fast,capture={}", capture.display());
        let mut nghost = program("nghost")?;
        nghost.args(["--hold", "--interface", &interface, "--socket"]);
        let mut child = nghost
            .arg(socket)
            .stderr(Stdio::piped())
            .spawn()
            .context("nghost")?;
        let stderr = child.stderr.take().context("nghost's standard error")?;
        let mut nghost = Nghost(child);
        while !socket.exists() {
            if let Some(status) = nghost.0.try_wait().context("nghost")? {
                bail!("nghost: {status}: {}", read_to_string(stderr)?);
            }
            std::thread::yield_now();
        }
        let script = socket.with_file_name("script");
        fs::write(&script, SCRIPT).context("the script")?;
        let mut client = program("ngctl-rs")?;
        let client = client.arg("--socket").arg(socket).arg("-f").arg(&script);
        ensure!(client.status().context("ngctl-rs")?.success(), "ngctl-rs");
        for line in BufReader::new(stderr).lines() {
            if line.context("nghost")?.contains("the replay is over") {
                return Ok(nghost);
            }
        }
        bail!("nghost ended before its capture")
    }
}

impl Drop for Nghost {
    fn drop(&mut self) {
        // It has nothing more to say, and nowhere to export to.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
