// SPDX-License-Identifier: BSD-2-Clause
//! Datagrams that did not arrive, as far as the host tells.

use std::net::UdpSocket;

use crate::common::process::nghost;
use crate::replay::{capture, pong};

#[test]
fn a_collector_that_refuses_is_named_and_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [(0, pong([10, 0, 0, 1], [10, 0, 0, 2]))];
    let file = capture(&folder.path().join("file"), &frames);
    let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let [there, gone] = [&sockets[0], &sockets[1]].map(|s| s.local_addr().unwrap().to_string());
    let [collector, closed] = sockets;
    drop(closed);
    for (collectors, status) in [
        (vec![&there], 0),
        (vec![&gone], 69),
        // Some of what was to be exported is missing, whoever else has it.
        (vec![&gone, &there], 69),
        (vec![&there, &gone], 69),
    ] {
        let args = ["probe", "-r", &file].into_iter();
        let args: Vec<&str> = args
            .chain(collectors.iter().map(|to| to.as_str()))
            .collect();
        let output = nghost(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{said}");
        for line in [
            format!("{gone}: Connection refused: datagrams are lost"),
            format!("{gone}: datagrams lost: at least 1"),
        ] {
            assert_eq!(said.contains(&line), status == 69, "{said}");
        }
    }
    drop(collector);
}
