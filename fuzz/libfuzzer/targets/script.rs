// SPDX-License-Identifier: BSD-2-Clause
//! See `fuzz/src/script.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::script::run(data));
