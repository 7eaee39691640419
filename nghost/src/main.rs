// SPDX-License-Identifier: BSD-2-Clause
//! Placeholder.
fn main() {}
