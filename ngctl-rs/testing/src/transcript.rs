// SPDX-License-Identifier: BSD-2-Clause
//! Transcripts: a command a line, what it printed, and its exit status.

use std::path::Path;

/// The block of a transcript that begins with this command: all that follows
/// its line, up to and with its exit status.
pub fn block<'a>(transcript: &'a str, command: &str) -> &'a str {
    let start = format!("$ {command}\n");
    let at = match transcript.starts_with(&start) {
        true => 0,
        false => transcript
            .find(&format!("\n{start}"))
            .map_or_else(|| panic!("the transcript lacks \"{command}\""), |at| at + 1),
    };
    let block = &transcript[at + start.len()..];
    let exit = match block.starts_with("[exit ") {
        true => 0,
        false => block.find("\n[exit ").expect("an exit status") + 1,
    };
    let end = block[exit..].find('\n').expect("a line") + exit + 1;
    &block[..end]
}

/// Fails if a block of `ours` is not one of base's; skips where the transcript
/// of base is not at hand.
pub fn compare_with_base(ours: &str) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/base-transcript.txt");
    let Ok(base) = std::fs::read_to_string(&path) else {
        println!("not run: ../shared is absent");
        return;
    };
    let commands: Vec<&str> = ours.lines().filter_map(|l| l.strip_prefix("$ ")).collect();
    assert!(!commands.is_empty());
    for command in commands {
        let line = format!("$ {command}\n{}", block(ours, command));
        assert!(base.contains(&line), "base prints something else:\n{line}");
    }
}
