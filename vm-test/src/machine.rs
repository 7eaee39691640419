// SPDX-License-Identifier: BSD-2-Clause
//! The virtual machine: QEMU, its consoles and how it gets from power-on to a
//! shell.

use crate::{
    console::Console,
    system::{root_image, System},
};
use anyhow::{bail, ensure, Context, Result};
use std::{
    ffi::OsString,
    fs,
    fs::File,
    io::{ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Whether hardware virtualisation has been tried and did not work.
static KVM_FAILED: AtomicBool = AtomicBool::new(false);

/// How long a boot to a login prompt may take: a whole FreeBSD, emulated.
const BOOT: Duration = Duration::from_secs(600);

/// How long it may take from there to our agent.
const START: Duration = Duration::from_secs(120);

/// How long KVM may take to show that it works.
const KVM_TRIAL: Duration = Duration::from_secs(20);

/// The kernel's environment when QEMU starts the kernel itself: the root file
/// system, a shell for root on the serial console, and no waiting after a
/// panic.
const SINGLE_USER: &str = "vfs.root.mountfrom.options=ro,boot_single=YES,\
    init_script=/dev/null,console=comconsole,boot_serial=YES,\
    debug.debugger_on_panic=0,kern.panic_reboot_wait_time=0";

/// Octets of a request at a time, as `vm-guest agent` has it.
const PIECE: usize = 128;

/// The volume that [`crate::drive`] makes; FreeBSD finds it by this name.
const MOUNT: &str = "mount -t cd9660 -o ro /dev/iso9660/NG_NETFLOW /mnt && exec sh /mnt/start.sh";

/// A running FreeBSD in which `vm-guest agent` listens.
pub struct Machine {
    /// What the kernel says.
    pub console: Console,
    /// `KVM` or `TCG`.
    pub accelerator: &'static str,
    control: UnixStream,
    qemu: Child,
    // Goes last: it holds the sockets.
    _scratch: TempDir,
}

/// What a machine has beyond the usual.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Kernel environment, `name=value`.
    pub kenv: &'static [&'static str],
    /// One processor, whose time is the instructions it has executed.
    pub counts: bool,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; 128 and more for a signal.
    pub status: u32,
    /// What it wrote, standard output and error in one.
    pub bytes: Vec<u8>,
}

impl Machine {
    /// Boots, with KVM if that works here. `log` receives the console.
    pub fn boot(system: &System, drive: &Path, needs: Needs, log: &Path) -> Result<Self> {
        if Path::new("/dev/kvm").exists() && !KVM_FAILED.load(Relaxed) && !needs.counts {
            match Self::start(system, drive, needs, log, "KVM") {
                Ok(machine) => return Ok(machine),
                Err(_) => KVM_FAILED.store(true, Relaxed),
            }
        }
        Self::start(system, drive, needs, log, "TCG")
    }

    fn start(
        system: &System,
        drive: &Path,
        needs: Needs,
        log: &Path,
        accelerator: &'static str,
    ) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let errors = scratch.path().join("qemu");
        let mut qemu = command(system, drive, needs, scratch.path(), accelerator)?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors)?)
            .spawn()
            .context("cannot start qemu-system-x86_64, of Debian's package qemu-system-x86")?;
        let sockets = ["console", "control"].map(|name| {
            let deadline = Instant::now() + Duration::from_secs(10);
            connect(&scratch.path().join(name), deadline)
        });
        let [Ok(console), Ok(control)] = sockets else {
            let _ = qemu.kill();
            let _ = qemu.wait();
            bail!("QEMU: {}", fs::read_to_string(errors)?);
        };
        let mut machine = Machine {
            console: Console::listen(console, log)?,
            accelerator,
            control,
            qemu,
            _scratch: scratch,
        };
        if accelerator == "KVM" {
            machine.survives(&errors)?;
        }
        let agent = machine.log_in(system, Instant::now() + BOOT);
        let hello = agent.and_then(|()| machine.receive(Instant::now() + START));
        let hello = hello.map_err(|error| machine.blame(error))?;
        ensure!(hello.bytes == b"vm-guest", "the guest says {hello:?}");
        Ok(machine)
    }

    /// Whether hardware virtualisation takes the kernel as far as its first
    /// line; it can be there and still fail on a host that is virtual itself.
    fn survives(&mut self, errors: &Path) -> Result<()> {
        let deadline = Instant::now() + KVM_TRIAL;
        loop {
            let soon = Instant::now() + Duration::from_millis(200);
            if self.console.wait_for(&["Timecounter"], 0, soon).is_ok() {
                return Ok(());
            }
            let complaint = fs::read_to_string(errors)?;
            ensure!(!complaint.contains("KVM internal error"), "{complaint}");
            ensure!(self.qemu.try_wait()?.is_none(), "QEMU: {complaint}");
            ensure!(Instant::now() < deadline, "nothing on the console");
        }
    }

    /// From the first prompt to our agent.
    fn log_in(&mut self, system: &System, deadline: Instant) -> Result<()> {
        let mut at = 0;
        match system {
            System::Direct { .. } => {
                (_, at) = self
                    .console
                    .wait_for(&["RETURN for /bin/sh: "], at, deadline)?;
                self.console.type_line("")?;
            }
            System::Image(_) => {
                (_, at) = self.console.wait_for(&["login: "], at, deadline)?;
                self.console.type_line("root")?;
            }
        }
        let prompts = ["# ", "% ", "assword:"];
        let (prompt, _) = self.console.wait_for(&prompts, at, deadline)?;
        ensure!(
            prompt != 2,
            "the image asks for root's password; it must not have one"
        );
        self.console.type_line(MOUNT)
    }

    /// Runs a shell command and waits for its end.
    pub fn run(&mut self, command: &str, deadline: Instant) -> Result<Output> {
        self.control
            .set_write_timeout(Some(Duration::from_secs(10)))?;
        let len = u32::try_from(command.len())?.to_le_bytes();
        self.control.write_all(&len)?;
        for piece in command.as_bytes().chunks(PIECE) {
            self.control.write_all(piece)?;
            self.fill(&mut [0], deadline)
                .context("vm-guest acknowledges nothing")?;
        }
        let output = self.receive(deadline);
        output
            .map_err(|error| self.blame(error))
            .with_context(|| command.to_string())
    }

    /// Adds to an error what became of QEMU: if a signal ended it, the host
    /// did, and not the kernel inside.
    fn blame(&mut self, error: anyhow::Error) -> anyhow::Error {
        let soon = Instant::now() + Duration::from_secs(1);
        while Instant::now() < soon {
            if let Ok(Some(status)) = self.qemu.try_wait() {
                return error.context(format!("QEMU ended: {status}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        error
    }

    fn receive(&mut self, deadline: Instant) -> Result<Output> {
        let mut header = [0; 8];
        self.fill(&mut header, deadline)?;
        let [status, len] = [0, 4].map(|at| {
            let word = header[at..].first_chunk();
            u32::from_le_bytes(*word.expect("four bytes"))
        });
        let mut bytes = vec![0; len as usize];
        self.fill(&mut bytes, deadline)?;
        Ok(Output { status, bytes })
    }

    fn fill(&mut self, mut place: &mut [u8], deadline: Instant) -> Result<()> {
        self.control
            .set_read_timeout(Some(Duration::from_millis(200)))?;
        while !place.is_empty() {
            match self.control.read(place) {
                Ok(0) => bail!("the machine went down"),
                Ok(count) => place = &mut place[count..],
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
                {
                    if let Some(end) = self.console.end() {
                        bail!("{end}");
                    }
                }
                Err(error) => return Err(error.into()),
            }
            ensure!(Instant::now() < deadline, "no answer within the time limit");
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// QEMU with its CPUs, two serial lines, our drive and a network.
fn command(
    system: &System,
    drive: &Path,
    needs: Needs,
    scratch: &Path,
    accelerator: &str,
) -> Result<Command> {
    // However this process ends, QEMU ends with it.
    let mut qemu = match cfg!(target_os = "linux") {
        true => {
            let mut setpriv = Command::new("setpriv");
            setpriv.args(["--pdeathsig", "KILL", "qemu-system-x86_64"]);
            setpriv
        }
        false => Command::new("qemu-system-x86_64"),
    };
    let accelerate = match accelerator {
        "KVM" => "kvm",
        // Whoever counts instructions executes them one after the other.
        _ if needs.counts => "tcg,thread=single",
        _ => "tcg,thread=multi",
    };
    let processors = if needs.counts { "1" } else { "2" };
    qemu.args(["-accel", accelerate, "-machine", "pc", "-cpu", "max"])
        .args([
            "-smp",
            processors,
            "-m",
            "1024",
            "-nodefaults",
            "-no-reboot",
        ])
        .args(["-display", "none", "-device", "virtio-rng-pci"])
        .args(["-nic", "user,model=virtio-net-pci"]);
    if needs.counts {
        // An instruction takes a nanosecond.
        qemu.args(["-icount", "shift=0"]);
    }
    for name in ["console", "control"] {
        let path = scratch.join(name);
        qemu.arg("-chardev")
            .arg(option(
                &format!("socket,id={name},server=on,wait=on,path="),
                &path,
            ))
            .args(["-serial", &format!("chardev:{name}")]);
    }
    match system {
        System::Direct { kernel, root } => {
            let (image, kind) = root_image(root, scratch)?;
            let mut append = format!("vfs.root.mountfrom={kind}:/dev/vtbd0,{SINGLE_USER}");
            for setting in needs.kenv {
                append = format!("{append},{setting}");
            }
            qemu.arg("-kernel").arg(kernel).args(["-append", &append]);
            disk(&mut qemu, &image, "readonly=on,format=raw");
        }
        System::Image(image) => {
            ensure!(
                needs.kenv.is_empty(),
                "an image's kernel environment is its own"
            );
            let format = match image.extension().is_some_and(|e| e == "qcow2") {
                true => "qcow2",
                false => "raw",
            };
            // What is written is thrown away.
            disk(&mut qemu, image, &format!("snapshot=on,format={format}"));
        }
    }
    disk(&mut qemu, drive, "readonly=on,format=raw");
    Ok(qemu)
}

fn disk(qemu: &mut Command, image: &Path, how: &str) {
    let how = format!("if=virtio,{how},file=");
    qemu.arg("-drive").arg(option(&how, image));
}

/// A path as the end of one of QEMU's options, where a comma is doubled.
fn option(before: &str, path: &Path) -> OsString {
    let path = path.to_string_lossy().replace(',', ",,");
    format!("{before}{path}").into()
}

fn connect(path: &PathBuf, deadline: Instant) -> Result<UnixStream> {
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Console, Machine};
    use std::{
        io::Write,
        net::Shutdown,
        os::unix::net::UnixStream,
        process::Command,
        thread,
        time::{Duration, Instant},
    };

    /// A machine that takes a command and never answers, and its console.
    fn mute() -> (Machine, UnixStream) {
        let (console, kernel) = UnixStream::pair().unwrap();
        let (control, mut agent) = UnixStream::pair().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let log = scratch.path().join("log");
        let machine = Machine {
            console: Console::listen(console, &log).unwrap(),
            accelerator: "TCG",
            control,
            qemu: Command::new("sleep").arg("60").spawn().unwrap(),
            _scratch: scratch,
        };
        // The acknowledgement of one short command.
        agent.write_all(b".").unwrap();
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(60));
            drop(agent);
        });
        (machine, kernel)
    }

    /// Why a command fails, and that it does so in time.
    fn failure(machine: &mut Machine, seconds: u64) -> String {
        let from = Instant::now();
        let error = machine.run("true", from + Duration::from_secs(seconds));
        assert!(from.elapsed() < Duration::from_secs(seconds + 2));
        format!("{:#}", error.unwrap_err())
    }

    #[test]
    fn a_command_that_hangs_ends_at_its_limit() {
        let (mut machine, _kernel) = mute();
        let failure = failure(&mut machine, 1);
        assert!(failure.contains("within the time limit"), "{failure}");
    }

    #[test]
    fn a_panic_ends_a_command_at_once() {
        let (mut machine, mut kernel) = mute();
        kernel.write_all(b"panic: kdb_sysctl_panic\n").unwrap();
        let failure = failure(&mut machine, 20);
        assert!(failure.contains("panic: kdb_sysctl_panic"), "{failure}");
    }

    #[test]
    fn the_debugger_s_prompt_ends_a_command_at_once() {
        let (mut machine, mut kernel) = mute();
        kernel
            .write_all(b"[ thread pid 0 tid 100000 ]\r\ndb> ")
            .unwrap();
        let failure = failure(&mut machine, 20);
        assert!(failure.contains("the kernel died: db>"), "{failure}");
    }

    #[test]
    fn a_lost_console_ends_a_command_at_once() {
        let (mut machine, kernel) = mute();
        kernel.shutdown(Shutdown::Both).unwrap();
        let failure = failure(&mut machine, 20);
        assert!(failure.contains("the console is lost"), "{failure}");
    }
}
