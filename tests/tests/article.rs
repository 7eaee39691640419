// SPDX-License-Identifier: BSD-2-Clause
//! The 2004 article, run verbatim: its script, its flow table, its datagram.

use anyhow::{ensure, Result};
use end_to_end::collector::Collector;
use end_to_end::programs::{article_script, until, Nghost};

/// A capture with `packets` from the second `at` on, one every millisecond.
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (n, packet) in (0u32..).zip(packets) {
        for word in [
            1_100_000_000,
            n * 1000,
            packet.len() as u32,
            packet.len() as u32,
        ] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn ethernet(ip: &[u8], len: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend(ip);
    frame.resize(14 + len, 0);
    frame
}

/// An ICMP echo reply of 84 octets, 192.168.1.2 → 192.168.1.1.
fn echo_reply() -> Vec<u8> {
    let ip = [
        0x45, 0, 0, 84, 0, 0, 0, 0, 64, 1, 0, 0, 192, 168, 1, 2, 192, 168, 1, 1, 0, 0,
    ];
    ethernet(&ip, 84)
}

/// TCP from 192.168.1.2 port 0x3f8 to 192.168.1.1 port 0x6f.
fn tcp() -> Vec<u8> {
    let ip = [
        0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 168, 1, 2, 192, 168, 1, 1, //
        0x03, 0xf8, 0x00, 0x6f, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10,
    ];
    ethernet(&ip, 40)
}

#[test]
fn the_articles_datagram() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let capture = folder.path().join("em0.pcap");
    std::fs::write(&capture, pcap(&[echo_reply()]))?;
    let collector = Collector::start()?;
    // 192.168.1.1 is a neighbour here, so that both ends lie behind em0.
    let interface = format!(
        "em0,index=1,address=192.168.1.254/24,pace=fast,capture={}",
        capture.display()
    );
    let nghost = Nghost::start(
        folder.path(),
        &["--hold", "--exit-at-end", "--interface", &interface],
    )?;
    nghost.script(&article_script(collector.port))?;
    nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;
    let (status, log) = nghost.wait()?;
    ensure!(status == Some(0), "{status:?}: {log}");

    let datagrams = collector.finish();
    ensure!(datagrams.len() == 1, "{datagrams:x?}");
    let mut words: Vec<u32> = datagrams[0]
        .chunks(4)
        .map(|bytes| {
            bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte))
        })
        .collect();
    ensure!(
        (1_100_000_015..1_100_000_017).contains(&words[2]),
        "the capture's time"
    );
    for time in [1, 2, 3, 12, 13] {
        words[time] = 0;
    }
    let expected = [
        0x0005_0001,
        0,
        0,
        0,
        0,
        0,
        0xc0a8_0102,
        0xc0a8_0101,
        0,
        0x0001_0001,
        1,
        0x54,
        0,
        0,
        0,
        0x0000_0100,
        0,
        0x1818_0000,
    ];
    ensure!(words == expected, "{words:08x?}");
    Ok(())
}

#[test]
fn the_articles_flow_table() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let capture = folder.path().join("em0.pcap");
    std::fs::write(&capture, pcap(&vec![tcp(); 5]))?;
    let interface = format!(
        "em0,index=1,address=192.168.1.1/24,capture={}",
        capture.display()
    );
    let nghost = Nghost::start(folder.path(), &["--hold", "--interface", &interface])?;
    let collector = Collector::start()?;
    nghost.script(&article_script(collector.port))?;
    nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;

    let expected = "\
SrcIf         SrcIPaddress    DstIf         DstIPaddress    Pr SrcP DstP  Pkts
em0           192.168.1.2     lo0           192.168.1.1      6 03f8 006f      5
";
    until(&format!("the table is\n{expected}"), || {
        Ok(nghost.ok("flowctl", &["netflow", "show"])? == expected)
    })?;
    ensure!(
        nghost.ok("flowctl", &["netflow:", "show"])? == expected,
        "with the colon"
    );
    let (status, log) = nghost.interrupt()?;
    ensure!(status == Some(0), "{status:?}: {log}");
    ensure!(
        log.contains("packets received=5 unaccounted=0"),
        "flushed at the end: {log}"
    );
    Ok(())
}
