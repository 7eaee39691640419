// SPDX-License-Identifier: BSD-2-Clause
//! `docs/conformance.md` names tests that exist, and leaves out no name of
//! base's header and no command of its tools. And what had no test elsewhere.

use std::process::Command;

use anyhow::{ensure, Context, Result};
use end_to_end::frames::{frame, Transport};
use end_to_end::programs::{program, Nghost};
use end_to_end::proofs::{code, read, rows, tests_named};
use tempfile::TempDir;

#[test]
fn every_proof_exists() -> Result<()> {
    let text = read("docs/conformance.md")?;
    for cells in rows(&text) {
        ensure!(cells.len() == 3, "{} cells: {cells:?}", cells.len());
        ensure!(code(cells[2]).next().is_some(), "no proof: {cells:?}");
    }
    let proofs = tests_named(&text)?;
    println!("{proofs} proofs of conformance");
    ensure!(proofs > 100, "{proofs} proofs");
    Ok(())
}

#[test]
fn every_name_of_bases_header_has_a_row() -> Result<()> {
    let text = read("docs/conformance.md")?;
    let named: Vec<&str> = code(&text).collect();
    let header = read("sys-bindings/src/generated.rs")?;
    let mut names: Vec<&str> = header
        .split("pub const ")
        .skip(1)
        .filter_map(|constant| constant.split(':').next())
        .filter(|name| {
            ["NGM_NETFLOW_", "NG_NETFLOW_CONF_", "NG_NETFLOW_HOOK_"]
                .iter()
                .any(|start| name.starts_with(start))
        })
        .collect();
    names.push("NG_NETFLOW_MAXIFACES");
    // The structures, and the fields of the one that tells of the node.
    names.extend(
        header
            .split("pub struct ")
            .skip(1)
            .filter_map(|structure| structure.split_whitespace().next())
            .filter(|name| name.starts_with("ng_netflow_") || name.starts_with("ngnf_")),
    );
    names.extend(
        header
            .split("pub nfinfo_")
            .skip(1)
            .filter_map(|rest| rest.split(':').next()),
    );
    ensure!(names.len() > 50, "{names:?}");
    for name in names {
        let field = format!("nfinfo_{name}");
        ensure!(
            named.contains(&name) || named.contains(&&*field),
            "{name} has no row"
        );
    }
    Ok(())
}

#[test]
fn every_command_and_alias_has_a_row() -> Result<()> {
    let text = read("docs/conformance.md")?;
    let (_, ngctl) = text.split_once("\n## ngctl\n").context("no table")?;
    let (ngctl, flowctl) = ngctl.split_once("\n## flowctl\n").context("no table")?;
    let run = |tool: &str, args: &[&str]| -> Result<String> {
        let output = Command::new(program(tool)?).args(args).output()?;
        ensure!(output.status.success(), "{tool} {args:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    };
    let list = run("ngctl-rs", &["help"])?;
    ensure!(list.lines().count() > 15, "{list}");
    for line in list.lines().skip(1) {
        let name = line.split_whitespace().next().context("a command")?;
        let help = run("ngctl-rs", &["help", name])?;
        let aliases = help
            .lines()
            .find_map(|line| line.strip_prefix("Aliases:  "));
        for name in aliases
            .into_iter()
            .flat_map(|line| line.split(", "))
            .chain([name])
        {
            ensure!(
                code(ngctl).any(|named| named == name),
                "ngctl's {name} has no row"
            );
        }
    }
    ensure!(code(flowctl).any(|named| named == "show"));
    Ok(())
}

/// A node `netflow` between em0 and its stack.
fn watched(folder: &TempDir) -> Result<Nghost> {
    let nghost = Nghost::start(folder.path(), &["--interface", "em0,index=1"])?;
    nghost.script(
        "mkpeer em0: netflow lower iface0\n\
         name em0:lower netflow\n\
         connect em0: netflow: upper out0\n",
    )?;
    Ok(nghost)
}

#[test]
fn a_new_hook_is_ethernet() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nghost = watched(&folder)?;
    nghost.script("msg netflow: setdlt { iface=0 dlt=12 }\n")?;
    let ifinfo = || nghost.ok("ngctl-rs", &["msg", "netflow:", "ifinfo", "0"]);
    ensure!(
        ifinfo()?.contains("{ data link type=12 conf=1 }"),
        "{}",
        ifinfo()?
    );
    nghost.script("rmhook netflow: iface0\nconnect em0: netflow: lower iface0\n")?;
    ensure!(
        ifinfo()?.contains("{ data link type=1 conf=1 }"),
        "{}",
        ifinfo()?
    );
    Ok(())
}

#[test]
fn lookups_are_left_out_as_configured() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("frame");
    let [from, to] = ["192.168.1.2", "192.168.1.1"].map(|text| text.parse().expect("an address"));
    std::fs::write(&path, frame(from, to, Transport::Udp(0xabcd, 53), 60))?;
    let em0 = "em0,index=7,address=192.168.1.1/24";
    let nghost = Nghost::start(folder.path(), &["--interface", em0])?;
    for (conf, source, destination, output) in [
        (1, "/24", "/32", "lo0"),
        (1 | 16, "/0", "/32", "lo0"),
        (1 | 32, "/24", "/0", "0"),
        (1 | 16 | 32, "/0", "/0", "0"),
    ] {
        // The node stays for the hub, when our own hook goes.
        nghost.script(&format!(
            "mkpeer . netflow mine iface0\n\
             name mine netflow\n\
             mkpeer netflow: hub iface1 x\n\
             msg netflow: setconfig {{ iface=0 conf={conf} }}\n\
             write mine -f {}\n",
            path.display()
        ))?;
        let shown = nghost.ok("flowctl", &["netflow", "show", "ipv4", "verbose"])?;
        let words: Vec<&str> = shown
            .lines()
            .skip(2)
            .flat_map(str::split_whitespace)
            .collect();
        let at = words
            .iter()
            .position(|word| *word == "abcd")
            .context("no flow")?;
        ensure!(
            words[at + 1] == source && words[at + 4] == destination,
            "{conf}: {shown}"
        );
        ensure!(words[2] == output, "{conf}: {shown}");
        nghost.script("shutdown netflow:\n")?;
    }
    Ok(())
}

#[test]
fn malformed_packets_are_skipped() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nghost = Nghost::start(folder.path(), &["--interface", "em0,index=1"])?;
    nghost.script("mkpeer em0: netflow lower iface1\nname em0:lower netflow\n")?;
    for (from, to) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
        let [from, to] = [from, to].map(|text| text.parse().expect("an address"));
        let mut cut = frame(from, to, Transport::Udp(53, 53), 60);
        cut.truncate(14 + 15);
        let path = folder.path().join("frame");
        std::fs::write(&path, cut)?;
        // The sender hears of it, as in base.
        let write = format!(
            "connect . netflow: mine iface0\nwrite mine -f {}\n",
            path.display()
        );
        let error = nghost.script(&write).err().context("taken")?.to_string();
        ensure!(error.contains("hook \"mine\": Invalid argument"), "{error}");
    }
    let shown = nghost.ok("ngctl-rs", &["msg", "netflow:", "info"])?;
    for text in [
        "IPv4 skipped bytes=29 IPv4 skipped packets=1 ",
        "IPv6 skipped bytes=29 IPv6 skipped packets=1 ",
    ] {
        ensure!(shown.contains(text), "{shown}");
    }
    Ok(())
}

#[test]
fn the_node_goes_with_its_last_hook() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nghost = watched(&folder)?;
    nghost.script(
        "rmhook netflow: iface0\n\
         show netflow:\n\
         rmhook netflow: out0\n",
    )?;
    let gone = nghost.script("show netflow:\n").err().context("there")?;
    ensure!(gone.to_string().contains("No such file or directory"));
    let types = nghost.ok("ngctl-rs", &["types"])?;
    ensure!(types.contains("netflow       0\n"), "{types}");
    Ok(())
}
