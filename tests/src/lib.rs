// SPDX-License-Identifier: BSD-2-Clause
//! What the end-to-end tests share: the programs under test, a collector, the
//! oracle, the manual pages, and a reader of what `docs/` claims.

pub mod collector;
pub mod frames;
pub mod manuals;
pub mod nfcapd;
pub mod oracle;
pub mod programs;
pub mod proofs;
