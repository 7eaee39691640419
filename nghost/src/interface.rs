// SPDX-License-Identifier: BSD-2-Clause
//! The interfaces of a world as nodes of its graph.

use std::rc::Rc;

use sys_bindings::{EADDRINUSE, NG_ETHER_NODE_TYPE};

use crate::capture::Capture;
use crate::errno::Text;
use crate::failure::{Failure, EX_CONFIG, EX_OSERR, EX_USAGE};
use crate::graph::{Graph, NodeKey};
use crate::host::Surroundings;
use crate::live::{Ear, Tap};
use crate::log::Log;
use crate::nodes::ether::Ether;
use crate::replay::Replay;
use crate::world::config::{InterfaceConfig, Pace};

/// An interface that is there.
pub struct Interface {
    /// Its node in the graph.
    pub node: NodeKey,
    /// That node as what it is.
    pub ether: Rc<Ether>,
    /// What it delivers has been told.
    is_told: bool,
}

/// The pace that all captures have: they share a clock. `EX_USAGE` when they have
/// several, or an interface has settings that cannot be.
pub fn common_pace(interfaces: &[InterfaceConfig]) -> Result<Pace, Failure> {
    interfaces.iter().try_for_each(check)?;
    let mut captures = interfaces.iter().filter(|i| i.capture.is_some());
    let pace = captures.next().and_then(|first| first.pace);
    let pace = pace.unwrap_or_default();
    if captures.any(|other| other.pace.unwrap_or_default() != pace) {
        let text = "all captures share one clock: give them the same 'pace='";
        return Err(Failure::new(EX_USAGE, text));
    }
    if pace != Pace::Real && interfaces.iter().any(|i| i.live.is_some()) {
        let text = "a live interface keeps real time: captures beside it need 'pace=real'";
        return Err(Failure::new(EX_USAGE, text));
    }
    Ok(pace)
}

/// Refuses settings that contradict each other, or would do nothing.
fn check(interface: &InterfaceConfig) -> Result<(), Failure> {
    let (capture, live) = (interface.capture.is_some(), interface.live.is_some());
    let why = if capture && live {
        "give 'capture=' or 'live=', not both"
    } else if interface.filter.is_some() && !capture && !live {
        "'filter=' needs 'capture=' or 'live='"
    } else if interface.pace.is_some() && !capture {
        "'pace=' needs 'capture='"
    } else if interface.promiscuous && !live {
        "'promiscuous=' needs 'live='"
    } else {
        return Ok(());
    };
    let text = format!("interface {}: {why}", interface.name);
    Err(Failure::new(EX_USAGE, text))
}

impl Interface {
    /// Opens what it listens to, and adds its node to the graph.
    pub fn add(
        graph: &Graph,
        around: &Surroundings,
        replay: &mut Replay,
        interface: &InterfaceConfig,
        capture: Option<Capture>,
    ) -> Result<Self, Failure> {
        let name = &interface.name;
        let index = interface.index.unwrap_or(0);
        let mut ether = Ether::new(name, index, interface.fib, interface.mac.0);
        if let Some(live) = &interface.live {
            let ear = Ear {
                filter: interface.filter.as_deref(),
                promiscuous: interface.promiscuous,
            };
            ether = ether.with_tap(Tap::open(live, &ear)?, Rc::clone(&around.log));
        }
        let feed = capture.is_some().then(|| replay.new_feed());
        if let Some(feed) = &feed {
            ether = ether.with_feed(Rc::clone(feed));
        }
        let ether = Rc::new(ether);
        let node = graph
            .add_node(NG_ETHER_NODE_TYPE, ether.clone())
            .map_err(|errno| {
                Failure::new(EX_OSERR, format!("interface {name}: {}", Text(errno)))
            })?;
        let node_name = ether.node_name();
        graph
            .name_node(node, node_name.as_bytes())
            .map_err(|errno| {
                let text = match errno {
                    // Paths are made of what a node's name has not.
                    EADDRINUSE => format!(
                        "interface {name}: another interface's node has its name, \
                         '{node_name}', already; call one of them differently"
                    ),
                    _ => format!("interface {name}: {}", Text(errno)),
                };
                Failure::new(EX_CONFIG, text)
            })?;
        if let (Some(capture), Some(feed)) = (capture, feed) {
            replay.add(capture, feed, Rc::clone(&ether));
        }
        Ok(Interface {
            node,
            ether,
            is_told: false,
        })
    }

    /// Does it deliver IP packets without a link layer? Once, as soon as that is
    /// known.
    pub fn turns_out_raw_ip(&mut self) -> bool {
        if self.is_told {
            return false;
        }
        let is_raw_ip = self.ether.is_raw_ip();
        self.is_told = is_raw_ip.is_some();
        is_raw_ip == Some(true)
    }

    /// What a script must say that it would not have to for Ethernet.
    pub fn hint(&self, log: &Log) {
        log.line(format_args!(
            "{}: IP packets without a link layer; tell the netflow node with \
             'msg netflow: setdlt {{ iface=0 dlt=12 }}'",
            self.ether.node_name()
        ));
    }
}
