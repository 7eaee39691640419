// SPDX-License-Identifier: BSD-2-Clause
//! The messages that every node understands (netgraph(4), "Generic control
//! messages").

use sys_bindings::{
    linkinfo, ng_msghdr, ngm_connect, ngm_mkpeer, ngm_name, ngm_rmhook, typeinfo, EINVAL, ENOSYS,
    NGF_RESP, NGM_ASCII2BINARY, NGM_BINARY2ASCII, NGM_CONNECT, NGM_GENERIC_COOKIE, NGM_LISTHOOKS,
    NGM_LISTNAMES, NGM_LISTNODES, NGM_LISTTYPES, NGM_MKPEER, NGM_NAME, NGM_NODEINFO, NGM_RMHOOK,
    NGM_SHUTDOWN, NGM_TEXT_CONFIG, NGM_TEXT_STATUS, NG_CMDSTRSIZ, NG_HOOKSIZ, NG_NODESIZ,
    NG_PATHSIZ, NG_TYPESIZ,
};
use zerocopy::{FromBytes, IntoBytes};

use super::{Graph, NodeKey, State};
use crate::ascii::{
    self, counted, read_u32, Command, Cookie, Field, Type, HEX32, UINT16, UINT32, UINT8,
};
use crate::errno::Errno;
use crate::message::{c_array, c_string, Message, HEADER_LEN};
use crate::node::{Answer, Node, Origin};

impl Graph {
    /// Does what a generic message says.
    pub(super) fn generic(
        &self,
        here: NodeKey,
        node: &dyn Node,
        message: &Message,
        origin: Origin,
    ) -> Answer {
        match message.header.cmd {
            // Later, and so outside any packet: what it still sends is no part of one
            // that became too many.
            NGM_SHUTDOWN => self.remove_later(here),
            NGM_MKPEER => {
                let args: ngm_mkpeer = message.args_as()?;
                let (hook, peerhook) = (c_string(&args.ourhook), c_string(&args.peerhook));
                self.mkpeer(here, hook, peerhook, c_string(&args.type_))?;
            }
            NGM_CONNECT => {
                let args: ngm_connect = message.args_as()?;
                let (peer, _) = self.resolve(here, c_string(&args.path))?;
                let (hook, peerhook) = (c_string(&args.ourhook), c_string(&args.peerhook));
                self.connect(here, hook, peer, peerhook)?;
            }
            NGM_NAME => {
                let args: ngm_name = message.args_as()?;
                self.name_node(here, c_string(&args.name))?;
            }
            NGM_RMHOOK => {
                let args: ngm_rmhook = message.args_as()?;
                if let Some(hook) = self.find_hook(here, c_string(&args.ourhook)) {
                    self.destroy_hook(hook);
                }
            }
            NGM_NODEINFO => {
                let info = self.nodeinfo(here).ok_or(EINVAL)?;
                return Ok(Some(info.as_bytes().to_vec()));
            }
            NGM_LISTHOOKS => return self.state.borrow().list_hooks(here).map(Some),
            NGM_LISTNODES => {
                let state = self.state.borrow();
                return Ok(Some(state.list_nodes(state.ids.iter())));
            }
            NGM_LISTNAMES => {
                let state = self.state.borrow();
                return Ok(Some(state.list_nodes(state.names.iter())));
            }
            NGM_LISTTYPES => return Ok(Some(self.state.borrow().list_types())),
            NGM_BINARY2ASCII => return self.binary_to_ascii(here, message).map(Some),
            NGM_ASCII2BINARY => return self.ascii_to_binary(here, message).map(Some),
            NGM_TEXT_CONFIG | NGM_TEXT_STATUS => {
                return node.rcvmsg(self.here(here), message, origin);
            }
            _ => return Err(EINVAL),
        }
        Ok(None)
    }

    /// The command of a node's type, or else the generic one, that `wanted`
    /// picks. `ENOSYS` when there is none.
    fn command(
        &self,
        node: NodeKey,
        wanted: impl Fn(&Command) -> bool,
    ) -> Result<&'static Command, Errno> {
        let state = self.state.borrow();
        let entry = state.nodes.get(node).ok_or(EINVAL)?;
        let commands = entry.ty.commands.iter().chain(COMMANDS);
        commands.into_iter().find(|c| wanted(c)).ok_or(ENOSYS)
    }

    fn binary_to_ascii(&self, here: NodeKey, message: &Message) -> Result<Vec<u8>, Errno> {
        let binary = Message::parse_inner(&message.args)?;
        let header = binary.header;
        let command = self.command(here, |c| {
            c.cookie == header.typecookie && c.cmd == header.cmd
        })?;
        let mut text = match command.arguments(&header) {
            Some(ty) => ascii::unparse(ty, &binary.to_bytes())?,
            None => Vec::new(),
        };
        text.push(0);
        let mut ascii = Message { header, args: text };
        ascii.header.cmdstr = c_array::<NG_CMDSTRSIZ>(command.name.as_bytes());
        Ok(ascii.into_counted_bytes())
    }

    fn ascii_to_binary(&self, here: NodeKey, message: &Message) -> Result<Vec<u8>, Errno> {
        let mut ascii = Message::parse_inner(&message.args)?;
        // The text's last octet becomes its NUL whatever it was.
        ascii.args.pop().ok_or(EINVAL)?;
        let mut header = ascii.header;
        let name = c_string(&header.cmdstr);
        let command = self.command(here, |c| c.name.as_bytes() == name)?;
        header.cmd = command.cmd;
        header.typecookie = command.cookie;
        let mut bytes = [0; HEADER_LEN];
        bytes.copy_from_slice(header.as_bytes());
        let args = match command.arguments(&header) {
            Some(ty) => ascii::parse(ty, &ascii.args, &bytes)?,
            None => Vec::new(),
        };
        Ok(Message { header, args }.into_counted_bytes())
    }
}

impl Command {
    /// The type of the arguments of a message with this header.
    fn arguments(&self, header: &ng_msghdr) -> Option<&'static Type> {
        if header.flags & NGF_RESP != 0 {
            self.reply
        } else {
            self.args
        }
    }
}

impl Message {
    /// A message inside another's arguments. Base does not ask for its
    /// version.
    fn parse_inner(bytes: &[u8]) -> Result<Self, Errno> {
        let (header, rest) = ng_msghdr::read_from_prefix(bytes).map_err(|_| EINVAL)?;
        let args = rest.get(..header.arglen as usize).ok_or(EINVAL)?.to_vec();
        Ok(Message { header, args })
    }

    fn into_counted_bytes(mut self) -> Vec<u8> {
        self.header.arglen = self.args.len() as u32;
        self.to_bytes()
    }
}

impl State {
    fn list_hooks(&self, here: NodeKey) -> Result<Vec<u8>, Errno> {
        let entry = self.nodes.get(here).ok_or(EINVAL)?;
        let mut links = Vec::new();
        for hook in entry.hooks.iter().rev() {
            let Some(hook) = self.hooks.get(*hook).filter(|hook| hook.valid) else {
                continue;
            };
            let Some(peer) = hook.peer.and_then(|peer| self.hooks.get(peer)) else {
                continue;
            };
            let Some(peer_node) = self.nodes.get(peer.node) else {
                continue;
            };
            links.push(linkinfo {
                ourhook: c_array(&hook.name),
                peerhook: c_array(&peer.name),
                nodeinfo: peer_node.info(),
            });
        }
        let mut info = entry.info();
        info.hooks = links.len() as u32;
        let mut list = info.as_bytes().to_vec();
        list.extend_from_slice(links.as_slice().as_bytes());
        Ok(list)
    }

    fn list_nodes(&self, keys: impl Iterator<Item = NodeKey>) -> Vec<u8> {
        let nodes = keys.filter_map(|key| self.nodes.get(key));
        let infos: Vec<_> = nodes.filter(|n| n.valid).map(|n| n.info()).collect();
        let mut list = (infos.len() as u32).to_ne_bytes().to_vec();
        list.extend_from_slice(infos.as_slice().as_bytes());
        list
    }

    /// The newest type first.
    fn list_types(&self) -> Vec<u8> {
        let mut list = (self.types.len() as u32).to_ne_bytes().to_vec();
        for entry in self.types.iter().rev() {
            let info = typeinfo {
                type_name: c_array(entry.ty.name.as_bytes()),
                numnodes: entry.living,
            };
            list.extend_from_slice(info.as_bytes());
        }
        list
    }
}

const NAME: Type = Type::FixedString(NG_NODESIZ);
const HOOK: Type = Type::FixedString(NG_HOOKSIZ);
const TYPE: Type = Type::FixedString(NG_TYPESIZ);

static MKPEER: Type = Type::Struct(&[
    Field("type", TYPE),
    Field("ourhook", HOOK),
    Field("peerhook", HOOK),
]);
static CONNECT: Type = Type::Struct(&[
    Field("path", Type::FixedString(NG_PATHSIZ)),
    Field("ourhook", HOOK),
    Field("peerhook", HOOK),
]);
static NODE_NAME: Type = Type::Struct(&[Field("name", NAME)]);
static RMHOOK: Type = Type::Struct(&[Field("hook", HOOK)]);

const NODEINFO: Type = Type::Struct(&[
    Field("name", NAME),
    Field("type", TYPE),
    Field("id", HEX32),
    Field("hooks", UINT32),
]);
const LINKINFO: Type = Type::Struct(&[
    Field("ourhook", HOOK),
    Field("peerhook", HOOK),
    Field("nodeinfo", NODEINFO),
]);
const TYPEINFO: Type = Type::Struct(&[Field("typename", TYPE), Field("numnodes", UINT32)]);

static NODEINFO_REPLY: Type = NODEINFO;
static HOOKLIST: Type = Type::Struct(&[
    Field("nodeinfo", NODEINFO),
    Field("linkinfo", Type::Array(&LINKINFO, hook_count)),
]);
static NAMELIST: Type = Type::Struct(&[
    Field("numnames", UINT32),
    Field("nodeinfo", Type::Array(&NODEINFO, counted)),
]);
static TYPELIST: Type = Type::Struct(&[
    Field("numtypes", UINT32),
    Field("typeinfo", Type::Array(&TYPEINFO, counted)),
]);
static STRING: Type = Type::String;

/// `struct ng_mesg` itself, which the conversions take and give.
static NG_MESG: Type = Type::Struct(&[
    Field("version", UINT8),
    Field("spare", UINT8),
    Field("spare2", UINT16),
    Field("arglen", UINT32),
    Field("cmd", UINT32),
    Field("flags", HEX32),
    Field("token", UINT32),
    Field("typecookie", UINT32),
    Field("cmdstr", Type::FixedString(NG_CMDSTRSIZ)),
    Field("data", Type::Bytes(inner_arglen)),
]);

/// `hooks` of the `struct nodeinfo` that a hook list begins with.
fn hook_count(message: &[u8], _: usize) -> Option<u32> {
    read_u32(
        message,
        HEADER_LEN + size_of::<sys_bindings::nodeinfo>() - 4,
    )
}

/// `arglen` of the `struct ng_mesg` whose arguments begin at `at`.
fn inner_arglen(message: &[u8], at: usize) -> Option<u32> {
    read_u32(message, at.checked_sub(HEADER_LEN)? + 4)
}

const GENERIC: Cookie = Cookie(NGM_GENERIC_COOKIE);

/// The generic commands, in base's order.
static COMMANDS: &[Command] = &[
    GENERIC.command(NGM_SHUTDOWN, "shutdown", None, None),
    GENERIC.command(NGM_MKPEER, "mkpeer", Some(&MKPEER), None),
    GENERIC.command(NGM_CONNECT, "connect", Some(&CONNECT), None),
    GENERIC.command(NGM_NAME, "name", Some(&NODE_NAME), None),
    GENERIC.command(NGM_RMHOOK, "rmhook", Some(&RMHOOK), None),
    GENERIC.command(NGM_NODEINFO, "nodeinfo", None, Some(&NODEINFO_REPLY)),
    GENERIC.command(NGM_LISTHOOKS, "listhooks", None, Some(&HOOKLIST)),
    GENERIC.command(NGM_LISTNAMES, "listnames", None, Some(&NAMELIST)),
    GENERIC.command(NGM_LISTNODES, "listnodes", None, Some(&NAMELIST)),
    GENERIC.command(NGM_LISTTYPES, "listtypes", None, Some(&TYPELIST)),
    GENERIC.command(NGM_TEXT_CONFIG, "textconfig", None, Some(&STRING)),
    GENERIC.command(NGM_TEXT_STATUS, "textstatus", None, Some(&STRING)),
    GENERIC.command(
        NGM_ASCII2BINARY,
        "ascii2binary",
        Some(&NG_MESG),
        Some(&NG_MESG),
    ),
    GENERIC.command(
        NGM_BINARY2ASCII,
        "binary2ascii",
        Some(&NG_MESG),
        Some(&NG_MESG),
    ),
];
