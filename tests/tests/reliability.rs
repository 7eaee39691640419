// SPDX-License-Identifier: BSD-2-Clause
//! `docs/reliability.md` and `SECURITY.md` name tests and commands that exist,
//! and each claim has a figure and its date.

use anyhow::{ensure, Context, Result};
use end_to_end::proofs::{code, command_exists, read, rows, tests_named};

#[test]
fn every_claim_has_its_command_figure_and_date() -> Result<()> {
    let text = read("docs/reliability.md")?;
    let mut claims = 0;
    for cells in rows(&text) {
        let [_, shown_by, figure, date] = cells[..] else {
            // Tables of another shape say what is not reached, and why.
            ensure!(cells.len() == 2, "{} cells: {cells:?}", cells.len());
            continue;
        };
        ensure!(
            code(shown_by).next().is_some() && !figure.is_empty(),
            "without proof or figure: {cells:?}"
        );
        let is_date = date.len() == 10 && date.split('-').all(|part| part.parse::<u16>().is_ok());
        ensure!(is_date, "without a date: {cells:?}");
        for proof in commands(shown_by) {
            ensure!(command_exists(proof)?, "there is no such command: {proof}");
        }
        claims += 1;
    }
    let proofs = tests_named(&text)?;
    println!("{claims} claims of reliability, {proofs} tests named");
    ensure!(
        claims > 20 && proofs > 10,
        "{claims} claims, {proofs} tests"
    );
    Ok(())
}

#[test]
fn every_fault_that_cannot_happen_has_its_test() -> Result<()> {
    let text = read("SECURITY.md")?;
    let (_, table) = text
        .split_once("## What cannot happen")
        .context("no table")?;
    for cells in rows(table) {
        let [_, _, shown_by] = cells[..] else {
            anyhow::bail!("{} cells: {cells:?}", cells.len());
        };
        for proof in commands(shown_by) {
            ensure!(command_exists(proof)?, "there is no such command: {proof}");
        }
    }
    let proofs = tests_named(table)?;
    println!("{proofs} tests of what cannot happen");
    ensure!(proofs > 20, "{proofs} tests");
    Ok(())
}

#[test]
fn every_sentence_on_overload_has_its_test() -> Result<()> {
    let text = read("docs/overload.md")?;
    for cells in rows(&text) {
        ensure!(
            cells.len() == 3 && cells[2].contains(": "),
            "without its test: {cells:?}"
        );
    }
    ensure!(tests_named(&text)? > 10);
    Ok(())
}

/// What is to be run by itself, among proofs.
fn commands(shown_by: &str) -> impl Iterator<Item = &str> {
    code(shown_by).filter(|proof| !proof.contains(": "))
}
