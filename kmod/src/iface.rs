// SPDX-License-Identifier: BSD-2-Clause
//! The node's interfaces: pairs of hooks `ifaceN` and `outN` with settings.
//!
//! Up to 65,535.  One is allocated when it is first named and stays until the
//! node goes, so the data path reaches it without a lock.  Packets only read
//! it: what they count is elsewhere, a place for each CPU.

use core::num::NonZeroUsize;

use flow::sync::{
    AtomicU16, AtomicU32, AtomicU8, AtomicUsize,
    Ordering::{Acquire, Release},
};
use flow::{Lookups, Once, Platform};
use sys_bindings::{
    DLT_EN10MB, NG_NETFLOW_CONF_INGRESS, NG_NETFLOW_CONF_NODSTLOOKUP, NG_NETFLOW_CONF_NOSRCLOOKUP,
};

use crate::kpi::{Counter, HookId, Kpi};

const GROUP: usize = 256;

/// One interface.
pub struct Iface<K: Kpi> {
    /// Packets that came in on either hook and were not passed by.
    pub packets: K::Counter,
    /// Packets passed on without being accounted: the configuration or
    /// another node's mark said so.
    pub bypassed: K::Counter,
    /// Data link type, `DLT_EN10MB` or `DLT_RAW`.
    pub dlt: AtomicU8,
    /// Configured ifIndex, 0 for the packet's own.
    pub index: AtomicU16,
    /// `NG_NETFLOW_CONF_*`.
    pub conf: AtomicU32,
    /// The hook `ifaceN`.
    pub hook: HookCell,
    /// The hook `outN`.
    pub out: HookCell,
}

impl<K: Kpi> Iface<K> {
    fn new(kpi: &K) -> Option<Self> {
        Some(Iface {
            packets: kpi.counter()?,
            bypassed: kpi.counter()?,
            dlt: AtomicU8::new(DLT_EN10MB),
            index: AtomicU16::new(0),
            conf: AtomicU32::new(NG_NETFLOW_CONF_INGRESS),
            hook: HookCell::empty(),
            out: HookCell::empty(),
        })
    }

    /// The route lookups that its configuration leaves.
    pub fn lookups(conf: u32) -> Lookups {
        Lookups {
            source: conf & NG_NETFLOW_CONF_NOSRCLOOKUP == 0,
            destination: conf & NG_NETFLOW_CONF_NODSTLOOKUP == 0,
        }
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
type Group<K> = <K as Platform>::Slab<<K as Platform>::Once<Iface<K>>>;

/// Every interface of a node.
pub struct Ifaces<K: Kpi>(K::Slab<K::Once<Group<K>>>);

impl<K: Kpi> Ifaces<K> {
    /// No interface yet; `None` when there is no memory.
    pub fn new(kpi: &K) -> Option<Self> {
        kpi.slab(GROUP, |_| kpi.once()).map(Ifaces)
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
            group.set(kpi.slab(GROUP, |_| kpi.once())?);
        }
        let place = group.get()?.get(usize::from(number) % GROUP)?;
        if place.get().is_none() {
            place.set(Iface::new(kpi)?);
        }
        place.get()
    }

    /// Packets and bypassed packets of all interfaces.
    pub fn totals(&self) -> (u64, u64) {
        let groups = self.0.iter().filter_map(|group| group.get());
        let ifaces = groups.flat_map(|group| group.iter().filter_map(|place| place.get()));
        ifaces.fold((0u64, 0u64), |(packets, bypassed), iface| {
            (
                packets.wrapping_add(iface.packets.sum()),
                bypassed.wrapping_add(iface.bypassed.sum()),
            )
        })
    }
}
