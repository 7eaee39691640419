// SPDX-License-Identifier: BSD-2-Clause
//! Lines for the user, on standard error, beside a bar that shows how far the
//! captures are.

use std::fmt;

use std::io::{stderr, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

/// Standard error.
pub struct Log {
    bar: ProgressBar,
}

impl Log {
    /// Lines only.
    pub fn new() -> Self {
        let bar = ProgressBar::hidden();
        Log { bar }
    }

    /// With a bar of `len` octets, if there are any and standard error is a terminal.
    pub fn with_bar(len: u64) -> Self {
        if len == 0 || !stderr().is_terminal() {
            return Self::new();
        }
        let bar = ProgressBar::new(len);
        let style = ProgressStyle::with_template(
            "{bar:40} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {msg}",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Log { bar }
    }

    /// Writes a line under the program's name.
    pub fn line(&self, line: fmt::Arguments<'_>) {
        self.bar.suspend(|| {
            // Whoever read it may be gone; that must not end the export.
            let _ = writeln!(stderr(), "nghost: {line}");
        });
    }

    /// So many octets of the captures are read.
    pub fn progress(&self, octets: u64, packets: u64) {
        self.bar.set_position(octets);
        self.bar.set_message(format!("{packets} packets"));
    }

    /// The captures are read.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}
