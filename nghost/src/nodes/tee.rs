// SPDX-License-Identifier: BSD-2-Clause
//! ng_tee(4): passes packets from `left` to `right` and back, and hands a copy
//! to `left2right` or `right2left`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sys_bindings::{
    ng_tee_hookstat, ng_tee_stats, EINVAL, NGM_FLOW_COOKIE, NGM_TEE_CLR_STATS, NGM_TEE_COOKIE,
    NGM_TEE_GETCLR_STATS, NGM_TEE_GET_STATS, NG_TEE_HOOK_LEFT, NG_TEE_HOOK_LEFT2RIGHT,
    NG_TEE_HOOK_RIGHT, NG_TEE_HOOK_RIGHT2LEFT, NG_TEE_NODE_TYPE,
};
use zerocopy::{FromZeros, IntoBytes};

use crate::ascii::{Command, Cookie, Field, Type, UINT64};
use crate::errno::Errno;
use crate::graph::{HookKey, NodeType};
use crate::message::Message;
use crate::node::{Answer, Here, Incoming, Node, Origin, Packet};

const HOOKSTAT: Type = Type::Struct(&[
    Field("inOctets", UINT64),
    Field("inFrames", UINT64),
    Field("outOctets", UINT64),
    Field("outFrames", UINT64),
]);
static STATS: Type = Type::Struct(&[
    Field("right", HOOKSTAT),
    Field("left", HOOKSTAT),
    Field("right2left", HOOKSTAT),
    Field("left2right", HOOKSTAT),
]);

const TEE: Cookie = Cookie(NGM_TEE_COOKIE);

static COMMANDS: &[Command] = &[
    TEE.command(NGM_TEE_GET_STATS, "getstats", None, Some(&STATS)),
    TEE.command(NGM_TEE_CLR_STATS, "clrstats", None, None),
    TEE.command(NGM_TEE_GETCLR_STATS, "getclrstats", None, Some(&STATS)),
];

/// The node type.
pub fn node_type() -> NodeType {
    NodeType {
        name: NG_TEE_NODE_TYPE,
        commands: COMMANDS,
        constructor: Some(Box::new(|_, _, _| Ok(Rc::new(Tee::default())))),
    }
}

/// The hooks' places in [`Tee::hooks`], which are their private numbers and
/// their order in `struct ng_tee_stats`.
const RIGHT: usize = 0;
const LEFT: usize = 1;
const RIGHT2LEFT: usize = 2;
const LEFT2RIGHT: usize = 3;

const NAMES: [&str; 4] = [
    NG_TEE_HOOK_RIGHT,
    NG_TEE_HOOK_LEFT,
    NG_TEE_HOOK_RIGHT2LEFT,
    NG_TEE_HOOK_LEFT2RIGHT,
];

#[derive(Default)]
struct Tee {
    hooks: [Cell<Option<HookKey>>; 4],
    stats: [RefCell<Stats>; 4],
}

struct Stats(ng_tee_hookstat);

impl Default for Stats {
    fn default() -> Self {
        Stats(ng_tee_hookstat::new_zeroed())
    }
}

impl Tee {
    /// Where a packet from `place` goes: first its copy, then itself.
    ///
    /// A packet for a side that is not connected goes to that side's copy
    /// hook alone, as the original.
    fn ways(&self, place: usize) -> (Option<usize>, Option<usize>) {
        let (through, copy) = match place {
            RIGHT => (LEFT, Some(RIGHT2LEFT)),
            LEFT => (RIGHT, Some(LEFT2RIGHT)),
            // Injected there, it goes back to where its like come from.
            RIGHT2LEFT => (RIGHT, None),
            _ => (LEFT, None),
        };
        let connected = |place: &usize| self.hooks[*place].get().is_some();
        let copy = copy.filter(connected);
        match Some(through).filter(connected) {
            Some(through) => (copy, Some(through)),
            None => (None, copy),
        }
    }

    fn send(&self, here: Here<'_>, place: usize, packet: Packet<'_>) -> Result<(), Errno> {
        let Some(hook) = self.hooks[place].get() else {
            return Ok(());
        };
        here.graph.send_data(hook, packet)
    }

    fn count_out(&self, place: usize, octets: u64) {
        let stats = &mut self.stats[place].borrow_mut().0;
        stats.outOctets += octets;
        stats.outFrames += 1;
    }

    fn copy_stats(&self) -> Vec<u8> {
        let [right, left, right2left, left2right] = [0, 1, 2, 3].map(|p| self.stats[p].borrow().0);
        let stats = ng_tee_stats {
            right,
            left,
            right2left,
            left2right,
        };
        stats.as_bytes().to_vec()
    }

    fn clear_stats(&self) {
        for stats in &self.stats {
            stats.take();
        }
    }
}

impl Node for Tee {
    fn newhook(&self, _: Here<'_>, hook: HookKey, name: &[u8]) -> Result<u64, Errno> {
        let place = NAMES.iter().position(|known| known.as_bytes() == name);
        let place = place.ok_or(EINVAL)?;
        self.hooks[place].set(Some(hook));
        self.stats[place].take();
        Ok(place as u64)
    }

    fn rcvmsg(&self, here: Here<'_>, message: &Message, from: Origin) -> Answer {
        match (message.header.typecookie, message.header.cmd) {
            (NGM_TEE_COOKIE, NGM_TEE_GET_STATS) => Ok(Some(self.copy_stats())),
            (NGM_TEE_COOKIE, NGM_TEE_CLR_STATS) => {
                self.clear_stats();
                Ok(None)
            }
            (NGM_TEE_COOKIE, NGM_TEE_GETCLR_STATS) => {
                let stats = self.copy_stats();
                self.clear_stats();
                Ok(Some(stats))
            }
            (NGM_FLOW_COOKIE, _) => {
                // Link state and flow control go where packets would.
                let place = from.hook.map(|hook| hook.private as usize);
                let (_, through) = match place {
                    Some(place @ (RIGHT | LEFT)) => self.ways(place),
                    _ => (None, None),
                };
                if let Some(hook) = through.and_then(|place| self.hooks[place].get()) {
                    here.graph.forward_message(hook, from.id, message)?;
                }
                Ok(None)
            }
            _ => Err(EINVAL),
        }
    }

    fn rcvdata(&self, here: Here<'_>, hook: Incoming, packet: Packet<'_>) -> Result<(), Errno> {
        let octets = packet.bytes.len() as u64;
        let place = hook.private as usize;
        {
            let stats = &mut self.stats[place].borrow_mut().0;
            stats.inOctets += octets;
            stats.inFrames += 1;
        }
        let (copy, through) = self.ways(place);
        if let Some(copy) = copy {
            // A copy that is refused does not stop the original.
            if self.send(here, copy, packet.copy()).is_ok() {
                self.count_out(copy, octets);
            }
        }
        let Some(through) = through else {
            return Ok(());
        };
        self.count_out(through, octets);
        self.send(here, through, packet)
    }

    fn disconnect(&self, here: Here<'_>, hook: Incoming) {
        self.hooks[hook.private as usize].set(None);
        if here.graph.hook_count(here.node) == 0 {
            here.remove_self();
        }
    }

    /// Leaves the two sides connected to each other.
    fn close(&self, here: Here<'_>) {
        if let (Some(left), Some(right)) = (self.hooks[LEFT].get(), self.hooks[RIGHT].get()) {
            here.graph.bypass(left, right);
        }
    }
}
