// SPDX-License-Identifier: BSD-2-Clause
//! The same traffic and the same commands with FreeBSD's module and with ours,
//! by FreeBSD's tools and by ours: what is printed, refused and exported is
//! the same, but for what `files/differences.txt` names.

use super::{Scenario, USUAL};
use crate::guest::{Guest, Pair, BASE, HOST, OURS};
use anyhow::{ensure, Result};
use end_to_end::collector::{decode, totals9, Collector};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "output, errors and records as of base's module and tools, listed differences aside",
    limit: 900,
    story,
    ..USUAL
};

/// What is different on purpose.
const DIFFERENCES: &str = include_str!("../../files/differences.txt");

/// The commands, for `ngctl` and `flowctl` of either kind; `EPAIR` is the
/// interface, `INDEX` its number. What stands behind `ngctl <` is a script, a
/// line before each semicolon.
const COMMANDS: &str = "
ngctl list
ngctl list -l
ngctl ls -n
ngctl show netflow:
ngctl show -n netflow:
ngctl show netflow:export
ngctl show nosuch:
ngctl status netflow:
ngctl types
ngctl dot
ngctl dot -c
ngctl dot -c /tmp/graph
cat /tmp/graph
ngctl dot /tmp/graph
cat /tmp/graph
ngctl dot /tmp/nosuch/graph
ngctl dot one two
ngctl graphviz -c
ngctl confdot
ngctl bogus
ngctl s
ngctl sho netflow:
ngctl inquire netflow:
ngctl info netflow:export
ngctl info
ngctl list nosuch
ngctl status
ngctl types nosuch
ngctl debug
ngctl debug 1
ngctl debug -1
ngctl debug 1 2
ngctl < debug; debug +; debug; debug -; debug; debug 0; debug
ngctl < types; ; ; ; ; ; quit; list
ngctl < types; ; ; ; ; ; exit; list
ngctl < # a comment; ; list; bogus; types
ngctl -f /nosuch/script
ngctl < read /nosuch/script
ngctl < source /tmp/lines
ngctl < . /tmp/lines
ngctl read /tmp/lines
ngctl read
ngctl -n nosuch:name list
ngctl -n twelve show twelve:
ngctl -j far list
ngctl -j far -n inside show inside:
ngctl -j far show netflow:
ngctl -j nosuch list
ngctl -j 4711 list
ngctl mkpeer
ngctl mkpeer netflow: nosuchtype foo bar
ngctl mkpeer netflow: hub iface0 x
ngctl mkpeer netflow: hub iface01 x
ngctl mkpeer netflow: hub ifaceX x
ngctl mkpeer netflow: hub iface65535 x
ngctl mkpeer netflow: hub iface65534 x
ngctl mkpeer netflow: hub export x
ngctl mkpeer netflow: hub out0 x
ngctl connect netflow: netflow: out1 nosuchhook
ngctl connect
ngctl connect netflow: nosuch: x y
ngctl mkpeer netflow: hub iface4 x
ngctl connect netflow:iface4 netflow: y iface5
ngctl join netflow: netflow:iface4 out4 z
ngctl join netflow: netflow:iface4 out4 z2
ngctl join netflow:iface4 netflow: y out5
ngctl show netflow:iface4
ngctl disconnect netflow: out4
ngctl rmhook netflow:iface4 y
ngctl rmhook netflow:iface4 y
ngctl rmhook
ngctl show netflow:iface4
ngctl kill netflow:iface4
ngctl shutdown
ngctl mkpeer netflow: hub iface4 x
ngctl rmnode netflow:iface4
ngctl rmnode netflow:iface4
ngctl name netflow: netflow
ngctl name nosuch: foo
ngctl rmhook netflow: nosuch
ngctl name
ngctl config
ngctl config netflow:
ngctl config netflow: one
ngctl config netflow: one two=three four
ngctl config netflow:iface1 one
ngctl config nosuch: one
ngctl < connect . netflow:iface1 in q; write in 1 2 3
ngctl < connect . netflow:iface1 in q; w in 0x41 010 -128 255
ngctl < connect . netflow:iface1 in q; write in 256
ngctl < connect . netflow:iface1 in q; write in x
ngctl < connect . netflow:iface1 in q; write in -129
ngctl < connect . netflow:iface1 in q; write in
ngctl < connect . netflow:iface1 in q; write out 1
ngctl < connect . netflow:iface1 in q; write in -f /tmp/frame
ngctl < connect . netflow:iface1 in q; write in -f /tmp/empty
ngctl < connect . netflow:iface1 in q; write in -f /nosuch/frame
ngctl < connect . netflow:iface1 in q; write in -f
ngctl < write in 1
ngctl write in 1
ngctl cmd netflow: info
ngctl msg netflow: info
ngctl msg netflow: ifinfo 0
ngctl msg netflow: ifinfo 1
ngctl msg netflow: ifinfo 3
ngctl msg netflow: ifinfo 65535
ngctl msg netflow: v9info
ngctl msg netflow: setmtu { mtu=10 }
ngctl msg netflow: setmtu { mtu=23 }
ngctl msg netflow: setmtu { mtu=16385 }
ngctl msg netflow: setmtu { mtu=100 }
ngctl msg netflow: v9info
ngctl msg netflow: setmtu { mtu=1500 }
ngctl msg netflow: settemplate { time=1 packets=1 }
ngctl msg netflow: v9info
ngctl msg netflow: setconfig { iface=0 conf=1 }
ngctl msg netflow: setconfig { iface=9 conf=15 }
ngctl msg netflow: setconfig { iface=65535 conf=1 }
ngctl msg netflow: setconfig { iface=9 conf=16 }
ngctl msg netflow: setconfig { iface=9 conf=32 }
ngctl msg netflow: ifinfo 9
ngctl msg netflow: setconfig { iface=9 conf=64 }
ngctl msg netflow: setifindex { iface=0 index=INDEX }
ngctl msg netflow: setifindex { iface=9 index=2 }
ngctl msg netflow: setdlt { iface=0 dlt=13 }
ngctl msg netflow: setdlt { iface=0 dlt=1 }
ngctl msg netflow: setdlt { iface=9 dlt=1 }
ngctl msg netflow: settimeouts { inactive=200 active=600 }
ngctl msg netflow: settimeouts
ngctl msg netflow: nosuch
ngctl msg netflow: settimeouts { nosuchfield=1 }
ngctl msg netflow: settimeouts { inactive=x }
flowctl netflow: show
flowctl netflow: show human
flowctl netflow: show ipv4
flowctl netflow: show ipv6
flowctl netflow: show ipv6 human
flowctl netflow: show ipv4 verbose
flowctl netflow: show ipv6 verbose
flowctl netflow: sh
flowctl netflow: bogus
flowctl nosuch: show
ngctl msg netflow: info
ngctl msg netflow: settimeouts { inactive=300 }
";

fn story(guest: &mut Guest) -> Result<()> {
    let reference = perform(guest, BASE, "")?;
    let mut listed = 0;
    for (module, tools, what) in [
        (OURS, "", "our module, base's tools"),
        (BASE, "/mnt/bin/", "base's module, our tools"),
        (OURS, "/mnt/bin/", "our module, our tools"),
    ] {
        let found = perform(guest, module, tools)?;
        let (differences, excused) = compare(&reference, &found);
        ensure!(
            differences.is_empty(),
            "{what}: {} unlisted differences\n{}",
            differences.len(),
            differences.join("\n")
        );
        listed += excused;
    }
    guest.note(format!("{} answers each, {listed} listed differences", reference.len()));
    guest.load(OURS)
}

/// What one command answered, or what one record was.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    to: String,
    lines: Vec<String>,
}

/// The whole list with one module and one set of tools, and what it exported.
fn perform(guest: &mut Guest, module: &str, tools: &str) -> Result<Vec<Answer>> {
    guest.run("kldunload ng_netflow")?;
    guest.load(module)?;
    let pair = guest.pair()?;
    let (v5, v9) = (Collector::start()?, Collector::start()?);
    wire(guest, &pair, v5.port, v9.port)?;
    traffic(guest)?;
    guest.ok(
        "printf 'types\\nshow netflow:\\n' > /tmp/lines
        printf '\\002\\000frame' > /tmp/frame; : > /tmp/empty",
    )?;

    let mut answers = Vec::new();
    for line in COMMANDS.lines().filter(|line| !line.is_empty()) {
        let line = line
            .replace("EPAIR", &pair.near)
            .replace("INDEX", &pair.index.to_string());
        let (tool, arguments) = line.split_once(' ').unwrap_or((&line, ""));
        let name = match (tool, tools) {
            ("ngctl", "/mnt/bin/") => "ngctl-rs",
            _ => tool,
        };
        let command = match (arguments.split_once("< "), arguments.split_once('{')) {
            (Some((_, script)), _) => {
                let lines = script.replace("; ", "\n");
                format!("echo '{lines}' | {tools}{name} -f -")
            }
            (_, Some((before, after))) => format!("{tools}{name} {before}'{{{after}'"),
            _ if tool == "cat" => line.clone(),
            _ => format!("{tools}{name} {arguments}"),
        };
        let output = guest.run(&command)?;
        let mut lines: Vec<String> = output.text().lines().map(masked).collect();
        lines.sort();
        lines.dedup_by(|a, b| a == b && is_heading(a));
        lines.push(format!("[exit {}]", output.status));
        answers.push(Answer { to: line, lines });
    }

    guest.ok("ngctl shutdown netflow:")?;
    guest.ok(&format!("ngctl shutdown {}:lower; jail -r far; ifconfig {0} destroy", pair.near))?;
    guest.wait(500);
    answers.extend(records(&v5.finish(), &v9.finish())?);
    guest.is_loaded(module)?;
    guest.ok("kldunload ng_netflow")?;
    Ok(answers)
}

fn wire(guest: &mut Guest, pair: &Pair, v5: u16, v9: u16) -> Result<()> {
    let near = &pair.near;
    guest.ngctl(&format!(
        "mkpeer {near}: tee lower right
         connect {near}: {near}:lower upper left
         mkpeer {near}:lower netflow right2left iface0
         name {near}:lower.right2left netflow
         connect {near}:lower netflow: left2right out0
         mkpeer netflow: hub iface1 x
         mkpeer netflow: hub iface2 x
         mkpeer netflow: hub iface3 x
         msg netflow: setconfig {{ iface=2 conf=17 }}
         msg netflow: setconfig {{ iface=3 conf=33 }}
         msg netflow: setifindex {{ iface=0 index={} }}
         msg netflow: settimeouts {{ inactive=300 active=600 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/{HOST}:{v5}
         mkpeer netflow: ksocket export9 inet/dgram/udp
         msg netflow:export9 connect inet/{HOST}:{v9}",
        pair.index
    ))?;
    Ok(())
}

/// Three pings through the interface, and frames whose every octet is known
/// into `iface1`; one flow also into interfaces that do not look up its source's
/// route, and its destination's.
fn traffic(guest: &mut Guest) -> Result<()> {
    guest.expect("ping -q -c 3 -i 0.1 192.168.1.2", "3 packets received")?;
    let mut script = String::from("connect . netflow:iface1 in y\n");
    for frame in frames() {
        script += "write in";
        for byte in frame {
            script += &format!(" {byte}");
        }
        script.push('\n');
    }
    for (number, hook) in ["in", "in2", "in3"].into_iter().enumerate() {
        if number > 0 {
            script += &format!("connect . netflow:iface{} {hook} y\n", number + 1);
        }
        script += &format!("write {hook}");
        for byte in local(number as u8) {
            script += &format!(" {byte}");
        }
        script.push('\n');
    }
    guest.ngctl(&script)?;
    Ok(())
}

/// Ethernet frames: TCP twice, UDP, an echo request and a later fragment by
/// IPv4; UDP and an echo request by IPv6.
fn frames() -> Vec<Vec<u8>> {
    let tcp = |flags| {
        let mut tcp = vec![0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags];
        tcp.resize(20, 0);
        tcp
    };
    let udp = || vec![0x14, 0xe9, 0x14, 0xe9, 0, 12, 0, 0, 1, 2, 3, 4];
    let echo = |kind| vec![kind, 0, 0, 0, 0, 1, 0, 1];
    vec![
        ipv4(6, [0, 0], &tcp(2)),
        ipv4(6, [0, 0], &tcp(16)),
        ipv4(17, [0, 0], &udp()),
        ipv4(1, [0, 0], &echo(8)),
        ipv4(17, [0, 185], &[0; 40]),
        ipv6(17, &udp()),
        ipv6(58, &echo(128)),
    ]
}

/// UDP between two hosts of the interface's network, both of which have a route.
fn local(source_port: u8) -> Vec<u8> {
    let mut frame = ipv4(17, [0, 0], &[0, source_port, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]);
    frame.splice(26..29, [192, 168, 1]);
    frame
}

fn ethernet(kind: [u8; 2], packet: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &kind[..], packet].concat()
}

fn ipv4(protocol: u8, fragment: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0x45, 0x10, 0, 20 + payload.len() as u8, 0, 7];
    header.extend(fragment);
    header.extend([64, protocol, 0, 0, 10, 1, 2, 3, 192, 168, 1, 2]);
    header.extend(payload);
    ethernet([8, 0], &header)
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0x60, 0, 0, 0, 0, payload.len() as u8, next, 64];
    for last in [1, 2] {
        header.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    header.extend(payload);
    ethernet([0x86, 0xdd], &header)
}

/// What was exported, times aside, in order.
fn records(v5: &[Vec<u8>], v9: &[Vec<u8>]) -> Result<Vec<Answer>> {
    let mut lines = Vec::new();
    for datagram in v5 {
        for record in decode(datagram)?.records {
            lines.push(format!(
                "{:?} packets={} octets={} input={} output={} next_hop={} masks={:?} flags={:x}",
                record.key,
                record.packets,
                record.octets,
                record.input,
                record.output,
                record.next_hop,
                record.masks,
                record.tcp_flags,
            ));
        }
    }
    lines.sort();
    let mut lines9: Vec<String> = totals9(v9)?
        .iter()
        .map(|(key, total)| format!("{key:?} {total:?}"))
        .collect();
    lines9.sort();
    Ok(vec![
        Answer {
            to: "records of version 5".into(),
            lines,
        },
        Answer {
            to: "flows of version 9".into(),
            lines: lines9,
        },
    ])
}

/// A line without what differs from run to run: node numbers and process IDs.
fn masked(line: &str) -> String {
    let is_hex = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
    let mut masked = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let number = &rest[..rest.find(|c| !is_hex(c)).unwrap_or(rest.len())];
        let after = rest[number.len()..].chars().next();
        let before = masked.chars().last();
        let is_node = number.len() == 8
            || before == Some('[') && after == Some(']')
            || before == Some('"') && matches!(after, Some('"' | '.')) && !number.is_empty();
        let is_process = masked.ends_with("ngctl") && !number.is_empty();
        if (is_node || is_process) && !number.is_empty() {
            masked.push('N');
            rest = &rest[number.len()..];
        } else {
            masked.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    // Names are padded to a width.
    masked.replace("ngctlN ", "ngctlN").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// flowctl writes a heading above the records of each reply, and base's node
/// ends a reply early where its clock happens to hold a lock: how many headings
/// there are is chance.
fn is_heading(line: &str) -> bool {
    line.is_empty() || line.starts_with("SrcIf ") || line.starts_with("Port Msk ")
}

/// Differences that are not listed, and how many were.
fn compare(base: &[Answer], ours: &[Answer]) -> (Vec<String>, usize) {
    let (mut differences, mut listed) = (Vec::new(), 0);
    for (base, ours) in base.iter().zip(ours) {
        if base == ours {
            continue;
        }
        let mut expected: Vec<String> = base.lines.iter().flat_map(|line| excused(line)).collect();
        expected.sort();
        let mut found: Vec<String> = ours.lines.iter().flat_map(|line| excused(line)).collect();
        found.sort();
        if expected == found {
            listed += 1;
            continue;
        }
        let only = |these: &[String], those: &[String], sign: &str| -> Vec<String> {
            let missing = these.iter().filter(|line| !those.contains(line));
            missing.map(|line| format!("  {sign} {line}")).collect()
        };
        differences.push(format!("$ {}", base.to));
        differences.extend(only(&expected, &found, "base:"));
        differences.extend(only(&found, &expected, "ours:"));
    }
    (differences, listed)
}

/// A line with base's wording of the listed differences turned into ours; no
/// line where the list says that there is none.
fn excused(line: &str) -> Option<String> {
    let mut line = line.to_string();
    let mut base = None;
    for entry in DIFFERENCES.lines() {
        if let Some(text) = entry.strip_prefix("base: ") {
            base = Some(text);
        } else if let (Some(text), Some(ours)) = (base, entry.strip_prefix("ours:")) {
            line = line.replace(text, ours.trim_start());
            base = None;
        }
    }
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}
