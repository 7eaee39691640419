// SPDX-License-Identifier: BSD-2-Clause
//! The workloads of the table, what is to be reached in each, and the curves.

use std::iter;
use std::path::Path;

use anyhow::{Context, Result};
use flow_bench::clock::{best, median, PLACES, RUNS};
use flow_bench::cores::{are_two, on_one};
use flow_bench::plot::{self, Curve};
use flow_bench::report::{self, Row};
use flow_bench::workloads::{self, Growth};
use flow_bench::{latency, machine, show};
use flow_workload::traffic::Flow;
use flow_workload::traffic::Popularity::{self, Uniform, Zipf};

/// A figure that should not be above a limit.
struct Limit {
    target: f64,
    unit: &'static str,
}

const NANOS: &str = "ns";

/// Collects rows, and says on the way what is being measured.
struct Table<'a> {
    only: &'a str,
    rows: Vec<Row>,
}

impl Table<'_> {
    fn wants(&self, work: &str) -> bool {
        let wanted = work.contains(self.only);
        if wanted {
            eprintln!("{work}");
        }
        wanted
    }

    fn at_most(&mut self, work: &str, base: &'static str, limit: Limit, figure: f64) {
        let Limit { target, unit } = limit;
        eprintln!("  {work}: {figure:.1} {unit}");
        self.rows.push(Row {
            work: work.into(),
            base,
            target: format!("≤ {target:.0} {unit}"),
            figure: format!("{} {unit}", rounded(figure)),
            floor: None,
            met: Some(figure <= target),
        });
    }

    /// What two cores gain, beside what a bare loop does on them; without a
    /// target it is there to compare with.
    fn two_cores(
        &mut self,
        work: &str,
        base: &'static str,
        target: Option<f64>,
        [here, bare]: [f64; 2],
    ) {
        eprintln!("  {work}: {here:.2} ×, bare {bare:.2} ×");
        self.rows.push(Row {
            work: work.into(),
            base,
            target: target.map_or(String::new(), |target| format!("≥ {target:.2} ×")),
            figure: format!("{here:.2} ×"),
            floor: Some(here / bare),
            met: target.map(|target| here >= target),
        });
    }

    /// A line without a figure.
    fn not_run(&mut self, work: &str, base: &'static str, why: &str) {
        eprintln!("  {work}: not run: {why}");
        self.rows.push(Row {
            work: work.into(),
            base,
            target: String::new(),
            figure: format!("not run: {why}"),
            floor: None,
            met: None,
        });
    }

    /// A hit, beside a read of as much memory as the cache has.
    fn hit(&mut self, flows: u32, popularity: Popularity, base: &'static str, target: f64) {
        let work = format!("hit, {} flows, {popularity:?}", grouped(flows));
        if !self.wants(&work) {
            return;
        }
        let (nanos, octets) = hit(flows, popularity);
        let read = latency::dependent_read(octets);
        let target = if target > 0.0 { target } else { 1.5 * read };
        let limit = Limit {
            target,
            unit: NANOS,
        };
        self.at_most(&work, base, limit, nanos);
        if let Some(row) = self.rows.last_mut() {
            row.floor = Some(nanos / read);
        }
    }
}

/// Nanoseconds of a hit, and octets of the cache.
fn hit(flows: u32, popularity: Popularity) -> (f64, usize) {
    let (runs, octets) = workloads::hit_placed::<PLACES>(flows, popularity);
    (median(runs.map(best)), octets)
}

fn rounded(figure: f64) -> String {
    if figure < 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}

fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Measures the work whose name contains `only`.
pub fn rows(only: &str) -> Result<Vec<Row>> {
    let mut table = Table {
        only,
        rows: Vec::new(),
    };
    let nanos = |target| Limit {
        target,
        unit: NANOS,
    };
    table.hit(1_000, Uniform, "18–26 ns", 20.0);
    table.hit(10_000, Uniform, "28–49 ns", 35.0);
    table.hit(100_000, Uniform, "300–470 ns", 120.0);
    table.hit(1_000_000, Uniform, "1,850–2,000 ns", 0.0);
    table.hit(1_000_000, Zipf, "550–630 ns", 150.0);
    instructions(&mut table);
    growth(&mut table);
    if table.wants("new flow when full") {
        let figure = best(workloads::full(1 << 20));
        table.at_most("new flow when full", "3,000 ns", nanos(500.0), figure);
    }
    if table.wants("connections with FIN") {
        let work = "100,000 connections with FIN, a packet";
        let figure = best(workloads::connections(100_000));
        table.at_most(work, "320 ns", nanos(150.0), figure);
    }
    if table.wants("collisions") {
        let work = "20,000 flows chosen to collide";
        let others = best(workloads::hits_on(20_000, Flow::numbered));
        let chosen = best(workloads::hits_on(20_000, Flow::colliding));
        table.at_most(work, "165,000–375,000 ns", nanos(2.0 * others), chosen);
    }
    timer(&mut table);
    if table.wants("mixed capture") {
        let work = "mixed capture, timer and export included, a packet";
        table.at_most(work, "183–212 ns", nanos(90.0), best(workloads::mixture()));
    }
    show(&mut table)?;
    two_cores(&mut table);
    Ok(table.rows)
}

/// What callgrind counted, which repeats exactly: `tools/instructions.sh` holds
/// it to what is recorded.
fn instructions(table: &mut Table<'_>) {
    for line in include_str!("../instructions/recorded").lines() {
        let Some((work, figure)) = line.split_once(' ') else {
            continue;
        };
        let Some((kind, flows)) = work.split_once(':') else {
            continue;
        };
        let (Ok(flows), Ok(figure)) = (flows.parse(), figure.parse()) else {
            continue;
        };
        let (work, target) = match kind {
            "known" => ("of a hit", 190.0),
            "growing" => (
                "of the worst packet that opens a flow, allocator aside",
                2000.0,
            ),
            _ => continue,
        };
        let base = match (kind, flows) {
            ("known", 1_000) => "182",
            ("known", 100_000) => "227",
            ("known", 1_000_000) => "576",
            _ => "",
        };
        let work = format!("instructions {work}, {} flows", grouped(flows));
        if table.wants(&work) {
            let unit = "instructions";
            table.at_most(&work, base, Limit { target, unit }, figure);
        }
    }
}

fn growth(table: &mut Table<'_>) {
    if !table.wants("new flows") {
        return;
    }
    let limit = |target, unit| Limit { target, unit };
    let flows = 1_000_000;
    let runs = iter::repeat_with(workloads::growth(flows, false)).take(RUNS);
    let Some(growth) = on_one(|| runs.reduce(Growth::min)) else {
        return;
    };
    let work = "new flows of one packet, 0 to 1,000,000";
    table.at_most(work, "1,400–1,600 ns", limit(350.0, NANOS), growth.all);
    let work = "the last tenth of them";
    let target = 1.3 * growth.first;
    table.at_most(work, "2,800 ns", limit(target, NANOS), growth.last);
    let work = "the largest piece of memory that one of them needs";
    table.at_most(work, "", limit(4096.0, "octets"), growth.piece as f64);
    let work = "all memory that one of them needs";
    let most = workloads::most_memory_at_once(flows);
    table.at_most(work, "", limit(4096.0, "octets"), most as f64);
    let work = "memory of an IPv4 flow, at 1,000,000";
    table.at_most(work, "135 octets", limit(88.0, "octets"), growth.octets);
    let growth = workloads::growth(flows, true)();
    let work = "memory of an IPv6 flow, at 1,000,000";
    table.at_most(work, "", limit(136.0, "octets"), growth.octets);
}

fn timer(table: &mut Table<'_>) {
    let micros = |target| Limit {
        target, unit: "µs"
    };
    if table.wants("tick, empty") {
        let work = "timer, empty cache, a second";
        // Four ticks a second.
        let figure = 4.0 * best(workloads::tick_empty()) / 1e3;
        table.at_most(work, "800 µs", micros(2.0), figure);
    }
    if table.wants("tick, none due") {
        for (period, seen) in [(4, "every second"), (40, "every ten seconds")] {
            let work = format!("timer, 1,000,000 live, seen {seen}, a second");
            let figure = best(workloads::tick_none_due(1_000_000, period)) / 1e3;
            table.at_most(&work, "150,000 µs", micros(500.0), figure);
        }
    }
    if table.wants("expiry") {
        let work = "1,000,000 flows expired into v5, each";
        let limit = Limit {
            target: 100.0,
            unit: NANOS,
        };
        table.at_most(
            work,
            "183–200 ns",
            limit,
            best(workloads::expiry(1_000_000)),
        );
    }
}

fn show(table: &mut Table<'_>) -> Result<()> {
    if !table.wants("show") {
        return Ok(());
    }
    let limit = || Limit {
        target: 1000.0,
        unit: "ms",
    };
    let work = "SHOW of 1,000,000 flows, out of the engine";
    let figure = best(workloads::show(1_000_000)) / 1e6;
    table.at_most(work, "", limit(), figure);
    let work = "SHOW of 1,000,000 flows, nghost to `flowctl show` into a file";
    let folder = tempfile::tempdir().context("a folder for files")?;
    let figure = show::end_to_end(1_000_000, folder.path())?;
    table.at_most(work, "", limit(), figure);
    Ok(())
}

fn two_cores(table: &mut Table<'_>) {
    for (flows, base) in [
        (1_000, "1.71 ×"),
        (10_000, "1.42 ×"),
        (100_000, ""),
        (1_000_000, "1.85 ×"),
    ] {
        let work = format!("two cores, {} flows", grouped(flows));
        if !table.wants(&work) {
            continue;
        }
        if !are_two() {
            table.not_run(&work, base, "there is one core");
            continue;
        }
        let gain = workloads::two_cores(flows);
        let target = f64::min(1.9, 0.97 * gain.reads);
        let own = format!("{work}, of their own");
        table.two_cores(&own, base, Some(target), [gain.own, gain.reads]);
        let engines = format!("{work}, of their own, an engine each");
        table.two_cores(&engines, "", None, [gain.engines, gain.reads]);
        let packets = format!("{work}, of their own, a bare loop that reads the packets");
        table.two_cores(&packets, "", None, [gain.packets, gain.reads]);
        let shared = format!("{work}, shared");
        let target = 0.9 * gain.writes;
        table.two_cores(&shared, base, Some(target), [gain.shared, gain.writes]);
    }
}

/// Flows of the curve's points.
const COUNTS: [u32; 12] = [
    100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 1_500_000, 2_000_000,
    4_000_000,
];

/// Measures all, and writes it into the document and into plots beside it.
pub fn document(path: &Path) -> Result<()> {
    let rows = rows("")?;
    let mut curves = [
        "a hit, all flows alike",
        "a hit, Zipf(1.0)",
        "one dependent read of as much memory",
    ]
    .map(|name| Curve {
        name,
        points: Vec::new(),
    });
    let mut table = String::from("| flows | uniform | Zipf(1.0) | one read |\n|---|---|---|---|\n");
    for flows in COUNTS {
        eprintln!("curve, {} flows", grouped(flows));
        let (uniform, octets) = hit(flows, Uniform);
        let (zipf, _) = hit(flows, Zipf);
        let read = latency::dependent_read(octets);
        for (curve, nanos) in curves.iter_mut().zip([uniform, zipf, read]) {
            curve.points.push((f64::from(flows), nanos));
        }
        table.push_str(&format!(
            "| {} | {uniform:.0} ns | {zipf:.0} ns | {read:.0} ns |\n",
            grouped(flows)
        ));
    }
    let plot = path.with_file_name("hit.svg");
    plot::draw(&plot, "A packet of a known flow", "nanoseconds", &curves)?;
    report::replace(path, "machine", &format!("{}\n", machine::describe()))?;
    report::replace(path, "table", &report::table(&rows))?;
    report::replace(path, "curve", &table)
}
