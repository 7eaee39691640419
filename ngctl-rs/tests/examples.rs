// SPDX-License-Identifier: BSD-2-Clause
//! The programs in `examples/` do what they say, against nghost.

use ngctl_testing::nghost;
use std::{error::Error, path::PathBuf, process::Command};

/// Where cargo puts the examples, when it builds all there is of this package.
fn examples() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let folder = test.ancestors().nth(2)?.join("examples");
    if folder.join("wire").exists() && folder.join("largest").exists() {
        return Some(folder);
    }
    println!("not run: examples are not built; \"cargo test -p ngctl-rs\" does");
    None
}

/// Runs an example that must succeed, and says nothing on standard error.
fn run(example: PathBuf, args: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(example).args(args).output()?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success() && said.is_empty(), "{said}");
    Ok(String::from_utf8(output.stdout)?)
}

// One test: nghost's socket is in the environment, which all threads share.
#[test]
fn examples_run() -> Result<(), Box<dyn Error>> {
    let Some((_nghost, mut netgraph)) = nghost::start(false) else {
        return Ok(());
    };
    let Some(examples) = examples() else {
        return Ok(());
    };
    let said = run(examples.join("wire"), &["em0", "1", "127.0.0.1:2055"])?;
    assert_eq!(
        said.trim_end().split_once(' ').ok_or("no words")?.1,
        "has 2 hooks"
    );

    // A flow, by a hook of ours.
    let netflow = "em0:lower.right2left";
    netgraph.name(netflow, "netflow")?;
    netgraph.connect(".", "netflow:", "mine", "iface1")?;
    netgraph.send_ascii("netflow:", "setdlt { iface=1 dlt=12 }")?;
    let mut packet = [0u8; 40];
    packet[..4].copy_from_slice(&[0x45, 0, 0, 40]);
    packet[8..10].copy_from_slice(&[64, 17]);
    packet[12..24].copy_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2, 0, 53, 0x10, 0x92]);
    netgraph.send_data("mine", &packet)?;
    assert_eq!(
        run(examples.join("largest"), &["netflow:"])?,
        "          40 octets        1 packets  192.0.2.1:53 to 192.0.2.2:4242, protocol 17\n"
    );
    Ok(())
}
