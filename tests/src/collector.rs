// SPDX-License-Identifier: BSD-2-Clause
//! A NetFlow version 5 collector written from Cisco's tables alone, for what
//! the encoder sends.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use nix::sys::socket::{setsockopt, sockopt};

use crate::oracle::{add, FlowKey, Totals};

/// A record of a version 5 datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The flow.
    pub key: FlowKey,
    /// `dPkts`.
    pub packets: u32,
    /// `dOctets`.
    pub octets: u32,
    /// `First`, in milliseconds of uptime.
    pub first: u32,
    /// `Last`, in milliseconds of uptime.
    pub last: u32,
    /// `input`.
    pub input: u16,
    /// `output`.
    pub output: u16,
    /// `nexthop`.
    pub next_hop: Ipv4Addr,
    /// `src_mask` and `dst_mask`.
    pub masks: (u8, u8),
    /// `tcp_flags`.
    pub tcp_flags: u8,
}

/// A version 5 datagram.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// `SysUptime`, in milliseconds.
    pub uptime: u32,
    /// `unix_secs` and `unix_nsecs`.
    pub unix: (u32, u32),
    /// `flow_sequence`.
    pub sequence: u32,
    /// `engine_id`.
    pub engine_id: u8,
    /// The records.
    pub records: Vec<Record>,
}

/// Reads a datagram; anything that is not exactly as Cisco says is an error.
pub fn decode(bytes: &[u8]) -> Result<Datagram> {
    let u16_at = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let u32_at = |at: usize| u32::from(u16_at(at)) << 16 | u32::from(u16_at(at + 2));
    ensure!(bytes.len() >= 24, "{} octets are no header", bytes.len());
    ensure!(u16_at(0) == 5, "version {}", u16_at(0));
    let count = usize::from(u16_at(2));
    ensure!((1..=30).contains(&count), "{count} records");
    ensure!(
        bytes.len() == 24 + 48 * count,
        "{} octets for {count} records",
        bytes.len()
    );
    ensure!(
        bytes[20] == 0 && u16_at(22) == 0,
        "engine_type or sampling_interval"
    );
    let records = (0..count)
        .map(|n| 24 + 48 * n)
        .map(|at| {
            if bytes[at + 36] != 0 || u32_at(at + 40) != 0 || u16_at(at + 46) != 0 {
                bail!("padding or autonomous systems are not 0");
            }
            Ok(Record {
                key: FlowKey {
                    src: IpAddr::V4(u32_at(at).into()),
                    dst: IpAddr::V4(u32_at(at + 4).into()),
                    proto: bytes[at + 38],
                    sport: u16_at(at + 32),
                    dport: u16_at(at + 34),
                    tos: bytes[at + 39],
                },
                packets: u32_at(at + 16),
                octets: u32_at(at + 20),
                first: u32_at(at + 24),
                last: u32_at(at + 28),
                input: u16_at(at + 12),
                output: u16_at(at + 14),
                next_hop: u32_at(at + 8).into(),
                masks: (bytes[at + 44], bytes[at + 45]),
                tcp_flags: bytes[at + 37],
            })
        })
        .collect::<Result<_>>()?;
    Ok(Datagram {
        uptime: u32_at(4),
        unix: (u32_at(8), u32_at(12)),
        sequence: u32_at(16),
        engine_id: bytes[21],
        records,
    })
}

/// Checks that no record is missing and adds up what there is.
pub fn totals(datagrams: &[Vec<u8>]) -> Result<Totals> {
    let (mut totals, mut next) = (Totals::new(), 0u32);
    for bytes in datagrams {
        let datagram = decode(bytes)?;
        ensure!(
            datagram.sequence == next,
            "sequence {} for {next}",
            datagram.sequence
        );
        next = next.wrapping_add(datagram.records.len() as u32);
        for record in datagram.records {
            ensure!(
                record.packets > 0 && record.first <= record.last,
                "{record:?}"
            );
            ensure!(record.last <= datagram.uptime, "{record:?} from the future");
            add(&mut totals, record.key, record.packets, record.octets);
        }
    }
    Ok(totals)
}

/// A socket that keeps every datagram until it is asked for them.
pub struct Collector {
    /// Its UDP port on 127.0.0.1.
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Vec<u8>>>,
}

impl Collector {
    /// Listens on a free port of 127.0.0.1.
    pub fn start() -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").context("cannot bind")?;
        // Root may have more than net.core.rmem_max.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20))
            .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &(8 << 20)));
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        let port = socket.local_addr()?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut datagrams, mut buffer) = (Vec::new(), [0; 65_536]);
            loop {
                match socket.recv(&mut buffer) {
                    Ok(len) => datagrams.push(buffer[..len].to_vec()),
                    // Nothing more is on its way over loopback.
                    Err(_) if stopped.load(SeqCst) => return datagrams,
                    Err(_) => {}
                }
            }
        });
        Ok(Collector { port, stop, thread })
    }

    /// Everything that arrived.
    pub fn finish(self) -> Vec<Vec<u8>> {
        self.stop.store(true, SeqCst);
        self.thread.join().expect("the collector's thread")
    }
}
