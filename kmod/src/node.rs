// SPDX-License-Identifier: BSD-2-Clause
//! The node: its hooks, its data path, its timer and its end.

use core::net::{Ipv4Addr, Ipv6Addr};

use flow::export::v9;
use flow::sync::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use flow::{Engine, Path, Refusal, Refused, Routes, Seed, Tally, DEFAULT_LIMIT, SEED_WORDS};
use sys_bindings::{
    DLT_EN10MB, EINVAL, EISCONN, ENOMEM, ENOTCONN, NG_NETFLOW_CONF_ONCE, NG_NETFLOW_CONF_THISONCE,
    NG_NETFLOW_HOOK_EXPORT, NG_NETFLOW_HOOK_EXPORT9,
};

use crate::collector::{Outcome, Way};
use crate::conservation::Conservation;
use crate::exporter::{Exporter, Extent, Ways};
use crate::guarded::Guarded;
use crate::iface::{Iface, Ifaces, Port};
use crate::kpi::{Counter, Errno, HookId, Kpi, Packet};
use crate::role::Role;

/// Milliseconds between two calls of [`Node::tick`].
pub const TICK_MS: u32 = 250;

/// Milliseconds between two bursts of datagrams when more is due than one
/// carries: some 12,800 datagrams a second to a collector at most.
pub const BURST_PAUSE_MS: u32 = 10;

/// A packet is accounted by one netflow node, or once by each.
const ONCE: u32 = NG_NETFLOW_CONF_ONCE | NG_NETFLOW_CONF_THISONCE;

/// A `netflow` node.
// The engine comes first: one address leads to both.
#[repr(C)]
pub struct Node<K: Kpi> {
    pub(crate) engine: Engine<K>,
    pub(crate) ifaces: Ifaces<K>,
    /// Packets passed on without being accounted: the configuration or
    /// another node's mark said so.
    bypassed: K::Counter,
    /// The hook `export`, with a reference held.
    export: Guarded<K, K::Hook>,
    /// The hook `export9`, with a reference held.
    export9: Guarded<K, K::Hook>,
    /// How many times either of them has been connected.
    connections: AtomicU32,
    /// [`v9::Settings`], in one word so that none is seen half changed.
    v9_settings: AtomicU64,
    exporter: Guarded<K, Exporter<K>>,
    /// Did its last run leave a record in a datagram?
    has_pending: AtomicBool,
    /// FIBs that something was exported from.
    pub(crate) exported_fibs: AtomicU32,
    /// What has left the cache, and what became of it at each hook.
    expired: Tally,
    pub(crate) outcome: Outcome,
    pub(crate) outcome9: Outcome,
}

/// What is to be done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Pass it on through this hook; without one, free it.
    pub to: Option<HookId>,
    /// What to return when it is freed.
    pub error: Errno,
}

impl Pass {
    const fn freed(error: Errno) -> Self {
        Pass { to: None, error }
    }
}

impl<K: Kpi> Node<K> {
    /// A node without hooks; `None` when there is no memory (`ENOMEM`).
    pub fn new(kpi: K) -> Option<Self> {
        let mut random = [0; SEED_WORDS];
        kpi.random(&mut random);
        let ifaces = Ifaces::new(&kpi)?;
        let bypassed = kpi.counter()?;
        let export = Guarded::new(&kpi, None)?;
        let export9 = Guarded::new(&kpi, None)?;
        let exporter = Guarded::new(&kpi, Some(Exporter::new(&kpi)?))?;
        Some(Node {
            engine: Engine::new(kpi, Seed::new(random), DEFAULT_LIMIT)?,
            ifaces,
            bypassed,
            export,
            export9,
            connections: AtomicU32::new(0),
            v9_settings: AtomicU64::new(pack(v9::Settings::DEFAULT)),
            exporter,
            has_pending: AtomicBool::new(false),
            exported_fibs: AtomicU32::new(0),
            expired: Tally::new(),
            outcome: Outcome::default(),
            outcome9: Outcome::default(),
        })
    }

    /// See [`Engine::furnish`].
    pub fn furnish(&self) {
        self.engine.furnish();
    }

    /// What the node runs on.
    pub fn kpi(&self) -> &K {
        self.engine.platform()
    }

    /// Connects a hook, which is held for as long as the node sends down it.
    /// `EINVAL` for a name that means nothing here,
    /// `EISCONN` when there is such a hook already, `ENOMEM`.
    pub fn newhook(&self, name: &[u8], hook: K::Hook) -> Result<Role, Errno> {
        let role = Role::of(name)?;
        match role {
            Role::Iface(number) => {
                let iface = self.make_iface(number)?;
                if iface.hook().get().is_some() {
                    return Err(EISCONN);
                }
                // As in base: most interfaces are Ethernet, so a new hook is.
                iface.set(|settings| settings.dlt = DLT_EN10MB);
                iface.hook().set(Some(K::name(&hook)));
            }
            Role::Out(number) => {
                let iface = self.make_iface(number)?;
                if iface.out().get().is_some() {
                    return Err(EISCONN);
                }
                iface.out().set(Some(K::name(&hook)));
            }
            Role::Export => self.connect(&self.export, hook)?,
            Role::Export9 => self.connect(&self.export9, hook)?,
        }
        Ok(role)
    }

    fn connect(&self, export: &Guarded<K, K::Hook>, hook: K::Hook) -> Result<(), Errno> {
        if export.get().is_some() {
            return Err(EISCONN);
        }
        // The number first: with the new hook goes the new number, so that its
        // collector is told again what datagrams need to be read.
        self.connections.fetch_add(1, Relaxed);
        export.put(Some(hook));
        Ok(())
    }

    pub(crate) fn make_iface(&self, number: u16) -> Result<&Iface<K>, Errno> {
        self.ifaces.make(self.kpi(), number).ok_or(ENOMEM)
    }

    /// Forgets a hook.
    pub fn disconnect(&self, role: Role) {
        match role {
            Role::Iface(number) => {
                if let Some(iface) = self.ifaces.get(number) {
                    iface.hook().set(None);
                }
            }
            Role::Out(number) => {
                if let Some(iface) = self.ifaces.get(number) {
                    iface.out().set(None);
                }
            }
            Role::Export => self.export.put(None),
            Role::Export9 => self.export9.put(None),
        }
    }

    /// The side of an interface that packets come in on by a hook of this
    /// role; `None` for an exporter's, from which nothing is expected.
    pub fn port(&self, role: Role) -> Option<&Port<K>> {
        match role {
            Role::Iface(number) => self.ifaces.get(number).map(|iface| &iface.received),
            Role::Out(number) => self.ifaces.get(number).map(|iface| &iface.sent),
            Role::Export | Role::Export9 => None,
        }
    }

    /// Accounts a packet that came in on a hook, and says where it goes.
    pub fn rcvdata(&self, role: Role, packet: &impl Packet) -> Pass {
        match self.port(role) {
            Some(port) => self.receive(port, packet),
            None => Pass::freed(EINVAL),
        }
    }

    /// How many of these packets, which will come in on a hook, are of flows that
    /// are known: see [`Engine::look_ahead`].
    pub fn look_ahead(&self, role: Role, packets: &[&[u8]], received_on: u16, fib: u16) -> usize {
        self.port(role).map_or(0, |port| {
            let source = port.settings().source(|| received_on, fib);
            self.engine.look_ahead(packets, source)
        })
    }

    /// As [`Node::rcvdata`], on a port of this node.
    #[inline]
    pub fn receive(&self, port: &Port<K>, packet: &impl Packet) -> Pass {
        let settings = port.settings();
        let usual = settings.conf & (port.wanted | ONCE) == port.wanted;
        if !usual && !self.is_accountable(port, settings.conf, packet) {
            return Pass {
                to: port.to.get(),
                error: ENOTCONN,
            };
        }
        port.packets.count();
        let source = settings.source(|| packet.received_on(), packet.fib());
        let now = self.kpi().uptime();
        let routes = PortRoutes {
            kpi: self.kpi(),
            port,
        };
        let seen = self.engine.observe(packet.bytes(), source, now, &routes);
        Pass {
            to: port.to.get(),
            error: match seen {
                Ok(()) => 0,
                Err(Refused::NoMemory) => ENOMEM,
                Err(Refused::Packet(reason)) => errno_of(reason),
            },
        }
    }

    /// Is the packet to be accounted, which may be for one node only?
    // Not inlined: most interfaces account every packet.
    #[inline(never)]
    fn is_accountable(&self, port: &Port<K>, conf: u32, packet: &impl Packet) -> bool {
        if conf & port.wanted == 0 || is_duplicate(conf, packet) {
            self.bypassed.count();
            return false;
        }
        if conf & ONCE != 0 {
            packet.mark();
        }
        true
    }

    /// What [`Node::tick`] would return, if that has nothing to do.
    // New hooks and FIBs matter to the next record, with which the exporter comes to
    // see them.
    pub fn rest(&self) -> Option<u32> {
        (self.engine.is_empty() && !self.has_pending.load(Relaxed)).then_some(TICK_MS)
    }

    /// Sweeps the cache and sends what is due.  The milliseconds after which
    /// to call it again.
    pub fn tick(&self) -> u32 {
        if let Some(pause) = self.rest() {
            return pause;
        }
        if self.run_exporter(Extent::Due) {
            BURST_PAUSE_MS
        } else {
            TICK_MS
        }
    }

    /// Sends what is cached, due or not, as much as one burst carries.  While
    /// there is more, the milliseconds after which to call it again, 0 without a
    /// collector to wait for.  At the end it logs the final account.  The timer
    /// must have been stopped; hooks may still be there.
    pub fn close(&self) -> Option<u32> {
        if self.run_exporter(Extent::All) {
            let is_read = self.export.get().is_some() || self.export9.get().is_some();
            return Some(if is_read { BURST_PAUSE_MS } else { 0 });
        }
        self.kpi().log(format_args!("{}", self.conservation()));
        None
    }

    // Not inlined, nor is conservation(): together they would make too large a
    // frame for a kernel's stack.
    #[inline(never)]
    fn run_exporter(&self, extent: Extent) -> bool {
        let Some(mut exporter) = self.exporter.take() else {
            return false;
        };
        // The references keep the hooks valid while nothing is locked.
        let (export, export9) = (self.export.get(), self.export9.get());
        let connection = self.connections.load(Relaxed);
        let ways = Ways {
            v5: Way {
                hook: export.as_ref(),
                connection,
                settings: (),
                outcome: &self.outcome,
            },
            v9: Way {
                hook: export9.as_ref(),
                connection,
                settings: self.v9_settings(),
                outcome: &self.outcome9,
            },
            expired: &self.expired,
        };
        let more = exporter.run(&self.engine, &ways, extent);
        self.exported_fibs.store(exporter.fibs() as u32, Relaxed);
        self.has_pending.store(exporter.has_pending(), Relaxed);
        self.exporter.put(Some(exporter));
        more
    }

    pub(crate) fn v9_settings(&self) -> v9::Settings {
        unpack(self.v9_settings.load(Relaxed))
    }

    pub(crate) fn set_v9_settings(&self, settings: v9::Settings) {
        self.v9_settings.store(pack(settings), Relaxed);
    }

    /// Where every packet went.  Exact when no packet is on its way and no
    /// tick runs.
    #[inline(never)]
    pub fn conservation(&self) -> Conservation {
        let (packets, bypassed) = (self.ifaces.packets(), self.bypassed.sum());
        let (v4, v6) = (self.engine.v4(), self.engine.v6());
        let mut cached = v4.contents();
        cached += v6.contents();
        let (counts4, counts6) = (v4.counts(), v6.counts());
        let mut displaced = counts4.displaced;
        displaced += counts6.displaced;
        let pending = |exporter: &Exporter<K>| (exporter.v5.pending(), exporter.v9.pending());
        let pending = self.exporter.with(|place| place.as_ref().map(pending));
        let (pending5, pending9) = pending.unwrap_or_default();
        Conservation {
            received: packets.wrapping_add(bypassed),
            bypassed,
            refused: self.engine.refused(),
            no_memory: self.engine.no_memory(),
            cached,
            over_limit: displaced,
            expired: self.expired.sum(),
            exports: [
                self.outcome.account(NG_NETFLOW_HOOK_EXPORT, pending5),
                self.outcome9.account(NG_NETFLOW_HOOK_EXPORT9, pending9),
            ],
            evicted: counts4.evictions.wrapping_add(counts6.evictions),
            stepped_back: counts4.stepped_back.wrapping_add(counts6.stepped_back),
        }
    }
}

/// The routes of flows that begin on a port, as far as it is set to look them up.
struct PortRoutes<'a, K: Kpi> {
    kpi: &'a K,
    port: &'a Port<K>,
}

impl<K: Kpi> Routes for PortRoutes<'_, K> {
    fn path4(&self, fib: u16, src: Ipv4Addr, dst: Ipv4Addr) -> Path<Ipv4Addr> {
        match self.port.settings().lookups(src, dst) {
            Some(ends) => self.kpi.path4(fib, ends),
            None => Path::UNKNOWN,
        }
    }

    fn path6(&self, fib: u16, src: Ipv6Addr, dst: Ipv6Addr) -> Path<Ipv6Addr> {
        match self.port.settings().lookups(src, dst) {
            Some(ends) => self.kpi.path6(fib, ends),
            None => Path::UNKNOWN,
        }
    }
}

fn pack(settings: v9::Settings) -> u64 {
    let v9::Settings {
        template_secs,
        template_datagrams,
        mtu,
    } = settings;
    (u64::from(template_secs) << 32) | (u64::from(template_datagrams) << 16) | u64::from(mtu)
}

fn unpack(word: u64) -> v9::Settings {
    v9::Settings {
        template_secs: (word >> 32) as u16,
        template_datagrams: (word >> 16) as u16,
        mtu: word as u16,
    }
}

/// Has the packet been accounted where it must not be twice?
fn is_duplicate(conf: u32, packet: &impl Packet) -> bool {
    conf & NG_NETFLOW_CONF_ONCE != 0 && packet.is_marked(false)
        || conf & NG_NETFLOW_CONF_THISONCE != 0 && packet.is_marked(true)
}

/// What base returns for a packet that it frees unaccounted: an error for one
/// that is cut off, none for one that is not its business.
fn errno_of(reason: Refusal) -> Errno {
    match reason {
        Refusal::NotIp
        | Refusal::TooManyVlanTags
        | Refusal::TooManyLabels
        | Refusal::BadVersion
        | Refusal::BadHeaderLength
        | Refusal::TooManyExtensions => 0,
        Refusal::LinkTruncated
        | Refusal::IpTruncated
        | Refusal::ExtensionTruncated
        | Refusal::TransportTruncated => EINVAL,
    }
}
