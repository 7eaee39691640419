// SPDX-License-Identifier: BSD-2-Clause
//! Capture files of any bytes: read to their end or refused, whole.

use std::io::Write;

use nghost::capture::{Capture, Step};

use crate::tally;

/// The file is the bytes.
pub fn run(data: &[u8]) {
    tally::add(1);
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(data).expect("a file to write to");
    let Ok(mut capture) = Capture::open(file.path(), None) else {
        return;
    };
    let mut octets = 0;
    loop {
        match capture.advance() {
            Step::Frame(_) => octets += capture.frame().len(),
            // A file is all there: it goes on.
            Step::LeftOut(_) | Step::NotYet => {}
            Step::End | Step::Broken(_) => break,
        }
    }
    assert!(
        octets <= data.len(),
        "{octets} octets of frames in {}",
        data.len()
    );
}
