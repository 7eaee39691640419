// SPDX-License-Identifier: BSD-2-Clause
//! ng_ether(4): an interface. Frames that it receives leave by `lower`, frames
//! that the host sends by `upper`; what comes in on `lower` or `orphans` is
//! sent, what comes in on `upper` goes up the stack.
//!
//! A capture has no stack and no wire: frames that come back are dropped. On a
//! live interface the stack has them already, and only frames that were not
//! seen there are sent.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use nix::poll::PollFlags;
use sys_bindings::{
    EALREADY, EINVAL, EISCONN, ENETDOWN, ENXIO, EOPNOTSUPP, IFNAMSIZ, NGM_ETHER_ADD_MULTI,
    NGM_ETHER_COOKIE, NGM_ETHER_DEL_MULTI, NGM_ETHER_DETACH, NGM_ETHER_GET_AUTOSRC,
    NGM_ETHER_GET_ENADDR, NGM_ETHER_GET_IFINDEX, NGM_ETHER_GET_IFNAME, NGM_ETHER_GET_PROMISC,
    NGM_ETHER_SET_AUTOSRC, NGM_ETHER_SET_ENADDR, NGM_ETHER_SET_PROMISC, NGM_HASREPLY, NGM_READONLY,
    NG_ETHER_HOOK_DIVERT, NG_ETHER_HOOK_LOWER, NG_ETHER_HOOK_ORPHAN, NG_ETHER_HOOK_UPPER,
    NG_ETHER_NODE_TYPE,
};

use crate::ascii::{Command, Cookie, Field, Type, INT32, UINT64};
use crate::errno::Errno;
use crate::graph::{Graph, HookKey, NodeType};
use crate::live::Tap;
use crate::log::Log;
use crate::message::{c_array, Message};
use crate::node::{Answer, Here, Incoming, Interest, Node, Origin, Packet};
use crate::replay::{Feed, State};

/// Cookie of the messages that only nghost's ether nodes know.
pub const NGM_NGHOST_COOKIE: u32 = 1_763_877_311;
/// `start`: begins the replay that `--hold` holds back, for all interfaces.
pub const NGM_NGHOST_START: u32 = 1;
/// `capture`: how far the interface's capture is.
pub const NGM_NGHOST_CAPTURE: u32 = 2 | NGM_READONLY | NGM_HASREPLY;

/// Octets of `state` in the answer to [`NGM_NGHOST_CAPTURE`].
const STATE_LEN: usize = 16;

static STRING: Type = Type::String;
static INT: Type = INT32;
static ENADDR: Type = Type::EtherAddr;
static CAPTURE: Type = Type::Struct(&[
    Field("state", Type::FixedString(STATE_LEN)),
    Field("packets", UINT64),
    Field("octets", UINT64),
    Field("steps back", UINT64),
]);

const ETHER: Cookie = Cookie(NGM_ETHER_COOKIE);
const NGHOST: Cookie = Cookie(NGM_NGHOST_COOKIE);

static COMMANDS: &[Command] = &[
    ETHER.command(NGM_ETHER_GET_IFNAME, "getifname", None, Some(&STRING)),
    ETHER.command(NGM_ETHER_GET_IFINDEX, "getifindex", None, Some(&INT)),
    ETHER.command(NGM_ETHER_GET_ENADDR, "getenaddr", None, Some(&ENADDR)),
    ETHER.command(NGM_ETHER_SET_ENADDR, "setenaddr", Some(&ENADDR), None),
    ETHER.command(NGM_ETHER_GET_PROMISC, "getpromisc", None, Some(&INT)),
    ETHER.command(NGM_ETHER_SET_PROMISC, "setpromisc", Some(&INT), None),
    ETHER.command(NGM_ETHER_GET_AUTOSRC, "getautosrc", None, Some(&INT)),
    ETHER.command(NGM_ETHER_SET_AUTOSRC, "setautosrc", Some(&INT), None),
    ETHER.command(NGM_ETHER_ADD_MULTI, "addmulti", Some(&ENADDR), None),
    ETHER.command(NGM_ETHER_DEL_MULTI, "delmulti", Some(&ENADDR), None),
    ETHER.command(NGM_ETHER_DETACH, "detach", None, None),
    NGHOST.command(NGM_NGHOST_START, "start", None, None),
    NGHOST.command(NGM_NGHOST_CAPTURE, "capture", None, Some(&CAPTURE)),
];

/// The node type.
pub fn node_type() -> NodeType {
    NodeType {
        name: NG_ETHER_NODE_TYPE,
        commands: COMMANDS,
        constructor: None,
    }
}

/// Octets of an Ethernet header.
const HEADER_LEN: usize = 14;

/// Frames read from a live interface at once, in each direction.
const MAX_READ: usize = 256;

const UPPER: usize = 0;
const LOWER: usize = 1;
const ORPHANS: usize = 2;

/// An interface's node.
pub struct Ether {
    name: String,
    index: u16,
    fib: u16,
    mac: [u8; 6],
    /// Frames that come in on `lower` get this interface's source address.
    autosrc: Cell<bool>,
    hooks: [Cell<Option<HookKey>>; 3],
    feed: Option<Rc<Feed>>,
    tap: Option<(Tap, Rc<Log>)>,
    /// What the tap reported last, so that it is not reported again.
    trouble: RefCell<String>,
}

impl Ether {
    /// An interface that receives nothing by itself.
    pub fn new(name: &str, index: u16, fib: u16, mac: [u8; 6]) -> Self {
        Ether {
            name: name.to_owned(),
            index,
            fib,
            mac,
            autosrc: Cell::new(false),
            hooks: Default::default(),
            feed: None,
            tap: None,
            trouble: RefCell::default(),
        }
    }

    /// The interface receives a capture's frames.
    pub fn with_feed(self, feed: Rc<Feed>) -> Self {
        let feed = Some(feed);
        Ether { feed, ..self }
    }

    /// The interface is one of this host; trouble with it goes to `log`.
    pub fn with_tap(self, tap: Tap, log: Rc<Log>) -> Self {
        let mac = tap.mac();
        let tap = Some((tap, log));
        Ether { mac, tap, ..self }
    }

    /// The interface of this host that it is, if it is one.
    pub fn tap(&self) -> Option<&Tap> {
        self.tap.as_ref().map(|(tap, _)| tap)
    }

    /// Does it deliver IP packets without a link layer? `None` while a pipe has
    /// not told yet.
    pub fn is_raw_ip(&self) -> Option<bool> {
        match (&self.tap, &self.feed) {
            (Some((tap, _)), _) => Some(tap.is_raw_ip()),
            (None, Some(feed)) => feed.is_raw_ip(),
            (None, None) => Some(false),
        }
    }

    /// The node's name: the interface's, without what paths are made of.
    pub fn node_name(&self) -> String {
        self.name.replace(['.', ':'], "_")
    }

    /// Is there a hook for what the interface receives?
    pub fn is_listened_to(&self) -> bool {
        self.hooks[LOWER].get().is_some()
    }

    /// The interface has received a frame.
    pub fn receive(&self, graph: &Graph, bytes: &[u8]) {
        self.see(graph, bytes, LOWER, false);
    }

    /// The interface will receive these frames next.
    pub fn look_ahead(&self, graph: &Graph, coming: &[&[u8]]) {
        if let Some(hook) = self.hooks[LOWER].get() {
            graph.look_ahead(hook, &self.packet(&[], LOWER), coming);
        }
    }

    fn packet<'a>(&self, bytes: &'a [u8], place: usize) -> Packet<'a> {
        Packet {
            // What the host sends was received nowhere.
            received_on: if place == UPPER { 0 } else { self.index },
            fib: self.fib,
            ..Packet::new(bytes)
        }
    }

    fn see(&self, graph: &Graph, bytes: &[u8], place: usize, tapped: bool) {
        // Without a hook it goes the way it would have gone: not ours.
        let Some(hook) = self.hooks[place].get() else {
            return;
        };
        let packet = Packet {
            tapped,
            ..self.packet(bytes, place)
        };
        // An interface has nobody to tell of an error.
        let _ = graph.send_data(hook, packet);
    }

    /// Tells of trouble with the tap, unless it is the same as before.
    fn report(&self, log: &Log, trouble: String) {
        if *self.trouble.borrow() != trouble {
            log.line(format_args!("{}: {trouble}", self.name));
            self.trouble.replace(trouble);
        }
    }

    fn transmit(&self, packet: &Packet<'_>) -> Result<(), Errno> {
        let Some((tap, _)) = self.tap.as_ref().filter(|_| !packet.tapped) else {
            return Ok(());
        };
        let mut frame = packet.bytes.to_vec();
        if self.autosrc.get() {
            frame[6..12].copy_from_slice(&self.mac);
        }
        tap.send(&frame).map_err(|_| ENETDOWN)
    }

    fn nghost_message(&self, cmd: u32) -> Answer {
        let feed = self.feed.as_ref().ok_or(ENXIO)?;
        match cmd {
            NGM_NGHOST_START if feed.state() == State::Held => {
                feed.release();
                Ok(None)
            }
            NGM_NGHOST_START => Err(EALREADY),
            NGM_NGHOST_CAPTURE => {
                let state: [u8; STATE_LEN] = c_array(feed.state().name().as_bytes());
                let mut answer = state.to_vec();
                for count in [feed.packets(), feed.octets(), feed.steps_back()] {
                    answer.extend_from_slice(&count.to_ne_bytes());
                }
                Ok(Some(answer))
            }
            _ => Err(EINVAL),
        }
    }
}

impl Node for Ether {
    fn newhook(&self, _: Here<'_>, hook: HookKey, name: &[u8]) -> Result<u64, Errno> {
        let is = |known: &str| known.as_bytes() == name;
        let place = if is(NG_ETHER_HOOK_UPPER) {
            UPPER
        } else if is(NG_ETHER_HOOK_LOWER) || is(NG_ETHER_HOOK_DIVERT) {
            LOWER
        } else if is(NG_ETHER_HOOK_ORPHAN) {
            ORPHANS
        } else {
            return Err(EINVAL);
        };
        if self.hooks[place].get().is_some() {
            return Err(EISCONN);
        }
        self.hooks[place].set(Some(hook));
        Ok(place as u64)
    }

    fn rcvmsg(&self, _: Here<'_>, message: &Message, _: Origin) -> Answer {
        let cmd = message.header.cmd;
        match message.header.typecookie {
            NGM_ETHER_COOKIE => {}
            NGM_NGHOST_COOKIE => return self.nghost_message(cmd),
            _ => return Err(EINVAL),
        }
        let number = |value: u32| Ok(Some(value.to_ne_bytes().to_vec()));
        match cmd {
            NGM_ETHER_GET_IFNAME => Ok(Some(c_array::<IFNAMSIZ>(self.name.as_bytes()).to_vec())),
            NGM_ETHER_GET_IFINDEX => number(u32::from(self.index)),
            NGM_ETHER_GET_ENADDR => Ok(Some(self.mac.to_vec())),
            NGM_ETHER_GET_AUTOSRC => number(u32::from(self.autosrc.get())),
            NGM_ETHER_SET_AUTOSRC => {
                let want: u32 = message.args_as()?;
                self.autosrc.set(want != 0);
                Ok(None)
            }
            // A capture has what it has, and a tap sees what the interface
            // takes: the host's own tools change that.
            NGM_ETHER_GET_PROMISC => number(0),
            NGM_ETHER_SET_PROMISC
            | NGM_ETHER_SET_ENADDR
            | NGM_ETHER_ADD_MULTI
            | NGM_ETHER_DEL_MULTI
            | NGM_ETHER_DETACH => Err(EOPNOTSUPP),
            _ => Err(EINVAL),
        }
    }

    fn rcvdata(&self, _: Here<'_>, hook: Incoming, packet: Packet<'_>) -> Result<(), Errno> {
        if packet.bytes.len() < HEADER_LEN {
            return Err(EINVAL);
        }
        match hook.private as usize {
            UPPER => Ok(()),
            _ => self.transmit(&packet),
        }
    }

    fn disconnect(&self, _: Here<'_>, hook: Incoming) {
        if let Some(place) = self.hooks.get(hook.private as usize) {
            place.set(None);
        }
    }

    /// An interface's node stays for as long as the interface.
    fn shutdown(&self, _: Here<'_>) -> bool {
        true
    }

    fn interests(&self) -> Vec<Interest<'_>> {
        let ways = self.tap().map(|tap| [&tap.incoming, &tap.outgoing]);
        let ways = ways.into_iter().flatten();
        ways.map(|way| (way.fd(), PollFlags::POLLIN)).collect()
    }

    fn ready(&self, here: Here<'_>) {
        let Some((tap, log)) = &self.tap else {
            return;
        };
        for (way, place) in [(&tap.incoming, LOWER), (&tap.outgoing, UPPER)] {
            for _ in 0..MAX_READ {
                match tap.receive(way) {
                    Ok(Some(frame)) => self.see(here.graph, &frame, place, true),
                    Ok(None) => break,
                    Err(error) => {
                        self.report(log, error.to_string());
                        break;
                    }
                }
            }
        }
    }
}
