// SPDX-License-Identifier: BSD-2-Clause
//! The hot workloads under criterion, to compare one change with the next:
//! `cargo bench -p flow-bench`.
#![allow(missing_docs, reason = "criterion's macros make functions without")]

use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use flow_bench::workloads::{hits, Bed};
use flow_workload::traffic::Popularity;

fn hit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hit");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    for flows in [1_000, 10_000, 100_000, 1_000_000] {
        let mut bed = Bed::filled(flows);
        let packets = hits(flows, Popularity::Uniform);
        group.throughput(Throughput::Elements(packets.len() as u64));
        group.bench_function(flows.to_string(), |bencher| {
            bencher.iter(|| bed.observe(&packets, 1));
        });
        bed.check();
    }
    group.finish();
}

criterion_group!(benches, hit);
criterion_main!(benches);
