// SPDX-License-Identifier: BSD-2-Clause
//! The script of 2004 that every NetFlow howto for FreeBSD descends from, as
//! the project's demo has it: only the interface and the collector's address
//! are put in.

use super::{Scenario, USUAL};
use crate::{
    collectors::split,
    guest::{Guest, Pair, HOST},
};
use anyhow::{ensure, Result};
use end_to_end::{
    collector::totals,
    nfcapd::Nfcapd,
    oracle::{add, FlowKey, Totals},
    programs::article_script,
};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "the seven-line script: flow table, and a collector here and one on the host",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let pair = guest.pair()?;

    // A collector in the guest.
    guest.beside("nc -u -l 127.0.0.1 4444 > /tmp/datagrams")?;
    guest.ngctl(&script(&pair, "127.0.0.1", 4444))?;
    traffic(guest, 40_000)?;
    let table = guest.ok("/mnt/bin/flowctl netflow show")?;
    for row in [
        "192.168.1.2     lo0           192.168.1.1      1 0000 0000      5",
        "192.168.1.2     lo0           192.168.1.1     17 14e9 14e9      1",
        "192.168.1.2     lo0           192.168.1.1      6 9c40 0050 ",
    ] {
        ensure!(table.contains(row), "no row \"{row}\" in\n{table}");
    }
    guest.ok("ngctl msg netflow: settimeouts '{ inactive=1 active=2 }'")?;
    guest.wait(3500);
    let datagrams = split(&guest.run("cat /tmp/datagrams")?.bytes)?;
    check(&totals(&datagrams)?, 40_000)?;
    clear(guest, &pair)?;

    // nfcapd on the host, through QEMU's network.
    let Some(nfcapd) = Nfcapd::start(None)? else {
        guest.note("nfcapd on the host: not run, it is not installed".into());
        return Ok(());
    };
    guest.ngctl(&script(&pair, HOST, nfcapd.port()))?;
    traffic(guest, 40_001)?;
    clear(guest, &pair)?;
    guest.wait(500);
    let mut totals = Totals::new();
    for record in nfcapd.finish()? {
        add(&mut totals, record.key(), record.in_packets, record.in_bytes);
    }
    check(&totals, 40_001)?;
    guest.note("nfcapd on the host agrees".into());
    Ok(())
}

/// The article's script for this interface and collector.
fn script(pair: &Pair, address: &str, port: u16) -> String {
    article_script(port)
        .replace("127.0.0.1", address)
        .replace("em0", &pair.near)
}

/// Pings, a TCP connection from this port and a UDP datagram, so that what comes in from the
/// jail is known.
fn traffic(guest: &mut Guest, port: u16) -> Result<()> {
    guest.expect("ping -q -c 5 -i 0.05 192.168.1.2", "5 packets received")?;
    guest.beside("nc -l 192.168.1.1 80")?;
    guest.beside("nc -u -l 192.168.1.1 5353")?;
    guest.wait(200);
    guest.ok(&format!("echo hello | jexec far nc -N -p {port} 192.168.1.1 80"))?;
    guest.ok("echo hello | jexec far nc -u -w 1 -p 5353 192.168.1.1 5353")?;
    Ok(())
}

/// The flows that such traffic makes, whose numbers of packets are certain but
/// for TCP's.
fn check(totals: &Totals, port: u16) -> Result<()> {
    let key = |proto, sport, dport| FlowKey {
        src: [192, 168, 1, 2].into(),
        dst: [192, 168, 1, 1].into(),
        proto,
        sport,
        dport,
        tos: 0,
    };
    ensure!(totals.len() == 3, "{totals:?}");
    ensure!(totals.get(&key(1, 0, 0)) == Some(&(5, 5 * 84)), "{totals:?}");
    ensure!(totals.get(&key(17, 5353, 5353)) == Some(&(1, 34)), "{totals:?}");
    let tcp = totals.get(&key(6, port, 80));
    ensure!(tcp.is_some_and(|(packets, _)| *packets >= 4), "{totals:?}");
    Ok(())
}

/// Takes the graph down, which exports what is left.
fn clear(guest: &mut Guest, pair: &Pair) -> Result<()> {
    guest.ok("ngctl shutdown netflow:")?;
    // A tee that goes joins its neighbours: here lower to upper.
    let near = &pair.near;
    guest.ok(&format!("ngctl shutdown {near}:lower && ngctl rmhook {near}: lower"))?;
    guest.stop()
}
