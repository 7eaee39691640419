// SPDX-License-Identifier: BSD-2-Clause
//! Captures that come through pipes, whose writers take their time.

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::common::frame;
use crate::common::process::{nghost, until, Process};
use crate::replay::{account, capture, numbers, pong, receive, start, SECOND, THEN};

/// A pipe with a name, which nobody has opened yet.
fn fifo(folder: &Path) -> PathBuf {
    let fifo = folder.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    fifo
}

/// Clients, time and signals go on while a pipe's writer has not come, or has
/// stopped within a packet.
#[test]
fn a_pipe_that_stalls_holds_up_nothing_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [
        (0, pong([10, 0, 0, 1], [10, 0, 0, 2])),
        (1, pong([10, 0, 0, 3], [10, 0, 0, 4])),
    ];
    let file = capture(&folder.path().join("file"), &frames);
    let bytes = fs::read(&file).unwrap();
    let fifo = fifo(folder.path());
    for pace in ["real", "10x", "fast"] {
        let interface = format!("em0,pace={pace},capture={}", fifo.display());
        let process = Process::start(folder.path(), &["--interface", &interface]);
        let mut client = process.connect();
        client.listen_to("em0:", "lower", "l");
        assert_eq!(account(&mut client, "em0:").state, "running");
        let mut writer = fs::File::options().write(true).open(&fifo).unwrap();
        writer.write_all(&bytes[..bytes.len() - 40]).unwrap();
        assert_eq!(client.packet().1, frames[0].1);
        assert_eq!(account(&mut client, "em0:").packets, 1);
        writer.write_all(&bytes[bytes.len() - 40..]).unwrap();
        assert_eq!(client.packet().1, frames[1].1);
        assert_eq!(account(&mut client, "em0:").state, "running");
        if pace == "real" {
            drop(writer);
            until("the capture ends", || {
                account(&mut client, "em0:").state == "ended"
            });
        }
        process.terminate();
        let (status, said) = process.wait();
        assert_eq!(status, Some(0), "{said}");
    }
}

/// The next packet of a pipe may be the earliest of all, so that it is waited for,
/// and no time passes meanwhile.
#[test]
fn packets_of_a_pipe_come_in_the_order_of_their_stamps() {
    let folder = tempfile::tempdir().unwrap();
    let odd = [(0, frame(1)), (20, frame(3)), (2 * SECOND, frame(5))];
    let even = [(10, frame(2)), (30, frame(4)), (3 * SECOND, frame(6))];
    let odd = capture(&folder.path().join("odd"), &odd);
    let even = fs::read(capture(&folder.path().join("even"), &even)).unwrap();
    let fifo = fifo(folder.path());
    for pace in ["fast", "10x"] {
        let args = [
            "--interface",
            &format!("em0,pace={pace},capture={odd}"),
            "--interface",
            &format!("em1,pace={pace},capture={}", fifo.display()),
            "--hold",
        ];
        let process = Process::start(folder.path(), &args);
        let mut client = process.connect();
        client.listen_to("em0:", "lower", "a");
        client.listen_to("em1:", "lower", "b");
        assert_eq!(start(&mut client, "em1:"), 0);
        let mut writer = fs::File::options().write(true).open(&fifo).unwrap();
        for piece in even.chunks(50) {
            writer.write_all(piece).unwrap();
            // Longer than it is between some of these packets, at tenfold pace.
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(writer);
        let expected = [("a", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5), ("b", 6)];
        let expected = expected.map(|(hook, number)| (hook.to_owned(), number));
        assert_eq!(numbers(&mut client, 6), expected);
        process.terminate();
        process.wait();
    }
}

/// A probe learns from a pipe's first packet what its packets begin with.
#[test]
fn a_probe_of_a_pipe_without_a_link_layer() {
    let folder = tempfile::tempdir().unwrap();
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    collector
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let raw = pong([10, 0, 0, 1], [10, 0, 0, 2])[14..].to_vec();
    let mut bytes = fs::read(capture(&folder.path().join("file"), &[(0, raw)])).unwrap();
    bytes[20] = 101;
    let fifo = fifo(folder.path());
    let writer = {
        let fifo = fifo.clone();
        std::thread::spawn(move || fs::write(fifo, bytes).unwrap())
    };
    let to = collector.local_addr().unwrap().to_string();
    let output = nghost(&["probe", "-r", fifo.to_str().unwrap(), &to]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(receive(&collector)[24..28], [10, 0, 0, 1]);
    writer.join().unwrap();
}

/// One stamp that is far ahead makes the clock stand for all packets behind.
#[test]
fn flows_that_end_are_exported_though_the_clock_stands() {
    let folder = tempfile::tempdir().unwrap();
    let fin = |flow: u8| {
        let mut fin = pong([10, 0, 0, flow], [10, 0, 0, 2]);
        fin[14 + 9] = 6; // TCP
        fin[14 + 20 + 12..][..2].copy_from_slice(&[0x50, 1]);
        fin
    };
    // The first begins a flow, the second ends it; 30 are a datagram.
    let ended = (0..60).map(|n| (0, fin(n % 30)));
    let others = (0..70_000).map(|_| (-SECOND, pong([10, 0, 1, 1], [10, 0, 0, 2])));
    let frames: Vec<_> = ended.chain(others).collect();
    let file = capture(&folder.path().join("file"), &frames);
    let fifo = fifo(folder.path());
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = collector.local_addr().unwrap().to_string();
    let patience = Some(Duration::from_secs(20));
    collector.set_read_timeout(patience).unwrap();
    let bytes = fs::read(&file).unwrap();
    let path = fifo.clone();
    let writer = std::thread::spawn(move || {
        let mut writer = fs::File::options().write(true).open(path).unwrap();
        writer.write_all(&bytes).unwrap();
        writer
    });
    let probe = std::thread::spawn(move || {
        let output = nghost(&["probe", "-r", fifo.to_str().unwrap(), &to]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    });
    // The writer stays: it is no end that exports them.
    let writer = writer.join().unwrap();
    assert_eq!(receive(&collector)[..4], [0, 5, 0, 30]);
    drop(writer);
    probe.join().unwrap();
}

/// As `tcpdump -r -` reads it.
#[test]
fn a_dash_is_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [(0, pong([10, 0, 0, 1], [10, 0, 0, 2]))];
    let file = capture(&folder.path().join("file"), &frames);
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    let patience = Some(Duration::from_secs(20));
    collector.set_read_timeout(patience).unwrap();
    let script = format!(
        "cat {file} | {} probe -r - {}",
        env!("CARGO_BIN_EXE_nghost"),
        collector.local_addr().unwrap()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(receive(&collector)[24..28], [10, 0, 0, 1]);
}

/// Of what a filter leaves out, the stamps count, and it takes turns as well.
#[test]
fn what_a_filter_leaves_out_moves_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let other = |at: i64| (at * SECOND, pong([10, 0, 0, 9], [10, 0, 0, 2]));
    let matching = (0, pong([10, 0, 0, 1], [10, 0, 0, 2]));
    let frames: Vec<_> = [matching]
        .into_iter()
        .chain((1..=3600).map(other))
        .collect();
    let bytes = fs::read(capture(&folder.path().join("file"), &frames)).unwrap();
    let fifo = fifo(folder.path());
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    let patience = Some(Duration::from_secs(20));
    collector.set_read_timeout(patience).unwrap();
    let to = collector.local_addr().unwrap().to_string();
    let path = fifo.clone();
    let probe = std::thread::spawn(move || {
        let filter = "src host 10.0.0.1";
        let output = nghost(&["probe", "-r", path.to_str().unwrap(), "-f", filter, &to]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("1 packets fed"), "{said}");
    });
    let mut writer = fs::File::options().write(true).open(&fifo).unwrap();
    writer.write_all(&bytes).unwrap();
    // The writer stays: it is no end that exports the flow.
    let datagram = receive(&collector);
    assert_eq!((datagram[3], &datagram[24..28]), (1, &[10, 0, 0, 1][..]));
    let time = |at: usize| u32::from_be_bytes(datagram[at..at + 4].try_into().unwrap());
    let sent = u64::from(time(8)) - THEN / 1_000_000;
    assert!((15..=17).contains(&sent), "{sent}");
    drop(writer);
    probe.join().unwrap();
}

/// Clients and signals need not wait for the first packet that a filter takes.
#[test]
fn a_replay_in_which_nothing_matches_can_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    // Empty packets of 1970, for minutes, in a file that takes no room.
    let file = fs::File::create(&path).unwrap();
    let header = fs::read(capture(&folder.path().join("header"), &[])).unwrap();
    (&file).write_all(&header).unwrap();
    file.set_len(1 << 38).unwrap();
    let interface = format!("em0,pace=fast,filter=ip,capture={}", path.display());
    let process = Process::start(folder.path(), &["--interface", &interface]);
    let mut client = process.connect();
    client.listen_to("em0:", "lower", "l");
    let account = account(&mut client, "em0:");
    assert_eq!((&account.state[..], account.packets), ("running", 0));
    process.terminate();
    let (status, said) = process.wait();
    assert_eq!(status, Some(0), "{said}");
}
