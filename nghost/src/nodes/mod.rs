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

use std::rc::Rc;

use crate::errno::Errno;
use crate::graph::Graph;
use crate::host::Surroundings;
use crate::throttle::Throttle;

/// Installs all types, in the order in which FreeBSD loads them for the usual
/// script; they are listed from the last. `EEXIST` when one is there already.
pub fn add_types(
    graph: &Graph,
    around: &Surroundings,
    throttle: &Rc<Throttle>,
) -> Result<(), Errno> {
    graph.add_type(ether::node_type())?;
    graph.add_type(tee::node_type())?;
    graph.add_type(ksocket::node_type(around.clone(), Rc::clone(throttle)))?;
    graph.add_type(socket::node_type())?;
    graph.add_type(netflow::node_type(around.clone(), Rc::clone(throttle)))?;
    graph.add_type(hub::node_type())
}
