// SPDX-License-Identifier: BSD-2-Clause
//! The independent account of what flows are in a capture:
//! `../shared/oracle/flow_totals.py`, asked for many files at once.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};
use serde::Deserialize;

pub use flow_testing::captures::{captures, shared};

/// A flow as the oracle tells flows apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct FlowKey {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// IP protocol.
    pub proto: u8,
    /// Source port.
    pub sport: u16,
    /// Destination port, or ICMP type and code.
    pub dport: u16,
    /// Type of service or traffic class.
    pub tos: u8,
}

impl<A: Copy + Into<IpAddr>> From<&flow::Key<A>> for FlowKey {
    fn from(key: &flow::Key<A>) -> Self {
        FlowKey {
            src: key.src.into(),
            dst: key.dst.into(),
            proto: key.proto,
            sport: key.sport,
            dport: key.dport,
            tos: key.tos,
        }
    }
}

/// Packets and octets of each flow.
pub type Totals = BTreeMap<FlowKey, (u64, u64)>;

/// Adds one record to its flow.
pub fn add(totals: &mut Totals, key: FlowKey, packets: u32, octets: u32) {
    let total = totals.entry(key).or_default();
    total.0 += u64::from(packets);
    total.1 += u64::from(octets);
}

/// What is in one capture.
#[derive(Debug, Default)]
pub struct Account {
    /// IPv4 flows.
    pub v4: Totals,
    /// IPv6 flows.
    pub v6: Totals,
    /// Packets that have no flow.
    pub unaccounted: u64,
}

impl Account {
    /// Packets in all flows.
    pub fn packets(&self) -> u64 {
        self.v4
            .values()
            .chain(self.v6.values())
            .map(|total| total.0)
            .sum()
    }
}

/// One Python process for all files: starting one each would take longer than
/// the counting.
const ASK: &str = "
import json, sys
sys.path.insert(0, sys.argv[1])
from flow_totals import totals
for name in sys.stdin.read().splitlines():
    with open(name, 'rb') as f:
        flows, unaccounted = totals(f.read())
    print(json.dumps({'unaccounted': unaccounted, 'flows': [
        [dict(zip(('src', 'dst', 'proto', 'sport', 'dport', 'tos'),
                  (str(k[0]), str(k[1]), *k[2:]))), *v] for k, v in flows.items()]}))
";

/// Asks the oracle about each file.
pub fn ask(shared: &Path, files: &[PathBuf]) -> Result<Vec<Account>> {
    #[derive(Deserialize)]
    struct Line {
        unaccounted: u64,
        flows: Vec<(FlowKey, u64, u64)>,
    }
    let mut python = Command::new("python3")
        .args(["-c", ASK])
        .arg(shared.join("oracle"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start python3")?;
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let mut input = python.stdin.take().context("no stdin")?;
    input.write_all(names.join("\n").as_bytes())?;
    drop(input);
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "the oracle failed");
    let accounts: Vec<Account> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line: Line = serde_json::from_slice(line)?;
            let mut account = Account {
                unaccounted: line.unaccounted,
                ..Account::default()
            };
            for (key, packets, octets) in line.flows {
                let totals = if key.src.is_ipv4() {
                    &mut account.v4
                } else {
                    &mut account.v6
                };
                totals.insert(key, (packets, octets));
            }
            Ok(account)
        })
        .collect::<Result<_>>()?;
    ensure!(accounts.len() == files.len(), "the oracle skipped a file");
    Ok(accounts)
}
