// SPDX-License-Identifier: BSD-2-Clause
//! The socket: who may have it, what clients may say, and what becomes of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::process::{frame, nghost, Connection, Process};
use crate::common::{address, string};
use proptest::collection::vec;
use proptest::prelude::*;
use sys_bindings::nghost::{Kind, MAX_FRAME};
use sys_bindings::*;
use zerocopy::FromBytes;

const GENERIC: u32 = NGM_GENERIC_COOKIE;

#[test]
fn the_socket_is_the_users_own_and_goes_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new");
    let process = Process::start(&inner, &["--interface", "em0"]);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    assert_eq!(mode(&process.socket), 0o600);
    let socket = process.socket.clone();
    process.terminate();
    let (status, said) = process.wait();
    assert_eq!(status, Some(0), "{said}");
    assert!(!socket.exists());
}

#[test]
fn a_socket_in_use_is_refused_and_a_stale_one_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "a stale socket");
    let process = Process::start(folder.path(), &[] as &[&str]);
    let start = Instant::now();
    while UnixStream::connect(&socket).is_err() {
        assert!(start.elapsed() < Duration::from_secs(10), "not replaced");
    }
    let second = nghost(&["--socket", socket.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(69));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another nghost is running"), "{said}");
    // The first is not disturbed.
    process.connect().ask(".:", GENERIC, NGM_NODEINFO);
}

/// A socket that took the place of ours is another's.
#[test]
fn the_end_leaves_anothers_socket_alone() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[] as &[&str]);
    fs::remove_file(&process.socket).unwrap();
    let _other = UnixListener::bind(&process.socket).unwrap();
    let socket = process.socket.clone();
    process.terminate();
    assert_eq!(process.wait().0, Some(0));
    assert!(socket.exists());
}

/// With no descriptor left, those who wait are served later, and cost nothing.
#[test]
fn more_clients_than_descriptors_do_not_keep_it_busy() {
    let folder = tempfile::tempdir().unwrap();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 16; exec \"$0\" \"$@\""]);
    limited.arg(env!("CARGO_BIN_EXE_nghost"));
    let process = Process::start_by(limited, folder.path(), &[] as &[&str]);
    let clients: Vec<_> = (0..32).map(|_| process.connect()).collect();
    let ticks = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).ok()?;
        let fields: Vec<u64> = stat.split(' ').map(|f| f.parse().unwrap_or(0)).collect();
        Some(fields[13] + fields[14])
    };
    let Some(before) = ticks() else {
        println!("not run: no /proc to tell how busy a process is");
        return;
    };
    std::thread::sleep(Duration::from_secs(1));
    // In hundredths of a second, as good as everywhere.
    let busy = ticks().unwrap() - before;
    assert!(busy < 30, "{busy}");
    drop(clients);
    process.connect().ask(".:", GENERIC, NGM_NODEINFO);
}

#[test]
fn what_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a socket, not a capture").unwrap();
    let file = file.to_str().unwrap();
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    let open = open.join("socket");
    let long = folder.path().join("x".repeat(100));
    for (args, status, said) in [
        (
            &["--socket", folder.path().to_str().unwrap()][..],
            73,
            "name of a socket in it",
        ),
        (&["--socket", long.to_str().unwrap()], 73, "too many"),
        (
            &["--interface", "em0.1", "--interface", "em0_1"][..],
            78,
            "'em0_1', already",
        ),
        (&["--socket", file][..], 73, "no socket"),
        (
            &["--socket", open.to_str().unwrap()],
            77,
            "others may write",
        ),
        (
            &["--socket", "/nonexistent/deep/socket"],
            73,
            "/nonexistent",
        ),
        (&["--nonsense"], 64, "--nonsense"),
        (&["--interface", "em0,color=red"], 64, "color"),
        (
            &["--interface", "em0,capture=/nonexistent"],
            66,
            "/nonexistent",
        ),
        (
            &["--interface", &format!("em0,capture={file}")],
            65,
            "not a capture",
        ),
        (
            &["--interface", "em0,filter=bogus(("],
            64,
            "'filter=' needs",
        ),
        (&["--interface", "em0,pace=fast"], 64, "'pace=' needs"),
        (
            &["--interface", "em0,live=lo,pace=real"],
            64,
            "'pace=' needs",
        ),
        (
            &["--interface", "em0,promiscuous=true,capture=/nonexistent"],
            64,
            "'promiscuous=' needs",
        ),
        (&["--interface", "em0,live=nosuch0"], 69, "nosuch0"),
        (&["--world", "/nonexistent"], 66, "/nonexistent"),
        (&["--world", file], 78, "file"),
        (&["--exit-at-end"], 64, "--exit-at-end"),
    ] {
        let socket = folder.path().join("other");
        let socket = ["--socket", socket.to_str().unwrap()];
        let args = match args[0] {
            "--socket" => args.to_vec(),
            _ => [args, &socket].concat(),
        };
        let output = nghost(&args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}

#[test]
fn help_and_version_are_printed_or_say_that_they_are_not() {
    for args in [&["--help"][..], &["--version"], &["probe", "--version"]] {
        assert_eq!(nghost(args).status.code(), Some(0), "{args:?}");
        let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
            println!("not run: no /dev/full");
            continue;
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_nghost"));
        let output = command.args(args).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{args:?}: {said}");
        assert!(said.contains("standard output"), "{said}");
    }
}

#[test]
fn requests_are_answered_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--interface", "em7,index=7"]);
    let mut client = process.connect();
    client.put(Kind::IfName.to_wire(), &7u32.to_le_bytes());
    client.put(Kind::Bind.to_wire(), &[&address("me")[..], &[0]].concat());
    client.put(Kind::IfName.to_wire(), &99u32.to_le_bytes());
    client.put(Kind::IfName.to_wire(), &65543u32.to_le_bytes());
    client.put(Kind::IfName.to_wire(), &[1]);
    client.put(77, b"?");
    client.put(Kind::Status.to_wire(), &[]);
    let name = |name: &str| (Kind::IfNameReply, name.as_bytes().to_vec());
    let status = |errno: i32| (Kind::Status, errno.to_le_bytes().to_vec());
    for expected in [
        name("em7"),
        status(0),
        name(""),
        name(""),
        name(""),
        status(EINVAL),
        status(EINVAL),
    ] {
        assert_eq!(client.get().unwrap(), expected);
    }
    let info = client.ask("me:", GENERIC, NGM_NODEINFO);
    let info = nodeinfo::read_from_bytes(&info).unwrap();
    assert_eq!((string(&info.name), info.id), ("me".to_owned(), 2));
}

#[test]
fn a_bind_that_base_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--interface", "em0"]);
    let mut client = process.connect();
    for (request, errno) in [
        (&[][..], EINVAL),
        (&[3, 32, 0], EINVAL),
        (&[4, 32, b'a', b'b'], EINVAL),
        (&[40, 32, b'a', 0], EINVAL),
        (&[6, 32, b'e', b'm', b'0', 0], EADDRINUSE),
        (&[6, 32, b'a', b'.', b'b', 0], EINVAL),
        (&[5, 32, b'o', b'k', 0], 0),
    ] {
        client.put(Kind::Bind.to_wire(), request);
        assert_eq!(client.status(), errno, "{request:?}");
    }
}

#[test]
fn a_client_that_goes_takes_its_node_along() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--interface", "em0"]);
    let mut stays = process.connect();
    let count = |client: &mut Connection| {
        let list = client.ask(".:", GENERIC, NGM_LISTNODES);
        u32::read_from_prefix(&list).unwrap().0
    };
    let before = count(&mut stays);
    let mut goes = process.connect();
    goes.mkpeer(".:", "hub", "h", "x");
    assert_eq!(count(&mut stays), before + 2);
    drop(goes);
    let start = Instant::now();
    while count(&mut stays) != before {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    // And one whose node is shut down is told by the end of its connection.
    let mut victim = process.connect();
    let info = victim.ask(".:", GENERIC, NGM_NODEINFO);
    let id = nodeinfo::read_from_bytes(&info).unwrap().id;
    assert_eq!(
        stays.control(&format!("[{id:x}]:"), GENERIC, NGM_SHUTDOWN, &[]),
        0
    );
    assert!(victim.get().is_none());
}

#[test]
fn data_goes_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--interface", "em0"]);
    let mut client = process.connect();
    client.mkpeer(".:", "hub", "a", "a");
    client.listen_to("a", "b", "b");
    let mut request = address("a");
    request.extend(b"hello");
    client.put(Kind::Data.to_wire(), &request);
    let mut got = [client.get().unwrap(), client.get().unwrap()];
    got.sort_by_key(|frame| frame.0.to_wire());
    assert_eq!(got[0], (Kind::Status, vec![0; 4]));
    assert_eq!(
        got[1],
        (Kind::DataIn, [&[4, 32, b'b', 0], &b"hello"[..]].concat())
    );
}

#[test]
fn a_frame_too_long_ends_the_connection_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--interface", "em0"]);
    for len in [0, 3, MAX_FRAME + 1, u32::MAX] {
        let mut client = process.connect();
        client.stream.write_all(&len.to_le_bytes()).unwrap();
        assert!(client.get().is_none(), "{len}");
    }
    process.connect().ask(".:", GENERIC, NGM_NODEINFO);
}

#[test]
fn a_client_that_asks_and_does_not_read_is_not_read_from() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--interface", "em0"]);
    let mut silent = process.connect();
    silent.stream.set_nonblocking(true).unwrap();
    let message = ::nghost::message::Message::new(GENERIC, NGM_LISTTYPES, vec![]);
    let payload = [address(".:"), message.to_bytes()].concat();
    let frame = frame(Kind::Control.to_wire(), &payload);
    let mut sent = 0;
    let mut full = Instant::now();
    // Until nothing has been taken for a while: nghost has stopped reading.
    while full.elapsed() < Duration::from_millis(300) {
        match silent.stream.write(&frame[sent % frame.len()..]) {
            Ok(len) => {
                sent += len;
                full = Instant::now();
            }
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
        assert!(sent < 64 << 20, "it reads on and on");
    }
    process.connect().ask(".:", GENERIC, NGM_NODEINFO);
    // Everything that was asked is answered once it reads.
    silent.stream.set_nonblocking(false).unwrap();
    let asked = sent / frame.len();
    for _ in 0..asked {
        assert_eq!(silent.status(), 0);
    }
}

#[test]
fn no_bytes_of_a_client_do_harm() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--interface", "em0"]);
    let mut witness = process.connect();
    witness.mkpeer("em0:", "tee", "lower", "right");
    witness.mkpeer("em0:lower", "netflow", "right2left", "iface0");
    let witness = std::cell::RefCell::new(witness);
    let paths = [
        "em0:",
        "em0:lower",
        "em0:lower.right2left",
        ".:",
        "[1]:",
        "x:",
        "",
    ];
    let cookies = [
        NGM_GENERIC_COOKIE,
        NGM_ETHER_COOKIE,
        NGM_TEE_COOKIE,
        NGM_NETFLOW_COOKIE,
        NGM_SOCKET_COOKIE,
        ::nghost::nodes::ether::NGM_NGHOST_COOKIE,
    ];
    let anything = || vec(any::<u8>(), 0..120);
    let message = (
        proptest::sample::select(paths.to_vec()),
        proptest::sample::select(cookies.to_vec()),
        0..20u32,
        any::<bool>(),
        anything(),
    )
        .prop_map(|(path, cookie, cmd, reply, args)| {
            let flags = if reply {
                NGM_READONLY | NGM_HASREPLY
            } else {
                0
            };
            let message = ::nghost::message::Message::new(cookie, cmd | flags, args);
            (
                Kind::Control.to_wire(),
                [address(path), message.to_bytes()].concat(),
            )
        });
    let any_frame = prop_oneof![(0..6u32, anything()), (any::<u32>(), anything()), message,];
    proptest!(ProptestConfig::with_cases(300), |(frames in vec(any_frame, 1..20), tail in anything())| {
        let mut client = process.connect();
        for (kind, payload) in &frames {
            // A shutdown of its own node may have come first.
            let _ = client.stream.write_all(&frame(*kind, payload));
        }
        let _ = client.stream.write_all(&tail);
        drop(client);
        prop_assert!(!witness.borrow_mut().ask(".:", NGM_GENERIC_COOKIE, NGM_NODEINFO).is_empty());
    });
}
