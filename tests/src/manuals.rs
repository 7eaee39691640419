// SPDX-License-Identifier: BSD-2-Clause
//! The manual pages in `man/`, and their examples.
//!
//! A comment before each example says what it is run with:
//!
//! | `.\" example:` | |
//! |---|---|
//! | `alone` | nothing but a capture, `em0.pcap` |
//! | `nghost` | nghost with the interfaces em0, which holds that capture, and em1 |
//! | `wired` | that, and the netflow node of the 2004 article |
//! | `root` | root's rights, an interface eth0, and two seconds before it is interrupted |
//! | `FreeBSD` | a FreeBSD kernel: vm-test's scenario `manuals` |

use std::path::Path;

use anyhow::{ensure, Context, Result};

/// A page's text.
pub fn page(name: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../man")
        .join(name);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The section of a page with this heading.
pub fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let heading = format!("\n.Sh {heading}\n");
    let Some(at) = page.find(&heading) else {
        return "";
    };
    let rest = &page[at + heading.len()..];
    &rest[..rest.find("\n.Sh ").map_or(rest.len(), |at| at + 1)]
}

/// An example: what it is run with, and its lines.
pub fn examples(page: &str) -> Result<Vec<(&str, String)>> {
    let text = section(page, "EXAMPLES");
    let mut examples = Vec::new();
    for part in text.split(".\\\" example: ").skip(1) {
        let (with, rest) = part.split_once('\n').context("an example")?;
        let block = rest
            .strip_prefix(".Bd -literal -offset indent\n")
            .and_then(|rest| rest.split_once(".Ed\n"));
        let (block, _) = block.with_context(|| format!("no display behind {with:?}"))?;
        examples.push((with, block.replace("\\e", "\\")));
    }
    ensure!(
        text.matches(".Bd -literal -offset indent\n").count() == examples.len(),
        "a display without a word on how it is run"
    );
    Ok(examples)
}
