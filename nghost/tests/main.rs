// SPDX-License-Identifier: BSD-2-Clause
//! All tests from outside, in one program, as they share `common`.

mod ascii;
mod churn;
mod common;
mod completions;
mod generic;
mod losses;
mod nodes;
mod pipes;
mod replay;
mod server;
mod times;
