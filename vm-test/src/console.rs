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

/// What a kernel with checks says when it has found something.
const COMPLAINTS: &[&str] = &[
    "lock order reversal",
    "non-sleepable locks held",
    "leaked memory on destroy",
    "was not empty",
    "ASan: Invalid access",
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
/// lines after it. Those in which our module does not occur are the kernel's
/// own affair.
pub fn complaints(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &&str| COMPLAINTS.iter().any(|complaint| line.contains(complaint));
    lines
        .iter()
        .enumerate()
        .filter(|(_, line)| begins(line))
        .map(|(at, _)| lines[at..lines.len().min(at + 30)].join("\n"))
        .filter(|block| block.contains("netflow"))
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
    fn only_what_names_our_module_is_its_fault() {
        let block = |who: &str| format!("lock order reversal:\n 1st in6_multi\n #1 {who}+0x9\n");
        assert!(complaints(&block("ng_ether_rcvdata")).is_empty());
        assert_eq!(complaints(&block("ng_netflow_tick")).len(), 1);
        let kasan = "ASan: Invalid access, 1-byte write at 0xfffffe00c5e2c958\n\
            #0 0xffffffff805f6415 at __asan_store1+0x45\n\
            #1 0xffffffff81e6d378 at netflow_tick+0x28\n";
        assert_eq!(complaints(kasan).len(), 1);
        assert!(complaints("ng_netflow: packets received=1\n").is_empty());
    }
}
