// SPDX-License-Identifier: BSD-2-Clause
//! What is cached when a node goes: all of it arrives.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use anyhow::{ensure, Result};
use end_to_end::collector::{totals, Collector};
use end_to_end::frames::{frame, pcap, Transport};
use end_to_end::programs::{accounted, value, Nghost};

/// So many flows at one time, from addresses behind 10.0.0.0.
fn flows(count: u32, at: Duration) -> impl Iterator<Item = (Duration, Vec<u8>)> {
    let to = IpAddr::from([192, 0, 2, 1]);
    let from = move |flow| IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + flow));
    (0..count).map(move |flow| (at, frame(from(flow), to, Transport::Udp(1, 2), 28)))
}

/// A replay of frames at a pace, with a node that exports to a collector; what else
/// the script says comes before its start.
fn start(
    folder: &std::path::Path,
    frames: &[(Duration, Vec<u8>)],
    (pace, rate): (&str, u32),
    (hook, port): (&str, u16),
    script: &str,
) -> Result<Nghost> {
    let capture = folder.join("capture");
    std::fs::write(&capture, pcap(frames))?;
    let interface = format!("em0,index=1,pace={pace},capture={}", value(&capture));
    let rate = rate.to_string();
    let args = ["--hold", "--export-rate", &rate, "--interface", &interface];
    let nghost = Nghost::start(folder, &args)?;
    nghost.script(&format!(
        "mkpeer em0: netflow lower iface0\n\
         name em0:lower netflow\n\
         mkpeer netflow: ksocket {hook} inet/dgram/udp\n\
         msg netflow:{hook} connect inet/127.0.0.1:{port}\n\
         {script}\n\
         msg em0: start\n"
    ))?;
    Ok(nghost)
}

/// Waits until this many packets of the capture are fed.
fn wait_until_fed(nghost: &Nghost, packets: usize) -> Result<()> {
    let start = Instant::now();
    let fed = format!(" packets={packets} ");
    while !nghost
        .ok("ngctl-rs", &["msg", "em0:", "capture"])?
        .contains(&fed)
    {
        ensure!(start.elapsed() < Duration::from_secs(60), "not fed");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// More datagrams than may come of one packet.
#[test]
fn a_node_that_is_shut_down_hands_all_of_its_cache_over() -> Result<()> {
    const FLOWS: usize = 60_000;
    let (folder, collector) = (tempfile::tempdir()?, Collector::start()?);
    let frames: Vec<_> = flows(FLOWS as u32, Duration::ZERO).collect();
    let to = ("export", collector.port);
    let nghost = start(folder.path(), &frames, ("fast", 20_000), to, "")?;
    wait_until_fed(&nghost, FLOWS)?;
    nghost.script("shutdown netflow:\n")?;
    let (status, log) = nghost.interrupt()?;
    ensure!(status == Some(0), "{status:?}: {log}");
    ensure!(accounted(&log, "handed_over")? == FLOWS as u64, "{log}");
    ensure!(totals(&collector.finish())?.len() == FLOWS, "{log}");
    Ok(())
}
