// SPDX-License-Identifier: BSD-2-Clause
//! One way out of the node: an export hook, its protocol, and the account of
//! what was given to it.

use flow::export::{AnyRecord, Appended, Clock, Protocol, Stream};
use flow::sync::{AtomicU32, Ordering::Relaxed};
use flow::{Sum, Tally};
use sys_bindings::{ENOBUFS, ENOMEM};

use crate::conservation::{DropReason, ExportAccount};
use crate::kpi::Kpi;

/// Streams of one protocol, one for each FIB.
pub struct Collector<K: Kpi, E: Protocol> {
    streams: K::Slab<Option<Stream<K, E>>>,
    make: fn(u16) -> E,
    /// The [`Way::connection`] that the streams are for.
    connection: u32,
    burst: Burst,
}

/// What became of datagrams since [`Collector::begin`].
#[derive(Default)]
struct Burst {
    /// How many there were, sent or not.
    datagrams: usize,
    last: Last,
}

/// What became of the last datagram, if one was tried.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Last {
    #[default]
    None,
    /// The hook took it.
    Sent,
    /// The system had no memory for it, or a queue no room.
    Short,
    /// It was lost for another reason.
    Refused,
}

/// What became of the records that were given to a collector.
#[derive(Default)]
pub struct Outcome {
    handed_over: Tally,
    dropped: [Tally; DropReason::ALL.len()],
    failed_datagrams: AtomicU32,
}

impl Outcome {
    fn drop(&self, reason: DropReason, records: Sum) {
        if let Some(tally) = self.dropped.get(reason as usize) {
            tally.add_sum(records);
        }
    }

    /// Datagrams that could not be made or sent.
    pub fn failed_datagrams(&self) -> u32 {
        self.failed_datagrams.load(Relaxed)
    }

    /// The account, with what waits in datagrams.
    pub fn account(&self, hook: &'static str, pending: Sum) -> ExportAccount {
        ExportAccount {
            hook,
            pending,
            handed_over: self.handed_over.sum(),
            dropped: core::array::from_fn(|i| {
                self.dropped.get(i).map_or(Sum::default(), Tally::sum)
            }),
        }
    }
}

/// Where a collector's datagrams go, and how.
pub struct Way<'a, K: Kpi, E: Protocol> {
    /// The export hook, if it is connected.
    pub hook: Option<&'a K::Hook>,
    /// How many times either export hook has been connected: while it stays, so
    /// does the collector.
    pub connection: u32,
    /// The protocol's settings.
    pub settings: E::Settings,
    /// Where it is accounted.
    pub outcome: &'a Outcome,
}

impl<K: Kpi, E: Protocol> Collector<K, E> {
    /// A collector without streams; `make` makes the protocol of a FIB.
    pub fn new(kpi: &K, make: fn(u16) -> E) -> Option<Self> {
        Some(Collector {
            streams: kpi.slab(fibs(kpi), |_| None)?,
            make,
            connection: 0,
            burst: Burst::default(),
        })
    }

    /// Begins to work for whoever is connected now, and for the FIBs that
    /// there are now: `sysctl net.fibs` may add some.
    pub fn begin(&mut self, kpi: &K, way: &Way<'_, K, E>) {
        self.burst = Burst::default();
        if self.connection != way.connection {
            self.connection = way.connection;
            self.streams.iter_mut().flatten().for_each(Stream::lost);
        }
        let old = &mut self.streams;
        if old.len() < fibs(kpi) {
            // Without memory the new FIBs' records are not carried, for now.
            if let Some(all) = kpi.slab(fibs(kpi), |fib| old.get_mut(fib)?.take()) {
                self.streams = all;
            }
        }
    }

    /// What became of the last datagram since [`Collector::begin`].
    pub fn last(&self) -> Last {
        self.burst.last
    }

    /// Datagrams since [`Collector::begin`], sent or not.
    pub fn datagrams(&self) -> usize {
        self.burst.datagrams
    }

    /// FIBs that have a stream.
    pub fn streams(&self) -> usize {
        self.streams.iter().flatten().count()
    }

    /// What waits in datagrams.
    pub fn pending(&self) -> Sum {
        let mut sum = Sum::default();
        for stream in self.streams.iter().flatten() {
            sum += stream.pending();
        }
        sum
    }

    /// Takes a record, at uptime `now`.
    // Not inlined, nor is send(): each has buffers on the kernel's small stack,
    // which would add up in the caller's frame.
    #[inline(never)]
    pub fn take(&mut self, kpi: &K, record: &AnyRecord, way: &Way<'_, K, E>, now: u64) {
        let mut sum = Sum::default();
        sum.add(record.packets(), record.octets());
        if way.hook.is_none() {
            return way.outcome.drop(DropReason::NotConnected, sum);
        }
        let Some(place) = self.streams.get_mut(usize::from(record.fib())) else {
            return way.outcome.drop(DropReason::NotCarried, sum);
        };
        if place.is_none() {
            *place = Stream::new(kpi, (self.make)(record.fib()), &way.settings);
        }
        let Some(stream) = place else {
            self.burst.last = Last::Short;
            way.outcome.failed_datagrams.fetch_add(1, Relaxed);
            return way.outcome.drop(DropReason::NoMemory, sum);
        };
        match stream.append(kpi, record, &way.settings, now) {
            Appended::Room => {}
            Appended::Full => send(stream, kpi, way, &mut self.burst),
            Appended::NotCarried => way.outcome.drop(DropReason::NotCarried, sum),
        }
    }

    /// Sends the datagrams whose oldest record has waited so long, in
    /// milliseconds.
    pub fn flush(&mut self, kpi: &K, way: &Way<'_, K, E>, longest_wait: u64, now: u64) {
        for stream in self.streams.iter_mut().flatten() {
            if stream.has_waited(longest_wait, now) {
                send(stream, kpi, way, &mut self.burst);
            }
        }
    }
}

fn fibs(kpi: &impl Kpi) -> usize {
    usize::from(kpi.fibs().max(1))
}

/// Sends a stream's datagram, and accounts what was in it.
#[inline(never)]
fn send<K: Kpi, E: Protocol>(
    stream: &mut Stream<K, E>,
    kpi: &K,
    way: &Way<'_, K, E>,
    burst: &mut Burst,
) {
    let wall_clock = kpi.wall_clock();
    let clock = Clock {
        uptime: kpi.uptime(),
        unix_secs: wall_clock.secs,
        unix_nanos: wall_clock.nanos,
    };
    let Some(ready) = stream.finish(clock) else {
        return;
    };
    burst.datagrams += 1;
    let records = ready.records;
    match way.hook.map(|hook| kpi.send(hook, ready.datagram)) {
        Some(Ok(())) => {
            burst.last = Last::Sent;
            return way.outcome.handed_over.add_sum(records);
        }
        Some(Err(error)) => {
            burst.last = match error {
                ENOMEM | ENOBUFS => Last::Short,
                _ => Last::Refused,
            };
            way.outcome.failed_datagrams.fetch_add(1, Relaxed);
            way.outcome.drop(DropReason::SendFailed, records);
        }
        None => way.outcome.drop(DropReason::NotConnected, records),
    }
    stream.lost();
}
