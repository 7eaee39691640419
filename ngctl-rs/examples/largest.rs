// SPDX-License-Identifier: BSD-2-Clause
//! The ten largest IPv4 flows in a node's cache:
//!
//! ```text
//! cargo run -p ngctl-rs --example largest netflow:
//! ```

use ngctl_rs::{Client, Endpoint, Result};
use std::net::Ipv4Addr;
use sys_bindings::{flow_entry_data, ngnf_show_header, NGM_NETFLOW_COOKIE, NGM_NETFLOW_SHOW};
use zerocopy::{FromZeros, IntoBytes};

fn main() -> std::process::ExitCode {
    let node = std::env::args().nth(1).unwrap_or("netflow:".into());
    match flows(&node) {
        Ok(mut flows) => {
            flows.sort_by_key(|flow| std::cmp::Reverse(flow.bytes));
            flows.iter().take(10).for_each(print);
            0.into()
        }
        Err(error) => {
            eprintln!("largest: {node} {error}");
            71.into()
        }
    }
}

/// The whole cache, a reply at a time: each says where to go on.
fn flows(node: &str) -> Result<Vec<flow_entry_data>> {
    let mut netgraph = Client::open("", &Endpoint::choose(None))?;
    let mut flows = Vec::new();
    let mut request = ngnf_show_header::new_zeroed();
    request.version = 4;
    loop {
        let reply = netgraph.call(
            node,
            NGM_NETFLOW_COOKIE,
            NGM_NETFLOW_SHOW,
            request.as_bytes(),
        )?;
        let (header, records) = reply.args_as_list(|header: &ngnf_show_header| header.nentries)?;
        flows.extend::<Vec<flow_entry_data>>(records);
        if header.hash_id == 0 {
            return Ok(flows);
        }
        (request.hash_id, request.list_id) = (header.hash_id, header.list_id);
    }
}

fn print(flow: &flow_entry_data) {
    // Addresses and ports are in network byte order, counters in the host's.
    let address = |bytes: u32| Ipv4Addr::from(bytes.to_ne_bytes());
    println!(
        "{:>12} octets {:>8} packets  {}:{} to {}:{}, protocol {}",
        flow.bytes,
        flow.packets,
        address(flow.r.r_src.s_addr),
        u16::from_be(flow.r.ports.dir.s_port),
        address(flow.r.r_dst.s_addr),
        u16::from_be(flow.r.ports.dir.d_port),
        flow.r.misc.i.prot,
    );
}
