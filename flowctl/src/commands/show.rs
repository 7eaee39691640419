// SPDX-License-Identifier: BSD-2-Clause
//! `show [ipv4|ipv6] [human|verbose]`: the flow cache.

use super::{Action, Command, EX_BASE};
use crate::{
    flows::{walk, Family, WalkError},
    format::{Format, Style},
};
use ngctl_rs::{
    cli::{Exit, EX_OSERR, EX_PROTOCOL, EX_USAGE},
    Client, Error,
};
use std::{
    collections::{hash_map::Entry, HashMap},
    io::{stdout, BufWriter, Write},
};

pub static COMMAND: Command = Command {
    usage: "show [ipv4|ipv6] [human|verbose]",
    summary: "Print the flows in the cache: a line each, human with ports in decimal, \
              verbose with masks, flags, next hop and size too",
    parse,
};

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    families: Vec<Family>,
    style: Style,
}

fn parse(words: &[String]) -> Result<Action, Exit> {
    let request = request(words)?;
    Ok(Box::new(move |client, path| {
        let mut out = BufWriter::new(stdout().lock());
        let (mut shown, mut refusal) = (false, None);
        for family in &request.families {
            match show(client, path, Format::new(*family, request.style), &mut out) {
                Err(error @ WalkError::Refused(_)) => refusal = refusal.or(Some(error)),
                walked => {
                    walked.map_err(|error| exit(path, error))?;
                    shown = true;
                }
            }
        }
        // A kernel with one IP version only has nothing of the other to show.
        if let (Some(error), false) = (refusal, shown) {
            return Err(exit(path, error));
        }
        out.flush().map_err(Exit::unwritten)
    }))
}

/// Reads the words in any order. Base wants the family first, and takes no
/// notice of words that it does not know.
fn request(words: &[String]) -> Result<Request, Exit> {
    let mut families = Vec::new();
    let mut style = None;
    for word in words {
        let begins = |name: &str| !word.is_empty() && name.starts_with(word.as_str());
        match word.as_str() {
            "ipv4" if !families.contains(&Family::Ipv4) => families.push(Family::Ipv4),
            "ipv6" if !families.contains(&Family::Ipv6) => families.push(Family::Ipv6),
            _ if begins("human") && style.is_none() => style = Some(Style::Human),
            _ if begins("verbose") && style.is_none() => style = Some(Style::Verbose),
            _ => {
                let message = format!("show: bad argument: {word}; usage: {}", COMMAND.usage);
                return Err(Exit::new(EX_USAGE, message));
            }
        }
    }
    if families.is_empty() {
        families = vec![Family::Ipv4, Family::Ipv6];
    }
    Ok(Request {
        families,
        style: style.unwrap_or(Style::Brief),
    })
}

/// Prints one family. The heading comes once, however many replies there are,
/// and in base's way: not over an empty table, unless verbose.
fn show(
    client: &mut Client,
    path: &str,
    format: Format,
    out: &mut impl Write,
) -> Result<(), WalkError> {
    let mut names = Names::default();
    let mut headed = format.style == Style::Verbose;
    if headed {
        out.write_all(format.heading().as_bytes())
            .map_err(|error| WalkError::Stopped(Exit::unwritten(error)))?;
    }
    let mut rows = String::new();
    walk(client, path, format.family, |client, flows| {
        if !headed && !flows.is_empty() {
            rows.push_str(&format.heading());
            headed = true;
        }
        for flow in flows {
            names.learn(client, flow.input)?;
            names.learn(client, flow.output)?;
            let (input, output) = (names.of(flow.input), names.of(flow.output));
            format.row(&mut rows, flow, input, output);
        }
        let written = out.write_all(rows.as_bytes());
        rows.clear();
        written.map_err(Exit::unwritten)
    })
}

/// How the program ends after that.
fn exit(path: &str, error: WalkError) -> Exit {
    match error {
        WalkError::Stopped(exit) => exit,
        WalkError::Refused(error) | WalkError::Request(error @ Error::Errno(_)) => {
            Exit::new(EX_BASE, format!("NgSendMsg(NGM_NETFLOW_SHOW): {error}"))
        }
        WalkError::Request(error) if error.is_of_reply() => {
            Exit::new(EX_PROTOCOL, format!("node \"{path}\": {error}"))
        }
        WalkError::Request(error) => Exit::new(EX_OSERR, format!("node \"{path}\": {error}")),
        error => Exit::new(EX_PROTOCOL, format!("node \"{path}\": {error}")),
    }
}

/// Interfaces' names, each asked for once.
#[derive(Default)]
struct Names(HashMap<u16, String>);

impl Names {
    /// Asks for a name: the number for an interface that has none, where base
    /// prints "(null)".
    fn learn(&mut self, client: &mut Client, index: u16) -> Result<(), Exit> {
        if let Entry::Vacant(place) = self.0.entry(index) {
            let name = client
                .interface_name(index.into())
                .map_err(|error| Exit::new(EX_OSERR, format!("interface {index}: {error}")))?;
            place.insert(name.unwrap_or_else(|| index.to_string()));
        }
        Ok(())
    }

    /// A name that was learnt.
    fn of(&self, index: u16) -> &str {
        self.0.get(&index).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{request, Family, Request, Style};

    fn parsed(words: &str) -> Option<Request> {
        let words: Vec<String> = words.split(' ').map(String::from).collect();
        request(if words == [""] { &[] } else { &words }).ok()
    }

    #[test]
    fn the_words_after_show() {
        let both = vec![Family::Ipv4, Family::Ipv6];
        for (words, families, style) in [
            ("", both.clone(), Style::Brief),
            ("ipv4", vec![Family::Ipv4], Style::Brief),
            ("ipv6 h", vec![Family::Ipv6], Style::Human),
            ("verb", both, Style::Verbose),
            ("human ipv4", vec![Family::Ipv4], Style::Human),
        ] {
            assert_eq!(parsed(words), Some(Request { families, style }), "{words}");
        }
        for words in ["ipv", "ipv5", "human verbose", "verbosely", "ipv4 ipv4"] {
            assert_eq!(parsed(words), None, "{words}");
        }
    }
}
