// SPDX-License-Identifier: BSD-2-Clause
//! Scripts, options and bad input, where ours says more than base or base has
//! no transcript.

use ngctl_rs::Message;
use ngctl_testing::{response, run, Answer, Run, Server, World};
use std::{
    path::Path,
    sync::mpsc::{channel, Receiver},
};
use sys_bindings::*;

const NGCTL: &str = env!("CARGO_BIN_EXE_ngctl-rs");

/// The script of the article of 2004.
const ARTICLE: &str = include_str!("../../demo/article.ngctl");

/// A world that takes everything, and tells what it was sent: path, command,
/// and texts in the arguments.
fn obedient() -> (Server, Receiver<String>) {
    let (tell, told) = channel();
    let world = World::new(move |_, path, message| {
        let args: Vec<String> = message
            .args
            .split(|byte| *byte == 0)
            .filter(|text| !text.is_empty())
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .collect();
        match (message.header.typecookie, message.header.cmd) {
            (NGM_GENERIC_COOKIE, NGM_ASCII2BINARY) => {
                let ascii = Message::parse(&message.args).expect("a message");
                let name = ngctl_rs::message::text(&ascii.header.cmdstr);
                let line = format!("{name} {}", ngctl_rs::message::text(&ascii.args));
                let binary = Message::new(4711, 1, line.as_bytes());
                return Ok(vec![response(message, &binary.to_bytes())]);
            }
            (_, cmd) => tell.send(format!("{path} {cmd} {}", args.join(" "))),
        }
        .expect("the test listens");
        Ok(vec![])
    });
    (Server::start(world), told)
}

fn ngctl(server: &Server, args: &[&str], input: &[u8]) -> Run {
    run(NGCTL, "ngctl", args, &server.socket(), input)
}

#[test]
fn the_article_runs_verbatim() {
    let (server, told) = obedient();
    let script = server.file("article", ARTICLE.as_bytes());
    let run = ngctl(&server, &["-f", script.to_str().expect("UTF-8")], b"");
    assert_eq!(run.transcript(), "[exit 0]\n");
    let sent: Vec<String> = told.try_iter().collect();
    assert_eq!(
        sent,
        [
            "em0: 2 tee lower right",
            "em0: 3 em0:lower upper left",
            "em0:lower 2 netflow right2left iface0",
            "em0:lower.right2left 4 netflow",
            "netflow: 1 setifindex { iface=0 index=1 }",
            "netflow: 2 ksocket export inet/dgram/udp",
            "netflow:export 1 connect inet/127.0.0.1:4444",
        ]
    );
}

#[test]
fn scripts_come_from_standard_input_with_comments_and_blank_lines() {
    let (server, told) = obedient();
    let script = b"# first\n\n \t\r\nname a: b\nquit\nname never: reached\n";
    let run = ngctl(&server, &["-f", "-"], script);
    assert_eq!(run.transcript(), "[exit 0]\n");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["a: 4 b"]);
}

#[test]
fn a_failing_line_ends_the_script_and_is_named() {
    let (server, told) = obedient();
    for (script, message, status) in [
        (
            "name a: b\n\nfrobnicate\n",
            "ngctl: \"frobnicate\": unknown command",
            71,
        ),
        (
            "# c\n\nname a:\nname c: d\n",
            "ngctl: usage: name <path> <name>",
            64,
        ),
        // As in base, a comment begins in the first column.
        ("\n\n # c\nname c: d\n", "ngctl: \"#\": unknown command", 71),
        (
            "\n\nname a: \u{0}b\n",
            "ngctl: send msg: node name \"\0b\" holds a NUL byte",
            71,
        ),
    ] {
        let path = server.file("script", script.as_bytes());
        let path = path.to_str().expect("UTF-8");
        let run = ngctl(&server, &["-f", path], b"");
        let line = format!("ngctl: {path}: line 3: error in file");
        assert_eq!(run.stderr, format!("{message}\n{line}\n"));
        assert_eq!(run.status, Some(status));
    }
    assert!(told.try_iter().all(|sent| sent == "a: 4 b"));
}

#[test]
fn lines_and_packets_without_end_are_refused() {
    let (server, told) = obedient();
    let run = ngctl(&server, &["-f", "/dev/zero"], b"");
    assert_eq!(
        run.transcript(),
        "ngctl: longer than 65536 bytes\n\
         ngctl: /dev/zero: line 1: error in file\n[exit 71]\n"
    );
    let run = ngctl(&server, &["write", "echo", "-f", "/dev/zero"], b"");
    assert_eq!(
        run.transcript(),
        "ngctl: file \"/dev/zero\" is longer than 65536 bytes\n[exit 71]\n"
    );
    // The longest line, with its end and without.
    let line = format!("name a: b{}", " ".repeat(65_536 - 9));
    for script in [format!("{line}\n{line}"), format!("{line}\n")] {
        let run = ngctl(&server, &["-f", "-"], script.as_bytes());
        assert_eq!(run.transcript(), "[exit 0]\n");
    }
    assert_eq!(told.try_iter().count(), 3);
}

/// As in base, where `msg` reads control messages only: a packet that came before is no
/// reply, and nothing that a script shows.
#[test]
fn packets_are_no_replies() {
    let script = b"write echo 1 2 3\nmsg a: command\n";
    let (server, _told) = obedient();
    let run = ngctl(&server, &["-f", "-"], script);
    assert_eq!(run.transcript(), "[exit 0]\n");
    let answering = World::new(|_, _, message| match message.header.cmd {
        NGM_ASCII2BINARY => {
            let binary = Message::new(4711, 1 | NGM_READONLY | NGM_HASREPLY, &[]);
            Ok(vec![response(message, &binary.to_bytes())])
        }
        NGM_BINARY2ASCII => Err(ENOSYS),
        _ => Ok(vec![response(message, &[])]),
    });
    let run = ngctl(&Server::start(answering), &["-f", "-"], script);
    let shown = "Rec'd response 805306369 from \"[5]:\":\nNo arguments\n[exit 0]\n";
    assert_eq!(run.transcript(), shown);
}

#[test]
fn a_script_can_read_another() {
    let (server, told) = obedient();
    let inner = server.file("inner", b"name a: b\nbogus\n");
    let inner = inner.to_str().expect("UTF-8");
    let run = ngctl(
        &server,
        &["-f", "-"],
        format!("source {inner}\n").as_bytes(),
    );
    assert_eq!(
        run.stderr,
        format!(
            "ngctl: \"bogus\": unknown command\n\
             ngctl: {inner}: line 2: error in file\n\
             ngctl: standard input: line 1: error in file\n"
        )
    );
    assert_eq!(run.status, Some(71));
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["a: 4 b"]);
}

#[test]
fn a_script_that_reads_itself_is_refused() {
    let (server, told) = obedient();
    let own = server.file("own", b"");
    let link = own.with_file_name("link");
    std::os::unix::fs::symlink(&own, &link).expect("a link");
    let (own, link) = (own.to_str().expect("UTF-8"), link.to_str().expect("UTF-8"));
    server.file("own", format!("name a: b\nread {link}\n").as_bytes());
    let run = ngctl(&server, &["-f", own], b"");
    assert_eq!(
        run.transcript(),
        format!(
            "ngctl: {link}: is being read already: a script cannot read itself\n\
             ngctl: {own}: line 2: error in file\n[exit 71]\n"
        )
    );
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["a: 4 b"]);
    // One after the other is no loop.
    let twice = server.file(
        "twice",
        format!("read {0}\nread {0}\n", "/dev/null").as_bytes(),
    );
    let run = ngctl(&server, &["-f", twice.to_str().expect("UTF-8")], b"");
    assert_eq!(run.transcript(), "[exit 0]\n");
}

#[test]
fn read_takes_a_dash_for_a_name() {
    let (server, _told) = obedient();
    let run = ngctl(&server, &["read", "-"], b"name a: b\n");
    assert_eq!(
        run.transcript(),
        "ngctl: -: No such file or directory\n[exit 71]\n"
    );
}

#[test]
fn no_reader_of_what_it_says_is_no_panic() {
    let (server, _told) = obedient();
    for args in [&["-x"][..], &["bogus"], &["-d", "-d", "name", "a:", "b"]] {
        let mut child = std::process::Command::new(NGCTL)
            .args(args)
            .env("NGHOST_SOCKET", server.socket())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program runs");
        drop(child.stderr.take());
        let status = child.wait().expect("it ends").code();
        assert!(matches!(status, Some(0 | 64 | 71)), "{args:?}: {status:?}");
    }
}

#[test]
#[cfg(not(target_os = "freebsd"))]
fn jails_are_refused_where_there_are_none() {
    let (server, told) = obedient();
    let run = ngctl(&server, &["-j", "www", "name", "a:", "b"], b"");
    assert_eq!(
        run.transcript(),
        "ngctl: -j: jails are FreeBSD's, there are none here; leave it out\n[exit 69]\n"
    );
    assert_eq!(told.try_iter().count(), 0);
}

#[test]
fn names_that_do_not_fit_are_refused_not_cut() {
    let (server, told) = obedient();
    let long = "x".repeat(32);
    let run = ngctl(&server, &["rmhook", "a:", &long], b"");
    let text = format!("ngctl: send msg: hook \"{long}\" is longer than 31 bytes\n[exit 71]\n");
    assert_eq!(run.transcript(), text);
    let run = ngctl(&server, &["write", &long, "1"], b"");
    let text = format!("ngctl: hook name \"{long}\" too long\n[exit 71]\n");
    assert_eq!(run.transcript(), text);
    let run = ngctl(&server, &["shutdown", &"x".repeat(300)], b"");
    assert_eq!(run.status, Some(71));
    assert_eq!(told.try_iter().count(), 0);
}

#[test]
fn without_nghost_it_says_so() {
    let run = run(NGCTL, "ngctl", &["list"], Path::new("/nonexistent/s"), b"");
    assert_eq!(
        run.transcript(),
        "ngctl: cannot connect to /nonexistent/s: No such file or directory; \
         is nghost running? Start it, or name its socket with --socket or $NGHOST_SOCKET\n\
         [exit 69]\n"
    );
}

#[test]
#[cfg(not(target_os = "freebsd"))] // There it is the kernel's.
fn an_empty_name_of_a_socket_is_none() {
    let run = run(NGCTL, "ngctl", &["list"], Path::new(""), b"");
    let usual = run.stderr.contains("/tmp/nghost.");
    // Somebody's nghost may be running there.
    assert!(usual || run.status == Some(0), "{run:?}");
    assert!(!run.stderr.contains("connect to :"), "{run:?}");
}

#[test]
fn a_script_starts_only_with_a_netgraph() {
    let run = run(
        NGCTL,
        "ngctl",
        &["-f", "-"],
        Path::new("/nonexistent/s"),
        b"help\n",
    );
    assert_eq!(run.status, Some(69));
    assert_eq!(run.stdout, "");
}

#[test]
fn unreadable_scripts_are_named() {
    let (server, _told) = obedient();
    let run = ngctl(&server, &["-f", "/nonexistent/f"], b"");
    assert_eq!(
        run.transcript(),
        "ngctl: /nonexistent/f: No such file or directory\n[exit 66]\n"
    );
    let run = ngctl(&server, &["-f", "/"], b"");
    assert_eq!(run.transcript(), "ngctl: /: Is a directory\n[exit 66]\n");
}

#[test]
fn options_are_as_getopt_takes_them() {
    let (server, told) = obedient();
    // Base's, to the byte.
    let usage = "usage: ngctl [-j jail] [-d] [-f filename] [-n nodename] \
                 [command [argument ...]]\n";
    for (args, message) in [
        (&["-x"][..], "ngctl: illegal option -- x\n"),
        (&["-f"][..], "ngctl: option requires an argument -- f\n"),
        (&[][..], "ngctl: no command specified\n"),
        (&["-j", "", "list"][..], "ngctl: invalid jail name\n"),
    ] {
        let run = ngctl(&server, args, b"");
        assert_eq!(run.stderr, format!("{message}{usage}"));
        assert_eq!(run.status, Some(64));
    }
    let run = ngctl(&server, &["list", "-x"], b"");
    assert_eq!(
        run.transcript(),
        "ngctl: illegal option -- x\nngctl: usage: list [-ln]\n[exit 64]\n"
    );
    // Options end at the command: what follows is the command's.
    let run = ngctl(&server, &["-dnfoo", "--", "name", "a:", "-n"], b"");
    assert_eq!(run.transcript(), "[exit 0]\n");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["a: 4 -n"]);
}

#[test]
fn the_socket_option_comes_before_the_environment() {
    let (server, told) = obedient();
    let socket = server.socket();
    let args = [
        "--socket",
        socket.to_str().expect("UTF-8"),
        "name",
        "a:",
        "b",
    ];
    let run = run(NGCTL, "ngctl", &args, Path::new("/nonexistent/s"), b"");
    assert_eq!(run.transcript(), "[exit 0]\n");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["a: 4 b"]);
}

#[test]
fn help_needs_no_netgraph() {
    let run = run(
        NGCTL,
        "ngctl",
        &["help", "ls"],
        Path::new("/nonexistent/s"),
        b"",
    );
    assert_eq!(run.status, Some(0));
    assert!(run
        .stdout
        .starts_with("usage:    list [-ln]\nAliases:  ls\nSummary:  "));
}

#[test]
fn debugging_shows_what_is_sent() {
    let (server, _told) = obedient();
    let run = ngctl(&server, &["-d", "-d", "name", "a:", "b"], b"");
    assert_eq!(run.status, Some(0));
    // Libnetgraph's, to the byte.
    let expected = [
        "SENDING MESSAGE:",
        "SOCKADDR: { fam=32 len=5 addr=\"a:\" }",
        "NG_MESG :",
        "  vers   8",
        "  arglen 32",
        "  flags  0",
        "  token  0",
        "  cookie GENERIC (1137070366)",
        "  cmd    4",
        "  args (32 bytes)",
        "0000:  62 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00   b...............",
        "0010:  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00   ................",
    ]
    .map(|line| format!("ngctl: {line}\n"));
    assert_eq!(run.stderr, expected.concat());
    let run = ngctl(
        &server,
        &["-d", "-d", "-d", "write", "echo", "104", "105"],
        b"",
    );
    let expected = [
        "WRITE PACKET to hook \"echo\" (2 bytes)",
        "SOCKADDR: { fam=32 len=7 addr=\"echo\" }",
        "0000:  68 69                                             hi                            ",
    ]
    .map(|line| format!("ngctl: {line}\n"));
    assert_eq!(run.stderr, expected.concat());
}

#[test]
fn packets_leave_by_our_own_hooks() {
    let (server, _told) = obedient();
    let run = ngctl(&server, &["write", "nosuch", "1", "0x2"], b"");
    assert_eq!(
        run.transcript(),
        "ngctl: writing to hook \"nosuch\": No route to host\n[exit 71]\n"
    );
    let run = ngctl(&server, &["write", "echo", "1"], b"");
    assert_eq!(run.transcript(), "[exit 0]\n");
}

/// Answers every command that the world understands with one message.
fn chatty(early: bool) -> Server {
    let mut world = World::new(|_, _, message| -> Answer {
        match message.header.cmd {
            NGM_ASCII2BINARY => {
                let cmd = NGM_HASREPLY | 7;
                let binary = Message::new(4711, cmd, b"");
                Ok(vec![response(message, &binary.to_bytes())])
            }
            NGM_BINARY2ASCII => Err(ENOSYS),
            _ => Ok(vec![response(message, b"bytes\n")]),
        }
    });
    world.early = early;
    Server::start(world)
}

#[test]
fn a_reply_that_the_node_cannot_translate_is_dumped() {
    for early in [true, false] {
        let run = ngctl(&chatty(early), &["msg", "odd:", "command"], b"");
        assert_eq!(
            run.transcript(),
            "Rec'd response 536870919 from \"[5]:\":\n\
             0000:  62 79 74 65 73 0a                                bytes.          \n\
             [exit 0]\n"
        );
    }
}
