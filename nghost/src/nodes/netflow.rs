// SPDX-License-Identifier: BSD-2-Clause
//! ng_netflow(4): the node of crate `ng_netflow`, standing in this graph.

use std::rc::{Rc, Weak};
use std::time::Duration;

use ng_netflow::{Node as NetflowNode, Role};
use sys_bindings::{
    EINVAL, ENOMEM, NGM_NETFLOW_COOKIE, NGM_NETFLOW_IFINFO, NGM_NETFLOW_INFO,
    NGM_NETFLOW_SETCONFIG, NGM_NETFLOW_SETDLT, NGM_NETFLOW_SETIFINDEX, NGM_NETFLOW_SETMTU,
    NGM_NETFLOW_SETTEMPLATE, NGM_NETFLOW_SETTIMEOUTS, NGM_NETFLOW_V9INFO, NG_NETFLOW_NODE_TYPE,
};

use crate::ascii::{Command, Cookie, Field, Type, UINT16, UINT32, UINT64, UINT8};
use crate::errno::Errno;
use crate::graph::{Graph, HookKey, NodeType};
use crate::host::{hook_key, Host, Reply, Seen, Surroundings};
use crate::message::Message;
use crate::node::{Answer, Here, Incoming, Node, Origin, Packet};
use crate::nodes::ksocket::MAX_BACKLOG;
use crate::throttle::{let_leave, Throttle};

static INFO: Type = Type::Struct(&[
    Field("IPv4 bytes", UINT64),
    Field("IPv4 packets", UINT64),
    Field("IPv6 bytes", UINT64),
    Field("IPv6 packets", UINT64),
    Field("IPv4 skipped bytes", UINT64),
    Field("IPv4 skipped packets", UINT64),
    Field("IPv6 skipped bytes", UINT64),
    Field("IPv6 skipped packets", UINT64),
    Field("Active expiries", UINT64),
    Field("Inactive expiries", UINT64),
    Field("IPv4 records used", UINT32),
    Field("IPv6 records used", UINT32),
    Field("Failed allocations", UINT32),
    Field("V5 failed exports", UINT32),
    Field("V9 failed exports", UINT32),
    Field("mbuf reallocations", UINT32),
    Field("fibs allocated", UINT32),
    Field("Inactive timeout", UINT32),
    Field("Active timeout", UINT32),
]);
static IFACE: Type = UINT16;
static IFINFO: Type = Type::Struct(&[
    Field("packets", UINT32),
    Field("data link type", UINT8),
    Field("index", UINT16),
    Field("conf", UINT32),
]);
static SETDLT: Type = Type::Struct(&[Field("iface", UINT16), Field("dlt", UINT8)]);
static SETIFINDEX: Type = Type::Struct(&[Field("iface", UINT16), Field("index", UINT16)]);
static SETTIMEOUTS: Type = Type::Struct(&[Field("inactive", UINT32), Field("active", UINT32)]);
static SETCONFIG: Type = Type::Struct(&[Field("iface", UINT16), Field("conf", UINT32)]);
static SETTEMPLATE: Type = Type::Struct(&[Field("time", UINT16), Field("packets", UINT16)]);
static SETMTU: Type = Type::Struct(&[Field("mtu", UINT16)]);
static V9INFO: Type = Type::Struct(&[
    Field("v9 template packets", UINT16),
    Field("v9 template time", UINT16),
    Field("v9 MTU", UINT16),
]);

const NETFLOW: Cookie = Cookie(NGM_NETFLOW_COOKIE);

static COMMANDS: &[Command] = &[
    NETFLOW.command(NGM_NETFLOW_INFO, "info", None, Some(&INFO)),
    NETFLOW.command(NGM_NETFLOW_IFINFO, "ifinfo", Some(&IFACE), Some(&IFINFO)),
    NETFLOW.command(NGM_NETFLOW_SETDLT, "setdlt", Some(&SETDLT), None),
    NETFLOW.command(
        NGM_NETFLOW_SETIFINDEX,
        "setifindex",
        Some(&SETIFINDEX),
        None,
    ),
    NETFLOW.command(
        NGM_NETFLOW_SETTIMEOUTS,
        "settimeouts",
        Some(&SETTIMEOUTS),
        None,
    ),
    NETFLOW.command(NGM_NETFLOW_SETCONFIG, "setconfig", Some(&SETCONFIG), None),
    NETFLOW.command(
        NGM_NETFLOW_SETTEMPLATE,
        "settemplate",
        Some(&SETTEMPLATE),
        None,
    ),
    NETFLOW.command(NGM_NETFLOW_SETMTU, "setmtu", Some(&SETMTU), None),
    NETFLOW.command(NGM_NETFLOW_V9INFO, "v9info", None, Some(&V9INFO)),
];

/// The node type; `throttle` is what the sockets share that it exports by.
pub fn node_type(around: Surroundings, throttle: Rc<Throttle>) -> NodeType {
    let make = move |graph: &Weak<Graph>, id| {
        let host = Host::new(around.clone(), graph.clone());
        let node = NetflowNode::new(host).ok_or(ENOMEM)?;
        let throttle = Rc::clone(&throttle);
        Ok(Rc::new(Netflow { node, id, throttle }) as Rc<dyn Node>)
    };
    NodeType {
        name: NG_NETFLOW_NODE_TYPE,
        commands: COMMANDS,
        constructor: Some(Box::new(move |graph, _, id| make(graph, id))),
    }
}

struct Netflow {
    node: NetflowNode<Host>,
    id: u32,
    throttle: Rc<Throttle>,
}

fn role(hook: Incoming) -> Option<Role> {
    Role::from_bits(hook.private as usize)
}

impl Node for Netflow {
    fn newhook(&self, _: Here<'_>, hook: HookKey, name: &[u8]) -> Result<u64, Errno> {
        let role = self.node.newhook(name, hook)?;
        Ok(role.to_bits() as u64)
    }

    fn rcvmsg(&self, _: Here<'_>, message: &Message, _: Origin) -> Answer {
        let mut reply = Reply::default();
        let (cookie, cmd) = (message.header.typecookie, message.header.cmd);
        self.node.rcvmsg(cookie, cmd, &message.args, &mut reply)?;
        Ok(reply.0)
    }

    fn rcvdata(&self, here: Here<'_>, hook: Incoming, mut packet: Packet<'_>) -> Result<(), Errno> {
        let seen = Seen::new(&packet, self.id);
        let pass = self.node.rcvdata(role(hook).ok_or(EINVAL)?, &seen);
        if seen.marked.get() {
            packet.marks.push(self.id);
        }
        match pass.to {
            Some(to) => here.graph.send_data(hook_key(to), packet),
            None if pass.error == 0 => Ok(()),
            None => Err(pass.error),
        }
    }

    fn look_ahead(&self, hook: Incoming, like: &Packet<'_>, coming: &[&[u8]]) {
        if let Some(role) = role(hook) {
            self.node
                .look_ahead(role, coming, like.received_on, like.fib);
        }
    }

    fn disconnect(&self, here: Here<'_>, hook: Incoming) {
        if let Some(role) = role(hook) {
            self.node.disconnect(role);
        }
        if here.graph.hook_count(here.node) == 0 {
            here.remove_self();
        }
    }

    /// A cache may be more datagrams than sockets hold back, so what is sent leaves
    /// in between: at the throttle's rate or, without one, at the node's own.
    fn close(&self, here: Here<'_>) {
        let mut room = MAX_BACKLOG / 2;
        while let Some(pause) = self.node.close() {
            if !self.throttle.is_on() {
                std::thread::sleep(Duration::from_millis(pause.into()));
            }
            if let_leave(&here.graph.nodes(), room).is_err() {
                // Nor will any other, and the sockets count what they refuse.
                room = usize::MAX;
            }
        }
    }

    fn tick(&self, _: Here<'_>) -> u32 {
        self.node.tick()
    }

    fn is_waiting_for_time(&self) -> bool {
        self.node.rest().is_none()
    }
}
