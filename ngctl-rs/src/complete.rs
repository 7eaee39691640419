// SPDX-License-Identifier: BSD-2-Clause
//! What may stand where the cursor is: commands, paths, hooks, types, messages.
//!
//! The netgraph is asked while the user waits, so what is offered is there. It
//! cannot be asked for a node's messages: those of some types are listed here.

use crate::{
    commands::{self, COMMANDS},
    session::Session,
};
use ngctl_rs::{generic::NodeInfo, Client};
use rustyline::{
    completion::{Completer, FilenameCompleter, Pair},
    error::ReadlineError,
    Context, Helper, Highlighter, Hinter, Validator,
};
use std::sync::{Arc, Mutex};

/// The messages that every node translates from ASCII, as ng_base.c has them.
const GENERIC: &[&str] = &[
    "shutdown",
    "mkpeer",
    "connect",
    "name",
    "rmhook",
    "nodeinfo",
    "listhooks",
    "listnames",
    "listnodes",
    "listtypes",
    "textconfig",
    "textstatus",
];

/// Those of a type's nodes, as their manual pages have them.
const MESSAGES: &[(&str, &[&str])] = &[
    (
        "netflow",
        &[
            "info",
            "ifinfo",
            "setdlt",
            "setifindex",
            "settimeouts",
            "setconfig",
            "settemplate",
            "setmtu",
            "v9info",
        ],
    ),
    (
        "ksocket",
        &[
            "bind",
            "listen",
            "connect",
            "accept",
            "getname",
            "getpeername",
        ],
    ),
    ("tee", &["getstats", "clrstats", "getclrstats"]),
    ("hub", &["setpersistent"]),
    (
        "ether",
        &[
            "getifname",
            "getifindex",
            "getenaddr",
            "setenaddr",
            "getpromisc",
            "setpromisc",
            "getautosrc",
            "setautosrc",
            "addmulti",
            "delmulti",
            "detach",
        ],
    ),
];

/// What a word of a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Command,
    Path,
    /// A type of node, or a path before it.
    PathOrType,
    Type,
    /// A hook of the node that the word before names.
    Hook,
    /// A hook of our own node, or the path of another before its hook.
    PathOrHook,
    OwnHook,
    /// A message for the node that the word before names.
    Message,
    File,
}

/// What the word after these is; the first of them is the command.
fn kind(words: &[&str]) -> Option<Word> {
    let [command, args @ ..] = words else {
        return Some(Word::Command);
    };
    let command = commands::find(command).ok()?.name();
    Some(match (command, args.len()) {
        ("help", 0) => Word::Command,
        ("config" | "msg" | "name" | "shutdown" | "status", 0) => Word::Path,
        ("show", 0) => Word::Path,
        ("show", 1) if args == ["-n"] => Word::Path,
        ("connect", 0 | 1) => Word::Path,
        ("connect", 2) => Word::Hook,
        ("mkpeer", 0) => Word::PathOrType,
        ("mkpeer", 1) => Word::Type,
        ("rmhook", 0) => Word::PathOrHook,
        ("rmhook", 1) => Word::Hook,
        ("write", 0) => Word::OwnHook,
        ("write", 2) if args.last() == Some(&"-f") => Word::File,
        ("msg", 1) => Word::Message,
        ("read", 0) | ("dot", 0) => Word::File,
        ("dot", 1) if args == ["-c"] => Word::File,
        _ => return None,
    })
}

/// Everything of that kind, which begins with `start` or not.
fn all(client: &mut Client, kind: Word, words: &[&str], start: &str) -> Vec<String> {
    let of_word_before = words.last().copied().unwrap_or(".");
    match kind {
        Word::Path => paths(client, start),
        Word::Type => types(client),
        Word::PathOrType => [paths(client, start), types(client)].concat(),
        Word::Hook => hooks(client, of_word_before),
        Word::PathOrHook => [paths(client, start), hooks(client, ".")].concat(),
        Word::OwnHook => hooks(client, "."),
        Word::Message => messages(client, of_word_before),
        Word::Command | Word::File => Vec::new(), // Not the netgraph's.
    }
}

/// Names of nodes and, once there is one, hooks that lead on from it.
fn paths(client: &mut Client, start: &str) -> Vec<String> {
    let Some(end) = start.rfind([':', '.']) else {
        let nodes = client.listnodes().unwrap_or_default();
        return nodes.iter().map(NodeInfo::known_path).collect();
    };
    let (node, separator) = start.split_at(end);
    let node = match separator.starts_with(':') {
        true => format!("{node}:"),
        false => node.to_string(),
    };
    let on = |hook| format!("{}{hook}", &start[..=end]);
    hooks(client, &node).into_iter().map(on).collect()
}

fn hooks(client: &mut Client, path: &str) -> Vec<String> {
    let links = client.listhooks(path).map_or(vec![], |(_, links)| links);
    links.into_iter().map(|link| link.ourhook).collect()
}

fn types(client: &mut Client) -> Vec<String> {
    let types = client.listtypes().unwrap_or_default();
    types.into_iter().map(|info| info.name).collect()
}

fn messages(client: &mut Client, path: &str) -> Vec<String> {
    let Ok(node) = client.nodeinfo(path) else {
        return Vec::new();
    };
    let own = MESSAGES.iter().find(|(name, _)| *name == node.node_type);
    let own = own.map_or(&[][..], |(_, messages)| messages);
    own.iter()
        .chain(GENERIC)
        .map(|name| name.to_string())
        .collect()
}

/// What the word that begins like this can become, after these words: sorted,
/// each once. Nothing when the netgraph cannot be asked.
pub fn candidates(session: &mut Session, words: &[&str], start: &str) -> Vec<String> {
    let Some(kind) = kind(words) else {
        return Vec::new();
    };
    let mut found = match kind {
        Word::Command => commands_and_aliases(),
        Word::File => files(start),
        _ => match session.client() {
            Ok(client) => all(client, kind, words, start),
            Err(_) => Vec::new(),
        },
    };
    found.retain(|word| word.starts_with(start));
    found.sort();
    found.dedup();
    found
}

fn commands_and_aliases() -> Vec<String> {
    COMMANDS
        .iter()
        .flat_map(|command| command.aliases.iter().copied().chain([command.name()]))
        .map(String::from)
        .collect()
}

fn files(start: &str) -> Vec<String> {
    let found = FilenameCompleter::new().complete_path(start, start.len());
    let Ok((begin, pairs)) = found else {
        return Vec::new();
    };
    let path = |pair: Pair| format!("{}{}", &start[..begin], pair.replacement);
    pairs.into_iter().map(path).collect()
}

/// The line editor's way to ask.
#[derive(Helper, Highlighter, Hinter, Validator)]
pub struct Netgraph(pub Arc<Mutex<Session>>);

impl Completer for Netgraph {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> Result<(usize, Vec<Pair>), ReadlineError> {
        let before = &line[..at];
        let begin = before.rfind([' ', '\t']).map_or(0, |space| space + 1);
        let (words, start) = before.split_at(begin);
        let words: Vec<&str> = words.split_ascii_whitespace().collect();
        // Held only while a message that came is shown.
        let Ok(mut session) = self.0.lock() else {
            return Ok((begin, vec![]));
        };
        let found = candidates(&mut session, &words, start);
        // A path may go on, and so may what is one of several.
        let is_whole = |word: &str| found.len() == 1 && !word.ends_with([':', '/']);
        let pairs = found.iter().map(|word| Pair {
            display: word.clone(),
            replacement: match is_whole(word) {
                true => format!("{word} "),
                false => word.clone(),
            },
        });
        Ok((begin, pairs.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::{kind, Word};

    #[test]
    fn what_a_word_is_depends_on_those_before() {
        for (words, expected) in [
            (&[][..], Some(Word::Command)),
            (&["help"], Some(Word::Command)),
            (&["mk"], Some(Word::PathOrType)),
            (&["mkpeer", "em0:"], Some(Word::Type)),
            (&["mkpeer", "em0:", "tee"], None),
            (&["join", "em0:", "em0:lower"], Some(Word::Hook)),
            (&["msg", "netflow:"], Some(Word::Message)),
            (&["show", "-n"], Some(Word::Path)),
            (&["w", "hook", "-f"], Some(Word::File)),
            (&["."], Some(Word::File)),
            (&["s"], None), // Ambiguous.
            (&["quit"], None),
        ] {
            assert_eq!(kind(words), expected, "{words:?}");
        }
    }
}
