// SPDX-License-Identifier: BSD-2-Clause
//! What is cached, or waits for its turn to leave, when a node, a hook or nghost
//! goes: all of it arrives.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use anyhow::{ensure, Result};
use end_to_end::collector::{totals, Collector};
use end_to_end::frames::{frame, pcap, Transport};
use end_to_end::programs::{accounted, until, value, Nghost};

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

/// Waits until at least this many packets of the capture are fed.
fn wait_until_fed(nghost: &Nghost, packets: usize) -> Result<()> {
    until(&format!("{packets} packets are fed"), || {
        let answer = nghost.ok("ngctl-rs", &["msg", "em0:", "capture"])?;
        let fed = answer.split_once(" packets=");
        let fed = fed.and_then(|(_, rest)| rest.split(' ').next());
        // Left out while it is 0.
        Ok(fed.map_or(Ok(0), str::parse::<usize>)? >= packets)
    })
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

/// Datagrams that the throttle holds back leave, whatever of their way goes.
#[test]
fn what_waits_in_a_socket_leaves_though_it_goes() -> Result<()> {
    const FLOWS: usize = 6_000;
    for end in [
        "shutdown netflow:",
        "rmhook netflow: export",
        "shutdown netflow:export",
    ] {
        let (folder, collector) = (tempfile::tempdir()?, Collector::start()?);
        let late = flows(1, Duration::from_secs(60));
        let frames: Vec<_> = flows(FLOWS as u32, Duration::ZERO).chain(late).collect();
        // They have ended before the last packet, and it waits for them.
        let to = ("export", collector.port);
        let nghost = start(folder.path(), &frames, ("fast", 200), to, "")?;
        wait_until_fed(&nghost, FLOWS)?;
        nghost.script(&format!("{end}\n"))?;
        let (status, log) = nghost.interrupt()?;
        ensure!(status == Some(0), "{end}: {status:?}: {log}");
        let arrived: u32 = totals(&collector.finish())?.len() as u32;
        let handed_over = accounted(&log, "handed_over")?;
        ensure!(
            u64::from(arrived) == handed_over.min(FLOWS as u64) && handed_over > 0,
            "{end}: {arrived} arrived: {log}"
        );
    }
    Ok(())
}

/// More datagrams than a socket holds back.
#[test]
fn at_the_end_a_large_cache_waits_for_its_sockets() -> Result<()> {
    const FLOWS: usize = 300_000;
    let folder = tempfile::tempdir()?;
    // How many came, and the last one's sequence number.
    let collector = Collector::into((0, 0), |(count, last), bytes| {
        *count += 1;
        *last = u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]);
    })?;
    let frames: Vec<_> = flows(FLOWS as u32, Duration::ZERO).collect();
    let small = "msg netflow: setmtu { mtu=356 }";
    let to = ("export9", collector.port);
    let nghost = start(folder.path(), &frames, ("fast", 60_000), to, small)?;
    wait_until_fed(&nghost, FLOWS)?;
    let (status, log) = nghost.interrupt()?;
    ensure!(status == Some(0), "{status:?}: {log}");
    ensure!(accounted(&log, "handed_over")? == FLOWS as u64, "{log}");
    let (count, last) = collector.finish();
    ensure!(count == last + 1, "{count} of {last} datagrams: {log}");
    ensure!(count > 70_000, "{count} datagrams");
    Ok(())
}

/// At their rate they need more time than the capture at its pace.
#[test]
fn a_clock_that_is_faster_than_time_waits_for_datagrams() -> Result<()> {
    const FLOWS: usize = 3_000;
    let (folder, collector) = (tempfile::tempdir()?, Collector::start()?);
    let late = flows(1, Duration::from_secs(60));
    let frames: Vec<_> = flows(FLOWS as u32, Duration::ZERO).chain(late).collect();
    let to = ("export", collector.port);
    let begin = Instant::now();
    let nghost = start(folder.path(), &frames, ("100x", 50), to, "")?;
    wait_until_fed(&nghost, FLOWS + 1)?;
    let took = begin.elapsed();
    // 100 datagrams, but for what leaves at once.
    ensure!(took > Duration::from_millis(1_900), "{took:?}");
    nghost.interrupt()?;
    Ok(())
}

/// The hub tells of the one that it served last, which is well.
#[test]
fn of_several_collectors_the_one_that_is_not_reached_is_named() -> Result<()> {
    let (folder, collector) = (tempfile::tempdir()?, Collector::start()?);
    let frames: Vec<_> = flows(1, Duration::ZERO).collect();
    // The second is not connected.
    let script = format!(
        "mkpeer netflow: hub export9 in\n\
         mkpeer netflow:export9 ksocket one inet/dgram/udp\n\
         msg netflow:export9.one connect inet/127.0.0.1:{}\n\
         mkpeer netflow:export9 ksocket two inet/dgram/udp\n",
        collector.port
    );
    let to = ("export", collector.port);
    let nghost = start(folder.path(), &frames, ("fast", 20_000), to, &script)?;
    wait_until_fed(&nghost, 1)?;
    let (status, log) = nghost.interrupt()?;
    ensure!(status == Some(0), "{status:?}: {log}");
    ensure!(accounted(&log, "dropped")? == 0, "{log}");
    for line in [
        "ksocket: Destination address required: datagrams are lost",
        "ksocket: datagrams lost: at least 1",
    ] {
        ensure!(log.contains(line), "{log}");
    }
    Ok(())
}
