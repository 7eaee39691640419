// SPDX-License-Identifier: BSD-2-Clause
//! Makes an interface's flows go to a collector, without a script:
//!
//! ```text
//! cargo run -p ngctl-rs --example wire em0 1 127.0.0.1:2055
//! ```
//!
//! The arguments are the interface, its index, and the collector.

use ngctl_rs::{Client, Endpoint, Errno, Error, Result};
use sys_bindings::{
    ng_netflow_setifindex, ng_netflow_settimeouts, EEXIST, NGM_NETFLOW_COOKIE,
    NGM_NETFLOW_SETIFINDEX, NGM_NETFLOW_SETTIMEOUTS,
};
use zerocopy::IntoBytes;

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [interface, index, collector] = args.as_slice() else {
        eprintln!("usage: wire interface index collector");
        return 64.into();
    };
    match wire(interface, index.parse().unwrap_or(0), collector) {
        Ok(()) => 0.into(),
        Err(error) => {
            eprintln!("wire: {error}");
            71.into()
        }
    }
}

fn wire(interface: &str, index: u16, collector: &str) -> Result<()> {
    let mut netgraph = Client::open(
        &format!("wire{}", std::process::id()),
        &Endpoint::choose(None),
    )?;

    // A copy of what the interface receives, by a tee.
    let node = format!("{interface}:");
    let lower = format!("{interface}:lower");
    match netgraph.mkpeer(&node, "tee", "lower", "right") {
        Err(Error::Errno(Errno(EEXIST))) => eprintln!("wire: {interface} is wired already"),
        result => result?,
    }
    netgraph.connect(&node, &lower, "upper", "left")?;
    netgraph.mkpeer(&lower, "netflow", "right2left", "iface0")?;
    let netflow = format!("{lower}.right2left");

    // Messages with arguments of known layout are sent as they are ...
    let set = ng_netflow_setifindex { iface: 0, index };
    netgraph.send(
        &netflow,
        NGM_NETFLOW_COOKIE,
        NGM_NETFLOW_SETIFINDEX,
        set.as_bytes(),
    )?;
    let set = ng_netflow_settimeouts {
        inactive_timeout: 15,
        active_timeout: 60,
    };
    netgraph.send(
        &netflow,
        NGM_NETFLOW_COOKIE,
        NGM_NETFLOW_SETTIMEOUTS,
        set.as_bytes(),
    )?;

    // ... and others in ASCII, which the node translates.
    netgraph.mkpeer(&netflow, "ksocket", "export", "inet/dgram/udp")?;
    netgraph.send_ascii(
        &format!("{netflow}.export"),
        &format!("connect inet/{collector}"),
    )?;

    let (node, links) = netgraph.listhooks(&netflow)?;
    println!("{} has {} hooks", node.path(), links.len());
    Ok(())
}
