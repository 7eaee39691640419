// SPDX-License-Identifier: BSD-2-Clause
//! An official release of FreeBSD, from its own server.
//!
//! The images named BASIC-CI are made for this: their loader uses the serial
//! console, and root has no password.

use anyhow::{anyhow, bail, ensure, Context, Result};
use sha2::{Digest, Sha512};
use std::{
    env, fs,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

/// The folder with an image and its checksums, unless `VM_URL` names another.
const RELEASE: &str = "https://download.freebsd.org/releases/CI-IMAGES/15.0-RELEASE/amd64/Latest";

/// The server cannot be reached, which is no fault of what is tested.
#[derive(Debug)]
pub struct Unreachable(String);

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot fetch {}", self.0)
    }
}

impl std::error::Error for Unreachable {}

/// The newest release that was fetched before, unless another is asked for.
pub fn fetched(cache: &Path) -> Option<PathBuf> {
    if env::var_os("VM_URL").is_some() {
        return None;
    }
    let files = fs::read_dir(cache).ok()?;
    files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.contains("BASIC-CI") && name.ends_with(".raw")
        })
        .max()
}

/// The release's disk image in `cache`, fetched and unpacked once.
pub fn release(cache: &Path) -> Result<PathBuf> {
    let url = env::var("VM_URL").unwrap_or(RELEASE.into());
    fs::create_dir_all(cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let sums = curl(&format!("{url}/CHECKSUM.SHA512"), None)?;
    let (name, sum) = choose(&String::from_utf8_lossy(&sums))
        .with_context(|| format!("{url}/CHECKSUM.SHA512 names no BASIC-CI raw image"))?;
    let image = cache.join(name.trim_end_matches(".xz"));
    if image.exists() {
        return Ok(image);
    }

    eprintln!("vm-test: fetching {url}/{name} into {}", cache.display());
    let packed = cache.join(&name);
    let mut found = sha512(&packed).unwrap_or_default();
    if found != sum {
        curl(&format!("{url}/{name}"), Some(&packed))?;
        found = sha512(&packed)?;
    }
    if found != sum {
        fs::remove_file(&packed)?;
        bail!("{name}: its SHA-512 is {found}, but {sum} is published; it has been removed");
    }
    eprintln!("vm-test: the checksum is as published; unpacking");
    // Under another name until it is whole.
    let part = image.with_extension("part");
    let unpacked = Command::new("xz")
        .args(["-d", "-c", "-T0"])
        .arg(&packed)
        .stdout(File::create(&part)?)
        .status()
        .context("cannot start xz, of Debian's package xz-utils")?;
    ensure!(
        unpacked.success(),
        "xz: {unpacked} for {}",
        packed.display()
    );
    fs::rename(&part, &image)?;
    fs::remove_file(&packed)?;
    Ok(image)
}

/// Fetches a URL, into a file with a progress bar and where it left off.
fn curl(url: &str, into: Option<&Path>) -> Result<Vec<u8>> {
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--location", "--connect-timeout", "10"]);
    match into {
        Some(file) => curl.args(["--progress-bar", "-C", "-", "-o"]).arg(file),
        None => curl.args(["--silent", "--show-error"]),
    };
    let output = curl
        .arg(url)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start curl, of Debian's package curl")?;
    if !output.status.success() {
        return Err(failure(url, output.status));
    }
    Ok(output.stdout)
}

/// Why curl failed, of which it has said more itself.
fn failure(url: &str, status: ExitStatus) -> anyhow::Error {
    match status.code() {
        // No proxy, host, connection, time or TLS, or a proxy that refuses, as
        // curl(1) counts.
        Some(5 | 6 | 7 | 28 | 35 | 56) => Unreachable(url.into()).into(),
        _ => anyhow!("cannot fetch {url}: curl: {status}, as it says above"),
    }
}

/// The image to take from FreeBSD's list of checksums, and its own. UFS comes
/// before ZFS, which takes longer to boot.
fn choose(sums: &str) -> Option<(String, String)> {
    let images: Vec<(String, String)> = sums
        .lines()
        .filter_map(|line| {
            let (name, sum) = line.strip_prefix("SHA512 (")?.split_once(") = ")?;
            let wanted = name.contains("BASIC-CI") && name.ends_with(".raw.xz");
            wanted.then(|| (name.to_string(), sum.trim().to_string()))
        })
        .collect();
    let is_zfs = |(name, _): &&(String, String)| name.contains("-zfs");
    images
        .iter()
        .find(|image| !is_zfs(image))
        .or(images.first())
        .cloned()
}

fn sha512(path: &Path) -> Result<String> {
    let mut hasher = Sha512::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{choose, failure, Unreachable};
    use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

    #[test]
    fn only_a_server_out_of_reach_is_no_failure() {
        let of = |code: i32| failure("http://x/y", ExitStatus::from_raw(code << 8));
        let unreachable = [5, 6, 7, 28, 35, 56];
        assert!(unreachable
            .into_iter()
            .all(|code| of(code).is::<Unreachable>()));
        // Not found, and a disk that is full.
        for code in [22, 23] {
            assert!(!of(code).is::<Unreachable>());
            assert!(of(code)
                .to_string()
                .contains("http://x/y: curl: exit status: 2"));
        }
    }

    #[test]
    fn the_raw_ufs_image_is_taken() {
        let sums = "\
SHA512 (FreeBSD-15.0-RELEASE-amd64-BASIC-CI-zfs.raw.xz) = 01
SHA512 (FreeBSD-15.0-RELEASE-amd64-BASIC-CI-ufs.qcow2.xz) = 02
SHA512 (FreeBSD-15.0-RELEASE-amd64-BASIC-CI-ufs.raw.xz) = 03
SHA512 (FreeBSD-15.0-RELEASE-amd64-BASIC-CLOUDINIT-ufs.raw.xz) = 04
";
        let (name, sum) = choose(sums).unwrap();
        assert_eq!(name, "FreeBSD-15.0-RELEASE-amd64-BASIC-CI-ufs.raw.xz");
        assert_eq!(sum, "03");
        assert_eq!(choose("SHA512 (x.iso) = 05\n"), None);
    }
}
