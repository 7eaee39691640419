// SPDX-License-Identifier: BSD-2-Clause
//! See `src/engine.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ng_netflow_fuzz::engine::run(data));
