// SPDX-License-Identifier: BSD-2-Clause
//! vm-test's hands in the guest: what a shell there cannot do, or not fast.

mod agent;
mod collect;
mod flood;
mod inject;
mod messages;
mod newborn;
mod random;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::{net::IpAddr, path::PathBuf};

/// The command line.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the commands that come over a serial line
    Agent {
        /// The line, such as /dev/cuau1
        line: PathBuf,
    },
    /// Collect NetFlow version 5 on a port of 127.0.0.1, until told to end
    Collect {
        /// The port
        port: u16,
        /// Gets a line again and again: records, packets, records missing, datagrams astray
        file: PathBuf,
    },
    /// Send UDP datagrams of many flows, until told to end
    Flood {
        /// Where to
        to: IpAddr,
        /// From so many threads
        #[arg(long, default_value_t = 2)]
        threads: u16,
        /// To so many ports, from each thread
        #[arg(long, default_value_t = 50)]
        flows: u16,
    },
    /// Hold all of the kernel's mbuf clusters, in sockets that nobody reads
    Hoard {
        /// For so long
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Send captures into a netflow node of their own; what it counted
    Inject {
        /// Captures; a line is written for each
        captures: Vec<PathBuf>,
        /// Send each packet again cut off everywhere, without counting
        #[arg(long)]
        truncated: bool,
    },
    /// Send captures to a hook that is free, such as cut:in
    Pass {
        /// The node, such as cut:
        node: String,
        /// Its hook
        hook: String,
        /// Captures of Ethernet frames; others are left out
        captures: Vec<PathBuf>,
    },
    /// Send a netflow node every message there is and some there is not
    Messages {
        /// So many random ones after the systematic ones
        #[arg(long, default_value_t = 10_000)]
        random: u32,
    },
    /// Make netflow nodes while another thread sends messages to the next one
    Newborn {
        /// So many
        nodes: u32,
    },
}

fn main() -> Result<()> {
    match Options::parse().command {
        Command::Agent { line } => agent::serve(&line),
        Command::Collect { port, file } => collect::collect(port, &file),
        Command::Flood { to, threads, flows } => flood::flood(to, threads, flows),
        Command::Hoard { seconds } => flood::hoard(seconds),
        Command::Inject {
            captures,
            truncated,
        } => inject::inject(&captures, truncated),
        Command::Pass {
            node,
            hook,
            captures,
        } => inject::pass(&node, &hook, &captures),
        Command::Messages { random } => messages::send(random),
        Command::Newborn { nodes } => newborn::disturb(nodes),
    }
}
