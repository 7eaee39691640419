// SPDX-License-Identifier: BSD-2-Clause
//! The messages that every node understands, as netgraph(4) lists them under
//! their names there.

use crate::{
    client::Client,
    errno::Errno,
    error::{Error, Result},
    message::{array, text, Message},
};
use sys_bindings::*;
use zerocopy::IntoBytes;

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its name, empty when it has none.
    pub name: String,
    /// The name of its type.
    pub node_type: String,
    /// Its id: `[id]:` in hexadecimal is its path.
    pub id: u32,
    /// How many of its hooks are connected.
    pub hooks: u32,
}

impl NodeInfo {
    /// The path that leads to the node whatever its name.
    pub fn path(&self) -> String {
        format!("[{:x}]:", self.id)
    }

    /// The path that people know it by: its name's, if it has one.
    pub fn known_path(&self) -> String {
        match self.name.as_str() {
            "" => self.path(),
            name => format!("{name}:"),
        }
    }
}

/// One hook, and what it is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The hook's name.
    pub ourhook: String,
    /// The name of the hook at the other end.
    pub peerhook: String,
    /// The node at the other end.
    pub peer: NodeInfo,
}

/// One type of node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeInfo {
    /// Its name.
    pub name: String,
    /// How many nodes of it there are.
    pub nodes: u32,
}

/// Each takes the path of the node to ask, `"."` for the client's own, and
/// fails as [`Client::send`] does.
impl Client {
    /// Creates a node of a type and connects it to the node at `path`.
    ///
    /// # Errors
    /// `ENOENT` or `ENXIO` when there is no such type, `EEXIST` when the hook
    /// is connected, the nodes' own when they refuse the hooks.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(false) else { return Ok(()) };
    /// netgraph.mkpeer("em0:", "tee", "lower", "right")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn mkpeer(
        &mut self,
        path: &str,
        node_type: &str,
        ourhook: &str,
        peerhook: &str,
    ) -> Result<()> {
        let args = ngm_mkpeer {
            type_: array("node type", node_type)?,
            ourhook: array("hook", ourhook)?,
            peerhook: array("hook", peerhook)?,
        };
        self.command(path, NGM_MKPEER, args.as_bytes())
    }

    /// Connects a hook of the node at `path` to one of the node at `peer`,
    /// which is a path relative to the first.
    ///
    /// # Errors
    /// `ENOENT` when there is no such node, `EEXIST` when a hook is connected,
    /// the nodes' own when they refuse the hooks.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(false) else { return Ok(()) };
    /// # netgraph.mkpeer("em0:", "tee", "lower", "right")?;
    /// netgraph.connect("em0:", "em0:lower", "upper", "left")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn connect(&mut self, path: &str, peer: &str, ourhook: &str, peerhook: &str) -> Result<()> {
        let args = ngm_connect {
            path: array("path", peer)?,
            ourhook: array("hook", ourhook)?,
            peerhook: array("hook", peerhook)?,
        };
        self.command(path, NGM_CONNECT, args.as_bytes())
    }

    /// Names the node at `path`.
    ///
    /// # Errors
    /// `EADDRINUSE` when another node has the name.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// netgraph.name("em0:lower.right2left", "netflow")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn name(&mut self, path: &str, name: &str) -> Result<()> {
        let args = ngm_name {
            name: array("node name", name)?,
        };
        self.command(path, NGM_NAME, args.as_bytes())
    }

    /// Disconnects a hook of the node at `path`. One that is not connected is
    /// no error.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// netgraph.rmhook("netflow:", "export")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn rmhook(&mut self, path: &str, hook: &str) -> Result<()> {
        let args = ngm_rmhook {
            ourhook: array("hook", hook)?,
        };
        self.command(path, NGM_RMHOOK, args.as_bytes())
    }

    /// Shuts the node at `path` down. A node that stands for something else,
    /// as an interface's does, loses its hooks and stays.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// netgraph.shutdown("netflow:")?;
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn shutdown(&mut self, path: &str) -> Result<()> {
        self.command(path, NGM_SHUTDOWN, &[])
    }

    /// Describes the node at `path`.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// println!("I am {}", netgraph.nodeinfo(".")?.path());
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn nodeinfo(&mut self, path: &str) -> Result<NodeInfo> {
        let reply = self.query(path, NGM_NODEINFO)?;
        Ok(node(&reply.args_as()?))
    }

    /// Describes the node at `path` and its hooks.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// let (node, links) = netgraph.listhooks("em0:")?;
    /// for link in links {
    ///     println!("{}:{} - {}", node.name, link.ourhook, link.peer.path());
    /// }
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn listhooks(&mut self, path: &str) -> Result<(NodeInfo, Vec<Link>)> {
        let reply = self.query(path, NGM_LISTHOOKS)?;
        let (list, links) = reply.args_as_list::<hooklist, linkinfo>(|list| list.nodeinfo.hooks)?;
        let links = links.iter().map(|link| Link {
            ourhook: text(&link.ourhook),
            peerhook: text(&link.peerhook),
            peer: node(&link.nodeinfo),
        });
        Ok((node(&list.nodeinfo), links.collect()))
    }

    /// Lists the nodes that have a name.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// let names: Vec<String> = netgraph.listnames()?.into_iter().map(|n| n.name).collect();
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn listnames(&mut self) -> Result<Vec<NodeInfo>> {
        self.nodes(NGM_LISTNAMES)
    }

    /// Lists all nodes.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// let unconnected = netgraph.listnodes()?.iter().filter(|n| n.hooks == 0).count();
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn listnodes(&mut self) -> Result<Vec<NodeInfo>> {
        self.nodes(NGM_LISTNODES)
    }

    /// Lists the types of node that are there.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// assert!(netgraph.listtypes()?.iter().any(|t| t.name == "socket"));
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn listtypes(&mut self) -> Result<Vec<TypeInfo>> {
        let reply = self.query(".", NGM_LISTTYPES)?;
        let (_, types) = reply.args_as_list::<typelist, typeinfo>(|list| list.numtypes)?;
        let types = types.iter().map(|info| TypeInfo {
            name: text(&info.type_name),
            nodes: info.numnodes,
        });
        Ok(types.collect())
    }

    /// What the node at `path` says of its state, `None` when it says nothing.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// assert_eq!(netgraph.text_status("netflow:")?, None);
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn text_status(&mut self, path: &str) -> Result<Option<String>> {
        let reply = self.call(path, NGM_GENERIC_COOKIE, NGM_TEXT_STATUS, &[]);
        optional_text(reply)
    }

    /// Sets the configuration of the node at `path`, or only asks for it when
    /// `config` is empty, and returns what it says it is; `None` when it has
    /// none in this form.
    ///
    /// ```
    /// # let Some((_nghost, mut netgraph)) = ngctl_testing::nghost::start(true) else { return Ok(()) };
    /// assert_eq!(netgraph.text_config("netflow:", "")?, None);
    /// # Ok::<(), ngctl_rs::Error>(())
    /// ```
    pub fn text_config(&mut self, path: &str, config: &str) -> Result<Option<String>> {
        let mut args = Vec::new();
        if !config.is_empty() {
            let text: [u8; NG_TEXTRESPONSE] = array("configuration", config)?;
            args.extend_from_slice(&text[..=config.len()]);
        }
        optional_text(self.call(path, NGM_GENERIC_COOKIE, NGM_TEXT_CONFIG, &args))
    }

    /// Sends a generic message that has no reply.
    fn command(&mut self, path: &str, cmd: u32, args: &[u8]) -> Result<()> {
        self.send(path, NGM_GENERIC_COOKIE, cmd, args).map(drop)
    }

    /// Sends a generic message without arguments that has one.
    fn query(&mut self, path: &str, cmd: u32) -> Result<Message> {
        self.call(path, NGM_GENERIC_COOKIE, cmd, &[])
    }

    fn nodes(&mut self, cmd: u32) -> Result<Vec<NodeInfo>> {
        let reply = self.query(".", cmd)?;
        let (_, nodes) = reply.args_as_list::<namelist, nodeinfo>(|list| list.numnames)?;
        Ok(nodes.iter().map(node).collect())
    }
}

fn node(info: &nodeinfo) -> NodeInfo {
    NodeInfo {
        name: text(&info.name),
        node_type: text(&info.type_),
        id: info.id,
        hooks: info.hooks,
    }
}

/// A node without text answers `EINVAL`, as to any message it does not know.
fn optional_text(reply: Result<Message>) -> Result<Option<String>> {
    match reply {
        Ok(reply) => Ok(Some(text(&reply.args))),
        Err(Error::Errno(Errno(EINVAL))) => Ok(None),
        Err(error) => Err(error),
    }
}
