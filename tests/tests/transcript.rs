// SPDX-License-Identifier: BSD-2-Clause
//! Every command of `../shared/reference/base-transcript.txt`, which is base's
//! node under base's tools on FreeBSD, run again: our node, our tools, nghost.
//! What they print and how they end is the same, but for [`DIFFERENCES`].

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use end_to_end::collector::Collector;
use end_to_end::frames::{frame, pcap, Transport};
use end_to_end::oracle::shared;
use end_to_end::programs::{program, until, Nghost};

/// Where ours is meant to differ: what the command begins with, what base prints
/// in it, what ours prints in its place, and why.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    ("ngctl types", "There are 7", "There are 6", NOT_HERE),
    ("ngctl types", "         eiface       0\n", "", NOT_HERE),
    (
        "ngctl types",
        "          ether       2\n",
        "          ether       1\n",
        "the epair's other end is not there",
    ),
    (
        "ngctl connect",
        "failed in ng_con_part2()\n",
        "",
        "a message of base's kernel on the console, not of ngctl",
    ),
    ("flowctl", "(null)", "0     ", A_NUMBER),
    (
        "flowctl",
        " 1 0000 0000      3",
        " 1 0000 0800      3",
        TYPE,
    ),
    (
        "flowctl",
        "58 0000 0000      2",
        "58 0000 8000      2",
        TYPE,
    ),
    (
        "flowctl",
        "58 0000 0000      1",
        "58 0000 8700      1",
        TYPE,
    ),
    ("flowctl", "   0        3\n", "2048        3\n", TYPE),
    ("flowctl", "    0        2\n", "32768        2\n", TYPE),
    (
        "flowctl",
        "58        0        0        1\n",
        "58        0    34560        1\n",
        TYPE,
    ),
    ("flowctl", " 0000 /32", " 0800 /32", TYPE),
    ("flowctl", " 0000 /128", " 8000 /128", TYPE),
    ("flowctl", " 0000 /0 ", " 8700 /0 ", TYPE),
    (
        "flowctl netflow show",
        "flowctl: NgSendMsg(NGM_NETFLOW_SHOW): No such file or directory\n[exit 1]\n",
        BRIEF,
        "a node needs no colon",
    ),
];

const NOT_HERE: &str = "nghost has no such type; that kernel had it loaded";
const A_NUMBER: &str = "an interface without a name has a number; base prints a null pointer";
const TYPE: &str = "ICMP's type and code are in the place of a port; base has 0 there";

/// What "flowctl netflow: show" prints.
const BRIEF: &str = "\
SrcIf         SrcIPaddress    DstIf         DstIPaddress    Pr SrcP DstP  Pkts
epair0a       192.168.1.2     lo0           192.168.1.1      6 9c40 0050      2
epair0a       192.168.1.2     lo0           192.168.1.1      1 0000 0800      3
epair0a       192.168.1.2     lo0           192.168.1.1     17 14e9 14e9      1
SrcIf         SrcIPaddress                   DstIf         DstIPaddress                   Pr SrcP DstP  Pkts
epair0a       2001:db8::2                    lo0           2001:db8::1                    58 0000 8000      2
epair0a       2001:db8::2                    lo0           2001:db8::1                    17 14ea 14ea      1
epair0a       2001:db8::2                    0             ff02::1:ff00:1                 58 0000 8700      1
[exit 0]
";

/// How often the clock's second passes in one of ours.
const PACE: u32 = 2;

/// A command of the transcript.
struct Step<'a> {
    command: &'a str,
    /// What it printed, and its exit status.
    output: &'a str,
}

fn steps(transcript: &str) -> Result<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = transcript;
    while let Some(at) = rest.find("\n$ ") {
        let (command, after) = rest[at + 3..].split_once('\n').context("a command")?;
        let exit = match after.starts_with("[exit ") {
            true => 0,
            false => after.find("\n[exit ").context("an exit status")? + 1,
        };
        let end = exit + after[exit..].find('\n').context("a line")? + 1;
        steps.push(Step {
            command,
            output: &after[..end],
        });
        rest = &after[end - 1..];
    }
    Ok(steps)
}

/// The traffic that the transcript tells of: up to the first flowctl in two
/// parts, so that some flows end before the others.
fn traffic() -> Result<Vec<u8>> {
    let [a, b, a6, b6, multicast] = [
        "192.168.1.1",
        "192.168.1.2",
        "2001:db8::1",
        "2001:db8::2",
        "ff02::1:ff00:1",
    ]
    .map(|text| text.parse().expect("an address"));
    let tcp = |flags, len| frame(b, a, Transport::Tcp(40000, 80, flags), len);
    let first = [
        vec![frame(b, a, Transport::Echo, 84); 3],
        vec![frame(b6, multicast, Transport::Neighbour, 72)],
        vec![frame(b6, a6, Transport::Echo, 56); 2],
    ];
    // The FIN ends a flow, and what comes after it begins another.
    let second = [
        vec![tcp(0x02, 60), tcp(0x10, 52), tcp(0x18, 58)],
        vec![tcp(0x10, 52), tcp(0x10, 52), tcp(0x10, 52), tcp(0x11, 52)],
        vec![tcp(0x10, 52), tcp(0x10, 52)],
        vec![frame(b, a, Transport::Udp(5353, 5353), 31)],
        vec![frame(b6, a6, Transport::Udp(5354, 5354), 52)],
    ];
    let at = |millis: u64, frames: Vec<Vec<u8>>| {
        let at = Duration::from_millis(millis);
        frames.into_iter().map(move |frame| (at, frame))
    };
    // The clock keeps its pace until the last frame, which never comes.
    let last = (Duration::from_secs(3600), tcp(0x10, 52));
    let frames = at(0, first.concat()).chain(at(SECOND_PART, second.concat()));
    Ok(pcap(&frames.chain([last]).collect::<Vec<_>>()))
}

/// When the second part comes, in milliseconds of the capture.
const SECOND_PART: u64 = 1000;

/// Frames of both parts.
const FRAMES: u64 = 17;

/// As base's tool of that name is called, with what it said and its status.
fn call(nghost: &Nghost, command: &str, output: &str) -> Result<String> {
    let mut words = command.split(' ');
    let called = words.next().context("a command")?;
    let tool = match called {
        "ngctl" => "ngctl-rs",
        tool => tool,
    };
    // Its own node has the name of a process there.
    let name = match called {
        "ngctl" => named(output),
        _ => vec![],
    };
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(program(tool)?)
        .arg0(called)
        .args(name)
        .args(words)
        .env("NGHOST_SOCKET", nghost.socket())
        .stdin(Stdio::null())
        .output()?;
    let code = status.code().context("ended by a signal")?;
    Ok(String::from_utf8(stdout)? + &String::from_utf8(stderr)? + &format!("[exit {code}]\n"))
}

fn named(output: &str) -> Vec<String> {
    let digits = |at: usize| {
        let rest = &output[at..];
        &rest[..rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len())]
    };
    let pids = output
        .match_indices("ngctl")
        .map(|(at, word)| digits(at + word.len()));
    let pid = pids.into_iter().find(|pid| !pid.is_empty());
    pid.map_or(vec![], |pid| vec!["-n".into(), format!("ngctl{pid}")])
}

/// What ours is to print: base's, with the differences that are meant.
fn expected(step: &Step<'_>) -> String {
    let mut output = step.output.to_string();
    for (command, base, ours, _) in DIFFERENCES {
        if step.command.starts_with(command) {
            output = output.replace(base, ours);
        }
    }
    output
}

/// Both sides of a comparison, for what has no order: the types, and the flows
/// of a table, which lie in a hash table.
fn in_order(command: &str, output: &str) -> String {
    let mut lines: Vec<&str> = output.lines().collect();
    let is_flow = |line: &&str| line.starts_with("epair0a");
    if command == "ngctl types" {
        lines.sort_unstable();
    } else if command.ends_with(" verbose") {
        // Two lines and a blank one.
        let flows = lines.iter().position(is_flow).unwrap_or(0);
        let end = lines.len() - 1;
        let mut blocks: Vec<_> = lines[flows..end].chunks(3).map(<[&str]>::to_vec).collect();
        blocks.sort();
        lines.splice(flows..end, blocks.concat());
    } else if command.starts_with("flowctl") {
        for table in lines.chunk_by_mut(|a, b| is_flow(a) && is_flow(b)) {
            table.sort_unstable();
        }
    }
    lines.join("\n")
}

/// Why a replay did not come to its end.
enum Early {
    /// Something else was printed than base does.
    Wrong(String),
    /// The same, and it may be that the machine was too slow.
    Late(String),
}

/// Runs the transcript.
fn replay(folder: &Path, steps: &[Step<'_>]) -> Result<Option<Early>> {
    let capture = folder.join("epair0a.pcap");
    std::fs::write(&capture, traffic()?)?;
    let interface = format!(
        "epair0a,index=2,address=192.168.1.1/24,address=2001:db8::1/64,pace={PACE}x,capture={}",
        capture.display()
    );
    // Its first client is the test, to see that it serves: node 2, as in the
    // transcript the jail's end of the epair was.
    let nghost = Nghost::start(folder, &["--hold", "--interface", &interface])?;
    let collector = Collector::start()?;
    let port = collector.port;
    nghost.script(&format!(
        "mkpeer epair0a: tee lower right\n\
         connect epair0a: epair0a:lower upper left\n\
         mkpeer epair0a:lower netflow right2left iface0\n\
         name epair0a:lower.right2left netflow\n\
         connect epair0a:lower netflow: left2right out0\n\
         mkpeer netflow: ksocket export inet/dgram/udp\n\
         mkpeer netflow: ksocket export9 inet/dgram/udp\n\
         msg netflow:export connect inet/127.0.0.1:{port}\n\
         msg netflow:export9 connect inet/127.0.0.1:{port}\n",
    ))?;
    let mut infos = 0;
    let mut flowing = false;
    for step in steps {
        if step.command.starts_with("flowctl") && !flowing {
            nghost.ok("ngctl-rs", &["msg", "epair0a:", "start"])?;
            until("all frames are fed", || {
                let state = nghost.ok("ngctl-rs", &["msg", "epair0a:", "capture"])?;
                Ok(state.contains(&format!("packets={FRAMES} ")))
            })?;
            flowing = true;
        }
        let expected = in_order(step.command, &expected(step));
        let mut ours = in_order(step.command, &call(&nghost, step.command, step.output)?);
        if flowing && step.command == "ngctl msg netflow: info" {
            // It tells of flows that have ended meanwhile.
            if infos == 1 {
                solicit(&nghost, folder)?;
            }
            infos += 1;
            let start = Instant::now();
            while ours != expected && start.elapsed() < Duration::from_secs(5) {
                ours = in_order(step.command, &call(&nghost, step.command, step.output)?);
            }
        }
        if ours != expected {
            let text = format!("$ {}\n{ours}\ninstead of\n{expected}", step.command);
            return Ok(Some(match flowing {
                true => Early::Late(text),
                false => Early::Wrong(text),
            }));
        }
    }
    ensure!(infos == 2, "{infos} times info at the end");
    Ok(None)
}

/// What FreeBSD did by itself in between: two neighbour solicitations. Here
/// they come by the hub that the transcript has made.
fn solicit(nghost: &Nghost, folder: &Path) -> Result<()> {
    let [from, to] = ["2001:db8::2", "2001:db8::1"].map(|text| text.parse().expect("an address"));
    let path = folder.join("solicitation");
    std::fs::write(&path, frame(from, to, Transport::Neighbour, 64))?;
    let send = format!("write mine -f {}\n", path.display());
    nghost.script(&format!("connect netflow:iface65534 mine y\n{send}{send}"))?;
    Ok(())
}

#[test]
fn our_tools_print_what_bases_printed() -> Result<()> {
    let Some(shared) = shared() else {
        return Ok(());
    };
    let path = shared.join("reference/base-transcript.txt");
    let transcript = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut steps = steps(&transcript)?;
    ensure!(steps
        .pop()
        .is_some_and(|last| last.command == "kldunload ng_netflow"));
    for (command, base, _, _) in DIFFERENCES {
        let mut printed = steps
            .iter()
            .filter(|step| step.command.starts_with(command) && step.output.contains(base));
        ensure!(
            printed.next().is_some(),
            "base prints no {base:?} in {command:?}"
        );
    }
    for attempt in 1.. {
        let folder = tempfile::tempdir()?;
        match replay(folder.path(), &steps)? {
            None => break,
            // The flows that the transcript shows live for three seconds.
            Some(Early::Late(_)) if attempt < 3 => {}
            Some(Early::Wrong(text) | Early::Late(text)) => bail!(text),
        }
    }
    println!(
        "{} commands, {} differences that are meant",
        steps.len(),
        DIFFERENCES.len()
    );
    Ok(())
}
