// SPDX-License-Identifier: BSD-2-Clause
//! `flow-bench`: measures, and writes what it measured into
//! `docs/performance.md`.

mod measure;

use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures the flow engine")]
struct Arguments {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// The table of workloads, to standard output
    Table {
        /// Only work whose name contains this
        only: Option<String>,
    },
    /// A capture file to compare exporters with
    Capture {
        /// The file to write
        path: PathBuf,
    },
    /// Collects NetFlow version 5 at a port of the loopback, and adds it up
    Collect {
        /// The port
        port: u16,
    },
    /// Puts a text into a document between its markers
    Insert {
        /// The document
        document: PathBuf,
        /// The markers' name
        name: String,
        /// The file with the text
        text: PathBuf,
    },
    /// The table and the curves, into a document between its markers
    Document {
        /// The document
        path: PathBuf,
    },
}

/// The kernel's memory is mapped by large pages.  So is what glibc's malloc
/// has, if it is told so before the process begins.
fn with_large_pages() -> Result<()> {
    const TUNABLES: &str = "GLIBC_TUNABLES";
    if env::var_os(TUNABLES).is_some() {
        return Ok(());
    }
    let me = env::current_exe().context("finding this program")?;
    let error = Command::new(me)
        .args(env::args_os().skip(1))
        .env(TUNABLES, "glibc.malloc.hugetlb=1")
        .exec();
    Err(error).context("starting again with large pages")
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    with_large_pages()?;
    match arguments.command {
        What::Table { only } => {
            let rows = measure::rows(only.as_deref().unwrap_or(""))?;
            print!("{}", flow_bench::report::table(&rows));
            Ok(())
        }
        What::Capture { path } => {
            let flows = flow_bench::capture::of_a_minute();
            let totals = flow_bench::capture::write(&path, flows)?;
            println!("{} {} {}", totals.packets, totals.octets, totals.flows);
            Ok(())
        }
        What::Collect { port } => {
            let sum = flow_bench::collector::collect(port)?;
            println!(
                "{} {} {} {}",
                sum.packets, sum.octets, sum.records, sum.datagrams
            );
            Ok(())
        }
        What::Insert {
            document,
            name,
            text,
        } => {
            let text =
                std::fs::read_to_string(&text).with_context(|| text.display().to_string())?;
            flow_bench::report::replace(&document, &name, &text)
        }
        What::Document { path } => measure::document(&path),
    }
}
