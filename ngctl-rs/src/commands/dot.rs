// SPDX-License-Identifier: BSD-2-Clause
//! `dot`: the whole graph, for GraphViz to draw.

use super::{failed, options, Command, Failure, Flow, Outcome};
use crate::session::Session;
use ngctl_rs::{
    error::describe,
    generic::{Link, NodeInfo},
    Error,
};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

pub static COMMAND: Command = Command {
    usage: "dot [-c] [outputfile]",
    summary: "Draw all nodes and links in GraphViz's language",
    help: "The drawing goes to standard output if no file is named. With -c it is compact: \
           a hook is a label at the end of a line rather than a box of its own.",
    aliases: &["graphviz", "confdot"],
    run,
};

fn run(session: &mut Session, args: &[&str]) -> Outcome {
    let options = options(session, &["c"], args)?;
    let compact = options.opt_present("c");
    let path = match options.free.as_slice() {
        [] => None,
        [path] => Some(path),
        _ => return Err(Failure::Usage),
    };
    // All of it first: a file is not to hold half a graph.
    let graph = Graph::read(session)?;
    let mut drawing = Vec::new();
    if compact {
        graph.draw_compact(&mut drawing)?;
    } else {
        graph.draw(&mut drawing)?;
    }
    match path {
        None => session.out.write_all(&drawing)?,
        Some(path) => File::create(path)
            .and_then(|file| {
                let mut file = BufWriter::new(file);
                file.write_all(&drawing)?;
                file.flush()
            })
            .map_err(|error| {
                failed(
                    format!("Could not open {path} for writing"),
                    describe(&error),
                )
            })?,
    }
    Ok(Flow::Continue)
}

/// Every node with its links.
struct Graph(Vec<(NodeInfo, Vec<Link>)>);

impl Graph {
    fn read(session: &mut Session) -> Result<Self, Failure> {
        let client = session.client()?;
        let during = |message: &'static str| {
            move |error: Error| match error.is_of_reply() {
                true => failed(format!("recv {message} msg"), error),
                false => failed(format!("send {message} msg"), error),
            }
        };
        let mut nodes = Vec::new();
        for node in client.listnodes().map_err(during("listnodes"))? {
            let (_, links) = client
                .listhooks(&node.path())
                .map_err(during("listhooks"))?;
            nodes.push((node, links));
        }
        Ok(Self(nodes))
    }

    /// Hooks as nodes of the drawing, so that each has a box.
    fn draw(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "graph netgraph {{")?;
        writeln!(out, "\tedge [ weight = 1.0 ];")?;
        self.draw_nodes(out)?;
        for (NodeInfo { id, .. }, links) in &self.0 {
            if links.is_empty() {
                continue;
            }
            writeln!(out, "\tnode [ shape = octagon, fontsize = 10 ] {{")?;
            for Link { ourhook, .. } in links {
                writeln!(out, "\t\t\"{id:x}.{ourhook}\" [ label = \"{ourhook}\" ];")?;
            }
            writeln!(out, "\t}};")?;
            writeln!(out, "\t{{\n\t\tedge [ weight = 2.0, style = bold ];")?;
            for Link { ourhook, .. } in links {
                writeln!(out, "\t\t\"{id:x}\" -- \"{id:x}.{ourhook}\";")?;
            }
            writeln!(out, "\t}};")?;
            for link in links_once(*id, links) {
                let Link {
                    ourhook,
                    peerhook,
                    peer,
                } = link;
                let peer = peer.id;
                writeln!(out, "\t\"{id:x}.{ourhook}\" -- \"{peer:x}.{peerhook}\";")?;
            }
        }
        writeln!(out, "}}")
    }

    /// Hooks as labels.
    fn draw_compact(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "digraph netgraph {{")?;
        writeln!(out, "\tedge [ dir = \"none\", fontsize = 10 ];")?;
        self.draw_nodes(out)?;
        for (NodeInfo { id, .. }, links) in &self.0 {
            for link in links_once(*id, links) {
                let Link {
                    ourhook,
                    peerhook,
                    peer,
                } = link;
                let peer = peer.id;
                writeln!(
                    out,
                    "\t\"{peer:x}\" -> \"{id:x}\" \
                     [ headlabel = \"{ourhook}\", taillabel = \"{peerhook}\" ] ;"
                )?;
            }
        }
        writeln!(out, "}}")
    }

    fn draw_nodes(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\tnode [ shape = record, fontsize = 12 ] {{")?;
        for (node, _) in &self.0 {
            let NodeInfo { id, node_type, .. } = node;
            // In a record's label angle brackets mean something.
            let name = match node.name.as_str() {
                "" => "\\<unnamed\\>",
                name => name,
            };
            writeln!(
                out,
                "\t\t\"{id:x}\" [ label = \"{{{name}:|{{{node_type}|[{id:x}]:}}}}\" ];"
            )?;
        }
        writeln!(out, "\t}};")?;
        writeln!(out, "\tsubgraph cluster_disconnected {{")?;
        writeln!(out, "\t\tbgcolor = pink;")?;
        for (node, _) in self.0.iter().filter(|(node, _)| node.hooks == 0) {
            writeln!(out, "\t\t\"{:x}\";", node.id)?;
        }
        writeln!(out, "\t}};")
    }
}

/// Both ends of a link list it; it is drawn at the younger node.
fn links_once(id: u32, links: &[Link]) -> impl Iterator<Item = &Link> {
    links.iter().filter(move |link| link.peer.id <= id)
}
