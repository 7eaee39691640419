// SPDX-License-Identifier: BSD-2-Clause
//! Every shared capture through nghost and real UDP: the version 5 records,
//! added up by key, are the oracle's IPv4 totals, the version 9 records its
//! IPv4 and IPv6 totals, with no gap in either sequence and every refused
//! packet counted.

use std::path::Path;
use std::process::Command;

use anyhow::{ensure, Context, Result};
use end_to_end::collector::{self, Collector};
use end_to_end::oracle::{self, Account};
use end_to_end::programs::{accounted, article_script, export9_script, program, value, Nghost};

const EX_DATAERR: i32 = 65;

/// Link type of a classic pcap file.
fn link_type(capture: &Path) -> Result<u32> {
    let bytes = std::fs::read(capture)?;
    let word = bytes.get(20..24).context("no pcap header")?.try_into()?;
    Ok(match bytes.first() {
        Some(0xd4 | 0x4d) => u32::from_le_bytes(word),
        _ => u32::from_be_bytes(word),
    } & 0xffff)
}

/// Does a classic pcap file end within a record?
fn is_cut_off(capture: &Path) -> Result<bool> {
    let bytes = std::fs::read(capture)?;
    let is_little = matches!(bytes.first(), Some(0xd4 | 0x4d));
    let mut rest = bytes.get(24..).context("no pcap header")?;
    while !rest.is_empty() {
        let Some(len) = rest.get(8..12) else {
            return Ok(true);
        };
        let len: [u8; 4] = len.try_into()?;
        let len = if is_little {
            u32::from_le_bytes(len)
        } else {
            u32::from_be_bytes(len)
        };
        match rest.get(16 + len as usize..) {
            Some(next) => rest = next,
            None => return Ok(true),
        }
    }
    Ok(false)
}

/// A capture of a link layer that no node can be told of is refused, by name.
fn refused(capture: &Path, interface: &str, link: u32) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(program("nghost")?)
        .args(["--interface", interface, "--socket"])
        .arg(folder.path().join("socket"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(EX_DATAERR) && said.contains(&format!("link type {link} ")),
        "{}: {said}",
        output.status
    );
    println!("{}: link type {link} is refused", capture.display());
    Ok(0)
}

/// Replays one capture into a collector.  Records that were sent.
fn replay(capture: &Path, expected: &Account, timeouts: Option<u32>) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let (collector, collector9) = (Collector::start()?, Collector::start()?);
    let interface = format!(
        "em0,index=1,address=192.168.1.1/24,pace=fast,capture={}",
        value(capture)
    );
    let link = link_type(capture)?;
    match link {
        1 | 12 | 14 | 101 => {}
        // BSD's loopback, Linux's "any", and IP said to be of one version.
        0 | 108 | 113 | 228 | 229 | 276 => {
            let capture = capture.display();
            println!("not run: {capture}: the oracle does not read link type {link}");
            return Ok(0);
        }
        _ => return refused(capture, &interface, link),
    }
    let nghost = Nghost::start(
        folder.path(),
        &["--hold", "--exit-at-end", "--interface", &interface],
    )?;
    let mut script = article_script(collector.port) + &export9_script(collector9.port);
    if link != 1 {
        script += "msg netflow: setdlt { iface=0 dlt=12 }\n";
    }
    if let Some(seconds) = timeouts {
        script += &format!("msg netflow: settimeouts {{ inactive={seconds} active={seconds} }}\n");
    }
    nghost.script(&script)?;
    nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;
    let (status, log) = nghost.wait()?;
    let wanted = if is_cut_off(capture)? { EX_DATAERR } else { 0 };
    ensure!(status == Some(wanted), "{status:?}: {log}");

    let datagrams = collector.finish();
    let totals = collector::totals(&datagrams)?;
    ensure!(
        totals == expected.v4,
        "{totals:?} instead of {:?}; {log}",
        expected.v4
    );
    let both: oracle::Totals = expected
        .v4
        .iter()
        .chain(&expected.v6)
        .map(|(k, v)| (*k, *v))
        .collect();
    ensure!(
        collector::totals9(&collector9.finish())? == both,
        "version 9; {log}"
    );
    let packets = |account: &oracle::Totals| account.values().map(|total| total.0).sum::<u64>();
    for (name, number) in [
        ("received", expected.packets() + expected.unaccounted),
        ("unaccounted", 0),
        ("refused", expected.unaccounted),
        (
            "handed_over",
            2 * packets(&expected.v4) + packets(&expected.v6),
        ),
        ("dropped[not carried]", packets(&expected.v6)),
        ("dropped", packets(&expected.v6)),
    ] {
        let found = accounted(&log, name)?;
        ensure!(
            found == number,
            "{name}: {found} instead of {number}; {log}"
        );
    }
    Ok(datagrams
        .iter()
        .map(|datagram| (datagram.len() as u64 - 24) / 48)
        .sum())
}

fn all_captures(timeouts: Option<u32>) -> Result<()> {
    let Some(shared) = oracle::shared() else {
        return Ok(());
    };
    let files = oracle::captures(&shared)?;
    let accounts = oracle::ask(&shared, &files)?;
    let (mut packets, mut flows, mut records, mut with_flows) = (0, 0, 0, 0);
    for (file, expected) in files.iter().zip(&accounts) {
        records += replay(file, expected, timeouts).with_context(|| file.display().to_string())?;
        packets += expected.packets();
        flows += expected.v4.len();
        with_flows += usize::from(expected.packets() > 0);
    }
    println!(
        "timeouts {timeouts:?}: {} files ({with_flows} with flows), {packets} packets, \
         {flows} IPv4 flows, {records} records received",
        files.len()
    );
    ensure!(
        packets > 0 && flows > 0 && records > 0,
        "nothing was accounted"
    );
    Ok(())
}

#[test]
fn every_capture_with_default_timeouts() -> Result<()> {
    all_captures(None)
}

#[test]
fn every_capture_with_timeouts_of_a_second() -> Result<()> {
    all_captures(Some(1))
}
