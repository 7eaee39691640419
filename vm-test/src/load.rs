// SPDX-License-Identifier: BSD-2-Clause
//! The words of the rough scenarios: packets that pour without end, a collector
//! that listens, and what a node and the kernel have counted.

use crate::guest::{Account, Guest, Pair};
use anyhow::{ensure, Context, Result};

/// Eight senders in the jail, for two processors here; `exec`, that a signal
/// gets where it belongs.
const LOAD: &str = "exec jexec far /mnt/bin/vm-guest flood 192.168.1.1 --threads 8 --flows 40";

/// Where a collector writes what it receives.
const COLLECTED: &str = "/tmp/datagrams";

/// Seconds until a thing must have happened that is only a matter of time.
const SOON: u64 = 30;

/// Where that collector listens.
const COLLECTOR: &str = "127.0.0.1:4444";

impl Guest {
    /// Interfaces, a collector, and the two hubs that a node comes between.
    pub fn hubs(&mut self) -> Result<Pair> {
        let pair = self.pair()?;
        self.collect()?;
        self.ngctl(&hubs(&pair.near))?;
        Ok(pair)
    }

    /// The same with the node, which exports to the collector.
    pub fn watched(&mut self) -> Result<Pair> {
        let pair = self.hubs()?;
        self.node()?;
        Ok(pair)
    }

    /// The node between the hubs.
    pub fn node(&mut self) -> Result<()> {
        self.ngctl(&node(COLLECTOR))?;
        Ok(())
    }

    /// Has a node export to the collector.
    pub fn export(&mut self, node: &str) -> Result<()> {
        self.ngctl(&exports(node, COLLECTOR))?;
        Ok(())
    }

    /// A node named `netflow` between the interface and the stack, whose
    /// records are due after a second and go to the UDP port `to`.
    pub fn inline(&mut self, pair: &Pair, to: &str) -> Result<()> {
        self.ngctl(&(hubs(&pair.near) + &node(to)))?;
        Ok(())
    }

    /// Starts a collector on 127.0.0.1:4444 that takes whatever comes from
    /// whomever.
    pub fn collect(&mut self) -> Result<()> {
        self.beside(&format!("exec nc -k -u -l 127.0.0.1 4444 > {COLLECTED}"))?;
        self.until("netstat -an -p udp", "127.0.0.1.4444", SOON)?;
        Ok(())
    }

    /// Pours packets of 320 flows over this side's address, from the jail,
    /// until the story stops it. Its process.
    pub fn pour(&mut self) -> Result<u32> {
        // They go to ports that nobody listens on, about which nothing need be
        // said; it is counted nevertheless.
        self.ok("sysctl net.inet.udp.blackhole=1")?;
        self.beside(LOAD)
    }

    /// Packets reach this node now.
    pub fn passes(&mut self, node: &str) -> Result<()> {
        let before = self.counted(node)?;
        self.grows(&format!("packets at {node}"), before, |guest| {
            guest.counted(node)
        })
    }

    /// IPv4 packets that a node says it has counted.
    pub fn counted(&mut self, node: &str) -> Result<u64> {
        let info = self.ok(&format!("ngctl msg {node}: info"))?;
        Ok(match info.split_once("IPv4 packets=") {
            Some((_, rest)) => rest.split(' ').next().unwrap_or_default().parse()?,
            None => 0,
        })
    }

    /// The collector receives datagrams now.
    pub fn collects(&mut self) -> Result<()> {
        let before = self.collected()?;
        self.collects_beyond(before)
    }

    /// The collector receives datagrams now, or has since it had so many octets.
    pub fn collects_beyond(&mut self, before: u64) -> Result<()> {
        self.grows("octets at the collector", before, Guest::collected)
    }

    /// Octets that the collector has received.
    pub fn collected(&mut self) -> Result<u64> {
        let size = self.ok(&format!("stat -f %z {COLLECTED}"))?;
        Ok(size.trim().parse()?)
    }

    /// Waits until a number is more than it was.
    pub fn grows(
        &mut self,
        what: &str,
        before: u64,
        mut number: impl FnMut(&mut Guest) -> Result<u64>,
    ) -> Result<()> {
        for _ in 0..SOON * 5 {
            if number(self)? > before {
                return Ok(());
            }
            self.wait(200);
        }
        anyhow::bail!("after {SOON} s no more {what} than {before}")
    }

    /// A number of `netstat -s`, here or, with `jexec far`, in the jail.
    pub fn statistic(&mut self, whose: &str, protocol: &str, name: &str) -> Result<u64> {
        let lines = self.ok(&format!("{whose} netstat -s -p {protocol}"))?;
        let line = lines.lines().find(|line| line.contains(name));
        let line = line.with_context(|| format!("no \"{name}\" in\n{lines}"))?;
        let number = line.split_whitespace().next().unwrap_or_default();
        Ok(number.parse()?)
    }

    /// Shuts a node down while packets pour through it. Its account, which is
    /// even.
    pub fn close(&mut self, node: &str) -> Result<Account> {
        self.ok(&format!("ngctl shutdown {node}:"))?;
        let account = self.account()?;
        ensure!(account.packets("unaccounted")? == 0, "{account}");
        account.has("received")?;
        Ok(account)
    }
}

/// A script: two hubs, `below` and `above`, between which a node comes.
///
/// FreeBSD's ng_ether reads its hooks without a lock or a reference, so that
/// one that is removed under load is read when it is freed. A kernel with
/// INVARIANTS panicked in ng_address_hook() for it, when the hook's peer was ours;
/// nothing there depends on the peer, but no other was seen to do it. The hooks
/// that go in these stories are hubs'.
pub fn hubs(interface: &str) -> String {
    format!(
        "mkpeer {interface}: hub lower ether
         name {interface}:lower below
         mkpeer {interface}: hub upper ether
         name {interface}:upper above
"
    )
}

/// A script: the node between the hubs, with its ksocket.
pub fn node(to: &str) -> String {
    let script = "mkpeer below: netflow node iface0
         name below:node netflow
         connect above: netflow: node out0
";
    script.to_string() + &exports("netflow", to)
}

/// A script: a node's records are due after a second, and go to a UDP port.
fn exports(node: &str, to: &str) -> String {
    format!(
        "msg {node}: settimeouts {{ inactive=1 active=1 }}
         mkpeer {node}: ksocket export inet/dgram/udp
         msg {node}:export connect inet/{to}
"
    )
}
