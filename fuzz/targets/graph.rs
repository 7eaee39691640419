// SPDX-License-Identifier: BSD-2-Clause
//! See `src/graph.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ng_netflow_fuzz::graph::run(data));
