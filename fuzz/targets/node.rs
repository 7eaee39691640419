// SPDX-License-Identifier: BSD-2-Clause
//! See `src/node.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ng_netflow_fuzz::node::run(data));
