// SPDX-License-Identifier: BSD-2-Clause
//! Where no FreeBSD is at hand, an official release is fetched; here its server
//! is one of our own.

use sha2::{Digest, Sha512};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

/// As FreeBSD names it.
const IMAGE: &str = "FreeBSD-15.0-RELEASE-amd64-BASIC-CI-ufs.raw";

/// Serves files by their paths until the test ends. Its URL.
fn serve(files: Vec<(String, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/amd64/Latest", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            // The whole request, lest the answer be lost with what is unread.
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = request.split(' ').nth(1).unwrap();
            let file = files.iter().find(|(name, _)| path.ends_with(name));
            let (status, body) = match file {
                Some((_, body)) => ("200 OK", body.as_slice()),
                None => ("404 Not Found", &b""[..]),
            };
            let head = format!(
                "HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body).unwrap();
        }
    });
    url
}

/// An image, packed, and its line in the list of checksums.
fn image() -> (Vec<u8>, String) {
    let mut xz = Command::new("xz")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    xz.stdin.take().unwrap().write_all(b"a disk").unwrap();
    let packed = xz.wait_with_output().unwrap().stdout;
    let sum: String = Sha512::digest(&packed)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    (packed, format!("SHA512 ({IMAGE}.xz) = {sum}\n"))
}

fn vm_test(url: &str, cache: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vm-test"))
        .arg("--which")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("XDG_CACHE_HOME", cache)
        .env("VM_URL", url)
        .output()
        .unwrap()
}

fn has_tools() -> bool {
    let missing = ["curl", "xz"].iter().find(|tool| {
        let output = Command::new(tool).arg("--version").output();
        output.is_err()
    });
    if let Some(tool) = missing {
        println!("not run: {tool} is not installed");
    }
    missing.is_none()
}

#[test]
fn a_release_is_fetched_checked_and_unpacked_once() {
    if !has_tools() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let (packed, sums) = image();
    let url = serve(vec![
        ("CHECKSUM.SHA512".into(), sums.clone().into_bytes()),
        (format!("{IMAGE}.xz"), packed),
    ]);
    let output = vm_test(&url, cache.path());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    assert!(
        errors.contains(&format!("fetching {url}/{IMAGE}.xz")),
        "{errors}"
    );
    assert!(errors.contains("the checksum is as published"), "{errors}");
    // The progress bar.
    assert!(errors.contains("100.0%"), "{errors}");
    let folder = cache.path().join("ng_netflow-vm");
    let found = format!("disk image {}\n", folder.join(IMAGE).display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), found);
    assert_eq!(std::fs::read(folder.join(IMAGE)).unwrap(), b"a disk");

    // A server that has no more than the list is enough the second time.
    let url = serve(vec![("CHECKSUM.SHA512".into(), sums.into_bytes())]);
    let output = vm_test(&url, cache.path());
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), found);
}

#[test]
fn an_image_that_is_not_as_published_is_refused() {
    if !has_tools() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let (_, sums) = image();
    let url = serve(vec![
        ("CHECKSUM.SHA512".into(), sums.into_bytes()),
        (format!("{IMAGE}.xz"), b"something else".to_vec()),
    ]);
    let output = vm_test(&url, cache.path());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("is published; it has been removed"),
        "{errors}"
    );
    let folder = cache.path().join("ng_netflow-vm");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn without_a_server_nothing_is_run_and_nothing_failed() {
    if !has_tools() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    // A port that was free just now.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = vm_test(&format!("http://{port}"), cache.path());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(75), "{errors}");
    for way in ["vm-test: not run", "VM_KERNEL=", "VM_IMAGE="] {
        assert!(errors.contains(way), "{errors}");
    }
}
