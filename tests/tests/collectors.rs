// SPDX-License-Identifier: BSD-2-Clause
//! What real collectors make of our datagrams: nfcapd, tshark, tcpdump, a
//! Rust crate, and flow-tools where they can be had.  None complains, none
//! sees a gap, and all add up to the same.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};
use end_to_end::collector::{self, Collector};
use end_to_end::nfcapd::{free_port, stop, wait_for_listener, wait_until_read, Nfcapd};
use end_to_end::oracle::{self, FlowKey, Totals};
use end_to_end::programs::{article_script, installed, until, value, Nghost};
use netflow_parser::{NetflowPacket, NetflowParser};
use nix::sys::signal::Signal;

/// The capture that the project ships, and the shared ones with most flows.
fn captures() -> Result<Vec<PathBuf>> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/em0.pcap");
    let mut files = vec![shipped];
    if let Some(shared) = oracle::shared() {
        let all = oracle::captures(&shared)?;
        let accounts = oracle::ask(&shared, &all)?;
        let mut by_flows: Vec<_> = accounts
            .iter()
            .map(|account| account.v4.len())
            .zip(all)
            .collect();
        by_flows.sort();
        files.extend(by_flows.into_iter().rev().take(3).map(|(_, file)| file));
    }
    Ok(files)
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V5,
    V9,
}

const BOTH: [Version; 2] = [Version::V5, Version::V9];

impl Version {
    /// The totals of datagrams of this version.
    fn totals(self, datagrams: &[Vec<u8>]) -> Result<Totals> {
        match self {
            Version::V5 => collector::totals(datagrams),
            Version::V9 => collector::totals9(datagrams),
        }
    }
}

/// Replays a capture to a port.  What nghost said.
fn replay(version: Version, capture: &Path, port: u16) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let interface = format!("em0,index=1,pace=fast,capture={}", value(capture));
    let nghost = Nghost::start(
        folder.path(),
        &["--hold", "--exit-at-end", "--interface", &interface],
    )?;
    let article = article_script(port);
    nghost.script(&match version {
        Version::V5 => article,
        Version::V9 => article.replace("export", "export9"),
    })?;
    nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;
    let (status, log) = nghost.wait()?;
    ensure!(status == Some(0), "{status:?}: {log}");
    Ok(log)
}

/// The datagrams of a capture's replay.
fn datagrams(version: Version, capture: &Path) -> Result<Vec<Vec<u8>>> {
    let collector = Collector::start()?;
    replay(version, capture, collector.port)?;
    Ok(collector.finish())
}

fn key4(src: Ipv4Addr, dst: Ipv4Addr, proto: u8, sport: u16, dport: u16, tos: u8) -> FlowKey {
    FlowKey {
        src: src.into(),
        dst: dst.into(),
        proto,
        sport,
        dport,
        tos,
    }
}

#[test]
fn a_rust_collector_reads_the_same() -> Result<()> {
    for capture in captures()? {
        let datagrams = datagrams(Version::V5, &capture)?;
        let mut totals = Totals::new();
        for datagram in &datagrams {
            for packet in NetflowParser::default().parse_bytes(datagram) {
                let NetflowPacket::V5(v5) = packet else {
                    anyhow::bail!("{packet:?}");
                };
                for flow in v5.flowsets {
                    let key = key4(
                        flow.src_addr,
                        flow.dst_addr,
                        flow.protocol_number,
                        flow.src_port,
                        flow.dst_port,
                        flow.tos,
                    );
                    oracle::add(&mut totals, key, flow.d_pkts, flow.d_octets);
                }
            }
        }
        ensure!(
            totals == collector::totals(&datagrams)?,
            "{}",
            capture.display()
        );
        ensure!(!totals.is_empty(), "{}: nothing", capture.display());
    }
    Ok(())
}

/// What nfcapd can tell apart: of version 9 it reads ICMP's type and code only
/// from field 32, which base's templates do not have.
fn as_nfcapd_can(version: Version, totals: Totals) -> Totals {
    let mut known = Totals::new();
    for (mut key, (packets, octets)) in totals {
        if version == Version::V9 && matches!(key.proto, 1 | 58) {
            key.dport = 0;
        }
        let total = known.entry(key).or_default();
        *total = (total.0 + packets, total.1 + octets);
    }
    known
}

#[test]
fn nfcapd_reads_the_same() -> Result<()> {
    let captures = captures()?;
    for (version, capture) in BOTH
        .iter()
        .flat_map(|v| captures.iter().map(move |c| (*v, c)))
    {
        let expected = as_nfcapd_can(version, version.totals(&datagrams(version, capture)?)?);
        let Some(nfcapd) = Nfcapd::start(None)? else {
            return Ok(());
        };
        replay(version, capture, nfcapd.port())?;
        let records = nfcapd.finish()?;
        let mut totals = Totals::new();
        for record in &records {
            oracle::add(
                &mut totals,
                record.key(),
                record.in_packets,
                record.in_bytes,
            );
        }
        ensure!(totals == expected, "{version:?} {}", capture.display());
        println!(
            "{version:?} {}: nfdump read {} records",
            capture.display(),
            records.len()
        );
    }
    Ok(())
}

/// What passed over loopback, and what arrived.
struct Wire {
    file: PathBuf,
    port: u16,
    datagrams: Vec<Vec<u8>>,
}

/// Whole records of a capture that this machine wrote.
fn records(pcap: &[u8]) -> usize {
    let (mut at, mut count) = (24, 0);
    while let Some(len) = pcap.get(at + 8..at + 12) {
        at += 16
            + len
                .iter()
                .rev()
                .fold(0, |len, octet| len << 8 | usize::from(*octet));
        count += usize::from(at <= pcap.len());
    }
    count
}

/// Records what passes over loopback while a capture is replayed; needs the
/// right to capture.
fn on_the_wire(version: Version, capture: &Path, folder: &Path) -> Result<Option<Wire>> {
    let Some(tcpdump) = installed("tcpdump") else {
        return Ok(None);
    };
    if !nix::unistd::geteuid().is_root() {
        println!("not run: capturing on lo needs root");
        return Ok(None);
    }
    let mut collector = Collector::start()?;
    // tshark takes datagrams to these ports for traceroute's, and remarks on it.
    while (33_434..33_534).contains(&collector.port) {
        std::mem::replace(&mut collector, Collector::start()?).finish();
    }
    let file = folder.join("wire.pcap");
    let mut child = Command::new(tcpdump)
        .args([
            "-i",
            "lo",
            "-U",
            "--immediate-mode",
            "-B",
            "65536",
            "-Z",
            "root",
            "-w",
        ])
        .arg(&file)
        .args(["udp", "and", "port", &collector.port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // tcpdump says "listening on lo" once it captures.
    let mut line = String::new();
    let stderr = child.stderr.take().context("no stderr")?;
    let mut stderr = std::io::BufReader::new(stderr);
    while !line.contains("listening on") {
        ensure!(
            std::io::BufRead::read_line(&mut stderr, &mut line)? > 0,
            "tcpdump: {line}"
        );
    }
    replay(version, capture, collector.port)?;
    let (port, datagrams) = (collector.port, collector.finish());
    // As many as have arrived are on their way into the file.
    until("tcpdump has all datagrams", || {
        Ok(records(&std::fs::read(&file)?) >= datagrams.len())
    })?;
    stop(child, Signal::SIGINT)?;
    Ok(Some(Wire {
        port,
        datagrams,
        file,
    }))
}

#[test]
fn tshark_and_tcpdump_read_the_same() -> Result<()> {
    let Some(tshark) = installed("tshark") else {
        return Ok(());
    };
    for capture in captures()? {
        let folder = tempfile::tempdir()?;
        let Some(wire) = on_the_wire(Version::V5, &capture, folder.path())? else {
            return Ok(());
        };
        let expected = collector::totals(&wire.datagrams)?;

        let port = format!("udp.port=={},cflow", wire.port);
        let output = Command::new(&tshark)
            .args([
                "-d",
                &port,
                "-T",
                "fields",
                "-E",
                "occurrence=a",
                "-E",
                "separator=;",
                "-r",
            ])
            .arg(&wire.file)
            .args([
                "-e",
                "cflow.version",
                "-e",
                "cflow.count",
                "-e",
                "cflow.sequence",
            ])
            .args([
                "-e",
                "cflow.srcaddr",
                "-e",
                "cflow.dstaddr",
                "-e",
                "cflow.protocol",
            ])
            .args([
                "-e",
                "cflow.srcport",
                "-e",
                "cflow.dstport",
                "-e",
                "cflow.tos",
            ])
            .args([
                "-e",
                "cflow.packets",
                "-e",
                "cflow.octets",
                "-e",
                "_ws.expert.message",
            ])
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let (mut totals, mut next) = (Totals::new(), 0);
        for line in text.lines() {
            let fields: Vec<&str> = line.split(';').collect();
            let [version, count, sequence, columns @ .., experts] = &fields[..] else {
                anyhow::bail!("{line}");
            };
            ensure!(*version == "5" && experts.is_empty(), "{line}");
            ensure!(
                sequence.parse::<usize>()? == next,
                "{line} instead of {next}"
            );
            let count: usize = count.parse()?;
            next += count;
            let columns: Vec<Vec<&str>> = columns.iter().map(|c| c.split(',').collect()).collect();
            for row in 0..count {
                let field = |column: usize| -> Result<&str> {
                    let column = columns.get(column).context("a column is missing")?;
                    column.get(row).copied().context("a row is missing")
                };
                let tos = field(5)?;
                let key = key4(
                    field(0)?.parse()?,
                    field(1)?.parse()?,
                    field(2)?.parse()?,
                    field(3)?.parse()?,
                    field(4)?.parse()?,
                    u8::from_str_radix(tos.trim_start_matches("0x"), 16)?,
                );
                oracle::add(&mut totals, key, field(6)?.parse()?, field(7)?.parse()?);
            }
        }
        ensure!(totals == expected, "{}", capture.display());

        let tcpdump = installed("tcpdump").context("it was there before")?;
        let output = Command::new(tcpdump)
            .args(["-nn", "-X", "-r"])
            .arg(&wire.file)
            .output()?;
        let dumped = hex_dump(&String::from_utf8(output.stdout)?)?;
        // Behind 20 octets of IP and 8 of UDP.
        let payloads: Vec<Vec<u8>> = dumped.iter().map(|packet| packet[28..].to_vec()).collect();
        ensure!(payloads == wire.datagrams, "tcpdump saw other bytes");
        println!(
            "{}: tshark and tcpdump read {next} records",
            capture.display()
        );
    }
    Ok(())
}

/// Version 9 over the wire: tshark knows every template, misses no datagram,
/// and reads the same sums.
#[test]
fn tshark_reads_version_9() -> Result<()> {
    let Some(tshark) = installed("tshark") else {
        return Ok(());
    };
    for capture in captures()? {
        let folder = tempfile::tempdir()?;
        let Some(wire) = on_the_wire(Version::V9, &capture, folder.path())? else {
            return Ok(());
        };
        let output = Command::new(&tshark)
            .args([
                "-d",
                &format!("udp.port=={},cflow", wire.port),
                "-T",
                "fields",
            ])
            .args(["-E", "occurrence=a", "-E", "separator=;", "-r"])
            .arg(&wire.file)
            .args([
                "-e",
                "cflow.version",
                "-e",
                "cflow.sequence",
                "-e",
                "cflow.packets",
            ])
            .args(["-e", "cflow.octets", "-e", "_ws.expert.message"])
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let (mut packets, mut octets) = (0, 0);
        for (next, line) in text.lines().enumerate() {
            let fields: Vec<&str> = line.split(';').collect();
            let [version, sequence, packet_counts, octet_counts, experts] = fields[..] else {
                anyhow::bail!("{line}");
            };
            ensure!(version == "9" && experts.is_empty(), "{line}");
            ensure!(
                sequence.parse::<usize>()? == next,
                "{line} instead of {next}"
            );
            let sum = |counts: &str| -> Result<u64> {
                let counts = counts.split(',').map(str::parse::<u64>);
                Ok(counts.sum::<Result<u64, _>>()?)
            };
            packets += sum(packet_counts)?;
            octets += sum(octet_counts)?;
        }
        let expected = collector::totals9(&wire.datagrams)?;
        let sum = |part: fn(&(u64, u64)) -> u64| expected.values().map(part).sum::<u64>();
        ensure!(
            (packets, octets) == (sum(|t| t.0), sum(|t| t.1)),
            "{}: {packets} packets, {octets} octets",
            capture.display()
        );
    }
    Ok(())
}

/// The packets in what `tcpdump -X` prints.
fn hex_dump(text: &str) -> Result<Vec<Vec<u8>>> {
    let mut packets: Vec<Vec<u8>> = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("\t0x") else {
            packets.push(Vec::new());
            continue;
        };
        let (_, hex) = rest.split_once(":  ").context("no hex")?;
        let hex = hex.split("  ").next().unwrap_or_default();
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let packet = packets.last_mut().context("hex before a packet")?;
        for pair in digits.chunks(2) {
            packet.push(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
        }
    }
    Ok(packets)
}

#[test]
fn flow_tools_read_the_same() -> Result<()> {
    let (Some(capture), Some(print)) = (installed("flow-capture"), installed("flow-print")) else {
        return Ok(());
    };
    for file in captures()? {
        let expected = collector::totals(&datagrams(Version::V5, &file)?)?;
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let child = Command::new(&capture)
            .args(["-D", "-n", "0", "-N", "0", "-w"])
            .arg(folder.path())
            .arg(format!("127.0.0.1/0/{port}"))
            .stderr(Stdio::piped())
            .spawn()?;
        wait_for_listener(child.id(), port)?;
        replay(Version::V5, &file, port)?;
        wait_until_read(child.id(), port)?;
        stop(child, Signal::SIGTERM)?;
        let flows = std::fs::read_dir(folder.path())?
            .next()
            .context("no file")??;
        let output = Command::new(&print)
            .args(["-f", "3"])
            .stdin(std::fs::File::open(flows.path())?)
            .output()?;
        let packets: u64 = String::from_utf8(output.stdout)?
            .lines()
            .filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok())
            .sum();
        ensure!(packets == expected.values().map(|total| total.0).sum::<u64>());
    }
    Ok(())
}
