// SPDX-License-Identifier: BSD-2-Clause
//! Load: packets by the thousand, and memory taken away.

use anyhow::{Context, Result};
use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    thread,
    time::{Duration, Instant},
};

/// Sends from every thread to ports of its own. What is sent into a network
/// that goes away meanwhile is not an error here.
pub fn flood(to: IpAddr, threads: u16, flows: u16, seconds: u64) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let senders: Vec<_> = (0..threads)
        .map(|thread| {
            thread::spawn(move || {
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
                let mut sent = 0u64;
                while Instant::now() < end {
                    for port in 0..flows {
                        let port = 20_000 + thread * flows + port;
                        sent += u64::from(socket.send_to(&[0; 64], (to, port)).is_ok());
                    }
                }
                Ok::<u64, std::io::Error>(sent)
            })
        })
        .collect();
    let mut sent = 0;
    for sender in senders {
        sent += sender.join().expect("a sender's thread")?;
    }
    println!("sent {sent}");
    Ok(())
}

/// Fills sockets until no mbuf is to be had, and keeps them full.
pub fn hoard(seconds: u64) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let payload = [0; 1400];
    let (mut sockets, mut held, mut refused) = (Vec::new(), 0u64, 0u64);
    while Instant::now() < end {
        // One socket's buffer holds a few dozen of these.
        let full = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("bind")?;
        let to = full.local_addr()?;
        let mut failures = 0;
        for _ in 0..40 {
            match full.send_to(&payload, to) {
                Ok(_) => held += 1,
                Err(_) => failures += 1,
            }
        }
        if failures == 40 || sockets.len() > 5000 {
            refused += 1;
            thread::sleep(Duration::from_millis(10));
        } else {
            sockets.push(full);
        }
    }
    println!("held {held} datagrams, refused {refused} times");
    Ok(())
}
