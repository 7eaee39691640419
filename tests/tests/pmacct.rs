// SPDX-License-Identifier: BSD-2-Clause
//! What pmacct's nfacctd makes of our datagrams, of both versions: totals equal
//! to the oracle's, IPv4 and IPv6.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};
use end_to_end::nfcapd::{free_port, stop, wait_for_listener, wait_until_read};
use end_to_end::oracle::{self, Account, FlowKey, Totals};
use end_to_end::programs::{installed, program};
use nix::sys::signal::Signal;
use serde::Deserialize;

/// How long it may take to write what it has read.
const PATIENCE: Duration = Duration::from_secs(60);

/// A line that its print plugin writes.
#[derive(Deserialize)]
struct Line {
    ip_src: IpAddr,
    ip_dst: IpAddr,
    port_src: u16,
    port_dst: u16,
    ip_proto: String,
    tos: u8,
    packets: u64,
    bytes: u64,
}

/// Its totals of captures that `nghost probe` exports to it.
fn collect(
    nfacctd: &Path,
    captures: &[&PathBuf],
    version: &str,
    expected: &Totals,
) -> Result<Totals> {
    let folder = tempfile::tempdir()?;
    let (port, out) = (free_port()?, folder.path().join("out"));
    let config = folder.path().join("nfacctd.conf");
    std::fs::write(
        &config,
        format!(
            "daemonize: false
            nfacctd_ip: 127.0.0.1
            nfacctd_port: {port}
            nfacctd_pipe_size: 8388608
            plugins: print
            aggregate: src_host,dst_host,src_port,dst_port,proto,tos
            print_num_protos: true
            print_output: json
            print_output_file: {}
            print_cache_entries: 16411
            print_output_file_append: true
            print_refresh_time: 1\n",
            out.display()
        ),
    )?;
    let child = Command::new(nfacctd)
        .arg("-f")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    wait_for_listener(child.id(), port)?;
    for capture in captures {
        let output = Command::new(program("nghost")?)
            .args(["probe", "-n", version, "-r"])
            .arg(capture)
            .arg(format!("127.0.0.1:{port}"))
            .env_remove("NGHOST_SOCKET")
            .output()?;
        // 65 says that it is cut off.
        let status = output.status.code();
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(matches!(status, Some(0 | 65)), "{status:?}: {said}");
    }
    wait_until_read(child.id(), port)?;
    // It writes every second what it has by then.
    let sum = |totals: &Totals| totals.values().map(|total| total.0).sum::<u64>();
    let start = Instant::now();
    while sum(&read(&out)?) < sum(expected) && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = stop(child, Signal::SIGINT)?;
    for complaint in ["WARN", "ERROR", "discarded"] {
        ensure!(!said.contains(complaint), "{said}");
    }
    read(&out)
}

/// Adds up what it wrote, if it has written anything.
fn read(out: &Path) -> Result<Totals> {
    let mut totals = Totals::new();
    let text = std::fs::read_to_string(out).unwrap_or_default();
    // A last line without its end is being written.
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let line: Line = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let key = FlowKey {
            src: line.ip_src,
            dst: line.ip_dst,
            proto: line.ip_proto.parse()?,
            sport: line.port_src,
            dport: line.port_dst,
            tos: line.tos,
        };
        let total = totals.entry(key).or_default();
        *total = (total.0 + line.packets, total.1 + line.bytes);
    }
    Ok(totals)
}

/// What it can tell apart: of version 5 it does not read ports of SCTP and
/// UDP-Lite.
fn as_it_can(mut key: FlowKey, version: &str) -> FlowKey {
    if version == "5" && matches!(key.proto, 132 | 136) {
        (key.sport, key.dport) = (0, 0);
    }
    key
}

#[test]
fn nfacctd_reads_the_same() -> Result<()> {
    let (Some(nfacctd), Some(shared)) = (installed("nfacctd"), oracle::shared()) else {
        return Ok(());
    };
    let files = oracle::captures(&shared)?;
    let accounts = oracle::ask(&shared, &files)?;
    let with_flows = files.iter().zip(&accounts);
    let with_flows = with_flows.filter(|(_, account)| account.packets() > 0);
    let (files, accounts): (Vec<&PathBuf>, Vec<&Account>) = with_flows.unzip();
    for version in ["5", "9"] {
        // One process for all: the same flow in two captures is one flow to it.
        let mut expected = Totals::new();
        for account in &accounts {
            let v6 = account.v6.iter().filter(|_| version == "9");
            for (key, (packets, octets)) in account.v4.iter().chain(v6) {
                let total = expected.entry(as_it_can(*key, version)).or_default();
                *total = (total.0 + packets, total.1 + octets);
            }
        }
        let totals = collect(&nfacctd, &files, version, &expected)?;
        let differing = expected
            .iter()
            .find(|(key, total)| totals.get(key) != Some(total));
        ensure!(
            totals == expected,
            "version {version}: {} flows instead of {}; {differing:?}",
            totals.len(),
            expected.len()
        );
        let has_ipv6 = totals.keys().any(|key| key.src.is_ipv6());
        ensure!(has_ipv6 == (version == "9"));
        println!(
            "version {version}: {} captures, {} flows",
            files.len(),
            totals.len()
        );
    }
    Ok(())
}
