// SPDX-License-Identifier: BSD-2-Clause
//! The service rc.d/ng_netflow, on nghost: the script itself, with ngctl-rs as
//! its ngctl and with a page of shell in place of rc.subr(8) and of the kernel's
//! linker.  On FreeBSD's own vm-test runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};
use end_to_end::collector::{self, Collector};
use end_to_end::programs::{accounted, program, Nghost};
use tempfile::TempDir;

/// What the script takes from rc.subr(8).
const RC_SUBR: &str = r#"
load_rc_config() { . "$RC_CONF"; }
warn() { echo "$0: WARNING: $*" >&2; }
err() { status=$1; shift; echo "$0: ERROR: $*" >&2; exit "$status"; }
run_rc_command() {
	action=${1#one}
	shift
	case $action in
	restart)	$restart_precmd || return 1; $stop_cmd; $start_cmd ;;
	*)	eval "\$${action}_cmd" "$@" ;;
	esac
}
"#;

/// One of nghost's modules at a time is "loaded": its path is in a file.
const KLD: &str = r#"#!/bin/sh
case ${0##*/} in
kldstat)
	[ "$*" = "-v -n ng_netflow.ko" ] || exit 1
	[ -s "$LOADED" ] || exit 1
	printf ' 7    1 0xffffffff82a1c000    12340 ng_netflow.ko (%s)\n' "$(cat "$LOADED")" ;;
kldload)
	[ "$1" = -n ] || echo "$1" > "$LOADED" ;;
kldunload)
	: > "$LOADED" ;;
setfib)
	echo "$1" > "$FIB"
	shift
	exec "$@" ;;
esac
"#;

struct Service {
    folder: TempDir,
    nghost: Nghost,
}

impl Service {
    fn new(rc_conf: &str, interfaces: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../rc.d/ng_netflow");
        let subr = at("rc.subr");
        let script = fs::read_to_string(script)?.replace("/etc/rc.subr", path(&subr)?);
        fs::write(subr, RC_SUBR)?;
        fs::write(at("ng_netflow"), script)?;
        fs::write(at("ours.ko"), "")?;
        fs::write(at("loaded"), "")?;
        let ours = at("ours.ko");
        let rc_conf = format!("{rc_conf}\nng_netflow_module={}\n", path(&ours)?);
        fs::write(at("rc.conf"), rc_conf)?;
        fs::create_dir(at("bin"))?;
        for name in ["kldstat", "kldload", "kldunload", "setfib"] {
            let file = at("bin").join(name);
            fs::write(&file, KLD)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        }
        std::os::unix::fs::symlink(program("ngctl-rs")?, at("bin/ngctl"))?;
        let args = interfaces.iter().flat_map(|spec| ["--interface", *spec]);
        let args: Vec<&str> = ["--hold"].into_iter().chain(args).collect();
        let nghost = Nghost::start(folder.path(), &args)?;
        Ok(Service { folder, nghost })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `service ng_netflow ACTION...`: its status and all that it said.
    fn run(&self, action: &[&str]) -> Result<(Option<i32>, String)> {
        let path = std::env::var("PATH")?;
        let output = Command::new("sh")
            .arg(self.at("ng_netflow"))
            .args(action)
            .env("PATH", format!("{}:{path}", self.at("bin").display()))
            .env("RC_CONF", self.at("rc.conf"))
            .env("LOADED", self.at("loaded"))
            .env("FIB", self.at("fib"))
            .env("NGHOST_SOCKET", self.at("socket"))
            .output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8(said)?))
    }

    /// The same, with this status and these words in what it says.
    fn expect(&self, action: &str, status: i32, words: &[&str]) -> Result<String> {
        let (found, said) = self.run(&action.split(' ').collect::<Vec<_>>())?;
        ensure!(found == Some(status), "{action}: {found:?}: {said}");
        for word in words {
            ensure!(said.contains(word), "{action}: no '{word}' in: {said}");
        }
        Ok(said)
    }

    fn loaded(&self) -> Result<String> {
        Ok(fs::read_to_string(self.at("loaded"))?.trim().to_owned())
    }
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}

const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/em0.pcap");

#[test]
fn a_life_of_the_service() -> Result<()> {
    let (one, other, nine) = (
        Collector::start()?,
        Collector::start()?,
        Collector::start()?,
    );
    let rc_conf = format!(
        "ng_netflow_interfaces='em9 em0.7 em0'
        ng_netflow_export='127.0.0.1:{} 127.0.0.1:{}'
        ng_netflow_export9=127.0.0.1:{}
        ng_netflow_config='ingress egress'
        ng_netflow_config_em0_7='egress nosrclookup'
        ng_netflow_active=7200
        ng_netflow_inactive=3600
        ng_netflow_template='60 100'
        ng_netflow_mtu=1400
        ng_netflow_fib=3",
        one.port, other.port, nine.port
    );
    let em0 = format!("em0,index=1,address=192.168.1.1/24,pace=fast,capture={CAPTURE}");
    let service = Service::new(&rc_conf, &[&em0, "em0.7,index=7"])?;
    service.expect("status", 1, &["none is loaded", "not running"])?;
    service.expect(
        "start",
        0,
        &["loaded ", "watches em0\n", "watches em0.7", "waits for em9"],
    )?;
    ensure!(service.loaded()? == path(&service.at("ours.ko"))?);
    ensure!(fs::read_to_string(service.at("fib"))? == "3\n");
    let ask = |message: &[&str]| {
        let words = [&["msg", "netflow:"], message].concat();
        service.nghost.ok("ngctl-rs", &words)
    };
    for (message, answer) in [
        (&["info"][..], "Inactive timeout=3600 Active timeout=7200"),
        (&["ifinfo", "1"], "conf=18"),
        (&["ifinfo", "2"], "conf=3"),
        (
            &["v9info"],
            "v9 template packets=100 v9 template time=60 v9 MTU=1400",
        ),
    ] {
        let said = ask(message)?;
        ensure!(said.contains(answer), "{message:?}: {said}");
    }
    // Starting again changes nothing.
    service.expect("start", 0, &["waits for em9"])?;
    service.expect(
        "status",
        0,
        &["ours is loaded", "em0: 0 packets", "em9: not there"],
    )?;
    service.expect("attach em5", 0, &[])?;

    service.nghost.ok("ngctl-rs", &["msg", "em0:", "start"])?;
    while !service
        .nghost
        .ok("ngctl-rs", &["msg", "em0:", "capture"])?
        .contains("ended")
    {}
    let status = service.expect("status", 0, &[])?;
    ensure!(!status.contains("em0: 0 packets"), "{status}");
    // Timeouts are long: what is cached leaves only now.
    service.expect("stop", 0, &["stopped"])?;
    ensure!(service.loaded()?.is_empty(), "unloaded");
    service.expect("status", 1, &["not running"])?;
    let left = service.nghost.ok("ngctl-rs", &["list"])?;
    for ty in ["netflow", "hub", "ksocket"] {
        ensure!(!left.contains(&format!("Type: {ty}")), "{left}");
    }
    service.expect("stop", 0, &["not running"])?;
    service.expect("restart", 0, &["watches em0"])?;
    service.expect("stop", 0, &[])?;

    let (status, log) = service.nghost.interrupt()?;
    ensure!(status == Some(0), "{status:?}: {log}");
    ensure!(accounted(&log, "unaccounted")? == 0, "{log}");
    let (one, other) = (one.finish(), other.finish());
    let (totals, again) = (collector::totals(&one)?, collector::totals(&other)?);
    let nine = collector::totals9(&nine.finish())?;
    ensure!(totals == again && !totals.is_empty());
    let mut v4 = nine.clone();
    v4.retain(|key, _| key.src.is_ipv4());
    ensure!(v4 == totals && v4 != nine, "version 9 has them, and IPv6");
    let packets: u64 = nine.values().map(|total| total.0).sum();
    let refused = accounted(&log, "refused")?;
    ensure!(accounted(&log, "received")? == packets + refused, "{log}");
    Ok(())
}

#[test]
fn another_module_is_refused() -> Result<()> {
    let rc_conf = "ng_netflow_interfaces=em0 ng_netflow_export=127.0.0.1:2055";
    let service = Service::new(rc_conf, &["em0"])?;
    let base = "/boot/kernel/ng_netflow.ko";
    fs::write(service.at("loaded"), base)?;
    service.expect("start", 1, &["refused", base, "kldunload"])?;
    service.expect("load", 1, &["refused", base])?;
    service.expect("unload", 1, &["refused", base])?;
    service.expect("which", 0, &["another is loaded", base])?;
    // ipfw_netflow(8) gives base's node the same name.
    service.nghost.ok(
        "ngctl-rs",
        &["mkpeer", "em0:", "netflow", "lower", "iface0"],
    )?;
    service
        .nghost
        .ok("ngctl-rs", &["name", "em0:lower", "netflow"])?;
    service.expect("status", 1, &["another is loaded", "not running"])?;
    service.expect("stop", 0, &["not running"])?;
    service.expect("restart", 1, &["refused", base])?;
    service.nghost.ok("ngctl-rs", &["show", "netflow:"])?;
    ensure!(service.loaded()? == base, "and left alone");
    service.nghost.ok("ngctl-rs", &["shutdown", "netflow:"])?;
    fs::write(service.at("loaded"), "")?;
    service.expect("load", 0, &["loaded "])?;
    service.expect("which", 0, &["ours is loaded"])?;
    service.expect("unload", 0, &["unloaded "])?;
    service.expect("which", 1, &["none is loaded"])?;
    fs::remove_file(service.at("ours.ko"))?;
    service.expect("start", 1, &["there is no", "ours.ko"])?;
    Ok(())
}

#[test]
fn a_wrong_configuration_starts_nothing() -> Result<()> {
    for (rc_conf, said) in [
        ("ng_netflow_interfaces=em0", "to whom?"),
        ("ng_netflow_export=127.0.0.1:2055", "of what?"),
        (
            "ng_netflow_interfaces=em0 ng_netflow_export=localhost:2055",
            "give ADDRESS:PORT",
        ),
        (
            "ng_netflow_interfaces=em0 ng_netflow_export=[::1::2]:2055",
            "give ADDRESS:PORT",
        ),
        (
            "ng_netflow_interfaces=em0 ng_netflow_export=127.0.0.1:2055 ng_netflow_mtu=10",
            "refused: msg netflow: setmtu { mtu=10 }",
        ),
        (
            "ng_netflow_interfaces=em0 ng_netflow_export=127.0.0.1:2055 ng_netflow_config=all",
            "there is no 'all'",
        ),
    ] {
        let service = Service::new(rc_conf, &["em0"])?;
        service.expect("start", 1, &[said]).context(rc_conf)?;
        service.expect("status", 1, &["not running"])?;
        let left = service.nghost.ok("ngctl-rs", &["show", "em0:"])?;
        ensure!(left.contains("Num hooks: 0"), "{rc_conf}: {left}");
    }
    Ok(())
}

/// What runs is not what rc.conf(5) says any more.
#[test]
fn a_changed_configuration_is_told() -> Result<()> {
    let rc_conf = "ng_netflow_interfaces=em0 ng_netflow_export=127.0.0.1:2055";
    let service = Service::new(rc_conf, &["em0", "em1"])?;
    service.expect("start", 0, &["watches em0"])?;
    let file = service.at("rc.conf");
    let changed = fs::read_to_string(&file)?.replace("interfaces=em0", "interfaces='em1 em0'");
    fs::write(&file, changed)?;
    service.expect(
        "start",
        1,
        &["runs already", "em1: iface0 is em0's", "restart"],
    )?;
    service.expect("status", 0, &["em1: not watched", "em0: 0 packets"])?;
    service.expect("restart", 0, &["watches em1", "watches em0"])?;
    service.expect("status", 0, &["em1: 0 packets", "em0: 0 packets"])?;
    service.expect("stop", 0, &["stopped"])?;
    Ok(())
}

/// A restart with settings that a start refuses stops nothing.
#[test]
fn a_wrong_change_leaves_what_runs() -> Result<()> {
    let rc_conf = "ng_netflow_interfaces=em0 ng_netflow_export=127.0.0.1:2055";
    let service = Service::new(rc_conf, &["em0"])?;
    service.expect("start", 0, &["watches em0"])?;
    let file = service.at("rc.conf");
    let right = fs::read_to_string(&file)?;
    for (from, to, said) in [
        ("127.0.0.1:2055", "localhost:2055", "give ADDRESS:PORT"),
        ("=em0", "=", "of what?"),
        ("=em0", "=em0 ng_netflow_config=all", "there is no 'all'"),
    ] {
        fs::write(&file, right.replacen(from, to, 1))?;
        service.expect("restart", 1, &[said])?;
        service.nghost.ok("ngctl-rs", &["show", "netflow:"])?;
    }
    fs::write(&file, right)?;
    service.expect("status", 0, &["em0: 0 packets"])?;
    service.expect("stop", 0, &["stopped"])?;
    Ok(())
}

/// devd(8) attaches an interface while the service starts: who is second finds it
/// done, and takes nothing of it away.
#[test]
fn two_attach_at_once() -> Result<()> {
    let rc_conf = "ng_netflow_interfaces=em0 ng_netflow_export=127.0.0.1:2055";
    let service = Service::new(rc_conf, &["em0"])?;
    service.expect("start", 0, &["watches em0"])?;
    for hook in ["lower", "upper"] {
        service.nghost.ok("ngctl-rs", &["rmhook", "em0:", hook])?;
    }
    // A script's ngctl takes its time, so that both have looked before either connects.
    let ngctl = service.at("bin/ngctl");
    fs::remove_file(&ngctl)?;
    let slow = format!(
        "#!/bin/sh\n[ \"$1\" != -f ] || sleep 1\nexec {} \"$@\"\n",
        path(&program("ngctl-rs")?)?
    );
    fs::write(&ngctl, slow)?;
    fs::set_permissions(&ngctl, fs::Permissions::from_mode(0o755))?;
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| service.run(&["attach", "em0"]));
        let other = service.run(&["attach", "em0"]);
        (one.join(), other)
    });
    let one = one.map_err(|_| anyhow::anyhow!("attach panicked"))??;
    let other = other?;
    ensure!(one.0 == Some(0) && other.0 == Some(0), "{one:?} {other:?}");
    service.expect("status", 0, &["em0: 0 packets"])?;
    let left = service.nghost.ok("ngctl-rs", &["show", "em0:"])?;
    ensure!(left.contains("Num hooks: 2"), "{left}");
    Ok(())
}

#[test]
fn an_interface_in_use_is_left_alone() -> Result<()> {
    let rc_conf = "ng_netflow_interfaces=em0 ng_netflow_export=127.0.0.1:2055";
    let service = Service::new(rc_conf, &["em0"])?;
    let hub = ["mkpeer", "em0:", "hub", "lower", "a"];
    service.nghost.ok("ngctl-rs", &hub)?;
    service.expect("start", 1, &["something else is on it"])?;
    let left = service.nghost.ok("ngctl-rs", &["show", "em0:"])?;
    ensure!(left.contains("Num hooks: 1"), "{left}");
    Ok(())
}

/// What the script makes of ADDRESS:PORT for ng_ksocket(4), if it takes it.
fn collector_address(collector: &str) -> Result<Option<String>> {
    let script = include_str!("../../rc.d/ng_netflow");
    let from = script.find("collector_address() {").context("a function")?;
    let function = &script[from..];
    let function = &function[..function.find("\n}\n").context("its end")? + 3];
    let command = format!("{function}\ncollector_address '{collector}'");
    let output = Command::new("sh").args(["-c", &command]).output()?;
    let said = String::from_utf8(output.stdout)?;
    Ok(output.status.success().then_some(said))
}

#[test]
fn ipv4_collectors() -> Result<()> {
    for right in ["192.0.2.1:2055", "0.0.0.0:1", "255.255.255.255:65535"] {
        let address = collector_address(right)?;
        ensure!(address == Some(format!("inet/{right}\n")), "{address:?}");
    }
    for wrong in [
        "a.b.example.com:2055",
        "192.0.2.1:99999",
        "192.0.2.1:0",
        "192.0.2.1:",
        "192.0.2.1:2055x",
        "192.0.2.256:2055",
        "192.0.2:2055",
        "192.0.2.1.5:2055",
        "192.0.2.1",
        "",
    ] {
        ensure!(collector_address(wrong)?.is_none(), "{wrong}");
    }
    Ok(())
}

/// The octets that the script makes of an IPv6 address are those that
/// inet_pton(3) makes.
#[test]
fn ipv6_collectors() -> Result<()> {
    for address in [
        "::",
        "::1",
        "2001:db8::1",
        "2001:db8:1:2:3:4:5:6",
        "fe80::aBcD:12",
        "1::",
        "1:2:3:4:5:6:7::",
    ] {
        let octets = address.parse::<std::net::Ipv6Addr>()?.octets();
        let said = collector_address(&format!("[{address}]:4739"))?.context(address)?;
        let data = said
            .split_once("data=[")
            .and_then(|(_, rest)| rest.split_once(']'))
            .with_context(|| said.clone())?
            .0;
        let numbers: Vec<u8> = data
            .split_whitespace()
            .map(|word| match word.strip_prefix("0x") {
                Some(hex) => u8::from_str_radix(hex, 16),
                None => word.parse(),
            })
            .collect::<Result<_, _>>()?;
        let expected = [&[0x12, 0x83, 0, 0, 0, 0], &octets[..], &[0; 4]].concat();
        ensure!(numbers == expected, "{address}: {said}");
    }
    for port in [1, 9995, 9996, 10_000, 65_535] {
        let collector = format!("[::1]:{port}");
        let said = collector_address(&collector)?.context(collector)?;
        let octets = format!("data=[ {} {} ", port / 256, port % 256);
        ensure!(said.contains(&octets), "{port}: {said}");
    }
    for wrong in [0, 65_536, 99_995, 100_000] {
        ensure!(collector_address(&format!("[::1]:{wrong}"))?.is_none());
    }
    for wrong in [
        "1::2::3",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "x::",
        "1:2:3",
        "1::2:3:4:5:6:7:8",
    ] {
        let collector = format!("[{wrong}]:4739");
        ensure!(collector_address(&collector)?.is_none(), "{wrong}");
    }
    Ok(())
}
