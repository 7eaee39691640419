// SPDX-License-Identifier: BSD-2-Clause
//! The node's interfaces: pairs of hooks `ifaceN` and `outN` with settings.
//!
//! Up to 65,535, in groups that are allocated when the first interface of the
//! group is named and stay until the node goes, so that the data path reaches
//! an interface with two loads and no lock.

use core::num::NonZeroUsize;
use core::sync::atomic::{
    AtomicU16, AtomicU32, AtomicU64, AtomicU8, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use flow::{Lookups, Once, Platform};
use sys_bindings::{
    DLT_EN10MB, NG_NETFLOW_CONF_INGRESS, NG_NETFLOW_CONF_NODSTLOOKUP, NG_NETFLOW_CONF_NOSRCLOOKUP,
};

use crate::kpi::HookId;

const GROUP: usize = 256;

/// One interface.
pub struct Iface {
    /// Packets that came in on either hook and were not passed by.
    pub packets: AtomicU64,
    /// Packets passed on without being accounted: the configuration or
    /// another node's mark said so.
    pub bypassed: AtomicU64,
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

impl Iface {
    fn new() -> Self {
        Iface {
            packets: AtomicU64::new(0),
            bypassed: AtomicU64::new(0),
            dlt: AtomicU8::new(DLT_EN10MB),
            index: AtomicU16::new(0),
            conf: AtomicU32::new(NG_NETFLOW_CONF_INGRESS),
            hook: HookCell::empty(),
            out: HookCell::empty(),
        }
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
    const fn empty() -> Self {
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

type Group<P> = <P as Platform>::Slab<Iface>;

/// Every interface of a node.
pub struct Ifaces<P: Platform>(P::Slab<P::Once<Group<P>>>);

impl<P: Platform> Ifaces<P> {
    /// No interface yet; `None` when there is no memory.
    pub fn new(platform: &P) -> Option<Self> {
        platform.slab(GROUP, |_| platform.once()).map(Ifaces)
    }

    /// Interface `number`, if its group is there.
    #[inline]
    pub fn get(&self, number: u16) -> Option<&Iface> {
        let number = usize::from(number);
        self.0.get(number / GROUP)?.get()?.get(number % GROUP)
    }

    /// Interface `number`, made if need be; `None` when there is no memory.
    pub fn make(&self, platform: &P, number: u16) -> Option<&Iface> {
        let group = self.0.get(usize::from(number) / GROUP)?;
        if group.get().is_none() {
            group.set(platform.slab(GROUP, |_| Iface::new())?);
        }
        self.get(number)
    }

    /// Packets and bypassed packets of all interfaces.
    pub fn totals(&self) -> (u64, u64) {
        let groups = self.0.iter().filter_map(|group| group.get());
        groups
            .flat_map(|group| group.iter())
            .fold((0, 0), |(packets, bypassed), iface| {
                (
                    packets + iface.packets.load(Relaxed),
                    bypassed + iface.bypassed.load(Relaxed),
                )
            })
    }
}
