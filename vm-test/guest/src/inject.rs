// SPDX-License-Identifier: BSD-2-Clause
//! Captures into `iface0`, through the data hook of a socket node.

use anyhow::{bail, Context, Result};
use ngctl_rs::{Client, Endpoint, Errno, Error};
use pcap_file::{pcap::PcapReader, DataLink};
use std::{fs::File, path::Path, path::PathBuf};
use sys_bindings::{
    ng_netflow_info, ng_netflow_setdlt, DLT_EN10MB, DLT_RAW, EINVAL, NGM_NETFLOW_COOKIE,
    NGM_NETFLOW_INFO, NGM_NETFLOW_SETDLT,
};

/// More than any node takes at once, that netgraph's queue may not overflow.
const PAUSE_AFTER: usize = 200;

/// Packets of each capture that are sent cut off, at every length up to this.
const TRUNCATED: usize = 10;
/// See [`TRUNCATED`].
const HEADERS: usize = 120;

/// Sends each capture into a node of its own, and writes a line for each: its
/// name, packets and octets of IPv4, packets and octets of IPv6.
pub fn inject(captures: &[PathBuf], truncated: bool) -> Result<()> {
    for path in captures {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match read(path) {
            Ok((link, packets)) => {
                let info =
                    send(link, &packets, truncated).with_context(|| path.display().to_string())?;
                println!(
                    "{name} {} {} {} {}",
                    info.nfinfo_packets,
                    info.nfinfo_bytes,
                    info.nfinfo_packets6,
                    info.nfinfo_bytes6
                );
            }
            Err(error) => println!("{name} skipped: {error:#}"),
        }
    }
    Ok(())
}

/// Sends each capture's frames to a node's hook, where none may be refused.
/// Writes how many there were.
pub fn pass(node: &str, hook: &str, captures: &[PathBuf]) -> Result<()> {
    let name = format!("pass{}", std::process::id());
    let mut netgraph = Client::open(&name, &Endpoint::choose(None))?;
    netgraph.connect(".", node, "out", hook)?;
    let mut sent = 0;
    for path in captures {
        let (link, packets) = read(path).with_context(|| path.display().to_string())?;
        if link != DLT_EN10MB {
            continue;
        }
        for packet in packets {
            netgraph.send_data("out", &packet)?;
            sent += 1;
        }
    }
    println!("{sent}");
    Ok(())
}

fn read(path: &Path) -> Result<(u8, Vec<Vec<u8>>)> {
    let mut reader = PcapReader::new(File::open(path)?)?;
    let link = match reader.header().datalink {
        DataLink::ETHERNET => DLT_EN10MB,
        DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => DLT_RAW,
        other => anyhow::bail!("link type {other:?}"),
    };
    let mut packets = Vec::new();
    while let Some(Ok(packet)) = reader.next_raw_packet() {
        packets.push(packet.data.into_owned());
    }
    Ok((link, packets))
}

fn send(link: u8, packets: &[Vec<u8>], truncated: bool) -> Result<ng_netflow_info> {
    // Only a node with a name has a data socket.
    let name = format!("inject{}", std::process::id());
    let mut netgraph = Client::open(&name, &Endpoint::choose(None))?;
    netgraph.mkpeer(".", "netflow", "in", "iface0")?;
    // IPv6 counts only where it could be exported.
    netgraph.mkpeer(".:in", "hub", "export9", "sink")?;
    let set = ng_netflow_setdlt {
        iface: 0,
        dlt: link,
        ..zerocopy::FromZeros::new_zeroed()
    };
    let set = zerocopy::IntoBytes::as_bytes(&set).to_vec();
    netgraph.send(".:in", NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETDLT, &set)?;
    let (mut sent, mut refused) = (0, 0);
    let count = if truncated { TRUNCATED } else { packets.len() };
    for packet in packets.iter().take(count) {
        let lengths = match truncated {
            true => 1..packet.len().min(HEADERS),
            false => packet.len()..packet.len() + 1,
        };
        for len in lengths {
            // A packet that is cut off is refused, with base's errno.
            match netgraph.send_data("in", packet.get(..len).unwrap_or_default()) {
                Ok(()) => {}
                Err(Error::Errno(Errno(EINVAL))) => refused += 1,
                Err(error) => bail!("{len} octets into iface0: {error}"),
            }
            sent += 1;
            if sent % PAUSE_AFTER == 0 {
                netgraph.nodeinfo(".:in")?;
            }
        }
    }
    if refused == sent {
        eprintln!("all {sent} packets were refused");
    }
    let reply = netgraph.call(".:in", NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO, &[])?;
    let info = reply.args_as()?;
    netgraph.shutdown(".:in")?;
    Ok(info)
}
