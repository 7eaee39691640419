// SPDX-License-Identifier: BSD-2-Clause
//! Which FreeBSD to boot.

use crate::fetch;
use anyhow::{ensure, Context, Result};
use clap::ValueEnum;
use std::{
    env,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::Command,
};

/// A FreeBSD that can be booted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum System {
    /// A kernel for QEMU to start itself, and the root file system for it.
    Direct {
        /// The kernel's file.
        kernel: PathBuf,
        /// A folder, an ISO image or a UFS image.
        root: PathBuf,
    },
    /// A disk that boots, and lets root log in on the serial console.
    Image(PathBuf),
}

/// A kernel by its checks. One with checks takes only a module built for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Flavour {
    /// As it is shipped.
    Plain,
    /// With INVARIANTS and WITNESS.
    Debug,
    /// With KASAN too.
    Kasan,
}

impl Flavour {
    /// What its files' names end in, before their extension.
    pub fn ending(self) -> &'static str {
        match self {
            Flavour::Plain => "",
            Flavour::Debug => "-debug",
            Flavour::Kasan => "-kasan",
        }
    }

    /// How many times longer everything takes with its checks.
    pub fn slowness(self) -> u32 {
        match self {
            Flavour::Plain => 1,
            Flavour::Debug => 2,
            Flavour::Kasan => 8,
        }
    }

    /// What its environment variables' names end in.
    pub fn suffix(self) -> String {
        self.ending().to_uppercase().replace('-', "_")
    }
}

/// Where a system is looked for when none is named.
pub fn cache() -> PathBuf {
    env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))
        .unwrap_or_else(env::temp_dir)
        .join("ng_netflow-vm")
}

/// The system of this flavour that the environment names, or that lies in the
/// cache; `None` when there is none.
///
/// # Errors
/// The environment names half a system, or a file that is not there.
pub fn at_hand(flavour: Flavour) -> Result<Option<System>> {
    let (suffix, ending) = (flavour.suffix(), flavour.ending());
    let var = |name: &str| {
        let name = format!("{name}{suffix}");
        env::var_os(&name).map(|value| (name, PathBuf::from(value)))
    };
    let (kernel, root) = (format!("VM_KERNEL{suffix}"), format!("VM_ROOT{suffix}"));
    let named = match (var("VM_KERNEL"), var("VM_ROOT"), var("VM_IMAGE")) {
        (Some(kernel), Some(root), _) => vec![kernel, root],
        (None, None, Some(image)) => vec![image],
        (None, None, None) => Vec::new(),
        _ => anyhow::bail!("{kernel} and {root} belong together: give both or neither"),
    };
    for (name, path) in &named {
        ensure!(path.exists(), "{name}: there is no {}", path.display());
    }
    let mut paths = named.into_iter().map(|(_, path)| path);
    if let Some(first) = paths.next() {
        return Ok(Some(match paths.next() {
            Some(root) => System::Direct {
                kernel: first,
                root,
            },
            None => System::Image(first),
        }));
    }
    let (kernel, root) = (
        cache().join(format!("kernel{ending}")),
        cache().join(format!("root{ending}.iso")),
    );
    if kernel.exists() && root.exists() {
        return Ok(Some(System::Direct { kernel, root }));
    }
    let image = cache().join(format!("disk{ending}.img"));
    if image.exists() {
        return Ok(Some(System::Image(image)));
    }
    let fetched = match flavour {
        Flavour::Plain => fetch::fetched(&cache()),
        _ => None,
    };
    Ok(fetched.map(System::Image))
}

/// An official release, fetched unless it is in the cache already.
///
/// # Errors
/// [`fetch::Unreachable`] when the server cannot be reached, and others when
/// it can and what it sent is wrong.
pub fn official() -> Result<System> {
    fetch::release(&cache()).map(System::Image)
}

/// The root file system as an image to attach, and how the kernel mounts it.
pub fn root_image(root: &Path, scratch: &Path) -> Result<(PathBuf, &'static str)> {
    if root.is_dir() {
        let iso = scratch.join("root.iso");
        make_iso(root, &iso, "ROOT")?;
        return Ok((iso, "cd9660"));
    }
    let mut file = File::open(root).with_context(|| format!("cannot read {}", root.display()))?;
    let mut magic = [0; 5];
    file.seek(SeekFrom::Start(0x8001))?;
    let is_iso = file.read_exact(&mut magic).is_ok() && &magic == b"CD001";
    Ok((root.to_path_buf(), if is_iso { "cd9660" } else { "ufs" }))
}

/// Makes an ISO image of a folder.
pub fn make_iso(folder: &Path, iso: &Path, label: &str) -> Result<()> {
    let output = Command::new("xorriso")
        .args(["-as", "mkisofs", "-quiet", "-R", "-follow-links", "-V"])
        .args([label, "-o"])
        .args([iso, folder])
        .output()
        .context("cannot start xorriso, of Debian's package xorriso")?;
    ensure!(
        output.status.success(),
        "xorriso: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
