// SPDX-License-Identifier: BSD-2-Clause
//! The node types, one a file, each after the manual page of its name:
//! ng_ether(4), ng_tee(4), ng_hub(4), ng_ksocket(4), ng_socket(4) and
//! ng_netflow(4).

pub mod ether;
pub mod hub;
pub mod ksocket;
pub mod netflow;
pub mod socket;
pub mod tee;
