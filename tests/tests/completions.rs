// SPDX-License-Identifier: BSD-2-Clause
//! The completions of `ngctl-rs` and `flowctl`, asked as each shell asks them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};
use end_to_end::programs::{article_script, installed, program, Nghost};

/// What is typed, and what it can become.
const CASES: &[(&str, &[&str])] = &[
    ("ngctl-rs mkp", &["mkpeer"]),
    ("ngctl-rs --so", &["--socket"]),
    ("ngctl-rs show netf", &["netflow:"]),
    ("ngctl-rs -n me show em0:lo", &["em0:lower"]),
    ("ngctl-rs rmhook netflow: ", &["export", "iface0"]),
    (
        "ngctl-rs msg netflow: sett",
        &["settemplate", "settimeouts"],
    ),
    ("flowctl ", &["netflow:"]),
    ("flowctl netflow: ", &["show"]),
    ("flowctl netflow: show ipv", &["ipv4", "ipv6"]),
    ("flowctl netflow: show ipv4 v", &["verbose"]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../completions")
}

/// A netgraph to complete from, in a folder of its own.
fn world() -> Result<(tempfile::TempDir, Nghost)> {
    let folder = tempfile::tempdir()?;
    let nghost = Nghost::start(folder.path(), &["--interface", "em0,index=1"])?;
    nghost.script(&article_script(4444))?;
    Ok((folder, nghost))
}

/// Asks a shell about every case; `script` makes a script of what is typed and
/// the tool's name.
fn check(shell: &str, args: &[&str], script: impl Fn(&str, &str) -> String) -> Result<()> {
    let Some(shell) = installed(shell) else {
        return Ok(());
    };
    let (_folder, nghost) = world()?;
    let tools = program("ngctl-rs")?;
    let tools = tools.parent().context("a folder")?;
    let path = std::env::var("PATH")?;
    for (line, expected) in CASES {
        let tool = line.split(' ').next().context("a tool")?;
        let output = Command::new(&shell)
            .args(args)
            .arg(script(line, tool))
            .env("PATH", format!("{}:{path}", tools.display()))
            .env("NGHOST_SOCKET", nghost.socket())
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let mut found: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
        found.sort_unstable();
        ensure!(
            found == *expected,
            "{}: {line:?}: {found:?} instead of {expected:?}; {}",
            shell.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

#[test]
fn bash_completes() -> Result<()> {
    check("bash", &["--norc", "-c"], |line, tool| {
        let file = folder().join(format!("{tool}.bash"));
        let function = tool.replace('-', "_");
        // Without a colon among the breaks the words come whole.
        format!(
            "source '{}'; compopt() {{ :; }}; COMP_WORDBREAKS=' '; COMP_LINE='{line}'; \
             COMP_POINT=${{#COMP_LINE}}; _{function}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display()
        )
    })
}

#[test]
fn bash_replaces_what_follows_a_colon() -> Result<()> {
    let Some(bash) = installed("bash") else {
        return Ok(());
    };
    let (_folder, nghost) = world()?;
    let tools = program("ngctl-rs")?;
    let script = format!(
        "source '{}'; compopt() {{ :; }}; COMP_LINE='{} show em0:lo'; \
         COMP_POINT=${{#COMP_LINE}}; _ngctl_rs; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        folder().join("ngctl-rs.bash").display(),
        tools.display()
    );
    let output = Command::new(bash)
        .args(["--norc", "-c", &script])
        .env("NGHOST_SOCKET", nghost.socket())
        .output()?;
    ensure!(output.stdout == b"lower\n", "{output:?}");
    Ok(())
}

#[test]
fn zsh_completes() -> Result<()> {
    check("zsh", &["-f", "-c"], |line, tool| {
        let file = folder().join(format!("_{tool}"));
        let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
        let start = line.rsplit(' ').next().unwrap_or_default();
        // The line editor, as far as a completion knows it.
        format!(
            "compadd() {{ while [[ $1 != -- ]] {{ shift }}; shift; print -l -- $@ }}; \
             _files() {{ : }}; words=({}); CURRENT=$#words; PREFIX='{start}'; f() {{ source '{}' }}; f",
            words.join(" "),
            file.display()
        )
    })
}

#[test]
fn fish_completes() -> Result<()> {
    check("fish", &["--no-config", "-c"], |line, tool| {
        let file = folder().join(format!("{tool}.fish"));
        format!("source '{}'; complete -C '{line}'", file.display())
    })
}
