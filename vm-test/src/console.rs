// SPDX-License-Identifier: BSD-2-Clause
//! The serial console: everything that the kernel says, and what it means.

use anyhow::{bail, Context, Result};
use std::{
    fs::File,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// What a kernel says that does not go on.
const FATAL: &[&str] = &[
    "panic: ",
    "Fatal trap ",
    "KDB: enter: ",
    "\ndb> ",
    "mountroot> ",
    "vm-guest ended: ",
];

/// What a kernel with checks says when it has found something, and when it
/// gives up looking.
const COMPLAINTS: &[&str] = &[
    "lock order reversal",
    "acquiring duplicate lock",
    " locks held:",
    " lock of (",
    "leaked memory on destroy",
    "was not empty",
    "ASan: Invalid access",
    "WITNESS: unable to allocate",
    "witness exhausted",
    "Witness disabled",
];

/// The console of one boot.
pub struct Console {
    said: Arc<(Mutex<Said>, Condvar)>,
    input: UnixStream,
}

#[derive(Default)]
struct Said {
    text: String,
    is_lost: bool,
}

impl Console {
    /// Listens to a console, and keeps what it says in the file `log`.
    pub fn listen(stream: UnixStream, log: &Path) -> Result<Self> {
        let said = Arc::new((Mutex::new(Said::default()), Condvar::new()));
        let mut log =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut output = stream.try_clone()?;
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let count = output.read(&mut bytes).unwrap_or(0);
                let text = String::from_utf8_lossy(&bytes[..count]).replace('\r', "");
                let _ = log.write_all(text.as_bytes());
                let mut said = lock(&heard.0);
                said.text += &text;
                said.is_lost = count == 0;
                heard.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Ok(Console {
            said,
            input: stream,
        })
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) -> Result<()> {
        // Slowly enough for a receiver without flow control.
        for chunk in format!("{line}\r").as_bytes().chunks(8) {
            self.input.write_all(chunk)?;
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits until one of `texts` has been said after `from`, and returns
    /// which, and the place after it.
    pub fn wait_for(
        &self,
        texts: &[&str],
        from: usize,
        deadline: Instant,
    ) -> Result<(usize, usize)> {
        let (mutex, more) = &*self.said;
        let mut said = lock(mutex);
        loop {
            let new = said.text.get(from..).unwrap_or_default();
            let found = texts.iter().enumerate();
            let found = found.filter_map(|(n, text)| Some((new.find(text)?, n)));
            if let Some((at, which)) = found.min() {
                return Ok((which, from + at + texts[which].len()));
            }
            if let Some(end) = the_end(&said) {
                bail!("{end}");
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("the console does not say {texts:?} in time");
            }
            said = more
                .wait_timeout(said, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// How much has been said so far.
    pub fn len(&self) -> usize {
        lock(&self.said.0).text.len()
    }

    /// What has been said from a place on.
    pub fn since(&self, from: usize) -> String {
        let said = lock(&self.said.0);
        said.text.get(from..).unwrap_or_default().to_string()
    }

    /// Why nothing more can be expected of this machine, if so.
    pub fn end(&self) -> Option<String> {
        the_end(&lock(&self.said.0))
    }

    /// Waits for what a dying kernel still has to say.
    pub fn last_words(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !lock(&self.said.0).is_lost && Instant::now() < deadline {
            let before = self.len();
            thread::sleep(Duration::from_secs(1));
            if self.len() == before {
                return;
            }
        }
    }
}

/// What a checking kernel complained of in `text`: each complaint with the
/// lines after it. There is no list of those that are not our module's fault,
/// because a kernel that runs these stories without it has none.
pub fn complaints(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &&str| COMPLAINTS.iter().any(|complaint| line.contains(complaint));
    lines
        .iter()
        .enumerate()
        .filter(|(_, line)| begins(line))
        .map(|(at, _)| lines[at..lines.len().min(at + 30)].join("\n"))
        .collect()
}

fn the_end(said: &Said) -> Option<String> {
    let fatal = FATAL.iter().find_map(|text| {
        let at = said.text.find(text)?;
        said.text[at..].trim_start().lines().next()
    });
    match fatal {
        Some(line) => Some(format!("the kernel died: {line}")),
        None if said.is_lost => Some("the console is lost: the machine went down".into()),
        None => None,
    }
}

fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{complaints, the_end, Said};

    fn end(text: &str, is_lost: bool) -> Option<String> {
        let text = text.into();
        the_end(&Said { text, is_lost })
    }

    #[test]
    fn a_panic_a_prompt_and_silence_are_the_end() {
        assert_eq!(end("vtnet0: link up\n# ", false), None);
        let panic = end("x\npanic: mtx_lock() of destroyed mutex\ncpuid = 1\n", true);
        assert_eq!(
            panic.unwrap(),
            "the kernel died: panic: mtx_lock() of destroyed mutex"
        );
        assert!(end("[ thread pid 0 ]\ndb> ", false).is_some());
        assert!(end("# ", true).unwrap().contains("lost"));
    }

    #[test]
    fn a_checking_kernel_s_complaints_are_found() {
        for line in [
            "lock order reversal:",
            "lock order reversal: (sleepable after non-sleepable)",
            "malloc(M_WAITOK) with the following non-sleepable locks held:",
            "exclusive lock of (rw) in6_multi @ in6.c:1",
            "Warning: memory type netflow leaked memory on destroy (1 allocations)",
            "Freed UMA keg (netflow) was not empty (3 items).  Lost 1 pages",
            "ASan: Invalid access, 1-byte write at 0xfffffe00c5e2c958",
            "witness_lock_list_get: witness exhausted",
        ] {
            let text = format!("ng_netflow: [7]: packets received=1\n{line}\n 1st 0xff\n");
            let found = complaints(&text);
            assert_eq!(found, [format!("{line}\n 1st 0xff")]);
        }
        assert!(complaints("epair0a: link state changed to UP\n").is_empty());
    }
}
