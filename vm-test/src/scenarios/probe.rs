// SPDX-License-Identifier: BSD-2-Clause
//! `nghost probe` on FreeBSD: no module, only bpf(4).

use super::{Scenario, USUAL};
use crate::guest::{Guest, NotRun, HOST};
use anyhow::{ensure, Result};
use end_to_end::collector::{totals, totals9, Collector};

/// See the file's head.
pub const SCENARIO: Scenario = Scenario {
    proves: "nghost probe sees through bpf(4) what an interface receives and sends",
    story,
    ..USUAL
};

fn story(guest: &mut Guest) -> Result<()> {
    if guest.run("test -x /mnt/bin/nghost")?.status != 0 {
        return Err(NotRun("nghost is not built").into());
    }
    let pair = guest.pair()?;
    for version in ["5", "9"] {
        let collector = Collector::start()?;
        let (near, port) = (&pair.near, collector.port);
        // Its socket is there once it listens; SIGTERM is what service(8) sends.
        guest.expect(
            &format!(
                "/mnt/bin/nghost probe -i {near} -f 'icmp and host 192.168.1.2' -n {version} \
                    -s /tmp/nghost.sock {HOST}:{port} & probe=$!
                until test -S /tmp/nghost.sock; do kill -0 $probe || exit; sleep 0.1; done
                ping -q -c 5 -i 0.05 192.168.1.2
                jexec far ping -q -c 2 -i 0.05 192.168.1.1
                sleep 1
                kill -TERM $probe; wait $probe && echo ended well"
            ),
            "ended well",
        )?;
        guest.wait(500);
        let datagrams = collector.finish();
        let totals = match version {
            "5" => totals(&datagrams)?,
            _ => totals9(&datagrams)?,
        };
        let mut flows: Vec<_> = totals
            .iter()
            .map(|(key, total)| (key.src.to_string(), key.dport, *total))
            .collect();
        flows.sort();
        let (reply, request) = (0, 8 << 8);
        let (five, two) = ((5, 5 * 84), (2, 2 * 84));
        let (here, there) = ("192.168.1.1".to_string(), "192.168.1.2".to_string());
        let expected = [
            (here.clone(), reply, two),
            (here, request, five),
            (there.clone(), reply, five),
            (there, request, two),
        ];
        ensure!(flows == expected, "version {version}: {flows:?}");
    }
    Ok(())
}
