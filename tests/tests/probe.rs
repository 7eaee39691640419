// SPDX-License-Identifier: BSD-2-Clause
//! `nghost probe` on a live interface and on captures, with nfcapd as its
//! collector: exactly the packets that the filter lets through, once each, and
//! the status that it ends with.

use std::fs::{self, File};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{ensure, Context, Result};
use end_to_end::collector::{self, Collector};
use end_to_end::nfcapd::{stop, Nfcapd};
use end_to_end::oracle::{self, FlowKey, Totals};
use end_to_end::programs::{accounted, end_of, installed, program, until};
use nix::sched::{setns, CloneFlags};
use nix::sys::signal::Signal;

const EX_USAGE: i32 = 64;
const EX_DATAERR: i32 = 65;
const EX_NOHOST: i32 = 68;
const EX_UNAVAILABLE: i32 = 69;

/// Two hosts and a cable, as network namespaces.
struct Cable {
    near: String,
    far: String,
}

/// The probe's interface, in the near namespace.
const INTERFACE: &str = "probed0";

impl Cable {
    /// `None`, said aloud, where they cannot be had.
    fn new(name: &str) -> Result<Option<Self>> {
        if !nix::unistd::geteuid().is_root() {
            println!("not run: needs root");
            return Ok(None);
        }
        if installed("ip").is_none() {
            return Ok(None);
        }
        let name = |end| format!("nghost-{name}-{}-{end}", std::process::id());
        let (near, far) = (name("near"), name("far"));
        if !ip(&["netns", "add", &near])?.status.success() {
            println!("not run: no network namespaces here");
            return Ok(None);
        }
        let cable = Cable { near, far };
        let (near, far) = (&cable.near, &cable.far);
        for words in [
            format!("netns add {far}"),
            format!("link add {INTERFACE} netns {near} type veth peer name far0 netns {far}"),
            format!("-n {near} link set lo up"),
            format!("-n {near} addr add 10.9.0.1/24 dev {INTERFACE}"),
            format!("-n {near} addr add fd09::1/64 dev {INTERFACE} nodad"),
            format!("-n {near} link set {INTERFACE} up"),
            format!("-n {far} addr add 10.9.0.2/24 dev far0"),
            format!("-n {far} addr add fd09::2/64 dev far0 nodad"),
            format!("-n {far} link set far0 up"),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            let output = ip(&words)?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "ip {}: {said}", words.join(" "));
        }
        Ok(Some(cable))
    }

    /// Sends so many datagrams from a namespace, each with 100 octets of data.
    fn send(namespace: &str, from: &str, to: &str, count: u32) -> Result<()> {
        let (from, to): (SocketAddr, SocketAddr) = (from.parse()?, to.parse()?);
        let namespace = File::open(Path::new("/run/netns").join(namespace))?;
        // A thread may have a namespace of its own.
        let thread = std::thread::spawn(move || -> Result<()> {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            let socket = UdpSocket::bind(from)?;
            for _ in 0..count {
                socket.send_to(&[7; 100], to)?;
            }
            Ok(())
        });
        thread.join().expect("the sending thread")
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [&self.near, &self.far] {
            let _ = ip(&["netns", "del", namespace]);
        }
    }
}

fn ip(args: &[&str]) -> Result<Output> {
    Command::new("ip").args(args).output().context("ip")
}

/// Starts the probe in the near namespace and waits until it listens.
fn probe(cable: &Cable, socket: &Path, args: &[&str]) -> Result<Child> {
    let child = Command::new("ip")
        .args(["netns", "exec", &cable.near])
        .arg(program("nghost")?)
        .args(["probe", "--interface", INTERFACE, "--socket"])
        .arg(socket)
        .args(args)
        .stderr(Stdio::piped())
        .spawn()?;
    until("the probe runs", || Ok(socket.exists()))?;
    Ok(child)
}

/// Waits until the probe has accounted so many packets.
fn wait_for(socket: &Path, packets: u64) -> Result<()> {
    until(&format!("{packets} packets"), || {
        let mut sum = 0;
        for version in ["ipv4", "ipv6"] {
            let output = Command::new(program("flowctl")?)
                .env("NGHOST_SOCKET", socket)
                .args(["netflow", "show", version])
                .output()?;
            ensure!(output.status.success(), "flowctl: {}", output.status);
            let table = String::from_utf8(output.stdout)?;
            for row in table.lines().skip(1) {
                sum += row.rsplit(' ').next().context("a row")?.parse::<u64>()?;
            }
        }
        Ok(sum == packets)
    })
}

fn key(src: &str, dst: &str) -> Result<FlowKey> {
    let (src, dst): (SocketAddr, SocketAddr) = (src.parse()?, dst.parse()?);
    Ok(FlowKey {
        src: src.ip(),
        dst: dst.ip(),
        proto: 17,
        sport: src.port(),
        dport: dst.port(),
        tos: 0,
    })
}

#[test]
fn a_live_interface_to_the_packet() -> Result<()> {
    let Some(cable) = Cable::new("live")? else {
        return Ok(());
    };
    let (near, far) = (&cable.near, &cable.far);
    for version in ["5", "9"] {
        let folder = tempfile::tempdir()?;
        let Some(nfcapd) = Nfcapd::start(Some(near))? else {
            return Ok(());
        };
        let socket = folder.path().join("socket");
        let collector = format!("127.0.0.1:{}", nfcapd.port());
        let filter = "udp port 5353 and not src port 40009";
        let args = ["-f", filter, "-n", version, "-x", "77", &collector];
        let child = probe(&cable, &socket, &args)?;

        let (near4, far4) = ("10.9.0.1:5353", "10.9.0.2:40000");
        let (near6, far6) = ("[fd09::1]:5353", "[fd09::2]:40000");
        let traffic = [
            (far, far4, near4, 200, 128),
            (near, near4, far4, 70, 128),
            (far, far6, near6, 110, 148),
            (near, near6, far6, 30, 148),
        ];
        for (namespace, from, to, count, _) in traffic {
            Cable::send(namespace, from, to, count)?;
        }
        // What the filter does not let through.
        Cable::send(far, "10.9.0.2:40009", near4, 5)?;
        Cable::send(far, far4, "10.9.0.1:5354", 5)?;
        wait_for(&socket, 410)?;
        // All is cached still: ending is what exports it.
        let said = stop(child, Signal::SIGTERM)?;
        ensure!(!socket.exists(), "nothing is left behind");
        ensure!(
            said.contains("packets received=410 unaccounted=0"),
            "{said}"
        );

        let (mut totals, mut expected) = (Totals::new(), Totals::new());
        for (namespace, from, to, count, octets) in traffic {
            if version == "9" || from.starts_with("10.") {
                oracle::add(&mut expected, key(from, to)?, count, count * octets);
            }
            let _ = namespace;
        }
        for record in nfcapd.finish()? {
            let key = record.key();
            oracle::add(&mut totals, key, record.in_packets, record.in_bytes);
            let is_sent = key.sport == 5353;
            let interfaces = (record.input_snmp, record.output_snmp);
            let through = if is_sent { (0, 77) } else { (77, 0) };
            ensure!(interfaces == through, "{key:?}: {interfaces:?}");
        }
        ensure!(totals == expected, "version {version}: {totals:?}");
        println!("version {version}: {} flows, exact", totals.len());
    }
    Ok(())
}

#[test]
fn an_interface_that_disappears_ends_the_probe() -> Result<()> {
    let Some(cable) = Cable::new("gone")? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("socket");
    let child = probe(&cable, &socket, &["127.0.0.1:2055"])?;
    ip(&["-n", &cable.near, "link", "del", INTERFACE])?;
    let output = end_of(child)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(EX_UNAVAILABLE), "{said}");
    ensure!(said.contains("the interface is gone"), "{said}");
    Ok(())
}

/// Runs the probe on something that ends by itself.
fn nghost(args: &[&str]) -> Result<Output> {
    let output = Command::new(program("nghost")?)
        .arg("probe")
        .args(args)
        .env_remove("NGHOST_SOCKET")
        .output()?;
    Ok(output)
}

/// Both versions, to two collectors at once: each has everything.
#[test]
fn a_capture_to_several_collectors() -> Result<()> {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/em0.pcap");
    for version in ["5", "9"] {
        let collectors = [Collector::start()?, Collector::start()?];
        let to = collectors
            .each_ref()
            .map(|c| format!("127.0.0.1:{}", c.port));
        let output = nghost(&["-r", capture, "-n", version, &to[0], &to[1]])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}");
        let totals = collectors.map(|collector| match version {
            "5" => collector::totals(&collector.finish()),
            _ => collector::totals9(&collector.finish()),
        });
        let [one, other] = totals;
        let (one, other) = (one?, other?);
        ensure!(one == other && !one.is_empty(), "{said}");
        let has_ipv6 = one.keys().any(|key| key.src.is_ipv6());
        ensure!(has_ipv6 == (version == "9"), "version {version}");
    }
    Ok(())
}

/// An IPv4 packet of 28 octets, from 192.0.2.1:53 to 192.0.2.2:54.
const PACKET: [u8; 28] = [
    0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0, 53, 0, 54, 0, 8, 0, 0,
];

/// A capture of [`PACKET`] behind each of these headers.
fn capture_of(link: u32, headers: &[&[u8]]) -> Result<tempfile::NamedTempFile> {
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let mut bytes: Vec<u8> = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, link]);
    for header in headers {
        let len = (header.len() + PACKET.len()) as u32;
        bytes.extend::<Vec<u8>>(words(&[1, 0, len, len]));
        bytes.extend([header, &PACKET[..]].concat());
    }
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), bytes)?;
    Ok(file)
}

/// As tcpdump(1) captures Linux's "any", and lo0 of FreeBSD and others: what is behind
/// a tag or a tunnel's header is accounted, and nothing else is taken for a packet.
#[test]
fn a_capture_of_other_link_layers() -> Result<()> {
    let cooked = |rest: &[u8]| [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], rest].concat();
    let cooked2 = |ethertype: [u8; 2], rest: &[u8]| [&ethertype[..], &[0; 18], rest].concat();
    let null = |family: [u8; 4]| family.to_vec();
    // Each with a label or tag that looks like the beginning of an IP packet.
    for (link, known, others) in [
        (
            113,
            vec![
                cooked(&[8, 0]),
                cooked(&[0x81, 0, 0x60, 100, 8, 0]),
                cooked(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 30, 0, 0x21]),
                cooked(&[0x88, 0x47, 0x45, 0, 1, 64]),
            ],
            vec![cooked(&[0, 4]), cooked(&[8, 6])],
        ),
        (
            276,
            vec![cooked2([8, 0], &[]), cooked2([0x81, 0], &[0x60, 100, 8, 0])],
            vec![cooked2([0, 4], &[]), cooked2([0x81, 0], &[0x60, 100, 8, 6])],
        ),
        (
            0,
            vec![null([2, 0, 0, 0]), null([0, 0, 0, 2])],
            vec![null([16, 0, 0, 0])],
        ),
    ] {
        let headers: Vec<_> = known.iter().chain(&others).map(Vec::as_slice).collect();
        let file = capture_of(link, &headers)?;
        let collector = Collector::start()?;
        let to = format!("127.0.0.1:{}", collector.port);
        let path = file.path().to_str().context("a path in UTF-8")?;
        let output = nghost(&["-r", path, "-n", "9", &to])?;
        let said = String::from_utf8_lossy(&output.stderr);
        let (packets, refused) = (known.len() as u64, others.len() as u64);
        let flow = (packets, packets * PACKET.len() as u64);
        let expected = [(key("192.0.2.1:53", "192.0.2.2:54")?, flow)].into();
        let found = collector::totals9(&collector.finish())?;
        ensure!(found == expected, "link type {link}: {found:?}: {said}");
        ensure!(accounted(&said, "refused")? == refused, "{said}");
    }
    Ok(())
}

/// Packets without a link layer: the probe tells the node by itself.
#[test]
fn a_capture_of_raw_ip() -> Result<()> {
    let file = capture_of(101, &[&[]])?;
    let capture = file.path().to_str().context("a path in UTF-8")?;
    for version in ["5", "9"] {
        let collector = Collector::start()?;
        let to = format!("127.0.0.1:{}", collector.port);
        let output = nghost(&["-r", capture, "-n", version, &to])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}");
        let datagrams = collector.finish();
        // Seconds since 1970, at the same place in both headers.
        let mut sent = datagrams.iter().filter_map(|bytes| bytes.get(8..12));
        ensure!(
            sent.all(|secs| secs[..3] == [0; 3] && secs[3] < 3),
            "a flow waited for its timeout: {datagrams:x?}"
        );
        let totals = match version {
            "5" => collector::totals(&datagrams),
            _ => collector::totals9(&datagrams),
        };
        let expected = [(key("192.0.2.1:53", "192.0.2.2:54")?, (1, 28))].into();
        ensure!(totals? == expected, "{said}");
    }
    Ok(())
}

#[test]
fn a_capture_through_a_filter() -> Result<()> {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/em0.pcap");
    let collector = Collector::start()?;
    let to = format!("127.0.0.1:{}", collector.port);
    let output = nghost(&["-r", capture, "-f", "icmp", &to])?;
    ensure!(output.status.success());
    let totals = collector::totals(&collector.finish())?;
    ensure!(!totals.is_empty() && totals.keys().all(|key| key.proto == 1));
    Ok(())
}

#[test]
fn what_cannot_be_is_refused() -> Result<()> {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/em0.pcap");
    let this = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (args, status, error) in [
        (&["-r", capture][..], EX_USAGE, "HOST:PORT"),
        (&["127.0.0.1:2055"], EX_USAGE, "--interface"),
        (&["-r", capture, "127.0.0.1"], EX_USAGE, "HOST:PORT"),
        (
            &["-r", capture, "-f", "nonsense ((", "127.0.0.1:2055"],
            EX_USAGE,
            "nonsense ((",
        ),
        (&["-r", this, "127.0.0.1:2055"], EX_DATAERR, "Cargo.toml"),
        (
            &["-r", capture, "nosuchhost.invalid:2055"],
            EX_NOHOST,
            "nosuchhost",
        ),
        (
            &["-i", "nosuch0", "127.0.0.1:2055"],
            EX_UNAVAILABLE,
            "nosuch0",
        ),
    ] {
        let output = nghost(args)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(status), "{args:?}: {said}");
        ensure!(said.contains(error), "{args:?}: {said}");
    }
    Ok(())
}
