// SPDX-License-Identifier: BSD-2-Clause
//! The workloads of the table under criterion, to compare one change with the
//! next: `cargo bench -p flow-bench`, some of them with ` -- NAME`. It keeps
//! what it measured, and says whether the next run differs.
#![allow(missing_docs, reason = "criterion's macros make functions without")]

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    criterion_group, criterion_main, BenchmarkGroup, Criterion, SamplingMode, Throughput,
};
use flow_bench::workloads::{self, PACKETS};
use flow_workload::traffic::Flow;
use flow_workload::traffic::Popularity::{Uniform, Zipf};

type Group<'a> = BenchmarkGroup<'a, WallTime>;
type Run = Box<dyn FnMut() -> f64>;

/// A workload of so many packets or flows, by its own clock; it is prepared
/// only if it is wanted.
fn bench(group: &mut Group<'_>, name: &str, elements: usize, prepare: impl Fn() -> Run) {
    let mut prepared = None;
    group.throughput(Throughput::Elements(elements as u64));
    group.bench_function(name, |bencher| {
        let run = prepared.get_or_insert_with(&prepare);
        bencher.iter_custom(|times| {
            let nanos: f64 = (0..times).map(|_| run()).sum();
            Duration::from_nanos((nanos * elements as f64) as u64)
        });
    });
}

fn engine(criterion: &mut Criterion) {
    const MILLION: u32 = 1_000_000;
    let mut group = criterion.benchmark_group("engine");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(1));
    for flows in [1_000, 10_000, 100_000, MILLION] {
        bench(&mut group, &format!("hit, {flows} flows"), PACKETS, || {
            Box::new(workloads::hit(flows, Uniform).0)
        });
    }
    bench(&mut group, "hit, 1000000 flows, Zipf", PACKETS, || {
        Box::new(workloads::hit(MILLION, Zipf).0)
    });
    bench(&mut group, "hit, flows made to collide", PACKETS, || {
        Box::new(workloads::hits_on(20_000, Flow::colliding))
    });
    bench(&mut group, "new flow", MILLION as usize, || {
        let mut run = workloads::growth(MILLION, false);
        Box::new(move || run().all)
    });
    bench(&mut group, "new flow when full", 2 << 20, || {
        Box::new(workloads::full(1 << 20))
    });
    bench(&mut group, "connections", 600_000, || {
        Box::new(workloads::connections(100_000))
    });
    bench(&mut group, "tick, empty cache", 1_000, || {
        Box::new(workloads::tick_empty())
    });
    bench(&mut group, "ticks of a second, none due", 30, || {
        Box::new(workloads::tick_none_due(MILLION, 4))
    });
    bench(&mut group, "expiry", MILLION as usize, || {
        Box::new(workloads::expiry(MILLION))
    });
    bench(&mut group, "mixed capture", 2_000_000, || {
        Box::new(workloads::mixture())
    });
    bench(&mut group, "SHOW", 1, || Box::new(workloads::show(MILLION)));
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
