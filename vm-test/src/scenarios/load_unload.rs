// SPDX-License-Identifier: BSD-2-Clause
//! Loading and unloading, two hundred times, leaves the kernel as it was.

use super::{Scenario, USUAL};
use crate::guest::{Guest, BASE, OURS};
use anyhow::{ensure, Result};
use std::collections::BTreeMap;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "200 times loaded, wired, used and unloaded leave nothing behind",
    limit: 900,
    story,
    ..USUAL
};

/// Cycles of loading, use and unloading.
const CYCLES: u32 = 200;

/// Cycles of base's module before: the kernel's own books grow with the first
/// modules that come and go, with KASAN by hundreds.
const BASES_CYCLES: u32 = 50;

/// Zones that are not compared, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("zone mbuf", "mbufs in stock count as used here; netstat(1) knows better"),
    ("zone vm pgcache", "pages of whatever there is, files among them"),
];

/// Zones that grow and shrink by themselves, and why; all others, all types of
/// malloc(9) and all mbufs must be back where they were. These may not grow by
/// one for each cycle either, as they would if something were left behind.
const RESTLESS: &[(&str, &str)] = &[
    ("Bucket", "the allocator's stocks, by their size"),
    ("UMA Slabs", "its books of pages cut into pieces"),
    ("vmem btag", "books of the kernel's address space"),
    ("RADIX NODE", "indexes of the pages of files that are in memory"),
    ("DEVCTL", "events for devd(8), which does not run here"),
    ("zone malloc-", "malloc(9) by size: a type with as many pieces has larger ones"),
    ("buf free cache", "the disk cache's stock on each processor"),
];

/// What each thread has one of. A process that ended keeps its thread for the next,
/// on each processor, so that these may grow with the threads, and only with them:
/// those that live are counted, and may not be more.
const OF_A_THREAD: &[&str] =
    &["zone THREAD", "zone kstack_cache", "zone FPU_save_area", "zone ksiginfo", "malloc kdtrace"];

/// More processes at once than a cycle has: FreeBSD keeps what belongs to a
/// process that ended, with a thread, for the next. All are there until they are
/// killed, however slow the host is.
const PROCESSES: &str =
    "n=0; while [ $n -lt 80 ]; do sleep 600 & all=\"$all $!\"; n=$((n + 1)); done; kill $all; wait; true";

fn story(guest: &mut Guest) -> Result<()> {
    guest.expect("kldstat -v -n ng_netflow.ko", "ng_netflow")?;
    guest.expect("ngctl types", "netflow       0")?;

    let pair = guest.pair()?;
    let near = &pair.near;
    guest.ngctl(&format!("mkpeer {near}: netflow lower iface0"))?;
    guest.expect("ngctl types", "netflow       1")?;
    guest.refused("kldunload ng_netflow", "Device busy")?;
    guest.is_loaded(OURS)?;
    guest.ok(&format!("ngctl shutdown {near}:lower && kldunload ng_netflow"))?;

    // Load, wire, 3 packets, unwire, unload.
    let cycles = |module: &str, count: u32| {
        format!(
            "n=0; while [ $n -lt {count} ]; do
                kldload {module} &&
                ngctl mkpeer {near}: netflow lower iface0 &&
                ngctl connect {near}: {near}:lower upper out0 &&
                ping -q -c 3 -i 0.01 192.168.1.2 &&
                ngctl msg {near}:lower info &&
                ngctl shutdown {near}:lower &&
                kldunload ng_netflow || exit
                n=$((n + 1))
            done"
        )
    };
    guest.ok(PROCESSES)?;
    guest.ok(&cycles(BASE, BASES_CYCLES))?;
    guest.expect(&cycles(OURS, 1), "IPv4 packets=3")?;
    let before = usage(guest)?;
    for done in (0..CYCLES).step_by(20) {
        let output = guest.ok(&cycles(OURS, 20))?;
        let counted = output.matches("IPv4 packets=3").count();
        ensure!(counted == 20, "{counted} good cycles of {done}..{}:\n{output}", done + 20);
    }
    let after = usage(guest)?;

    let grown: Vec<String> = after
        .iter()
        .filter(|(name, _)| !ELSEWHERE.iter().any(|(zone, _)| name.starts_with(zone)))
        .filter_map(|(name, now)| {
            let was = before.get(name).copied().unwrap_or(0);
            let is_restless = RESTLESS.iter().any(|(zone, _)| name.contains(zone));
            let allowed = if is_restless { i64::from(CYCLES) - 1 } else { 0 };
            (*now > was + allowed).then(|| format!("{name}: {was}, now {now}"))
        })
        .collect();
    ensure!(grown.is_empty(), "more in use after {CYCLES} cycles: {grown:?}");
    let same = after.iter().filter(|(name, now)| before.get(*name) == Some(*now));
    guest.note(format!(
        "{CYCLES} cycles, {} of {} kinds of memory exactly as before, none grown",
        same.count(),
        after.len()
    ));
    guest.load(OURS)
}

/// What is in use, by malloc(9) type, by zone and of mbufs.
fn usage(guest: &mut Guest) -> Result<BTreeMap<String, i64>> {
    // Threads that ended are cleared away every few seconds.
    guest.wait(6000);
    let mut usage = BTreeMap::new();
    for line in guest.ok("vmstat -m")?.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let numbers = words.iter().position(|word| word.parse::<i64>().is_ok());
        if let Some(at) = numbers {
            usage.insert(format!("malloc {}", words[..at].join(" ")), words[at].parse()?);
        }
    }
    for line in guest.ok("vmstat -z")?.lines() {
        let Some((name, numbers)) = line.split_once(':') else {
            continue;
        };
        let numbers: Vec<&str> = numbers.split(',').map(str::trim).collect();
        if let Some(used) = numbers.get(2).and_then(|used| used.parse().ok()) {
            usage.insert(format!("zone {name}"), used);
        }
    }
    let threads = usage.get("zone THREAD").copied().unwrap_or_default();
    for kind in OF_A_THREAD {
        usage.entry((*kind).to_string()).and_modify(|count| *count -= threads);
    }
    let live = guest.ok("ps -axH -o lwp= | wc -l")?;
    usage.insert("threads that live".to_string(), live.trim().parse()?);
    for line in guest.ok("netstat -m")?.lines().filter(|line| line.contains(" in use (")) {
        if let Some((numbers, name)) = line.split_once(' ') {
            let current = numbers.split('/').next().unwrap_or_default();
            usage.insert(name.to_string(), current.parse()?);
        }
    }
    Ok(usage)
}
