// SPDX-License-Identifier: BSD-2-Clause
//! Everything around a node is pulled away while packets pour through it.
//! Nothing panics, and at each end every packet is accounted for.

use super::{Scenario, USUAL};
use crate::guest::{Guest, Pair};
use anyhow::{ensure, Context, Result};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "hooks, peers, routes, jails and interfaces go away under load; nothing is lost",
    limit: 900,
    story,
    ..USUAL
};

/// Eight senders in the jail, for two processors here.
const LOAD: &str = "jexec far /mnt/bin/vm-guest flood 192.168.1.1 --threads 8 --flows 40";

type Act = fn(&mut Guest, &Pair) -> Result<()>;

fn story(guest: &mut Guest) -> Result<()> {
    let acts: [(&str, Act); 9] = [
        ("hooks", hooks),
        ("export peer", export_peer),
        ("closed port", closed_port),
        ("no route", no_route),
        ("node", node),
        ("own export", own_export),
        ("two nodes", two_nodes),
        ("two stacks", two_stacks),
        ("interface", interface),
    ];
    for (name, act) in acts {
        let pair = guest.pair()?;
        act(guest, &pair).with_context(|| name.to_string())?;
        guest.stop()?;
        // Gone already after the last act.
        guest.run("jail -r far")?;
        guest.run(&format!("ifconfig {} destroy", pair.near))?;
        guest.ok("sysctl kern.msgbuf_clear=1")?;
    }
    guest.note(format!("{} acts", acts.len()));
    Ok(())
}

/// A node between the interface and the stack, exporting to this address.
fn inline(guest: &mut Guest, pair: &Pair, to: &str) -> Result<()> {
    let near = &pair.near;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower netflow
         connect {near}: netflow: upper out0
         msg netflow: settimeouts {{ inactive=1 active=1 }}
         mkpeer netflow: ksocket export inet/dgram/udp
         msg netflow:export connect inet/{to}"
    ))?;
    Ok(())
}

fn listener(guest: &mut Guest) -> Result<()> {
    guest.beside("exec nc -u -l 127.0.0.1 4444")?;
    guest.wait(200);
    Ok(())
}

/// Waits until the load has reached the node.
fn pours(guest: &mut Guest) -> Result<()> {
    guest.until("ngctl msg netflow: info", "IPv4 packets", 20)?;
    Ok(())
}

/// Ends the node and looks at its account.
fn end(guest: &mut Guest, counters: &[&str]) -> Result<()> {
    guest.ok("ngctl shutdown netflow:")?;
    counted(guest, counters)
}

/// The last account is even, and these of its counters are not zero.
fn counted(guest: &mut Guest, counters: &[&str]) -> Result<()> {
    let account = guest.account()?;
    ensure!(account.packets("unaccounted")? == 0, "{account}");
    for counter in counters {
        account.has(counter)?;
    }
    Ok(())
}

/// Data hooks come and go.
fn hooks(guest: &mut Guest, pair: &Pair) -> Result<()> {
    listener(guest)?;
    inline(guest, pair, "127.0.0.1:4444")?;
    let near = &pair.near;
    guest.beside(&format!("{LOAD} --seconds 600"))?;
    pours(guest)?;
    guest.ok(&format!(
        "for n in 1 2 3 4 5 6 7 8 9 10; do
            ngctl rmhook netflow: out0 &&
            ngctl connect {near}: netflow: upper out0 &&
            ngctl rmhook netflow: iface0 &&
            ngctl connect {near}: netflow: lower iface0 || exit
        done"
    ))?;
    end(guest, &["received", "handed_over"])
}

/// The collector's ksocket is shut down, and replaced.
fn export_peer(guest: &mut Guest, pair: &Pair) -> Result<()> {
    listener(guest)?;
    inline(guest, pair, "127.0.0.1:4444")?;
    guest.beside(&format!("{LOAD} --seconds 600"))?;
    pours(guest)?;
    guest.ok(
        "sleep 2
        for n in 1 2 3; do
            ngctl shutdown netflow:export && sleep 2 &&
            ngctl mkpeer netflow: ksocket export inet/dgram/udp &&
            ngctl msg netflow:export connect inet/127.0.0.1:4444 || exit
            sleep 2
        done",
    )?;
    end(guest, &["handed_over", "dropped[no exporter]"])
}

/// Nobody listens. A ksocket takes what it is sent into its queue, so that its
/// node cannot hear of it; UDP counts it.
fn closed_port(guest: &mut Guest, pair: &Pair) -> Result<()> {
    inline(guest, pair, "127.0.0.1:4")?;
    let before = statistic(guest, "udp", "dropped due to no socket")?;
    guest.ok(&format!("{LOAD} --seconds 4"))?;
    end(guest, &["handed_over"])?;
    ensure!(statistic(guest, "udp", "dropped due to no socket")? > before);
    Ok(())
}

/// The route to the collector goes; IP counts what it could not send.
fn no_route(guest: &mut Guest, pair: &Pair) -> Result<()> {
    inline(guest, pair, "203.0.113.1:4444")?;
    let before = statistic(guest, "ip", "discarded due to no route")?;
    guest.beside(&format!("{LOAD} --seconds 6"))?;
    guest.ok("sleep 2; route -q delete default")?;
    guest.ok("sleep 4; route -q add default 10.0.2.2")?;
    end(guest, &["handed_over"])?;
    ensure!(statistic(guest, "ip", "discarded due to no route")? > before);
    Ok(())
}

/// A number of netstat's.
fn statistic(guest: &mut Guest, protocol: &str, name: &str) -> Result<u64> {
    let lines = guest.ok(&format!("netstat -s -p {protocol}"))?;
    let line = lines.lines().find(|line| line.contains(name));
    let line = line.with_context(|| format!("no \"{name}\" in\n{lines}"))?;
    let number = line.split_whitespace().next().unwrap_or_default();
    Ok(number.parse()?)
}

/// The node itself goes, again and again.
fn node(guest: &mut Guest, pair: &Pair) -> Result<()> {
    listener(guest)?;
    guest.beside(&format!("{LOAD} --seconds 600"))?;
    for _ in 0..5 {
        inline(guest, pair, "127.0.0.1:4444")?;
        pours(guest)?;
        end(guest, &["received"])?;
    }
    Ok(())
}

/// The datagrams pass through the interface that the node watches.
fn own_export(guest: &mut Guest, pair: &Pair) -> Result<()> {
    guest.beside("jexec far nc -u -l 192.168.1.2 4444")?;
    inline(guest, pair, "192.168.1.2:4444")?;
    guest.ok("ngctl msg netflow: setconfig '{ iface=0 conf=3 }'")?;
    guest.ok(&format!("{LOAD} --seconds 5"))?;
    let seen = "/mnt/bin/flowctl netflow show human";
    guest.until(&format!("{seen} | grep 4444"), "192.168.1.2", 5)?;
    end(guest, &["handed_over"])
}

/// One node behind the other.
fn two_nodes(guest: &mut Guest, pair: &Pair) -> Result<()> {
    listener(guest)?;
    let near = &pair.near;
    guest.ngctl(&format!(
        "mkpeer {near}: netflow lower iface0
         name {near}:lower first
         mkpeer first: netflow out0 iface0
         name first:out0 second
         connect {near}: second: upper out0
         msg first: settimeouts {{ inactive=1 active=1 }}
         msg second: settimeouts {{ inactive=1 active=1 }}
         mkpeer first: ksocket export inet/dgram/udp
         msg first:export connect inet/127.0.0.1:4444
         mkpeer second: ksocket export inet/dgram/udp
         msg second:export connect inet/127.0.0.1:4444"
    ))?;
    guest.ok(&format!("{LOAD} --seconds 4"))?;
    guest.ok("ngctl shutdown second:")?;
    counted(guest, &["handed_over"])?;
    guest.ok("ngctl shutdown first:")?;
    counted(guest, &["handed_over"])
}

/// A node in either network stack; the jail goes with its node in it.
fn two_stacks(guest: &mut Guest, pair: &Pair) -> Result<()> {
    listener(guest)?;
    inline(guest, pair, "127.0.0.1:4444")?;
    let far = &pair.far;
    guest.ok(&format!(
        "cat > /tmp/script <<END
mkpeer {far}: netflow lower iface0
name {far}:lower netflow
connect {far}: netflow: upper out0
msg netflow: setconfig {{ iface=0 conf=3 }}
msg netflow: settimeouts {{ inactive=1 active=1 }}
mkpeer netflow: ksocket export inet/dgram/udp
msg netflow:export connect inet/192.168.1.1:4445
END
jexec far ngctl -f /tmp/script"
    ))?;
    guest.ok(&format!("{LOAD} --seconds 3"))?;
    guest.expect("jexec far flowctl netflow: show | head -3", "192.168.1.1")?;
    guest.beside(&format!("{LOAD} --seconds 5"))?;
    guest.wait(1000);
    // A ksocket's socket would keep its jail for ever, whoever is connected.
    guest.ok("jexec far ngctl shutdown netflow:export && jail -r far")?;
    guest.until("dmesg", "ng_netflow: packets received", 20)?;
    counted(guest, &["received"])?;
    end(guest, &["received"])
}

/// The interface goes, and takes the node's data hooks with it.
fn interface(guest: &mut Guest, pair: &Pair) -> Result<()> {
    listener(guest)?;
    inline(guest, pair, "127.0.0.1:4444")?;
    guest.beside(&format!("{LOAD} --seconds 600"))?;
    pours(guest)?;
    guest.wait(1500);
    guest.ok(&format!("ifconfig {} destroy", pair.near))?;
    guest.expect("ngctl show netflow:", "Num hooks: 1")?;
    end(guest, &["handed_over"])
}
