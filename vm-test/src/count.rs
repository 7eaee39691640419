// SPDX-License-Identifier: BSD-2-Clause
//! What a packet costs in instructions: vmtest's source sends through a netflow
//! node into vmtest's sink, in a machine whose clock counts instructions.

use crate::guest::{Guest, NotRun};
use anyhow::{ensure, Context, Result};

/// Loads what sends and receives, if instructions mean anything here.
pub fn begin(guest: &mut Guest) -> Result<()> {
    if guest.has("kern.features.invariants")? {
        return Err(NotRun("a kernel with checks counts those too").into());
    }
    guest.load_test()
}

/// Unloads it; a failure tells which nodes are left.
pub fn end(guest: &mut Guest) -> Result<()> {
    guest.until(
        "kldunload vmtest 2>&1 && echo gone || { ngctl list; ngctl types; }",
        "gone",
        20,
    )?;
    Ok(())
}

/// Connects the source to the sink.
pub fn bare(guest: &mut Guest) -> Result<()> {
    guest.ngctl(
        "mkpeer vmtest x x
         name .:x source
         mkpeer source: vmtest out in",
    )?;
    Ok(())
}

/// Connects the source to the sink through a node of the module that is loaded.
pub fn node_between(guest: &mut Guest) -> Result<()> {
    guest.ngctl(
        "mkpeer vmtest x x
         name .:x source
         mkpeer source: netflow out iface0
         name source:out netflow
         mkpeer netflow: vmtest out0 in",
    )?;
    Ok(())
}

/// The same, and from the node no flow goes by itself. There is someone to
/// export to: without, base's does not look at its clock.
pub fn through_a_node(guest: &mut Guest) -> Result<()> {
    node_between(guest)?;
    guest.ngctl(
        "mkpeer netflow: hub export x
         msg netflow: settimeouts { inactive=3600 active=3600 }",
    )?;
    Ok(())
}

/// What packets took, in ticks of the time stamp counter.
pub struct Took {
    /// On average.
    pub mean: f64,
    /// The one that took most.
    pub worst: f64,
}

/// Sends so many packets of flows `first` to `first + flows - 1`. How many
/// instructions they took.
pub fn send(guest: &mut Guest, packets: u32, first: u32, flows: u32) -> Result<Took> {
    let (took, thousand) = answer(guest, packets, first, flows)?;
    ensure!(
        (1000..1100).contains(&thousand),
        "the time stamp counter took {thousand} for 1,000 instructions"
    );
    Ok(took)
}

/// The same, whatever the time stamp counter counts here.
pub fn time(guest: &mut Guest, packets: u32, first: u32, flows: u32) -> Result<Took> {
    Ok(answer(guest, packets, first, flows)?.0)
}

/// Both, and how many ticks a thousand instructions took.
fn answer(guest: &mut Guest, packets: u32, first: u32, flows: u32) -> Result<(Took, u64)> {
    let answer = guest.ok(&format!(
        "ngctl msg source: send '{{ packets={packets} flows={flows} first={first} }}'"
    ))?;
    let number = |name: &str| number(&answer, name);
    ensure!(
        number("failed")? == 0 && number("received")? == u64::from(packets),
        "not every packet arrived: {answer}"
    );
    let counted = number("packets")?;
    ensure!(
        counted * 10 > u64::from(packets) * 9,
        "too often another thread ran: {answer}"
    );
    let took = Took {
        mean: number("ticks")? as f64 / counted as f64,
        worst: number("worst")? as f64,
    };
    Ok((took, number("thousand")?))
}

/// A field of an answer, in which what is 0 does not appear.
fn number(answer: &str, name: &str) -> Result<u64> {
    let prefix = format!("{name}=");
    let word = answer
        .split_whitespace()
        .find_map(|word| word.strip_prefix(&prefix));
    match word {
        Some(digits) => digits.parse().with_context(|| answer.to_string()),
        None => Ok(0),
    }
}

/// Instructions a second of the threads that run callouts, over so many
/// seconds in which nothing else happens.
pub fn clock(guest: &mut Guest, seconds: u32) -> Result<f64> {
    let before = clock_us(guest)?;
    guest.ok(&format!("sleep {seconds}"))?;
    let after = clock_us(guest)?;
    // An instruction is a nanosecond.
    Ok((after - before) * 1000.0 / f64::from(seconds))
}

/// Their processor time so far, in microseconds.
fn clock_us(guest: &mut Guest) -> Result<f64> {
    let rows = guest.ok("procstat -r -H $(pgrep -S -x clock)")?;
    let mut total = 0.0;
    for row in rows.lines().filter(|row| row.contains(" time ")) {
        let time = row.split_whitespace().next_back().unwrap_or_default();
        for (part, unit) in time.split(':').rev().zip([1e6, 60e6, 3600e6]) {
            total += part.parse::<f64>().with_context(|| row.to_string())? * unit;
        }
    }
    ensure!(total > 0.0, "no processor time in\n{rows}");
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn an_answer_leaves_out_what_is_zero() {
        let answer = "Rec'd response \"send\" (1) from \"[5]:\":\nArgs:\t{ ticks=8 packets=2 }\n";
        assert_eq!(number(answer, "ticks").unwrap(), 8);
        assert_eq!(number(answer, "packets").unwrap(), 2);
        assert_eq!(number(answer, "failed").unwrap(), 0);
    }
}
