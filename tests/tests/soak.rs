// SPDX-License-Identifier: BSD-2-Clause
//! nghost at full speed for as long as `SOAK_SECONDS` says, a few by default:
//! its memory stays flat, sums are exact at collectors of both versions, no
//! sequence number is missing, and flows that go on are accounted to the octet
//! beside those that come and go. `make soak MINUTES=60` is the long one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{ensure, Result};
use end_to_end::collector::{Collector, Reader5, Reader9};
use end_to_end::frames::{frame, Transport};
use end_to_end::oracle::FlowKey;
use end_to_end::programs::{accounted, article_script, export9_script, value, Nghost};
use nix::sys::stat::Mode;

/// Flows that go on all the time, from 10.0.0.0 on.
const STEADY: u32 = 1000;
/// Time between packets, in the capture's own microseconds: 50,000 a second.
const INTERVAL: u64 = 20;
/// Of the replay's time, all timeouts are over and the cache has its size.
const WARM: Duration = Duration::from_secs(40);
/// How often memory is looked at.
const SAMPLES: u32 = 200;
/// Memory in the second half may be so much above that of the first: what an
/// allocator keeps back for itself.
const SLACK: u64 = 4 << 20;

/// Packets and octets.
type Sum = (u64, u64);

fn add(sum: &mut Sum, packets: u64, octets: u64) {
    sum.0 += packets;
    sum.1 += octets;
}

/// What was sent into nghost, or came out of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Account {
    v4: Sum,
    v6: Sum,
    steady: BTreeMap<IpAddr, Sum>,
}

impl Account {
    fn add(&mut self, src: IpAddr, packets: u64, octets: u64) {
        let version = match src {
            IpAddr::V4(_) => &mut self.v4,
            IpAddr::V6(_) => &mut self.v6,
        };
        add(version, packets, octets);
        if matches!(src, IpAddr::V4(src) if src.octets()[0] == 10) {
            add(self.steady.entry(src).or_default(), packets, octets);
        }
    }
}

/// What a collector saw: the first thing that was wrong, or all there was.
struct Seen<R> {
    reader: R,
    datagrams: u64,
    outcome: Result<Account>,
}

impl<R: Default + Send + 'static> Seen<R> {
    fn collect(
        read: impl Fn(&mut R, &[u8], &mut dyn FnMut(FlowKey, u32, u32)) -> Result<()> + Send + 'static,
    ) -> Result<Collector<Self>> {
        let nothing = Seen {
            reader: R::default(),
            datagrams: 0,
            outcome: Ok(Account::default()),
        };
        Collector::into(nothing, move |seen, bytes| {
            let Ok(account) = &mut seen.outcome else {
                return;
            };
            seen.datagrams += 1;
            let done = read(&mut seen.reader, bytes, &mut |key, packets, octets| {
                account.add(key.src, packets.into(), octets.into());
            });
            if let Err(error) = done {
                seen.outcome = Err(error);
            }
        })
    }
}

/// Writes a capture of raw traffic into a pipe until it is to stop: half of it
/// of steady flows, the rest of flows of one packet, of flows that TCP ends,
/// and of IPv6.
fn traffic(pipe: &Path, stop: &AtomicBool) -> Result<Account> {
    let mut out = BufWriter::with_capacity(1 << 16, File::create(pipe)?);
    let mut header = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    header.extend([0; 8]);
    header.extend([0xff, 0xff, 0, 0, 1, 0, 0, 0]);
    out.write_all(&header)?;

    let to: IpAddr = Ipv4Addr::new(192, 0, 2, 1).into();
    let to6: IpAddr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into();
    let mut account = Account::default();
    for n in 0u64.. {
        if n % 4096 == 0 && stop.load(SeqCst) {
            break;
        }
        // Each kind of short flow has numbers of its own, below 10.0.0.0.
        let short = (n / 16) as u32 % 0x0400_0000;
        let fleeting = |kind: u32| IpAddr::from(Ipv4Addr::from(kind << 26 | short | 0x8000_0000));
        let len = 40 + (n * 7919 % 1400) as usize;
        let (src, dst, transport) = match n % 16 {
            0..8 => {
                let steady = (n / 16 * 8 + n % 16) as u32 % STEADY;
                let src = Ipv4Addr::from(0x0a00_0000 | steady).into();
                (src, to, Transport::Udp(1, 2))
            }
            8 | 9 => (fleeting(0), to, Transport::Tcp(n as u16, 80, 0x10)),
            10 | 11 => (fleeting(1), to, Transport::Udp(n as u16, 53)),
            12 => (fleeting(2), to, Transport::Tcp(1, 80, 0x02)),
            13 => (fleeting(2), to, Transport::Tcp(1, 80, 0x11)),
            _ => {
                let src = Ipv6Addr::new(
                    0x2001,
                    0xdb8,
                    1,
                    0,
                    0,
                    0,
                    (short >> 16) as u16,
                    short as u16,
                );
                (src.into(), to6, Transport::Udp(n as u16, 53))
            }
        };
        let len = if src.is_ipv6() { len + 20 } else { len };
        account.add(src, 1, len as u64);
        let mut bytes = frame(src, dst, transport, len);
        // No one reads more, and full speed is not about copying.
        bytes.truncate(96);
        let at = n * INTERVAL;
        for number in [
            1_800_000_000 + (at / 1_000_000) as u32,
            (at % 1_000_000) as u32,
            bytes.len() as u32,
            14 + len as u32,
        ] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&bytes)?;
    }
    out.flush()?;
    Ok(account)
}

#[test]
fn memory_is_flat_and_sums_are_exact() -> Result<()> {
    let seconds = std::env::var("SOAK_SECONDS").map_or(Ok(5), |text| text.parse())?;
    let lasts = Duration::from_secs(seconds);
    let folder = tempfile::tempdir()?;
    let pipe: PathBuf = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU)?;
    let collector = Seen::collect(|reader: &mut Reader5, bytes, each| reader.read(bytes, each))?;
    let collector9 = Seen::collect(|reader: &mut Reader9, bytes, each| reader.read(bytes, each))?;

    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (pipe, stop) = (pipe.clone(), Arc::clone(&stop));
        std::thread::spawn(move || traffic(&pipe, &stop))
    };
    let interface = format!("em0,index=1,pace=fast,capture={}", value(&pipe));
    let args = ["--hold", "--exit-at-end", "--export-rate", "5000"];
    let nghost = Nghost::start(
        folder.path(),
        &[&args[..], &["--interface", &interface]].concat(),
    )?;
    let timeouts = "msg netflow: settimeouts { inactive=10 active=30 }\n";
    nghost
        .script(&(article_script(collector.port) + &export9_script(collector9.port) + timeouts))?;
    nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;

    let begun = Instant::now();
    let mut memory = Vec::new();
    while begun.elapsed() < lasts {
        std::thread::sleep((lasts / SAMPLES).max(Duration::from_millis(20)));
        nghost.ok("ngctl-rs", &["msg", "netflow:", "info"])?;
        memory.push((begun.elapsed(), nghost.resident()?));
    }
    stop.store(true, SeqCst);
    let sent = writer.join().expect("the writer's thread")?;
    let took = begun.elapsed();
    let (status, log) = nghost.wait()?;
    ensure!(status == Some(0), "{status:?}: {log}");

    let packets = sent.v4.0 + sent.v6.0;
    for (name, expected) in [
        ("received", packets),
        ("expired", packets),
        ("handed_over", 2 * sent.v4.0 + sent.v6.0),
        ("unaccounted", 0),
        ("refused", 0),
        ("pending", 0),
        ("records evicted", 0),
    ] {
        let found = accounted(&log, name)?;
        ensure!(found == expected, "{name}={found}, not {expected}: {log}");
    }
    let (seen, seen9) = (collector.finish(), collector9.finish());
    let (account, account9) = (seen.outcome?, seen9.outcome?);
    ensure!(account.v4 == sent.v4 && account.steady == sent.steady);
    ensure!(account9 == sent, "version 9");
    println!(
        "{packets} packets in {} s, {} a second; {} and {} datagrams, all there",
        took.as_secs(),
        packets / took.as_secs().max(1),
        seen.datagrams,
        seen9.datagrams
    );

    // When all timeouts of the capture's time are over, in real time.
    let replayed = Duration::from_micros(packets * INTERVAL);
    let warm = took.mul_f64(WARM.as_secs_f64() / replayed.as_secs_f64());
    memory.retain(|(at, _)| *at > warm);
    let (first, second) = memory.split_at(memory.len() / 2);
    let most = |samples: &[(Duration, u64)]| samples.iter().map(|(_, octets)| *octets).max();
    match (most(first), most(second)) {
        (Some(first_most), Some(second_most)) if memory.len() >= 10 => {
            println!(
                "memory: {} KiB at most in the first half, {} in the second, {} samples",
                first_most / 1024,
                second_most / 1024,
                memory.len()
            );
            ensure!(second_most < first_most + SLACK, "memory grows");
        }
        _ => println!(
            "not run: {} s of replay are too few to see memory in",
            replayed.as_secs()
        ),
    }
    Ok(())
}
