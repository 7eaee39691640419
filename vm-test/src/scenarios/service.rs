// SPDX-License-Identifier: BSD-2-Clause
//! A host that was given our module, tools and service by `make install` and a
//! few lines in rc.conf(5), from `service ng_netflow start` to its end.

use super::{Scenario, USUAL};
use crate::guest::{Guest, NotRun, Pair, BASE, HOST, OURS};
use anyhow::{ensure, Context, Result};
use end_to_end::{
    collector::{totals, totals9, Collector},
    oracle::{FlowKey, Totals},
};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "make install and rc.conf(5): start, status, restart, stop, a late interface, totals",
    limit: 480,
    story,
    ..USUAL
};

/// Where the service loads from: as a user has it, not as vm-test does.
const INSTALLED: &str = "/boot/modules/ng_netflow.ko";

/// An interface that is not there when the service starts.
const LATE: &str = "epair7a";

fn story(guest: &mut Guest) -> Result<()> {
    for (needed, lacking) in [
        ("test -d /mnt/overlay", "nghost is not built"),
        ("test -f /etc/rc.subr -a -x /usr/sbin/service", "no rc.subr(8) here"),
        ("test -d /boot/modules -a -d /usr/local", "nowhere to install to"),
    ] {
        if guest.run(needed)?.status != 0 {
            return Err(NotRun(lacking).into());
        }
    }
    let pair = guest.pair()?;
    let (five, nine) = (Collector::start()?, Collector::start()?);
    install(guest)?;
    let rc_conf = format!(
        "ng_netflow_enable=YES
        ng_netflow_interfaces=\"{LATE} {}\"
        ng_netflow_export=\"{HOST}:{} 127.0.0.1:4444\"
        ng_netflow_export9={HOST}:{}
        ng_netflow_inactive=600
        ng_netflow_config_{LATE}=\"ingress egress\"",
        pair.near, five.port, nine.port
    );
    guest.ok(&format!("echo '{rc_conf}' > /etc/rc.conf"))?;

    // Base's module is refused, and so is any that lies elsewhere.
    guest.ok("kldunload ng_netflow")?;
    for other in [BASE, OURS] {
        guest.ok(&format!("kldload {other}"))?;
        guest.refused("service ng_netflow start", &format!("refused: {other} is loaded"))?;
        guest.refused("service ng_netflow status", &format!("another is loaded, not {INSTALLED}"))?;
        guest.is_loaded(other)?;
        guest.ok("kldunload ng_netflow")?;
    }
    guest.refused("service ng_netflow status", "not running")?;

    guest.beside("nc -u -l 127.0.0.1 4444 > /tmp/local")?;
    guest.expect("service ng_netflow start", &format!("waits for {LATE}"))?;
    guest.is_loaded(INSTALLED)?;
    guest.ok("ping -q -c 5 -i 0.05 192.168.1.2")?;

    // It appears, and devd(8) calls.
    guest.ok("service ng_netflow quietattach lo0")?;
    guest.ok(
        "ifconfig epair7 create && ifconfig epair7b vnet far &&
        jexec far ifconfig epair7b inet 192.168.7.2/24 up &&
        ifconfig epair7a inet 192.168.7.1/24 up",
    )?;
    guest.until("ping -c 1 -t 1 192.168.7.2 2>&1", "1 packets received", 10)?;
    guest.expect(&format!("service ng_netflow quietattach {LATE}"), "watches epair7a")?;
    guest.ok("ping -q -c 3 -i 0.05 192.168.7.2")?;
    let status = guest.ok("service ng_netflow status")?;
    for line in [
        format!("ours is loaded: {INSTALLED}"),
        "running as node netflow:".to_string(),
        format!("version 9 to {HOST}:{}", nine.port),
    ] {
        ensure!(status.contains(&line), "no '{line}' in {status}");
    }
    ensure!(!status.contains("not there"), "{status}");
    guest.expect("/usr/local/sbin/flowctl netflow show", "192.168.7.2")?;

    // It goes, comes back, and is watched again.
    guest.ok("ifconfig epair7a destroy")?;
    guest.expect("service ng_netflow status", "epair7a: not there")?;
    guest.ok("ifconfig epair7 create")?;
    guest.expect(&format!("service ng_netflow quietattach {LATE}"), "watches epair7a")?;

    // With these timeouts nothing has left so far: restarting exports it.
    guest.expect("service ng_netflow restart", &format!("watches {}", pair.near))?;
    guest.ok("ping -q -c 2 -i 0.05 192.168.1.2")?;
    guest.expect("service ng_netflow stop", "stopped")?;
    guest.refused("kldstat -n ng_netflow.ko", "")?;
    let left = guest.ok("ngctl list")?;
    for ty in ["netflow", "hub", "ksocket"] {
        ensure!(!left.contains(&format!("Type: {ty}")), "{left}");
    }
    guest.ok("ping -q -c 2 -i 0.05 192.168.1.2")?;
    guest.refused("service ng_netflow status", "not running")?;
    guest.ok("service ng_netflow stop")?;
    guest.wait(500);

    let expected = expected()?;
    let (five, nine) = (runs(five.finish()), runs(nine.finish()));
    ensure!(five.len() == 2 && nine.len() == 2, "a run each before and after restart");
    for (runs, totals) in [
        (five, totals as fn(&[Vec<u8>]) -> Result<Totals>),
        (nine, totals9),
    ] {
        let mut sum = Totals::new();
        for run in runs {
            for (key, (packets, octets)) in totals(&run)? {
                let total: &mut (u64, u64) = sum.entry(key).or_default();
                *total = (total.0 + packets, total.1 + octets);
            }
        }
        sum.retain(|key, _| key.proto == 1);
        ensure!(sum == expected, "{sum:?} instead of {expected:?}");
    }
    other_lives(guest, &pair)?;
    guest.ok("umount /etc /boot/modules /usr/local && ifconfig epair7a destroy")?;
    guest.load(OURS)
}

/// What rc.conf(5) can say besides: collectors of IPv6, by another routing
/// table, with other settings; and what is refused, which leaves nothing behind.
fn other_lives(guest: &mut Guest, pair: &Pair) -> Result<()> {
    let near = &pair.near;
    let configure = |guest: &mut Guest, lines: &str| -> Result<()> {
        guest.ok(&format!(
            "echo 'ng_netflow_enable=YES ng_netflow_interfaces={near} {lines}' > /etc/rc.conf"
        ))?;
        Ok(())
    };

    // ng_ksocket(4) gets an IPv6 address in octets: somebody is there.
    guest.ok(&format!(
        "ifconfig lo0 inet6 ::1/128 && ifconfig lo0 inet6 2001:db8::12:34/128 &&
        jexec far ifconfig lo0 inet 192.0.2.1/32 alias &&
        {{ [ $(sysctl -n net.fibs) -gt 1 ] || sysctl net.fibs=2; }} &&
        setfib 1 route -q add -net 192.168.1.0/24 -iface {near} &&
        setfib 1 route -q add -host 192.0.2.1 192.168.1.2 && rm -f /tmp/local*"
    ))?;
    let listeners = [
        ("", "::1", "4739", "five"),
        ("", "2001:db8::12:34", "2055", "nine"),
        ("jexec far ", "192.0.2.1", "2055", "far"),
    ];
    for (whose, address, port, name) in listeners {
        guest.beside(&format!("exec {whose}nc -k -u -l {address} {port} > /tmp/local-{name}"))?;
    }
    configure(
        guest,
        "ng_netflow_export=\"[::1]:4739 192.0.2.1:2055\"
        ng_netflow_export9=[2001:db8::12:34]:2055 ng_netflow_fib=1
        ng_netflow_inactive=1 ng_netflow_active=60 ng_netflow_config=\"egress nosrclookup\"
        ng_netflow_template=\"60 100\" ng_netflow_mtu=1400",
    )?;
    // In that table IPv6 has no way to this host's own addresses yet.
    guest.ok(
        "setfib 1 route -q -6 add -host ::1 -iface lo0 &&
        setfib 1 route -q -6 add -host 2001:db8::12:34 -iface lo0",
    )?;
    guest.expect("service ng_netflow start", &format!("watches {near}"))?;
    guest.expect("service ng_netflow start", "")?;
    for (message, answer) in [
        ("info", "Inactive timeout=1 Active timeout=60"),
        ("ifinfo 0", "conf=18"),
        ("v9info", "v9 template packets=100 v9 template time=60 v9 MTU=1400"),
    ] {
        guest.expect(&format!("ngctl msg netflow: {message}"), answer)?;
    }
    guest.ok("ping -q -c 3 -i 0.05 192.168.1.2")?;
    for (_, address, _, name) in listeners {
        let size = format!("test -s /tmp/local-{name} && echo arrived");
        guest.until(&size, "arrived", 20).with_context(|| address.to_string())?;
    }
    guest.expect("service ng_netflow stop", "stopped")?;
    guest.stop()?;

    for (lines, said) in [
        ("", "to whom?"),
        ("ng_netflow_export=localhost:2055", "give ADDRESS:PORT"),
        ("ng_netflow_export=a.b.example.com:2055", "give ADDRESS:PORT"),
        ("ng_netflow_export=192.0.2.1:99999", "give ADDRESS:PORT"),
        ("ng_netflow_export=[::1::2]:2055", "give ADDRESS:PORT"),
        ("ng_netflow_export=127.0.0.1:2055 ng_netflow_mtu=10", "Invalid argument"),
        ("ng_netflow_export=127.0.0.1:2055 ng_netflow_config=all", "there is no"),
        ("ng_netflow_export=127.0.0.1:2055 ng_netflow_module=/nosuch.ko", "there is no /nosuch.ko"),
    ] {
        configure(guest, lines)?;
        guest.refused("service ng_netflow start", said)?;
        guest.run("service ng_netflow stop")?;
        guest.expect(&format!("ngctl show {near}:"), "Num hooks: 0")?;
    }

    // Whoever else is on an interface stays there.
    configure(guest, "ng_netflow_export=127.0.0.1:2055")?;
    guest.ok(&format!("ngctl mkpeer {near}: hub lower a"))?;
    guest.refused("service ng_netflow start", "something else is on it")?;
    guest.ok("service ng_netflow stop")?;
    guest.expect(&format!("ngctl show {near}:"), "Num hooks: 1")?;
    guest.ok(&format!("ngctl rmhook {near}: lower"))?;

    // The module alone.
    guest.refused("service ng_netflow which", "none is loaded")?;
    guest.expect("service ng_netflow load", &format!("loaded {INSTALLED}"))?;
    guest.expect("service ng_netflow which", "ours is loaded")?;
    guest.expect("service ng_netflow unload", &format!("unloaded {INSTALLED}"))?;
    guest.ok("setfib 1 route -q delete -host 192.0.2.1 && ifconfig lo0 inet6 2001:db8::12:34 delete")?;
    Ok(())
}

/// Puts what `make install` installed where it belongs, and a copy of /etc over
/// /etc, so that it can be written.
fn install(guest: &mut Guest) -> Result<()> {
    guest.ok(
        "mkdir /tmp/etc && cp -R /etc/ /tmp/etc && mount -t nullfs /tmp/etc /etc &&
        mount -t nullfs /mnt/overlay/boot/modules /boot/modules &&
        mount -t nullfs /mnt/overlay/usr/local /usr/local",
    )?;
    Ok(())
}

/// Datagrams from one sequence number 0 to before the next, which is at octet
/// 16 of version 5 and at 12 of version 9.
fn runs(datagrams: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let mut runs: Vec<Vec<Vec<u8>>> = Vec::new();
    for datagram in datagrams {
        let at = if datagram.get(1) == Some(&5) { 16 } else { 12 };
        let begins = datagram.get(at..at + 4) == Some(&[0; 4]);
        match runs.last_mut() {
            Some(run) if !begins => run.push(datagram),
            _ => runs.push(vec![datagram]),
        }
    }
    runs
}

/// The pings and their answers: in on one interface, both ways on the other.
fn expected() -> Result<Totals> {
    let key = |src: &str, dst: &str, dport| -> Result<FlowKey> {
        Ok(FlowKey {
            src: src.parse().context("an address")?,
            dst: dst.parse().context("an address")?,
            proto: 1,
            sport: 0,
            dport,
            tos: 0,
        })
    };
    let (reply, request) = (0, 8 << 8);
    Ok([
        (key("192.168.1.2", "192.168.1.1", reply)?, (7, 7 * 84)),
        (key("192.168.7.2", "192.168.7.1", reply)?, (3, 3 * 84)),
        (key("192.168.7.1", "192.168.7.2", request)?, (3, 3 * 84)),
    ]
    .into())
}
