// SPDX-License-Identifier: BSD-2-Clause
//! A node at work for as long as one likes: packets from the kernel as fast as
//! they go, hooks that come and go, messages, a collector that looks at every
//! sequence number; in the end no packet is missing and no memory.

use super::{Scenario, USUAL};
use crate::{collectors::Collected, count, guest::Guest};
use anyhow::{ensure, Context, Result};
use std::time::{Duration, Instant};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "hours of load, hooks and messages: sums exact, no gap, memory flat (VM_SOAK_HOURS)",
    limit: 1_000_000,
    is_bench: true,
    story,
    ..USUAL
};

/// Sources, each with an interface and a process of its own.
const SOURCES: u32 = 4;

/// A source's packets at a time: of 2,000 flows, and each time of others. They
/// come again after so many rounds.
const PACKETS: u32 = 50_000;
const FLOWS: u32 = 2_000;
const ROUNDS: u32 = 10;

/// What the collector has had.
const COLLECTED: &str = "/tmp/collected";

/// Octets of memory for all of these flows at once, however fast the machine: a
/// record has 64, and a page of them may be half empty. Before them come a page,
/// a directory and a piece of the index for each of 256 shards.
const MOST: u64 = (SOURCES * FLOWS * ROUNDS) as u64 * 128 + 256 * 10_240;

fn story(guest: &mut Guest) -> Result<()> {
    let hours: f64 = match std::env::var("VM_SOAK_HOURS") {
        Ok(hours) => hours.parse().context("VM_SOAK_HOURS")?,
        Err(_) => 0.05,
    };
    guest.load_test()?;
    wire(guest)?;
    fill(guest)?;
    let first = at_rest(guest)?;
    let mut jobs = Vec::new();
    for load in loops() {
        jobs.push(guest.beside(&load)?);
    }

    let begun = Instant::now();
    let end = begun + Duration::from_secs_f64(hours * 3600.0);
    let mut before = 0;
    while Instant::now() < end {
        guest.wait(60_000);
        let packets = guest.counted("netflow")?;
        let memory = guest.memory()?;
        let collected = Collected::read(guest, COLLECTED)?;
        println!(
            "    minute {}: {packets} packets, {memory} octets in use, collected {collected:?}",
            begun.elapsed().as_secs() / 60
        );
        if !collected.in_order() {
            let why = guest.ok("ngctl msg netflow: info; netstat -Q; netstat -s -p udp")?;
            anyhow::bail!("{collected:?}: {why}");
        }
        ensure!(packets > before, "no more packets than {before}");
        before = packets;
        ensure!(memory <= MOST, "{memory} octets in use");
    }

    // The collector alone goes on.
    for job in jobs {
        guest.halt(job)?;
    }
    guest.until("pgrep -x ngctl || echo none", "none", 60)?;
    // Every record gone, its memory is there again.
    let last = at_rest(guest)?;
    ensure!(last <= first, "{last} octets in use at rest, {first} before");
    guest.ok("ngctl shutdown netflow: && ngctl shutdown sink:")?;
    guest.wait(3000);
    let collected = Collected::read(guest, COLLECTED)?;
    guest.stop()?;
    count::end(guest)?;

    let account = guest.account()?;
    let handed_over = account.packets("handed_over")?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    ensure!(
        collected.in_order() && collected.packets == handed_over,
        "{collected:?}, but {account}"
    );
    guest.note(format!(
        "{hours} h, {} packets, {} records without a gap",
        account.packets("received")?,
        collected.records
    ));
    Ok(())
}

fn wire(guest: &mut Guest) -> Result<()> {
    // Datagrams must not be lost in the guest's own stack, of which a burst
    // would fill what is usual.
    guest.ok(
        "sysctl kern.ipc.maxsockbuf=16777216 net.inet.udp.recvspace=4194304 \
        net.inet.ip.intr_queue_maxlen=4096",
    )?;
    guest.beside(&format!("exec vm-guest collect 4444 {COLLECTED}"))?;
    guest.until("netstat -an -p udp", "*.4444", 30)?;
    let mut script = String::new();
    for n in 0..SOURCES {
        script += &format!(
            "mkpeer vmtest x{n} x
             name .:x{n} source{n}
"
        );
    }
    script += "mkpeer source0: netflow out iface0
        name source0:out netflow
        mkpeer netflow: vmtest out0 in0
        name netflow:out0 sink
";
    for n in 1..SOURCES {
        script += &format!(
            "connect source{n}: netflow: out iface{n}
             connect sink: netflow: in{n} out{n}
"
        );
    }
    // A source whose hook is taken away stays.
    for n in 0..SOURCES {
        script += &format!("connect source{n}: sink: stay stay{n}\n");
    }
    script += "mkpeer netflow: ksocket export inet/dgram/udp
        msg netflow:export connect inet/127.0.0.1:4444
";
    guest.ngctl(&script)?;
    Ok(())
}

/// Every flow there will be, all at once, and every interface: what the node keeps
/// when these are gone is all that it ever may.
fn fill(guest: &mut Guest) -> Result<()> {
    let all = FLOWS * ROUNDS;
    let mut script = String::from("msg netflow: settimeouts { inactive=600 active=600 }\n");
    for n in 0..SOURCES {
        let first = n * all;
        script += &format!("msg source{n}: send {{ packets={all} flows={all} first={first} }}\n");
    }
    script += "mkpeer netflow: hub iface200 x
        shutdown netflow:iface200
        msg netflow: settimeouts { inactive=2 active=5 }
";
    guest.ngctl(&script)?;
    Ok(())
}

/// Octets that the node keeps when every record is gone.
fn at_rest(guest: &mut Guest) -> Result<u64> {
    guest.until("ngctl msg netflow: info | grep -c used; true", "0\n", 60)?;
    guest.memory()
}

/// What goes on beside, each without end.
fn loops() -> [String; 2] {
    let last = SOURCES - 1;
    let sources: String = (0..SOURCES)
        .map(|n| {
            format!(
                "ngctl msg source{n}: send \"{{ packets={PACKETS} flows={FLOWS} first=$(( ({n} * {ROUNDS} + n) * {FLOWS} )) }}\" &
                "
            )
        })
        .collect();
    // A hook or a message that changes something keeps packets out for a moment,
    // in which sources that do not wait fill netgraph's queue: datagrams would
    // find no place in it and be lost, counted. So these come between.
    let changes = format!(
        "n=0
        while :; do
            {sources}wait
            n=$(( (n + 1) % {ROUNDS} ))
            ngctl rmhook netflow: iface{last}
            ngctl connect source{last}: netflow: out iface{last}
            ngctl rmhook netflow: out1
            ngctl connect sink: netflow: again out1
            ngctl mkpeer netflow: hub iface200 x
            ngctl shutdown netflow:iface200
            for message in 'settimeouts {{ inactive=2 active=5 }}' \\
                'setconfig {{ iface=1 conf=3 }}' 'setconfig {{ iface=1 conf=1 }}'; do
                ngctl msg netflow: $message
            done
        done"
    );
    let questions = "while :; do
            for message in info 'ifinfo 0' v9info; do
                ngctl msg netflow: $message
            done
            flowctl netflow: show
            sleep 0.5
        done";
    [changes, questions.into()]
}
