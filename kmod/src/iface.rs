// SPDX-License-Identifier: BSD-2-Clause
//! The node's interfaces: pairs of hooks `ifaceN` and `outN` with settings.
//!
//! Up to 65,535.  One is allocated when it is first named and stays until the
//! node goes, so the data path reaches it without a lock.  Packets only read
//! it: what they count is elsewhere, a place for each CPU.

use core::num::NonZeroUsize;

use flow::sync::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use flow::{LinkType, Once, Platform, Source};
use sys_bindings::{
    DLT_EN10MB, DLT_RAW, NG_NETFLOW_CONF_EGRESS, NG_NETFLOW_CONF_INGRESS,
    NG_NETFLOW_CONF_NODSTLOOKUP, NG_NETFLOW_CONF_NOSRCLOOKUP,
};

use crate::kpi::{Counter, Ends, HookId, Kpi};

const GROUP: usize = 256;

/// One interface.
pub struct Iface<K: Kpi> {
    /// The side of the hook `ifaceN`.
    pub received: Port<K>,
    /// The side of the hook `outN`.
    pub sent: Port<K>,
}

/// One side of an interface: all that is to be known of the hook that a packet
/// came in on.
pub struct Port<K: Kpi> {
    /// The other side's hook, to which packets go.
    pub to: HookCell,
    /// [`Settings`], in one word so that no packet sees half a change.
    settings: AtomicU64,
    /// The bit of the configuration that asks for this side's packets.
    pub wanted: u32,
    /// Packets that came in and were not passed by.
    pub packets: K::Counter,
}

/// What can be set of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `NG_NETFLOW_CONF_*`.
    pub conf: u32,
    /// Configured ifIndex, 0 for the packet's own.
    pub index: u16,
    /// Data link type, `DLT_EN10MB` or `DLT_RAW`.
    pub dlt: u8,
}

impl Settings {
    const DEFAULT: Settings = Settings {
        conf: NG_NETFLOW_CONF_INGRESS,
        index: 0,
        dlt: DLT_EN10MB,
    };

    fn pack(self) -> u64 {
        u64::from(self.dlt) << 48 | u64::from(self.index) << 32 | u64::from(self.conf)
    }

    #[inline]
    fn unpack(word: u64) -> Self {
        Settings {
            conf: word as u32,
            index: (word >> 32) as u16,
            dlt: (word >> 48) as u8,
        }
    }

    /// Where a packet of this FIB comes from, that itself names an interface.
    #[inline]
    pub fn source(self, received_on: impl FnOnce() -> u16, fib: u16) -> Source {
        Source {
            link_type: match self.dlt {
                DLT_RAW => LinkType::Raw,
                _ => LinkType::Ethernet,
            },
            input: match self.index {
                0 => received_on(),
                configured => configured,
            },
            fib,
        }
    }

    /// What is to be looked up of a flow; `None` for nothing.
    pub fn lookups<A>(self, src: A, dst: A) -> Option<Ends<A>> {
        const NEITHER: u32 = NG_NETFLOW_CONF_NOSRCLOOKUP | NG_NETFLOW_CONF_NODSTLOOKUP;
        let is_wanted = |unless| self.conf & unless == 0;
        (self.conf & NEITHER != NEITHER).then(|| Ends {
            source: is_wanted(NG_NETFLOW_CONF_NOSRCLOOKUP).then_some(src),
            destination: is_wanted(NG_NETFLOW_CONF_NODSTLOOKUP).then_some(dst),
        })
    }
}

impl<K: Kpi> Port<K> {
    fn new(kpi: &K, wanted: u32) -> Option<Self> {
        Some(Port {
            to: HookCell::empty(),
            settings: AtomicU64::new(Settings::DEFAULT.pack()),
            wanted,
            packets: kpi.counter()?,
        })
    }

    /// What is set for packets that come in here.
    #[inline]
    pub fn settings(&self) -> Settings {
        Settings::unpack(self.settings.load(Relaxed))
    }
}

impl<K: Kpi> Iface<K> {
    fn new(kpi: &K) -> Option<Self> {
        Some(Iface {
            received: Port::new(kpi, NG_NETFLOW_CONF_INGRESS)?,
            sent: Port::new(kpi, NG_NETFLOW_CONF_EGRESS)?,
        })
    }

    /// What is set.
    pub fn settings(&self) -> Settings {
        self.received.settings()
    }

    /// Changes what is set.  Netgraph lets one message at a time do that.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings();
        change(&mut settings);
        self.received.settings.store(settings.pack(), Relaxed);
        // What goes out was received elsewhere: its ifIndex is the packet's.
        settings.index = 0;
        self.sent.settings.store(settings.pack(), Relaxed);
    }

    /// The hook `ifaceN`, to which go packets that came in on `outN`.
    pub fn hook(&self) -> &HookCell {
        &self.sent.to
    }

    /// The hook `outN`.
    pub fn out(&self) -> &HookCell {
        &self.received.to
    }

    /// Packets that came in on either hook and were not passed by.
    pub fn packets(&self) -> u64 {
        let [received, sent] = [&self.received, &self.sent].map(|port| port.packets.sum());
        received.wrapping_add(sent)
    }
}

/// A hook that may be connected.  It is set and cleared by netgraph's writers
/// and read by its readers, so what is read stays connected for the call.
pub struct HookCell(AtomicUsize);

impl HookCell {
    fn empty() -> Self {
        HookCell(AtomicUsize::new(0))
    }

    /// The hook, if it is connected.
    #[inline]
    pub fn get(&self) -> Option<HookId> {
        NonZeroUsize::new(self.0.load(Acquire)).map(HookId)
    }

    /// Connects or clears it.
    pub fn set(&self, hook: Option<HookId>) {
        self.0.store(hook.map_or(0, |hook| hook.0.get()), Release);
    }
}

/// Interfaces that share the upper half of their numbers.
type Group<K> = <K as Platform>::Array<<K as Platform>::Once<Iface<K>>, GROUP>;

/// Every interface of a node.
pub struct Ifaces<K: Kpi>(K::Array<K::Once<Group<K>>, GROUP>);

impl<K: Kpi> Ifaces<K> {
    /// No interface yet; `None` when there is no memory.
    pub fn new(kpi: &K) -> Option<Self> {
        kpi.array(|_| kpi.once()).map(Ifaces)
    }

    fn group(&self, number: u16) -> Option<&K::Once<Group<K>>> {
        self.0.get(usize::from(number) / GROUP)
    }

    /// Interface `number`, if it has been named.
    #[inline]
    pub fn get(&self, number: u16) -> Option<&Iface<K>> {
        let group = self.group(number)?.get()?;
        group.get(usize::from(number) % GROUP)?.get()
    }

    /// Interface `number`, made if need be; `None` when there is no memory.
    pub fn make(&self, kpi: &K, number: u16) -> Option<&Iface<K>> {
        let group = self.group(number)?;
        if group.get().is_none() {
            group.set(kpi.array(|_| kpi.once())?);
        }
        let place = group.get()?.get(usize::from(number) % GROUP)?;
        if place.get().is_none() {
            place.set(Iface::new(kpi)?);
        }
        place.get()
    }

    /// Packets of all interfaces.
    pub fn packets(&self) -> u64 {
        let groups = self.0.iter().filter_map(|group| group.get());
        let ifaces = groups.flat_map(|group| group.iter().filter_map(|place| place.get()));
        ifaces.fold(0, |packets, iface| packets.wrapping_add(iface.packets()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wanted_is_not_looked_up() {
        let lookups = |left_out| {
            let settings = Settings {
                conf: NG_NETFLOW_CONF_INGRESS | left_out,
                ..Settings::DEFAULT
            };
            let ends = settings.lookups("source", "destination");
            ends.map(|ends| (ends.source, ends.destination))
        };
        let both = Some((Some("source"), Some("destination")));
        assert_eq!(lookups(0), both);
        let source = NG_NETFLOW_CONF_NOSRCLOOKUP;
        assert_eq!(lookups(source), Some((None, Some("destination"))));
        let destination = NG_NETFLOW_CONF_NODSTLOOKUP;
        assert_eq!(lookups(destination), Some((Some("source"), None)));
        assert_eq!(lookups(source | destination), None);
    }
}
