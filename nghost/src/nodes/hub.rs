// SPDX-License-Identifier: BSD-2-Clause
//! ng_hub(4): what comes in on one hook goes out of all others.

use std::cell::Cell;
use std::rc::Rc;

use sys_bindings::{EINVAL, NGM_HUB_COOKIE, NGM_HUB_SET_PERSISTENT, NG_HUB_NODE_TYPE};

use crate::ascii::{Command, Cookie};
use crate::errno::Errno;
use crate::graph::{HookKey, NodeType};
use crate::message::Message;
use crate::node::{Answer, Here, Incoming, Node, Origin, Packet};

static COMMANDS: &[Command] =
    &[Cookie(NGM_HUB_COOKIE).command(NGM_HUB_SET_PERSISTENT, "setpersistent", None, None)];

/// The node type.
pub fn node_type() -> NodeType {
    NodeType {
        name: NG_HUB_NODE_TYPE,
        commands: COMMANDS,
        constructor: Some(Box::new(|_, _, _| Ok(Rc::new(Hub::default())))),
    }
}

#[derive(Default)]
struct Hub {
    /// Stays when its last hook goes.
    persistent: Cell<bool>,
}

impl Node for Hub {
    fn newhook(&self, _: Here<'_>, _: HookKey, _: &[u8]) -> Result<u64, Errno> {
        Ok(0)
    }

    fn rcvmsg(&self, _: Here<'_>, message: &Message, _: Origin) -> Answer {
        match (message.header.typecookie, message.header.cmd) {
            (NGM_HUB_COOKIE, NGM_HUB_SET_PERSISTENT) => {
                self.persistent.set(true);
                Ok(None)
            }
            _ => Err(EINVAL),
        }
    }

    /// As in base, the errno is that of the hook served last.
    fn rcvdata(&self, here: Here<'_>, hook: Incoming, packet: Packet<'_>) -> Result<(), Errno> {
        let mut result = Ok(());
        for other in here.graph.hooks(here.node) {
            if other != hook.hook {
                result = here.graph.send_data(other, packet.copy());
            }
        }
        result
    }

    fn disconnect(&self, here: Here<'_>, _: Incoming) {
        if here.graph.hook_count(here.node) == 0 && !self.persistent.get() {
            here.remove_self();
        }
    }
}
