// SPDX-License-Identifier: BSD-2-Clause
//! What a user gets wrong, and what the programs say: a clear error with its
//! status, nothing half done, nothing lost.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{ensure, Result};
use end_to_end::collector::{self, Collector};
use end_to_end::programs::{accounted, article_script, program, Nghost};

const EX_USAGE: i32 = 64;
const EX_DATAERR: i32 = 65;
const EX_NOINPUT: i32 = 66;
const EX_UNAVAILABLE: i32 = 69;
const EX_OSERR: i32 = 71;
const EX_NOPERM: i32 = 77;

fn shipped_capture() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/em0.pcap");
    std::fs::read(path).expect("the capture that the project ships")
}

/// Expects a status and an error that begins and goes on like this.
fn expect(output: &Output, status: i32, error: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(status),
        "{}: {said}",
        output.status
    );
    ensure!(said.contains(error), "{said} instead of {error}");
    Ok(())
}

/// Runs nghost where it must refuse to run.
fn nghost(folder: &Path, args: &[&str]) -> Result<Output> {
    let socket = folder.join("socket");
    let output = Command::new(program("nghost")?)
        .arg("--socket")
        .arg(&socket)
        .args(args)
        .output()?;
    ensure!(!socket.exists(), "nothing is left behind");
    Ok(output)
}

#[test]
fn what_ngctl_is_asked_for_wrongly_changes_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nghost = Nghost::start(folder.path(), &["--interface", "em0,index=1"])?;
    nghost.script(&article_script(4444))?;
    let before = nghost.ok("ngctl-rs", &["show", "netflow:"])?;
    let cases: [(&str, i32, &str); 16] = [
        (
            "mkpeer netflow: nosuchtype foo bar",
            EX_OSERR,
            "No such file or directory",
        ),
        ("mkpeer netflow: hub iface0 x", EX_OSERR, "File exists"),
        (
            "mkpeer netflow: hub iface01 x",
            EX_OSERR,
            "Invalid argument",
        ),
        ("mkpeer netflow: hub ifaceX x", EX_OSERR, "Invalid argument"),
        (
            "mkpeer netflow: hub iface65535 x",
            EX_OSERR,
            "Invalid argument",
        ),
        (
            "mkpeer netflow: hub nosuchhook x",
            EX_OSERR,
            "Invalid argument",
        ),
        (
            "connect netflow: netflow: out1 nosuchhook",
            EX_OSERR,
            "Invalid argument",
        ),
        ("name nosuch: foo", EX_OSERR, "No such file or directory"),
        ("msg netflow: ifinfo 3", EX_OSERR, "Invalid argument"),
        (
            "msg netflow: setifindex { iface=9 index=2 }",
            EX_OSERR,
            "Invalid argument",
        ),
        (
            "msg netflow: setdlt { iface=0 dlt=13 }",
            EX_OSERR,
            "Invalid argument",
        ),
        ("msg netflow: settimeouts", EX_OSERR, "Invalid argument"),
        ("msg netflow: nosuch", EX_OSERR, "Function not implemented"),
        (
            "msg netflow: settimeouts { nosuchfield=1 }",
            EX_OSERR,
            "No such file or directory",
        ),
        (
            "msg netflow: settimeouts { inactive=x }",
            EX_OSERR,
            "Invalid argument",
        ),
        ("mkpeer", EX_USAGE, "usage: mkpeer"),
    ];
    for (command, status, error) in cases {
        let words: Vec<&str> = command.splitn(4, ' ').collect();
        let args: Vec<&str> = if command.starts_with("msg") {
            words
        } else {
            command.split(' ').collect()
        };
        let output = nghost.run("ngctl-rs", &args)?;
        expect(&output, status, error).map_err(|e| e.context(command))?;
    }
    ensure!(nghost.ok("ngctl-rs", &["show", "netflow:"])? == before);
    let info = nghost.ok("ngctl-rs", &["msg", "netflow:", "info"])?;
    ensure!(
        info.contains("Inactive timeout=15 Active timeout=1800"),
        "{info}"
    );
    let output = nghost.run("flowctl", &["nosuch:", "show"])?;
    expect(
        &output,
        1,
        "flowctl: NgSendMsg(NGM_NETFLOW_SHOW): No such file or directory",
    )
}

#[test]
fn a_script_stops_at_its_first_error() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nghost = Nghost::start(folder.path(), &["--interface", "em0,index=1"])?;
    let script = folder.path().join("script");
    std::fs::write(
        &script,
        "mkpeer em0: tee lower right\nmsg em0: nosuch\nshutdown em0:lower\n",
    )?;
    let path = script.display().to_string();
    let output = nghost.run("ngctl-rs", &["-f", &path])?;
    expect(&output, EX_OSERR, "line 2")?;
    ensure!(
        nghost.ok("ngctl-rs", &["show", "em0:"])?.contains("lower"),
        "line 3 was not run"
    );
    Ok(())
}

#[test]
fn files_that_are_no_captures_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bad = folder.path().join("bad.pcap");
    let refused = |content: &[u8], status: i32| -> Result<()> {
        std::fs::write(&bad, content)?;
        let interface = format!("em0,pace=fast,capture={}", bad.display());
        expect(
            &nghost(folder.path(), &["--interface", &interface])?,
            status,
            "bad.pcap",
        )
    };
    refused(b"", EX_DATAERR)?;
    refused(b"this is a text", EX_DATAERR)?;
    refused(&[0xff; 4096], EX_DATAERR)?;
    refused(&shipped_capture()[..23], EX_DATAERR)?;
    let output = nghost(folder.path(), &["--interface", "em0,capture=/no/such/file"])?;
    expect(&output, EX_NOINPUT, "/no/such/file")?;
    let output = nghost(folder.path(), &["--interface", "em0,capture=/"])?;
    expect(&output, EX_NOINPUT, "/: ")
}

/// A capture that breaks off: what came before is accounted to the packet.
#[test]
fn what_a_broken_capture_holds_is_not_lost() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let whole = shipped_capture();
    let mut corrupt = whole.clone();
    // The captured length of a packet in the middle: 4 GB.
    let (mut at, mut packets) = (24, 0);
    while at < whole.len() / 2 {
        let caplen: [u8; 4] = whole[at + 8..at + 12].try_into()?;
        at += 16 + u32::from_le_bytes(caplen) as usize;
        packets += 1;
    }
    corrupt[at + 8..at + 12].fill(0xff);
    for broken in [&whole[..at + 7], &whole[..at + 20], &corrupt[..]] {
        let capture = folder.path().join("broken.pcap");
        std::fs::write(&capture, broken)?;
        let collector = Collector::start()?;
        let interface = format!("em0,index=1,pace=fast,capture={}", capture.display());
        let nghost = Nghost::start(
            folder.path(),
            &["--hold", "--exit-at-end", "--interface", &interface],
        )?;
        nghost.script(&article_script(collector.port))?;
        nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;
        let (status, log) = nghost.wait()?;
        ensure!(status == Some(EX_DATAERR), "{status:?}: {log}");
        ensure!(log.contains("broken.pcap"), "{log}");
        ensure!(
            accounted(&log, "received")? == packets,
            "{packets} packets: {log}"
        );
        ensure!(accounted(&log, "unaccounted")? == 0, "{log}");
        let sent: u64 = collector::totals(&collector.finish())?
            .values()
            .map(|t| t.0)
            .sum();
        ensure!(sent == accounted(&log, "handed_over")?, "{log}");
    }
    Ok(())
}

#[test]
fn a_socket_path_in_use_stays_its_owners() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let first = Nghost::start(folder.path(), &["--interface", "em0"])?;
    let output = Command::new(program("nghost")?)
        .args(["--interface", "em1", "--socket"])
        .arg(folder.path().join("socket"))
        .output()?;
    expect(&output, EX_UNAVAILABLE, "another nghost is running there")?;
    ensure!(first.ok("ngctl-rs", &["list"])?.contains("Name: em0 "));
    Ok(())
}

#[test]
fn interfaces_that_cannot_be_opened() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let output = nghost(folder.path(), &["--interface", "em0,live=nosuch0"])?;
    expect(&output, EX_UNAVAILABLE, "nosuch0")?;
    if !nix::unistd::geteuid().is_root() {
        let output = nghost(folder.path(), &["--interface", "em0,live=lo"])?;
        return expect(&output, EX_NOPERM, "setcap");
    }
    // As nobody, from a place that nobody can reach.
    let public = tempfile::Builder::new().prefix("nghost").tempdir()?;
    let copy = public.path().join("nghost");
    std::fs::copy(program("nghost")?, &copy)?;
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(public.path(), open)?;
    let output = Command::new(&copy)
        .uid(65534)
        .gid(65534)
        .args(["--interface", "em0,live=lo", "--socket"])
        .arg(public.path().join("socket"))
        .output()?;
    expect(&output, EX_NOPERM, "setcap")
}

#[test]
fn wrong_arguments_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (argument, named) in [
        ("em0,index=x", "'x'"),
        ("em0,index=70000", "70000"),
        ("em0,address=300.1.1.1/24", "300.1.1.1"),
        ("em0,nonsense=1", "nonsense"),
    ] {
        let output = nghost(folder.path(), &["--interface", argument])?;
        expect(&output, EX_USAGE, named).map_err(|e| e.context(argument))?;
    }
    expect(
        &nghost(folder.path(), &["--nonsense"])?,
        EX_USAGE,
        "--nonsense",
    )
}

/// Nobody listens: every record is accounted as sent, and the user is told what
/// became of that, and so is a script, by the status.
#[test]
fn a_collector_that_is_not_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let capture = folder.path().join("em0.pcap");
    std::fs::write(&capture, shipped_capture())?;
    let port = std::net::UdpSocket::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let interface = format!("em0,index=1,pace=fast,capture={}", capture.display());
    let nghost = Nghost::start(
        folder.path(),
        &["--hold", "--exit-at-end", "--interface", &interface],
    )?;
    nghost.script(&article_script(port))?;
    nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;
    let (status, log) = nghost.wait()?;
    ensure!(status == Some(EX_UNAVAILABLE), "{status:?}: {log}");
    ensure!(accounted(&log, "unaccounted")? == 0, "{log}");
    ensure!(accounted(&log, "handed_over")? > 0, "{log}");
    for said in [
        "Connection refused: datagrams are lost",
        "datagrams lost: at least",
    ] {
        ensure!(log.contains(said), "{log}");
    }
    Ok(())
}
