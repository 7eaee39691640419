// SPDX-License-Identifier: BSD-2-Clause
//! See `fuzz/src/capture.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::capture::run(data));
