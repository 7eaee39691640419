// SPDX-License-Identifier: BSD-2-Clause
//! The manual pages in `man/` tell the truth: they name the options and the
//! commands that `--help` names, and their examples run.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{bail, ensure, Context, Result};
use end_to_end::collector::Collector;
use end_to_end::manuals::{examples, page, section};
use end_to_end::programs::{article_script, end_of, installed, program, until, Nghost};
use flow::export::v9;

/// The pages, and the program each is about.
const PAGES: [(&str, Option<&str>); 4] = [
    ("ng_netflow.4", None),
    ("flowctl.8", Some("flowctl")),
    ("ngctl-rs.8", Some("ngctl-rs")),
    ("nghost.8", Some("nghost")),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn help(tool: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program(tool)?).args(args).output()?;
    ensure!(output.status.success(), "{tool} {args:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The options that a text of `--help` names: what begins its lines, as in
/// `-s, --socket <PATH>`.
fn options_of_help(help: &str) -> BTreeSet<String> {
    let mut options = BTreeSet::new();
    for line in help
        .lines()
        .filter(|line| line.trim_start().starts_with('-'))
    {
        let words = line
            .split_whitespace()
            .take_while(|word| word.len() > 1 && word.starts_with('-'));
        options.extend(words.map(|word| word.trim_end_matches(',').to_string()));
    }
    options
}

/// Those that a page explains, each the head of an item of a list.
fn options_of_page(text: &str) -> BTreeSet<String> {
    let items = text.lines().filter_map(|line| line.strip_prefix(".It Fl "));
    let options = items.flat_map(|item| {
        format!("Fl {item}")
            .split("Fl ")
            .skip(1)
            .filter_map(|option| option.split_whitespace().next())
            .map(|option| format!("-{option}"))
            .collect::<Vec<_>>()
    });
    options.collect()
}

#[test]
fn pages_name_the_options_that_help_names() -> Result<()> {
    for (name, tool) in PAGES {
        let Some(tool) = tool else {
            continue;
        };
        let page = page(name)?;
        let named = options_of_page(section(&page, "DESCRIPTION"));
        ensure!(
            options_of_help(&help(tool, &["--help"])?) == named,
            "{name}: {named:?}, and --help: {:?}",
            options_of_help(&help(tool, &["--help"])?)
        );
    }
    let mut probe = options_of_page(section(&page("nghost.8")?, "PROBE"));
    // Those of every command.
    probe.extend(["-h", "--help", "-V", "--version"].map(String::from));
    let help = options_of_help(&help("nghost", &["probe", "--help"])?);
    ensure!(help == probe, "nghost.8: {probe:?}, and --help: {help:?}");
    Ok(())
}

#[test]
fn pages_name_the_commands_that_help_names() -> Result<()> {
    for (name, tool) in [("flowctl.8", "flowctl"), ("ngctl-rs.8", "ngctl-rs")] {
        let help = help(tool, &["--help"])?;
        let (_, commands) = help.split_once("\nCommands:\n").context("no commands")?;
        let at_margin = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
        let first = |line: &str| line.split_whitespace().next().map(String::from);
        let commands: Vec<String> = commands
            .lines()
            .filter(at_margin)
            .filter_map(first)
            .collect();
        let page = page(name)?;
        let items = section(&page, "COMMANDS").lines();
        let named: Vec<String> = items
            .filter_map(|line| first(line.strip_prefix(".It Cm ")?))
            .collect();
        ensure!(
            commands == named,
            "{name}: {named:?}, and --help: {commands:?}"
        );
    }
    Ok(())
}

#[test]
fn the_page_of_ngctl_names_every_alias() -> Result<()> {
    let page = page("ngctl-rs.8")?;
    let aliases = [
        "join",
        "graphviz",
        "confdot",
        "?",
        "ls",
        "cmd",
        ".",
        "source",
        "disconnect",
        "inquire",
        "info",
        "kill",
        "rmnode",
        "w",
        "exit",
    ];
    let mut named: Vec<&str> = section(&page, "COMMANDS")
        .lines()
        .filter_map(|line| line.strip_prefix(".Cm "))
        .map(|line| line.trim_end_matches(" .").trim_start_matches("\\&"))
        .filter(|word| *word != "help")
        .collect();
    named.dedup();
    ensure!(named == aliases, "{named:?}");
    for alias in aliases {
        let help = help("ngctl-rs", &["help", alias])?;
        let line = help.lines().find(|line| line.starts_with("Aliases:  "));
        let known = line.is_some_and(|line| line[10..].split(", ").any(|name| name == alias));
        ensure!(known, "{alias}: {help}");
    }
    Ok(())
}

#[test]
fn the_page_of_the_node_names_its_messages_and_fields() -> Result<()> {
    let page = page("ng_netflow.4")?;
    let nghost = std::fs::read_to_string(root().join("nghost/src/nodes/netflow.rs"))?;
    // Each message and each field stands in quotation marks there.
    let quoted: Vec<&str> = nghost.split('"').skip(1).step_by(2).collect();
    ensure!(quoted.len() > 40, "{quoted:?}");
    for word in quoted {
        ensure!(page.contains(word), "ng_netflow.4 does not name {word:?}");
    }
    for header in ["NG_NETFLOW_CONF_", "NGM_NETFLOW_"] {
        let bindings = std::fs::read_to_string(root().join("sys-bindings/src/generated.rs"))?;
        for constant in bindings.split("pub const ").skip(1) {
            let name = constant.split(':').next().unwrap_or_default();
            // Of a header that base never finished.
            if name.starts_with(header) && name != "NGM_NETFLOW_V9_COOKIE" {
                ensure!(page.contains(name), "ng_netflow.4 does not name {name}");
            }
        }
    }
    let (taken, kept) = (v9::Settings::MTUS, v9::Settings::MIN_MTU);
    let mtus = format!(
        "for less than {} and for more than {}.\nLess than {kept}, in which",
        taken.start(),
        taken.end()
    );
    ensure!(page.contains(&mtus), "ng_netflow.4 does not say: {mtus}");
    Ok(())
}

/// Runs a script with our tools in front of all others, and with base's names
/// for them.
fn sh(folder: &Path, script: &str) -> Result<String> {
    let tools = folder.join("bin");
    std::fs::create_dir(&tools)?;
    for (name, tool) in [
        ("flowctl", "flowctl"),
        ("nghost", "nghost"),
        ("ngctl", "ngctl-rs"),
        ("ngctl-rs", "ngctl-rs"),
    ] {
        symlink(program(tool)?, tools.join(name))?;
    }
    let path = std::env::var("PATH")?;
    let child = Command::new("sh")
        .args(["-e", "-c", script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", tools.display()))
        .env("NGHOST_SOCKET", folder.join("socket"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = end_of(child)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let failed = said.lines().any(|line| !line.starts_with("nghost: "));
    ensure!(
        output.status.success() && !failed,
        "{}: {said}",
        output.status
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// An interface eth0 in a network of its own, and an example that is interrupted
/// when it has had its time.
const ETH0: &str = "
    ip link set lo up
    ip link add eth0 type veth peer name far0
    ip address add 192.0.2.2/24 dev eth0
    ip link set eth0 up
    ip link set far0 up
    timeout --foreground --preserve-status --signal INT 2 sh example";

/// Runs an example; `false` if it is not for here.
fn run(with: &str, script: &str) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let capture = folder.path().join("em0.pcap");
    std::fs::copy(root().join("demo/em0.pcap"), &capture)?;
    let em0 = format!(
        "em0,index=1,address=192.168.1.1/24,capture={},pace=fast",
        capture.display()
    );
    let start = || {
        Nghost::start(
            folder.path(),
            &["--hold", "--interface", &em0, "--interface", "em1,index=2"],
        )
    };
    match with {
        "alone" => {
            // The collector that it has; one that refused would make it fail.
            let _collector = std::net::UdpSocket::bind("127.0.0.1:2055");
            sh(folder.path(), script)?;
        }
        "nghost" => {
            let _nghost = start()?;
            sh(folder.path(), script)?;
        }
        "wired" => {
            let nghost = start()?;
            // It takes what a service on the article's port would get.
            let collector = Collector::start()?;
            nghost.script(&article_script(collector.port))?;
            nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;
            until("a flow is shown", || {
                Ok(nghost.ok("flowctl", &["netflow", "show"])?.contains("em0"))
            })?;
            let printed = sh(folder.path(), script)?;
            let asks = script.starts_with("flowctl") && !script.contains("ipv6");
            ensure!(!asks || printed.contains("em0"), "{printed:?}");
        }
        "root" if nix::unistd::geteuid().is_root() && installed("unshare").is_some() => {
            std::fs::write(folder.path().join("example"), format!("exec {script}"))?;
            sh(folder.path(), &format!("unshare --net sh -ec '{ETH0}'"))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

#[test]
fn every_example_runs() -> Result<()> {
    let mut count = 0;
    for (name, _) in PAGES {
        let page = page(name)?;
        let examples = examples(&page)?;
        ensure!(!examples.is_empty(), "{name} has no examples");
        for (with, script) in examples {
            match run(with, &script) {
                Ok(true) => count += 1,
                Ok(false) => {
                    let first = script.lines().next().unwrap_or_default();
                    println!("not run: {name}: {with}: {first}");
                }
                Err(error) => bail!("{name}:\n{script}{error:#}"),
            }
        }
    }
    println!("{count} examples of manual pages");
    Ok(())
}
