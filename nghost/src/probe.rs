// SPDX-License-Identifier: BSD-2-Clause
//! `nghost probe`: an interface, the netflow node and collectors, wired without
//! a script.
//!
//! ```text
//!   interface ── lower ── iface0 ┐
//!             └─ upper ── out1 ──┴ netflow ── export ── ksocket ──► collector
//! ```
//!
//! What the host receives and what it sends are interfaces of their own to the
//! node, because the first has an input and the second an output: the records
//! say so, and no packet is accounted twice.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use nix::net::if_::if_nametoindex;
use sys_bindings::{
    ng_netflow_setconfig, ng_netflow_setdlt, ng_netflow_settimeouts, DLT_RAW, NGM_KSOCKET_CONNECT,
    NGM_KSOCKET_COOKIE, NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETCONFIG, NGM_NETFLOW_SETDLT,
    NGM_NETFLOW_SETTIMEOUTS, NG_ETHER_HOOK_LOWER, NG_ETHER_HOOK_UPPER, NG_HUB_NODE_TYPE,
    NG_KSOCKET_NODE_TYPE, NG_NETFLOW_CONF_EGRESS, NG_NETFLOW_CONF_INGRESS,
    NG_NETFLOW_CONF_NODSTLOOKUP, NG_NETFLOW_CONF_NOSRCLOOKUP, NG_NETFLOW_HOOK_EXPORT,
    NG_NETFLOW_HOOK_EXPORT9, NG_NETFLOW_NODE_TYPE,
};
use zerocopy::IntoBytes;

use crate::ascii::sockaddr;
use crate::errno::{Errno, Text};
use crate::failure::{Failure, EX_NOHOST, EX_OSERR, EX_UNAVAILABLE, EX_USAGE};
use crate::graph::{Graph, NodeKey};
use crate::message::Message;
use crate::world::config::{InterfaceConfig, Pace, RouteConfig, WorldConfig};
use crate::world::routes::Prefix;

/// The version of NetFlow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Cisco's version 5.
    V5,
    /// Version 9, RFC 3954.
    V9,
}

/// Where packets come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// An interface of this host.
    Interface {
        /// Its name.
        name: String,
        /// Also frames for other hosts.
        promiscuous: bool,
    },
    /// A capture file.
    File(PathBuf),
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Where packets come from.
    pub source: Source,
    /// Which ones, in the words of pcap-filter(7).
    pub filter: Option<String>,
    /// ifIndex in the records; by default the interface's own, or 1.
    pub index: Option<u16>,
    /// The version of NetFlow.
    pub version: Version,
    /// Seconds without a packet after which a flow ends.
    pub inactive: u32,
    /// Seconds after which a flow ends in any case.
    pub active: u32,
    /// Who gets each record.
    pub collectors: Vec<SocketAddr>,
}

/// Name of the netflow node, for flowctl and ngctl-rs.
const NODE: &str = "netflow";

impl Probe {
    /// The world that it needs: one interface, by which everything is reached.
    pub fn world(&self) -> Result<WorldConfig, Failure> {
        let (name, own_index) = match &self.source {
            Source::Interface { name, .. } => (name.clone(), if_nametoindex(name.as_str()).ok()),
            Source::File(_) => ("capture".to_owned(), Some(1)),
        };
        let index = match (self.index, own_index.map(u16::try_from)) {
            (Some(index), _) | (None, Some(Ok(index))) => index,
            (None, None) => {
                let text = format!("there is no interface '{name}' here");
                return Err(Failure::new(EX_UNAVAILABLE, text));
            }
            (None, Some(Err(_))) => {
                let text = format!("{name}: its ifIndex has more than 16 bits: give --index");
                return Err(Failure::new(EX_USAGE, text));
            }
        };
        let mut interface = InterfaceConfig {
            index: Some(index),
            filter: self.filter.clone(),
            name: name.clone(),
            ..InterfaceConfig::default()
        };
        match &self.source {
            Source::Interface { name, promiscuous } => {
                interface.live = Some(name.clone());
                interface.promiscuous = *promiscuous;
            }
            Source::File(path) => {
                interface.capture = Some(path.clone());
                interface.pace = Some(Pace::Fast);
            }
        }
        let by_it = |address: IpAddr| RouteConfig {
            to: Prefix { address, len: 0 },
            gateway: None,
            interface: Some(name.clone()),
            fib: 0,
        };
        Ok(WorldConfig {
            interface: vec![interface],
            route: vec![
                by_it(Ipv4Addr::UNSPECIFIED.into()),
                by_it(Ipv6Addr::UNSPECIFIED.into()),
            ],
        })
    }

    /// Makes the graph around the interface's node, which is there already.
    pub fn wire(&self, graph: &Graph, interface: NodeKey) -> Result<(), Failure> {
        let failed =
            |what: &dyn Display, errno| Failure::new(EX_OSERR, format!("{what}: {}", Text(errno)));
        let (export, version) = match self.version {
            Version::V5 => (NG_NETFLOW_HOOK_EXPORT, "NetFlow 5"),
            Version::V9 => (NG_NETFLOW_HOOK_EXPORT9, "NetFlow 9"),
        };
        let mut node = self
            .account(graph, interface)
            .map_err(|errno| failed(&"netflow node", errno))?;
        let mut hook = export.to_owned();
        if self.collectors.len() > 1 {
            node = graph
                .mkpeer(
                    node,
                    hook.as_bytes(),
                    b"netflow",
                    NG_HUB_NODE_TYPE.as_bytes(),
                )
                .map_err(|errno| failed(&"hub", errno))?;
        }
        for (number, collector) in self.collectors.iter().enumerate() {
            if self.collectors.len() > 1 {
                hook = format!("collector{number}");
            }
            let what = format!("{version} to {collector}");
            connect(graph, node, &hook, *collector).map_err(|errno| failed(&what, errno))?;
        }
        Ok(())
    }

    /// The netflow node, between what the host receives and what it sends.
    fn account(&self, graph: &Graph, interface: NodeKey) -> Result<NodeKey, Errno> {
        let (lower, upper) = (NG_ETHER_HOOK_LOWER, NG_ETHER_HOOK_UPPER);
        let ty = NG_NETFLOW_NODE_TYPE.as_bytes();
        let netflow = graph.mkpeer(interface, lower.as_bytes(), b"iface0", ty)?;
        graph.name_node(netflow, NODE.as_bytes())?;
        graph.connect(interface, upper.as_bytes(), netflow, b"out1")?;
        // The link type is told to a hook "iface" alone; what comes out of it has
        // been sent already, and ends here.
        graph.mkpeer(netflow, b"iface1", b"end", NG_HUB_NODE_TYPE.as_bytes())?;
        let received = NG_NETFLOW_CONF_INGRESS | NG_NETFLOW_CONF_NODSTLOOKUP;
        for (iface, conf) in [(0, received), (1, NG_NETFLOW_CONF_EGRESS)] {
            let config = ng_netflow_setconfig {
                iface,
                _pad0: [0; 2],
                conf: conf | NG_NETFLOW_CONF_NOSRCLOOKUP,
            };
            tell(graph, netflow, NGM_NETFLOW_SETCONFIG, config.as_bytes())?;
        }
        set_timeouts(graph, netflow, self.inactive, self.active)?;
        Ok(netflow)
    }

    /// The interface delivers IP packets without a link layer.
    pub fn set_raw_ip(graph: &Graph, interface: NodeKey) {
        let netflow = graph.resolve(interface, format!("{NODE}:").as_bytes());
        for iface in [0, 1] {
            let dlt = ng_netflow_setdlt {
                iface,
                dlt: DLT_RAW,
                _pad0: 0,
            };
            // A client may have shut it down.
            let _ = netflow
                .and_then(|(netflow, _)| tell(graph, netflow, NGM_NETFLOW_SETDLT, dlt.as_bytes()));
        }
    }

    /// The interface has nothing more to tell: no flow need wait for longer than the
    /// shortest timeout, a second.
    pub fn end(graph: &Graph, interface: NodeKey) {
        let netflow = graph.resolve(interface, format!("{NODE}:").as_bytes());
        // A client may have shut it down, with all that was in it.
        let _ = netflow.and_then(|(netflow, _)| set_timeouts(graph, netflow, 0, 0));
    }
}

/// Tells a netflow node when flows end, in seconds.
fn set_timeouts(
    graph: &Graph,
    netflow: NodeKey,
    inactive_timeout: u32,
    active_timeout: u32,
) -> Result<(), Errno> {
    let timeouts = ng_netflow_settimeouts {
        inactive_timeout,
        active_timeout,
    };
    tell(graph, netflow, NGM_NETFLOW_SETTIMEOUTS, timeouts.as_bytes())
}

/// Sends a netflow node a message.
fn tell(graph: &Graph, netflow: NodeKey, cmd: u32, args: &[u8]) -> Result<(), Errno> {
    let message = Message::new(NGM_NETFLOW_COOKIE, cmd, args.to_vec());
    graph.send_message(netflow, b".:", &message)
}

/// A socket on a node's hook that sends to a collector.
fn connect(graph: &Graph, node: NodeKey, hook: &str, to: SocketAddr) -> Result<(), Errno> {
    let socket: &[u8] = match to {
        SocketAddr::V4(_) => b"inet/dgram/udp",
        SocketAddr::V6(_) => b"inet6/dgram/udp6",
    };
    let ty = NG_KSOCKET_NODE_TYPE.as_bytes();
    let ksocket = graph.mkpeer(node, hook.as_bytes(), socket, ty)?;
    let address = sockaddr::to_bytes(to);
    let message = Message::new(NGM_KSOCKET_COOKIE, NGM_KSOCKET_CONNECT, address);
    graph.send_message(ksocket, b".:", &message)
}

/// The address of a collector, written `HOST:PORT` or `[IPV6]:PORT`.
/// `EX_USAGE` for anything else, `EX_NOHOST` for a host that nobody knows.
pub fn collector(text: &str) -> Result<SocketAddr, Failure> {
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    if !matches!(port, Some(Ok(1..))) {
        let text = format!("collector '{text}': give HOST:PORT, or [ADDRESS]:PORT for IPv6, with a port from 1 to 65535");
        return Err(Failure::new(EX_USAGE, text));
    }
    let unknown = |why: String| Failure::new(EX_NOHOST, format!("collector '{text}': {why}"));
    let mut found = text
        .to_socket_addrs()
        .map_err(|error| unknown(error.to_string()))?;
    found
        .next()
        .ok_or_else(|| unknown("it has no address".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collectors_are_hosts_with_ports() {
        let address = |text| collector(text).unwrap().to_string();
        assert_eq!(address("127.0.0.1:2055"), "127.0.0.1:2055");
        assert_eq!(address("[::1]:2055"), "[::1]:2055");
        for (text, status) in [
            ("127.0.0.1", EX_USAGE),
            ("127.0.0.1:", EX_USAGE),
            ("127.0.0.1:0", EX_USAGE),
            ("127.0.0.1:65536", EX_USAGE),
            ("nosuchhost.invalid:2055", EX_NOHOST),
        ] {
            assert_eq!(collector(text).unwrap_err().status, status, "{text}");
        }
    }
}
