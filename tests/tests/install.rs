// SPDX-License-Identifier: BSD-2-Clause
//! `make install` and `make deinstall` below a DESTDIR, with GNU's make and
//! BSD's; what a release holds; and what the port says that it installs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};
use end_to_end::programs::{installed, program};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The makes that there are.
fn makes() -> Vec<PathBuf> {
    ["make", "bmake"]
        .into_iter()
        .filter_map(installed)
        .collect()
}

/// What a make printed that must succeed.
fn make(make: &Path, folder: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(make)
        .current_dir(folder)
        .args(args)
        // This test may be run by a make itself.
        .env_remove("MAKEFLAGS")
        .env_remove("MFLAGS")
        .env_remove("MAKELEVEL")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{} {args:?}: {said}",
        make.display()
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Every file below a folder, as a path from there on.
fn files(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder)?;
                found.insert(format!("/{}", path.display()));
            }
        }
    }
    Ok(found)
}

/// What was there before, of base's and of others.
const FOREIGN: &[&str] = &[
    "/usr/sbin/flowctl",
    "/usr/sbin/ngctl",
    "/boot/kernel/ng_netflow.ko",
    "/boot/modules/if_re.ko",
    "/usr/share/man/man4/ng_netflow.4.gz",
    "/usr/local/sbin/other",
];

#[test]
fn what_is_installed_is_what_is_deinstalled() -> Result<()> {
    let tools = program("nghost")?;
    let tools = tools.parent().context("a folder")?;
    for (make_path, system, prefix) in makes()
        .iter()
        .flat_map(|make| ["FreeBSD", "Linux"].map(|system| (make, system)))
        .flat_map(|(make, system)| ["/usr/local", "/opt/netflow"].map(|p| (make, system, p)))
    {
        let folder = tempfile::tempdir()?;
        let destdir = folder.path().join("dest dir");
        for foreign in FOREIGN {
            let path = PathBuf::from(format!("{}{foreign}", destdir.display()));
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, foreign)?;
        }
        let module = folder.path().join("module.ko");
        fs::write(&module, "our module")?;
        let variables = [
            format!("DESTDIR={}", destdir.display()),
            format!("TOOLDIR={}", tools.display()),
            format!("KMOD={}", module.display()),
            format!("TARGET_OS={system}"),
            format!("PREFIX={prefix}"),
        ];
        let run = |target| {
            let args = variables.iter().map(String::as_str);
            let args: Vec<&str> = [target].into_iter().chain(args).collect();
            make(make_path, &root(), &args)
        };
        let listed: BTreeSet<String> = run("list-installed")?.lines().map(String::from).collect();
        let foreign: BTreeSet<String> = FOREIGN.iter().map(|path| path.to_string()).collect();

        run("install")?;
        let after = files(&destdir)?;
        ensure!(after == listed.union(&foreign).cloned().collect());
        ensure!(listed.is_disjoint(&foreign));
        let at = |path: &str| PathBuf::from(format!("{}{path}", destdir.display()));
        let mode = |path: &str| -> Result<u32> {
            Ok(fs::metadata(at(path))?.permissions().mode() & 0o777)
        };
        for tool in ["flowctl", "nghost", "ngctl-rs"] {
            ensure!(mode(&format!("{prefix}/sbin/{tool}"))? == 0o555, "{tool}");
        }
        let service = format!("{prefix}/etc/rc.d/ng_netflow");
        let devd = format!("{prefix}/etc/devd/ng_netflow.conf");
        if system == "FreeBSD" {
            let module = fs::read(at("/boot/modules/ng_netflow.ko"))?;
            ensure!(module == b"our module");
            ensure!(mode(&service)? == 0o555 && mode(&devd)? == 0o444);
        } else {
            ensure!(!at(&service).exists() && !at(&devd).exists());
        }
        // Once more over what is there, as an upgrade is.
        run("install")?;
        for path in FOREIGN {
            ensure!(fs::read(at(path))? == path.as_bytes(), "{path} was changed");
        }
        run("deinstall")?;
        ensure!(files(&destdir)? == foreign, "{:?}", files(&destdir)?);
        run("deinstall")?;
    }
    Ok(())
}

#[test]
fn without_all_that_is_built_nothing_is_installed() -> Result<()> {
    let tools = program("nghost")?;
    let tools = tools.parent().context("a folder")?;
    let empty = tempfile::tempdir()?;
    for make_path in makes() {
        for (system, tools, missing) in [
            ("Linux", empty.path(), "flowctl"),
            ("FreeBSD", tools, "none.ko"),
        ] {
            let destdir = empty.path().join("dest");
            let output = Command::new(&make_path)
                .current_dir(root())
                .arg("install")
                .arg("KMOD=none.ko")
                .arg(format!("TARGET_OS={system}"))
                .arg(format!("DESTDIR={}", destdir.display()))
                .arg(format!("TOOLDIR={}", tools.display()))
                .env_remove("MAKEFLAGS")
                .output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(!output.status.success());
            ensure!(
                said.contains(&format!("{missing}: run make first")),
                "{said}"
            );
            ensure!(!destdir.exists(), "{system}: a part was installed");
        }
    }
    Ok(())
}

/// A packing list's lines as paths, for a prefix.
fn packing_list(prefix: &str) -> Result<BTreeSet<String>> {
    let list = fs::read_to_string(root().join("port/net/ng_netflow-rs/pkg-plist"))?;
    let lines = list.lines().filter(|line| !line.starts_with("@dir"));
    Ok(lines
        .map(|line| {
            let line = line.replace("%%KMODDIR%%", "boot/modules");
            match line.strip_prefix('/') {
                Some(_) => line,
                None => format!("{prefix}/{line}"),
            }
        })
        .collect())
}

#[test]
fn the_port_packs_what_is_installed() -> Result<()> {
    for make_path in makes() {
        let listed = make(
            &make_path,
            &root(),
            &["list-installed", "TARGET_OS=FreeBSD"],
        )?;
        let listed: BTreeSet<String> = listed.lines().map(String::from).collect();
        ensure!(
            packing_list("/usr/local")? == listed,
            "run tools/dist.sh --plist > port/net/ng_netflow-rs/pkg-plist"
        );
    }
    Ok(())
}

/// The port fetches the crates that Cargo.lock names, and no others.
#[test]
fn the_port_knows_every_crate() -> Result<()> {
    let output = Command::new(root().join("tools/dist.sh"))
        .arg("--crates")
        .output()?;
    ensure!(output.status.success());
    let committed = fs::read(root().join("port/net/ng_netflow-rs/Makefile.crates"))?;
    ensure!(
        output.stdout == committed,
        "run tools/dist.sh --crates > port/net/ng_netflow-rs/Makefile.crates"
    );
    Ok(())
}

/// What is committed, but for what .gitattributes leaves out.
fn released() -> Result<BTreeSet<String>> {
    let attributes = fs::read_to_string(root().join(".gitattributes"))?;
    let left_out: Vec<&str> = attributes
        .lines()
        .filter_map(|line| line.strip_suffix("export-ignore"))
        .map(str::trim)
        .collect();
    let output = Command::new("git")
        .current_dir(root())
        .args(["ls-tree", "-r", "-z", "--name-only", "HEAD"])
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    let committed = String::from_utf8(output.stdout)?;
    let released: BTreeSet<String> = committed
        .split_terminator('\0')
        .map(|file| format!("/{file}"))
        .filter(|file| {
            let file = Path::new(file);
            !left_out.iter().any(|folder| file.starts_with(folder))
        })
        .collect();
    ensure!(released.len() > 300 && !left_out.is_empty(), "{released:?}");
    Ok(released)
}

#[test]
fn a_release_is_what_is_committed() -> Result<()> {
    let root = root();
    if !root.join(".git").exists() {
        println!("not run: this is no clone");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let output = Command::new(root.join("tools/dist.sh"))
        .arg(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    let name = format!("ng_netflow-{}", env!("CARGO_PKG_VERSION"));
    let tarball = folder.path().join(format!("{name}.tar.gz"));
    let distinfo = fs::read_to_string(folder.path().join("distinfo"))?;
    let size = format!("SIZE ({name}.tar.gz) = {}\n", fs::metadata(&tarball)?.len());
    ensure!(distinfo.contains(&size), "{distinfo}");
    let crates = fs::read_to_string(root.join("Cargo.lock"))?;
    let crates = crates.matches("\nchecksum = ").count();
    ensure!(distinfo.matches("SHA256 (").count() == crates + 1);

    let output = Command::new("tar")
        .arg("-xzf")
        .arg(&tarball)
        .arg("-C")
        .arg(folder.path())
        .output()?;
    ensure!(output.status.success());
    let unpacked = folder.path().join(&name);
    let found = files(&unpacked)?;
    let committed = released()?;
    let differ: Vec<_> = found.symmetric_difference(&committed).collect();
    ensure!(differ.is_empty(), "{differ:?}");
    for file in &found {
        let junk = [
            "/target/", "/build/", "/.git", "/.ci/", ".orig", ".rej", "~",
        ];
        ensure!(!junk.iter().any(|junk| file.contains(junk)), "{file}");
    }
    for make_path in makes() {
        for target in ["all", "kmod", "install", "deinstall", "help"] {
            make(&make_path, &unpacked, &["-n", target])?;
        }
        make(&make_path, &unpacked, &["list-installed"])?;
    }
    Ok(())
}
