// SPDX-License-Identifier: BSD-2-Clause
//! Packets as a kernel has them in its hands: in chains of mbufs, cut anywhere,
//! with their VLAN in the mbuf, of 64 KB with segments left to a NIC, with a send tag,
//! without an address, without a link header. What is counted, and what is passed on, is
//! what the packet says.

use super::{Scenario, USUAL};
use crate::{
    drive::{capture_name, MADE},
    guest::{Guest, BASE, HOST, OURS},
    made,
};
use anyhow::{ensure, Context, Result};
use end_to_end::{
    collector::{totals, totals9, Collector},
    oracle::{self, Totals},
};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "chains of small mbufs, VLAN tags, DLT_RAW and 64 KB packets: exact, and as base counts",
    limit: 600,
    story,
    ..USUAL
};

/// One way to cut, vmtest's `cut`'s, and how many of each frame it makes.
struct Plan {
    how: &'static str,
    times: u64,
    /// Base's module pulls headers up, which are not to be had here.
    ours_only: bool,
}

const fn plan(how: &'static str, times: u64) -> Plan {
    Plan { how, times, ours_only: false }
}

/// What can be behind an Ethernet header. All headers together have at most 98
/// octets: Ethernet's, a tag, IPv6's, TCP's with options.
const ETHERNET: &[Plan] = &[
    plan("first=2048 last=2048", 1),
    plan("first=1 last=100", 100),
    plan("first=1 last=100 empty=1", 100),
    plan("first=1 last=1 piece=1", 1),
    plan("first=1 last=1 piece=1 empty=1", 1),
    plan("first=1 last=20 piece=7", 20),
    plan("first=1 last=100 tag=1", 100),
    plan("first=1 last=1 piece=1 tag=1", 1),
    // CSUM_IP_TSO, CSUM_IP6_TSO, CSUM_TCP and what was received whole (LRO).
    plan("first=60 last=70 csum=0x1014 segment=1448", 11),
    plan("first=60 last=70 csum=0x20200 segment=1428", 11),
    plan("first=60 last=70 csum=0xf000000", 11),
    // The headers are mapped, as a stack makes them; then no matter what.
    plan("first=100 last=110 unmapped=1", 11),
    Plan { how: "first=1 last=99 unmapped=1", times: 99, ours_only: true },
    // CSUM_SND_TAG: a send tag, which base takes for the interface.
    Plan { how: "first=60 last=70 csum=0x80000000", times: 11, ours_only: true },
];

/// What can be where there is none.
const RAW: &[Plan] = &[
    plan("raw=1 first=2048 last=2048", 1),
    plan("raw=1 first=1 last=90", 90),
    plan("raw=1 first=1 last=90 empty=1", 90),
    plan("raw=1 first=1 last=1 piece=1", 1),
    plan("raw=1 first=60 last=70 csum=0x1014 segment=1448", 11),
];

/// DLT_EN10MB and DLT_RAW.
const LINKS: [(u8, &[Plan]); 2] = [(1, ETHERNET), (12, RAW)];

/// The captures with the strangest headers have few packets.
const SMALL: u64 = 8192;

fn story(guest: &mut Guest) -> Result<()> {
    guest.load_test()?;
    // So much at once, from a socket.
    guest.ok("sysctl net.graph.maxdgram=131072")?;
    let mut packets = 0;
    for module in [BASE, OURS] {
        guest.ok("kldunload ng_netflow")?;
        guest.load(module)?;
        for (link, plans) in LINKS {
            packets += made_frames(guest, module, link, plans)
                .with_context(|| format!("{module}, data link {link}"))?;
        }
    }
    guest.note(format!("{packets} packets of known frames"));
    captures(guest)?;
    guest.ok("sysctl net.graph.maxdgram=20480")?;
    guest.until("kldunload vmtest 2>&1 && echo gone", "gone", 20)?;
    Ok(())
}

/// Known frames, in every way of a data link: exactly as known. How many.
fn made_frames(guest: &mut Guest, module: &str, link: u8, plans: &[Plan]) -> Result<u64> {
    let (v5, v9) = (Collector::start()?, Collector::start()?);
    wire(guest, link, v5.port, v9.port)?;
    let mut times = 0;
    for plan in plans.iter().filter(|plan| module == OURS || !plan.ours_only) {
        let sums = pass(guest, plan, &format!("/mnt/{MADE}"))
            .with_context(|| plan.how)?;
        times += plan.times;
        ensure!(sums.failed == 0, "{}: {sums:?}", plan.how);
        // Base pulls headers up; what they hold is the same.
        let as_sent = match module {
            OURS => sums.sent == sums.back,
            _ => sums.sent[..2] == sums.back[..2] && sums.sent[3] == sums.back[3],
        };
        ensure!(as_sent, "not passed on as it came, {}: {sums:?}", plan.how);
        let copies = plan.times * made::frames().len() as u64;
        ensure!(sums.sent[0] == copies, "{copies} copies: {sums:?}");
    }
    // No packet came in by an interface, whatever lies where that would be named.
    let interfaces = guest.ok(
        "for family in ipv4 ipv6; do /mnt/bin/flowctl netflow show $family; done |
        awk '$1 != \"SrcIf\" { print $1 }' | sort -u",
    )?;
    ensure!(module != OURS || interfaces.trim() == "0", "came in by {interfaces}");
    guest.ok("ngctl shutdown netflow:")?;
    guest.wait(500);
    let expected = made::totals(times);
    let by_v9 = totals9(&v9.finish())?;
    agree(&by_v9, &expected)?;
    let mut only_v4 = expected;
    only_v4.retain(|key, _| key.src.is_ipv4());
    agree(&totals(&v5.finish())?, &only_v4)?;
    Ok(made::frames().len() as u64 * times)
}

/// The captures that others have made, cut up; ours only, as base refuses some
/// of what is in them.
fn captures(guest: &mut Guest) -> Result<()> {
    let Some(shared) = oracle::shared() else {
        guest.note("captures: not run, ../shared is absent".into());
        return Ok(());
    };
    let is_small = |path: &std::path::PathBuf| path.metadata().is_ok_and(|file| file.len() < SMALL);
    let is_ethernet = |path: &std::path::PathBuf| {
        std::fs::read(path).is_ok_and(|file| file.get(20..24) == Some(&[1, 0, 0, 0]))
    };
    let files: Vec<_> = oracle::captures(&shared)?
        .into_iter()
        .filter(|path| is_small(path) && is_ethernet(path))
        .collect();
    let names = files.iter().map(|file| capture_name(file)).collect::<Result<Vec<_>>>()?.join(" ");

    let v9 = Collector::start()?;
    wire(guest, 1, v9.port, v9.port)?;
    guest.ok("ngctl rmhook netflow: export")?;
    let mut times = 0;
    for plan in ETHERNET {
        let sums = pass(guest, plan, &names)?;
        ensure!(sums.sent == sums.back, "not passed on as it came, {}: {sums:?}", plan.how);
        times += plan.times;
    }
    guest.ok("ngctl shutdown netflow:")?;
    guest.wait(500);
    let mut expected = Totals::new();
    for account in oracle::ask(&shared, &files)? {
        for (key, (packets, octets)) in account.v4.into_iter().chain(account.v6) {
            let total = expected.entry(key).or_default();
            *total = (total.0 + packets * times, total.1 + octets * times);
        }
    }
    agree(&totals9(&v9.finish())?, &expected)?;
    guest.note(format!("{} captures {times} times as the oracle counts", files.len()));
    Ok(())
}

fn agree(found: &Totals, expected: &Totals) -> Result<()> {
    let wrong: Vec<String> = expected
        .iter()
        .filter(|(key, total)| found.get(key) != Some(*total))
        .map(|(key, total)| format!("{key:?}: {:?}, not {total:?}", found.get(key)))
        .chain(
            found
                .keys()
                .filter(|key| !expected.contains_key(key))
                .map(|key| format!("{key:?}: nobody sent it")),
        )
        .collect();
    ensure!(wrong.is_empty(), "{} flows are wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// `cut` before the node and behind it.
fn wire(guest: &mut Guest, link: u8, v5: u16, v9: u16) -> Result<()> {
    guest.ngctl(&format!(
        "mkpeer cut x y
         name .:x cut
         mkpeer cut: netflow out iface0
         name cut:out netflow
         connect netflow: cut: out0 back
         msg netflow: setdlt {{ iface=0 dlt={link} }}
         msg netflow: settimeouts {{ inactive=600 active=600 }}
         msg netflow: settemplate {{ time=1 packets=1 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/{HOST}:{v5}
         mkpeer netflow: ksocket export9 inet/dgram/udp
         msg netflow:export9 connect inet/{HOST}:{v9}"
    ))?;
    Ok(())
}

/// What went out of `cut`, and what came back.
#[derive(Debug)]
struct Sums {
    /// Packets, octets, mbufs, and the sum over all that they say.
    sent: [u64; 4],
    back: [u64; 4],
    failed: u64,
}

fn pass(guest: &mut Guest, plan: &Plan, files: &str) -> Result<Sums> {
    guest.ok(&format!("ngctl msg cut: plan '{{ {} }}'", plan.how))?;
    guest.ok("ngctl msg cut: sums")?;
    guest.ok(&format!("cd /mnt/captures && vm-guest pass cut: in {files}"))?;
    let answer = guest.ok("ngctl msg cut: sums")?;
    let part = |name: &str| -> Result<[u64; 4]> {
        let from = answer.split_once(&format!("{name}={{")).with_context(|| answer.clone())?.1;
        let part = from.split('}').next().unwrap_or_default();
        Ok([
            number(part, "packets"),
            number(part, "octets"),
            number(part, "mbufs"),
            number(part, "sum"),
        ])
    };
    Ok(Sums {
        sent: part("sent")?,
        back: part("back")?,
        failed: number(&answer, "failed"),
    })
}

/// A field, which is not there if it is 0.
fn number(text: &str, name: &str) -> u64 {
    let prefix = format!("{name}=");
    let digits = text.split_whitespace().find_map(|word| word.strip_prefix(&prefix));
    let digits = digits.unwrap_or("0");
    match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).unwrap_or_default(),
        None => digits.parse().unwrap_or_default(),
    }
}
