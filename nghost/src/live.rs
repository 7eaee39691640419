// SPDX-License-Identifier: BSD-2-Clause
//! A live interface of the host, through pcap(3): packet(7) on Linux, bpf(4) on
//! FreeBSD.
//!
//! This is a tap: the host's own stack gets every frame as well, and sends its
//! own. So a frame that was seen here is never sent again.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use pcap::{Active, Capture, Direction};

use crate::failure::{Failure, EX_NOPERM, EX_OSERR, EX_UNAVAILABLE, EX_USAGE};
use crate::layer::Layer;

/// What the kernel holds for us meanwhile, in octets, for each direction.
const BUFFER_LEN: i32 = 16 << 20;

/// Milliseconds that the kernel may wait for a batch of frames.
const BATCH_MS: i32 = 10;

/// How an interface is to be listened to.
#[derive(Clone, Debug, Default)]
pub struct Ear<'a> {
    /// Which frames, in the words of pcap-filter(7); all without.
    pub filter: Option<&'a str>,
    /// Also frames for other hosts.
    pub promiscuous: bool,
}

/// Octets of a frame that are looked at: any frame's, also of one that the
/// network card has put together from several.
const SNAPSHOT_LEN: i32 = 1 << 18;

/// One interface.
pub struct Tap {
    name: String,
    /// The host's own.
    index: u32,
    gone: Cell<bool>,
    mac: [u8; 6],
    layer: Layer,
    /// What the host receives.
    pub incoming: Way,
    /// What it sends.
    pub outgoing: Way,
}

/// Frames of one direction.
pub struct Way {
    capture: RefCell<Capture<Active>>,
    /// The capture's own descriptor again, to wait for.
    fd: OwnedFd,
    layer: Layer,
}

impl Tap {
    /// Opens the interface of this name. `EX_UNAVAILABLE` when there is none,
    /// or none with a link layer that is known; `EX_NOPERM` without the right
    /// to; `EX_USAGE` for a filter that makes no sense.
    pub fn open(name: &str, ear: &Ear<'_>) -> Result<Self, Failure> {
        let index = if_nametoindex(name).map_err(|_| {
            let text = format!("there is no interface '{name}' here");
            Failure::new(EX_UNAVAILABLE, text)
        })?;
        let open = |direction| {
            // Once is enough.
            let promiscuous = ear.promiscuous && direction == Direction::In;
            Way::open(name, ear.filter, promiscuous, direction)
        };
        let incoming = open(Direction::In)?;
        Ok(Tap {
            name: name.to_owned(),
            index,
            gone: Cell::new(false),
            mac: mac(name).unwrap_or_default(),
            layer: incoming.layer,
            incoming,
            outgoing: open(Direction::Out)?,
        })
    }

    /// The interface's Ethernet address.
    pub fn mac(&self) -> [u8; 6] {
        self.mac
    }

    /// Are its frames delivered as IP packets without a link layer?
    pub fn is_raw_ip(&self) -> bool {
        self.layer.is_raw_ip()
    }

    /// Is the interface no longer there, as of the last trouble with it?
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// The next frame that the host received or sent, `None` when none is
    /// there.
    pub fn receive(&self, way: &Way) -> Result<Option<Rc<[u8]>>, pcap::Error> {
        let received = way.receive();
        if received.is_err() {
            let index = if_nametoindex(self.name.as_str());
            // Another of the same name is another one.
            self.gone.set(index.ok() != Some(self.index));
        }
        received
    }

    /// Sends a frame, one that was not seen here.
    pub fn send(&self, frame: &[u8]) -> Result<(), pcap::Error> {
        // On Linux a socket does not see what it sends itself. On FreeBSD this
        // one does, and the frame leaves by `upper` as the host's others do,
        // marked as `tapped` like them: what is marked is not sent, so it
        // cannot go round.
        self.outgoing.capture.borrow_mut().sendpacket(frame)
    }

    /// Frames that the host had no room for.
    pub fn lost(&self) -> u64 {
        let ways = [&self.incoming, &self.outgoing];
        let stats = ways.map(|way| way.capture.borrow_mut().stats());
        let lost = stats.iter().flatten().map(|stat| u64::from(stat.dropped));
        lost.sum()
    }
}

impl Way {
    fn open(
        name: &str,
        filter: Option<&str>,
        promiscuous: bool,
        direction: Direction,
    ) -> Result<Self, Failure> {
        let mut capture = Capture::from_device(name)
            .and_then(|capture| {
                capture
                    .promisc(promiscuous)
                    .snaplen(SNAPSHOT_LEN)
                    .buffer_size(BUFFER_LEN)
                    .timeout(BATCH_MS)
                    .open()
            })
            .and_then(Capture::setnonblock)
            .map_err(|error| refused(name, &error))?;
        let failed =
            |error: &dyn std::fmt::Display| Failure::new(EX_OSERR, format!("{name}: {error}"));
        capture
            .direction(direction)
            .map_err(|error| failed(&error))?;
        if let Some(filter) = filter {
            let bad = |error| Failure::new(EX_USAGE, format!("filter '{filter}': {error}"));
            capture.filter(filter, true).map_err(bad)?;
        }
        let link = capture.get_datalink();
        let layer = Layer::of(link).ok_or_else(|| {
            let text = format!("{name}: link type {} is neither Ethernet nor IP", link.0);
            Failure::new(EX_UNAVAILABLE, text)
        })?;
        let fd = capture.as_fd().try_clone_to_owned();
        Ok(Way {
            fd: fd.map_err(|error| failed(&error))?,
            capture: RefCell::new(capture),
            layer,
        })
    }

    fn receive(&self) -> Result<Option<Rc<[u8]>>, pcap::Error> {
        match self.capture.borrow_mut().next_packet() {
            Ok(packet) => Ok(Some(self.layer.payload(packet.data).into())),
            Err(pcap::Error::TimeoutExpired) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What to wait for frames on.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn refused(name: &str, error: &pcap::Error) -> Failure {
    let text = error.to_string();
    let words = ["ermission", "not permitted"];
    if words.iter().any(|word| text.contains(word)) {
        let how = if cfg!(target_os = "linux") {
            "run nghost as root, or give it the right with \
             'setcap cap_net_raw+ep PATH-OF-NGHOST'"
        } else {
            "run nghost as root, or let it read /dev/bpf"
        };
        return Failure::new(EX_NOPERM, format!("{name}: {text}: {how}"));
    }
    Failure::new(EX_OSERR, format!("{name}: {text}"))
}

/// An interface's Ethernet address.
fn mac(name: &str) -> Option<[u8; 6]> {
    let mut addresses = getifaddrs().ok()?;
    addresses.find_map(|interface| {
        let address = interface
            .address
            .filter(|_| interface.interface_name == name)?;
        address.as_link_addr()?.addr()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_there_is_named() {
        let failure = Tap::open("nosuch0", &Ear::default()).err().unwrap();
        assert_eq!(failure.status, EX_UNAVAILABLE);
        assert!(failure.text.contains("nosuch0"));
    }
}
