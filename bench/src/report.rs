// SPDX-License-Identifier: BSD-2-Clause
//! Figures into a document, between two markers, and nothing else of it
//! changed.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// One line of the table.
pub struct Row {
    /// The work.
    pub work: String,
    /// What base needs for it, as text: measured elsewhere, once.
    pub base: &'static str,
    /// What is to be reached, as text.
    pub target: String,
    /// What was measured, with its unit.
    pub figure: String,
    /// The figure over what the machine allows, measured in the same run: a
    /// dependent read of as much memory, a bare loop on as many cores.
    pub floor: Option<f64>,
    /// Whether the target is met, if there is one.
    pub met: Option<bool>,
}

/// The table, in Markdown.
pub fn table(rows: &[Row]) -> String {
    let mut text =
        String::from("| work | base | target | here | × floor | |\n|---|---|---|---|---|---|\n");
    for row in rows {
        let floor = row
            .floor
            .map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let met = match row.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "",
        };
        let (work, base, target, figure) = (&row.work, row.base, &row.target, &row.figure);
        let _ = writeln!(
            text,
            "| {work} | {base} | {target} | {figure} | {floor} | {met} |"
        );
    }
    text
}

/// Replaces what is between `<!-- NAME -->` and `<!-- /NAME -->`.
pub fn replace(document: &Path, name: &str, text: &str) -> Result<()> {
    let old = fs::read_to_string(document).with_context(|| document.display().to_string())?;
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let missing = || format!("{}: no {begin} … {end}", document.display());
    let (before, rest) = old.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    let new = format!("{before}{begin}\n{text}{end}{after}");
    fs::write(document, new).with_context(|| document.display().to_string())
}
