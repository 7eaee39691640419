// SPDX-License-Identifier: BSD-2-Clause
//! Load: packets by the thousand, and memory taken away.

use anyhow::Result;
use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        Arc, Mutex, MutexGuard, PoisonError,
    },
    thread,
    time::Duration,
};

/// How long a sender rests after it has sent to each of its ports, that what
/// a story does meanwhile gets a turn on an emulated processor.
const REST: Duration = Duration::from_millis(5);

/// Sends from every thread to ports of its own, until the process is told to
/// end. What is sent into a network that goes away meanwhile is not an error
/// here.
pub fn flood(to: IpAddr, threads: u16, flows: u16) -> Result<()> {
    let senders: Vec<_> = (0..threads)
        .map(|thread| {
            thread::spawn(move || -> std::io::Result<()> {
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
                loop {
                    for port in 0..flows {
                        let port = 20_000 + thread * flows + port;
                        let _ = socket.send_to(&[0; 64], (to, port));
                    }
                    thread::sleep(REST);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().expect("a sender's thread")?;
    }
    Ok(())
}

/// Fills sockets until no mbuf is to be had, and empties them after so long.
/// Who wants a cluster then sleeps in the kernel, where no signal wakes it: so
/// one thread sends, and another one lets go.
pub fn hoard(seconds: u64) -> Result<()> {
    let full = Arc::new(Mutex::new(Vec::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let (filled, stopped) = (Arc::clone(&full), Arc::clone(&stop));
    let sender = thread::spawn(move || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut sent = 0u64;
        while !stopped.load(Relaxed) {
            let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let to = receiver.local_addr()?;
            lock(&filled).push(receiver);
            // A socket's buffer holds some dozens of these.
            for _ in 0..40 {
                sent += u64::from(socket.send_to(&[0; 1400], to).is_ok());
            }
        }
        Ok::<u64, std::io::Error>(sent)
    });
    thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Relaxed);
    let sockets = lock(&full).split_off(0);
    println!("{} sockets were full", sockets.len());
    drop(sockets);
    sender.join().expect("the sender's thread")?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
