// SPDX-License-Identifier: BSD-2-Clause
//! The read-only drive with what the scenarios bring along.

use crate::{made, system::make_iso};
use anyhow::{ensure, Context, Result};
use end_to_end::oracle;
use std::{
    fs,
    path::{absolute, Path, PathBuf},
    process::Command,
};

/// What the guest runs: FreeBSD programs.
pub const PROGRAMS: &[&str] = &["flowctl", "ngctl-rs", "vm-guest"];

/// What takes longest to build: without it, two scenarios say "not run".
pub const PROBE: &str = "nghost";

/// [`made::frames`] on the drive.
pub const MADE: &str = "made.pcap";

/// Makes the drive in `scratch`.
///
/// ```text
/// start.sh     run once, after login
/// bin/         our tools and vm-guest
/// modules/     our ng_netflow.ko, and vmtest.ko
/// made.pcap    frames of which all is known
/// captures/    ../shared/captures, if they are there
/// overlay/     what "make install" installs on FreeBSD
/// ```
pub fn make(module: &Path, tests: &Path, programs: &Path, scratch: &Path) -> Result<PathBuf> {
    let folder = scratch.join("drive");
    for name in ["bin", "modules", "captures"] {
        fs::create_dir_all(folder.join(name))?;
    }
    fs::write(folder.join("start.sh"), include_str!("../files/start.sh"))?;
    copy(module, &folder.join("modules/ng_netflow.ko"))?;
    if tests.is_file() {
        copy(tests, &folder.join("modules/vmtest.ko"))?;
    }
    for name in PROGRAMS {
        copy(&programs.join(name), &folder.join("bin").join(name))?;
    }
    if let Some(shared) = oracle::shared() {
        for capture in oracle::captures(&shared)? {
            let name = capture_name(&capture)?;
            copy(&capture, &folder.join("captures").join(name))?;
        }
    }
    fs::write(folder.join(MADE), made::capture())?;
    if programs.join(PROBE).is_file() {
        copy(&programs.join(PROBE), &folder.join("bin").join(PROBE))?;
        install(module, programs, &folder.join("overlay"))?;
    }
    let iso = scratch.join("drive.iso");
    make_iso(&folder, &iso, "NG_NETFLOW")?;
    Ok(iso)
}

/// Runs "make install" for FreeBSD, below `destdir`.
fn install(module: &Path, programs: &Path, destdir: &Path) -> Result<()> {
    let output = Command::new("make")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(["install", "TARGET_OS=FreeBSD"])
        .arg(format!("DESTDIR={}", absolute(destdir)?.display()))
        .arg(format!("TOOLDIR={}", absolute(programs)?.display()))
        .arg(format!("KMOD={}", absolute(module)?.display()))
        .output()
        .context("cannot start make")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "make install: {said}");
    Ok(())
}

/// A capture's name on the drive: its folder's and its own.
pub fn capture_name(capture: &Path) -> Result<String> {
    let mut parts = capture.iter().rev().map(|part| part.to_string_lossy());
    let (name, family) = (parts.next(), parts.next());
    let (name, family) = name.zip(family).context("a capture has a folder")?;
    Ok(format!("{family}-{name}"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    ensure!(
        from.is_file(),
        "there is no {}; 'make vm-test' builds all that is needed",
        from.display()
    );
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
