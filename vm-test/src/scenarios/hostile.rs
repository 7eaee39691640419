// SPDX-License-Identifier: BSD-2-Clause
//! Packets and messages that nobody in his right mind sends.

use super::{Scenario, USUAL};
use crate::{drive::capture_name, guest::Guest};
use anyhow::{ensure, Result};
use end_to_end::oracle::{self, Totals};
use std::collections::BTreeMap;

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "every shared capture, whole and cut off, and messages of every length",
    limit: 900,
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    let sent = guest.ok("vm-guest messages --random 10000")?;
    guest.note(sent.trim().to_string());
    let Some(shared) = oracle::shared() else {
        guest.note("captures: not run, ../shared is absent".into());
        return Ok(());
    };

    // Whole: what each capture's node counts is what the oracle does.
    let files = oracle::captures(&shared)?;
    let counted = inject(guest, "")?;
    let mut packets = 0;
    for (file, account) in files.iter().zip(oracle::ask(&shared, &files)?) {
        let name = capture_name(file)?;
        let Some(found) = counted.get(&name) else {
            continue;
        };
        let (v4, v6) = (sum(&account.v4), sum(&account.v6));
        ensure!(
            *found == [v4.0, v4.1, v6.0, v6.1],
            "{name}: packets and octets of IPv4 and IPv6 are {found:?}; the oracle has {v4:?} and {v6:?}"
        );
        packets += v4.0 + v6.0;
    }
    ensure!(counted.len() * 10 > files.len() * 9, "only {} of {} captures were sent", counted.len(), files.len());
    guest.note(format!("{} captures as the oracle counts, {packets} packets", counted.len()));

    // Cut off everywhere: whatever is left of a packet is somewhere.
    inject(guest, "--truncated")?;
    Ok(())
}

/// Sends all captures, a few at a time: each one's packets and octets.
fn inject(guest: &mut Guest, how: &str) -> Result<BTreeMap<String, [u64; 4]>> {
    let mut counted = BTreeMap::new();
    let list = guest.ok("ls /mnt/captures")?;
    let names: Vec<&str> = list.lines().collect();
    for some in names.chunks(40) {
        let paths = some.join(" ");
        let lines = guest.ok(&format!("cd /mnt/captures && vm-guest inject {how} {paths}"))?;
        for line in lines.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            if let [name, numbers @ ..] = &words[..] {
                let numbers: Option<Vec<u64>> =
                    numbers.iter().map(|word| word.parse().ok()).collect();
                if let Some(Ok(numbers)) = numbers.map(TryInto::try_into) {
                    counted.insert((*name).to_string(), numbers);
                }
            }
        }
    }
    Ok(counted)
}

fn sum(totals: &Totals) -> (u64, u64) {
    totals
        .values()
        .fold((0, 0), |sum, total| (sum.0 + total.0, sum.1 + total.1))
}
