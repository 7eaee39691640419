// SPDX-License-Identifier: BSD-2-Clause
//! Collectors of NetFlow version 5 and 9, written from Cisco's tables and
//! RFC 3954 alone, for what the encoders send.

use std::collections::BTreeMap;
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

/// Is one uptime not after the other? They count milliseconds in 32 bits, and
/// begin again after 49.7 days; nothing here is half as old.
pub fn is_ordered(earlier: u32, later: u32) -> bool {
    later.wrapping_sub(earlier) < 1 << 31
}

/// Checks that no record is missing and adds up what there is.
pub fn totals(datagrams: &[Vec<u8>]) -> Result<Totals> {
    let (mut totals, mut reader) = (Totals::new(), Reader5::default());
    for bytes in datagrams {
        reader.read(bytes, |key, packets, octets| {
            add(&mut totals, key, packets, octets);
        })?;
    }
    Ok(totals)
}

/// Reads version 9 datagrams by the templates that they announce, checks that
/// none is missing, and adds up what there is.
pub fn totals9(datagrams: &[Vec<u8>]) -> Result<Totals> {
    let (mut totals, mut reader) = (Totals::new(), Reader9::default());
    for bytes in datagrams {
        reader.read(bytes, |key, packets, octets| {
            add(&mut totals, key, packets, octets);
        })?;
    }
    Ok(totals)
}

/// Reads version 5 datagrams one after the other; a missing record is an error.
#[derive(Debug, Default)]
pub struct Reader5 {
    next: u32,
}

impl Reader5 {
    /// Reads the next datagram. Each record's flow, packets and octets.
    pub fn read(&mut self, bytes: &[u8], mut each: impl FnMut(FlowKey, u32, u32)) -> Result<()> {
        let datagram = decode(bytes)?;
        ensure!(
            datagram.sequence == self.next,
            "sequence {} for {}",
            datagram.sequence,
            self.next
        );
        self.next = self.next.wrapping_add(datagram.records.len() as u32);
        for record in datagram.records {
            ensure!(
                record.packets > 0 && is_ordered(record.first, record.last),
                "{record:?}"
            );
            ensure!(
                is_ordered(record.last, datagram.uptime),
                "{record:?} from the future"
            );
            each(record.key, record.packets, record.octets);
        }
        Ok(())
    }
}

/// Reads version 9 datagrams one after the other; a missing datagram is an
/// error, and so is a record before its template.
#[derive(Debug, Default)]
pub struct Reader9 {
    next: u32,
    /// Type and length of each field.
    templates: BTreeMap<u16, Vec<(u16, usize)>>,
}

impl Reader9 {
    /// Reads the next datagram. Each record's flow, packets and octets.
    pub fn read(&mut self, bytes: &[u8], mut each: impl FnMut(FlowKey, u32, u32)) -> Result<()> {
        let mut rest = Octets(bytes);
        ensure!(rest.number(2)? == 9, "not version 9");
        let mut count = rest.number(2)?;
        let uptime = rest.number(4)?;
        rest.take(4)?;
        let (sequence, domain) = (rest.number(4)?, rest.number(4)?);
        ensure!(
            sequence == u64::from(self.next) && domain == 0,
            "{sequence} of {domain}, for {}",
            self.next
        );
        self.next = self.next.wrapping_add(1);
        while !rest.0.is_empty() {
            let (id, len) = (rest.number(2)? as u16, rest.number(2)? as usize);
            ensure!(len % 4 == 0, "a FlowSet of {len} octets");
            let mut flowset = Octets(rest.take(len.checked_sub(4).context("no length")?)?);
            if id == 0 {
                while !flowset.0.is_empty() {
                    let (template, fields) = (flowset.number(2)? as u16, flowset.number(2)?);
                    let field = |_| Ok((flowset.number(2)? as u16, flowset.number(2)? as usize));
                    let fields = (0..fields).map(field).collect::<Result<_>>()?;
                    self.templates.insert(template, fields);
                    count -= 1;
                }
                continue;
            }
            let template = self.templates.get(&id);
            let template = template.context("a record before its template")?;
            let record_len: usize = template.iter().map(|(_, len)| len).sum();
            while flowset.0.len() >= record_len {
                let fields: BTreeMap<u16, &[u8]> = template
                    .iter()
                    .map(|&(field, len)| Ok((field, flowset.take(len)?)))
                    .collect::<Result<_>>()?;
                let number = |field: u16| {
                    let bytes = fields
                        .get(&field)
                        .with_context(|| format!("no field {field}"))?;
                    Octets(bytes).number(bytes.len())
                };
                let address = |v4: u16, v6: u16| -> Result<IpAddr> {
                    match (fields.get(&v4), fields.get(&v6)) {
                        (Some(bytes), None) => Ok(<[u8; 4]>::try_from(*bytes)?.into()),
                        (None, Some(bytes)) => Ok(<[u8; 16]>::try_from(*bytes)?.into()),
                        _ => bail!("no address, or two"),
                    }
                };
                let key = FlowKey {
                    src: address(8, 27)?,
                    dst: address(12, 28)?,
                    proto: number(4)? as u8,
                    sport: number(7)? as u16,
                    dport: number(11)? as u16,
                    tos: number(5)? as u8,
                };
                let (first, last) = (number(22)? as u32, number(21)? as u32);
                ensure!(
                    is_ordered(first, last) && is_ordered(last, uptime as u32),
                    "times of {key:?}"
                );
                each(key, number(2)? as u32, number(1)? as u32);
                count -= 1;
            }
            ensure!(flowset.0.iter().all(|byte| *byte == 0), "padding is not 0");
        }
        ensure!(count == 0, "{count} more announced than there are");
        Ok(())
    }
}

/// What is left of a datagram.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        ensure!(len <= self.0.len(), "{len} octets of {}", self.0.len());
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, len: usize) -> Result<u64> {
        let octets = self.take(len)?.iter();
        Ok(octets.fold(0, |number, octet| (number << 8) | u64::from(*octet)))
    }
}

/// A socket on which all datagrams go into a `T`, by default a list of them.
pub struct Collector<T = Vec<Vec<u8>>> {
    /// Its UDP port on 127.0.0.1.
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<T>,
}

impl Collector {
    /// Listens on a free port of 127.0.0.1, and keeps every datagram.
    pub fn start() -> Result<Self> {
        Collector::into(Vec::new(), |datagrams, bytes| {
            datagrams.push(bytes.to_vec());
        })
    }
}

impl<T: Send + 'static> Collector<T> {
    /// Listens on a free port of 127.0.0.1, and hands each datagram over at once.
    pub fn into(mut kept: T, each: impl Fn(&mut T, &[u8]) + Send + 'static) -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").context("cannot bind")?;
        // Root may have more than net.core.rmem_max.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20))
            .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &(8 << 20)));
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        let port = socket.local_addr()?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            loop {
                // Known before: what came since is there for the next call.
                let is_last = stopped.load(SeqCst);
                match socket.recv(&mut buffer) {
                    Ok(len) => each(&mut kept, &buffer[..len]),
                    // Nothing more is on its way over loopback.
                    Err(_) if is_last => return kept,
                    Err(_) => {}
                }
            }
        });
        Ok(Collector { port, stop, thread })
    }

    /// What came of everything that arrived.
    pub fn finish(self) -> T {
        self.stop.store(true, SeqCst);
        self.thread.join().expect("the collector's thread")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram of one record, with these times.
    fn datagram(first: u32, last: u32, uptime: u32) -> Vec<u8> {
        let mut bytes = vec![0; 72];
        bytes[..4].copy_from_slice(&[0, 5, 0, 1]);
        bytes[4..8].copy_from_slice(&uptime.to_be_bytes());
        bytes[24 + 19] = 1;
        bytes[24 + 24..24 + 28].copy_from_slice(&first.to_be_bytes());
        bytes[24 + 28..24 + 32].copy_from_slice(&last.to_be_bytes());
        bytes
    }

    #[test]
    fn uptimes_begin_again_after_49_days() {
        let is_fine = |first, last, uptime| totals(&[datagram(first, last, uptime)]).is_ok();
        assert!(is_fine(1, 2, 3));
        assert!(!is_fine(2, 1, 3));
        assert!(!is_fine(1, 4, 3));
        // A flow, or its export, from before to after.
        assert!(is_fine(u32::MAX - 5, u32::MAX, 7));
        assert!(is_fine(u32::MAX - 5, 6, 7));
        assert!(!is_fine(6, u32::MAX, 7));
    }
}
