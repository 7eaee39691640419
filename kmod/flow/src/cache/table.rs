// SPDX-License-Identifier: BSD-2-Clause
//! One shard of the cache: an index over pages of records.  Whoever calls
//! holds the shard's lock.
//!
//! A table never allocates.  It says what it [`Wants`], the caller allocates
//! that without the lock and supplies it.

use crate::address::Address;
use crate::counters::Sum;
use crate::key::Key;
use crate::path::Path;
use crate::platform::Platform;

use super::index::{Index, Link, Place};
use super::page::{Bounds, Page};
use super::record::{Cause, Entry, FlowRecord, Observation};
use super::Moment;

/// Pages in a directory, so that one is a piece of less than 4 KiB.
const PAGES_PER_DIRECTORY: usize = 32;
/// Directories in a table: up to 256 pages, 16,384 IPv4 records.
const DIRECTORIES: usize = 8;
/// Chain links followed before a lookup gives up.  With a keyed hash and a
/// mean chain of one, nobody gets near; it bounds the work if the index could
/// not grow for want of memory.
const MAX_CHAIN: usize = 1024;

/// Each CPU reads the clock before it gets the lock; what differs by less
/// than this, in milliseconds, has waited and not stepped back.
const SLACK_MS: u64 = 100;

type Directory<P, A> = <P as Platform>::Slab<Option<Page<P, A>>>;

pub(super) struct Table<P: Platform, A: Address> {
    index: Index<P>,
    directories: [Option<Directory<P, A>>; DIRECTORIES],
    /// No page before this one has a free place.
    first_free: usize,
    /// Pages beyond the last that is there.
    pages: usize,
    open: usize,
    closed: usize,
    /// Lower bounds of the times of all open records.
    bounds: Bounds,
    /// The latest time seen; the table's clock never runs backwards.
    now: u64,
    /// Packets that came with an earlier time than another before.
    stepped_back: u64,
    /// Packets and octets ever accounted here.
    pub packets: u64,
    pub octets: u64,
}

/// What a table needs before it can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// An index segment of this many buckets.
    Segment(usize),
    /// A directory, to have room for pages.
    Directory,
    /// A page.
    Page,
}

/// What a table is given.
pub(super) enum Supply<P: Platform, A: Address> {
    Segment(P::Slab<Link>),
    Directory(Directory<P, A>),
    Page(Page<P, A>),
}

impl<P: Platform, A: Address> Supply<P, A> {
    /// Allocates what is wanted.
    pub fn allocate(platform: &P, wants: Wants) -> Option<Self> {
        Some(match wants {
            Wants::Segment(len) => Supply::Segment(platform.slab(len, |_| Link::NONE)?),
            Wants::Directory => Supply::Directory(platform.slab(PAGES_PER_DIRECTORY, |_| None)?),
            Wants::Page => Supply::Page(Page::new(platform)?),
        })
    }
}

/// What became of a packet whose flow was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// It is accounted.
    Counted,
    /// It is accounted, and its record is now closed.
    Ended,
    /// The flow's record was due and is now closed: the packet opens another.
    Stale,
    /// There is no such flow.
    Miss,
}

fn split_place(place: Place) -> (usize, usize) {
    ((place.0 / 64) as usize, (place.0 % 64) as usize)
}

fn join_place(page: usize, at: usize) -> Place {
    Place((page as u32).wrapping_mul(64).wrapping_add(at as u32))
}

impl<P: Platform, A: Address> Table<P, A> {
    pub fn new() -> Self {
        Table {
            index: Index::new(),
            directories: [const { None }; DIRECTORIES],
            first_free: 0,
            pages: 0,
            open: 0,
            closed: 0,
            bounds: Bounds::NONE,
            now: 0,
            stepped_back: 0,
            packets: 0,
            octets: 0,
        }
    }

    pub fn open(&self) -> usize {
        self.open
    }

    pub fn stepped_back(&self) -> u64 {
        self.stepped_back
    }

    /// Moves the table's clock forwards, never backwards.
    #[inline]
    pub fn clock(&mut self, moment: Moment) -> Moment {
        self.now = self.now.max(moment.now);
        Moment {
            now: self.now,
            ..moment
        }
    }

    /// As [`Table::clock`], for a packet: a step back is counted.
    #[inline]
    pub fn packet_clock(&mut self, moment: Moment) -> Moment {
        if self.now.saturating_sub(moment.now) > SLACK_MS {
            self.stepped_back = self.stepped_back.wrapping_add(1);
        }
        self.clock(moment)
    }

    #[inline]
    fn page(&self, page: usize) -> Option<&Page<P, A>> {
        let directory = self.directories.get(page / PAGES_PER_DIRECTORY)?;
        directory
            .as_ref()?
            .get(page % PAGES_PER_DIRECTORY)?
            .as_ref()
    }

    #[inline]
    fn page_mut(&mut self, page: usize) -> Option<&mut Page<P, A>> {
        let directory = self.directories.get_mut(page / PAGES_PER_DIRECTORY)?;
        directory
            .as_mut()?
            .get_mut(page % PAGES_PER_DIRECTORY)?
            .as_mut()
    }

    #[inline]
    fn entry(&self, place: Place) -> Option<&Entry<A>> {
        let (page, at) = split_place(place);
        self.page(page)?.entry(at)
    }

    #[inline]
    fn entry_mut(&mut self, place: Place) -> Option<&mut Entry<A>> {
        let (page, at) = split_place(place);
        self.page_mut(page)?.entry_mut(at)
    }

    #[inline]
    fn find(&self, hash: u32, key: &Key<A>) -> Option<Place> {
        let mut link = self.index.chain(hash);
        for _ in 0..MAX_CHAIN {
            let place = link.place()?;
            let entry = self.entry(place)?;
            if entry.hash == hash && entry.key == *key {
                return Some(place);
            }
            link = entry.next;
        }
        None
    }

    /// Accounts a packet to the flow's record, if there is one.  `may_close`
    /// says whether another record may wait to be taken.
    #[inline]
    pub fn hit(
        &mut self,
        hash: u32,
        key: &Key<A>,
        seen: Observation,
        moment: Moment,
        may_close: bool,
    ) -> Hit {
        let Some(place) = self.find(hash, key) else {
            return Hit::Miss;
        };
        let (number, at) = split_place(place);
        let Some(page) = self.page_mut(number) else {
            return Hit::Miss;
        };
        if may_close {
            if let Some(cause) = page.due_at(at, moment) {
                self.close(place, cause);
                return Hit::Stale;
            }
        }
        let Some(entry) = page.entry_mut(at) else {
            return Hit::Miss;
        };
        entry.add(seen);
        // What has ended may wait until there is room, what is full may not:
        // the next packet could overflow it.
        let ended = entry.is_full() || (may_close && entry.has_ended(seen));
        page.touch(at, moment.now);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(u64::from(seen.octets));
        if ended {
            self.close(place, Cause::Active);
            Hit::Ended
        } else {
            Hit::Counted
        }
    }

    /// What is needed to insert one more record.  Without memory for a larger
    /// index the chains may grow instead, if `grow_index` is false; only its
    /// first segment is needed.
    pub fn wants(&self, grow_index: bool) -> Option<Wants> {
        if grow_index || self.index.is_empty() {
            if let Some(len) = self.index.wants(self.open) {
                return Some(Wants::Segment(len));
            }
        }
        match self.free_page() {
            Some(_) => None,
            None => self.wants_page(),
        }
    }

    fn wants_page(&self) -> Option<Wants> {
        let (directory, _) = self.vacancy()?;
        match self.directories.get(directory)? {
            Some(_) => Some(Wants::Page),
            None => Some(Wants::Directory),
        }
    }

    /// The first page with a free place.
    fn free_page(&self) -> Option<usize> {
        (self.first_free..self.pages).find(|&page| self.page(page).is_some_and(|p| !p.is_full()))
    }

    /// The first page number that has no page.
    fn vacancy(&self) -> Option<(usize, usize)> {
        let page = (0..self.pages)
            .find(|&page| self.page(page).is_none())
            .unwrap_or(self.pages);
        let directory = page / PAGES_PER_DIRECTORY;
        (directory < DIRECTORIES).then_some((directory, page % PAGES_PER_DIRECTORY))
    }

    /// Takes what was allocated.  What is not wanted any more is dropped.
    pub fn supply(&mut self, supply: Supply<P, A>) {
        match supply {
            Supply::Segment(segment) => self.index.supply(segment),
            Supply::Directory(directory) => {
                if let Some((number, _)) = self.vacancy() {
                    if let Some(slot @ None) = self.directories.get_mut(number) {
                        *slot = Some(directory);
                    }
                }
            }
            Supply::Page(page) => {
                let Some((number, at)) = self.vacancy() else {
                    return;
                };
                let directory = self.directories.get_mut(number).and_then(Option::as_mut);
                if let Some(slot @ None) = directory.and_then(|d| d.get_mut(at)) {
                    *slot = Some(page);
                    let page = number * PAGES_PER_DIRECTORY + at;
                    self.pages = self.pages.max(page + 1);
                    self.first_free = self.first_free.min(page);
                }
            }
        }
    }

    /// Adds a record for a flow that has none.  `false` when there is no
    /// place for it.
    pub fn insert(
        &mut self,
        hash: u32,
        key: &Key<A>,
        path: Path<A>,
        seen: Observation,
        now: u64,
    ) -> bool {
        let Some(number) = self.free_page() else {
            return false;
        };
        self.first_free = number;
        let Some(&head) = self.index.chain_mut(hash).as_deref() else {
            return false;
        };
        let mut entry = Entry::new(*key, path, hash, seen);
        entry.next = head;
        let Some(at) = self
            .page_mut(number)
            .and_then(|page| page.insert(entry, now))
        else {
            return false;
        };
        if let Some(head) = self.index.chain_mut(hash) {
            *head = Link::to(join_place(number, at));
        }
        self.bounds.include(Bounds {
            first: now,
            last: now,
        });
        self.open += 1;
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(u64::from(seen.octets));
        self.grow();
        true
    }

    /// Splits one bucket if the index has become too small.
    fn grow(&mut self) {
        let Some(mut chain) = self.index.split(self.open) else {
            return;
        };
        while let Some(place) = chain.place() {
            let Some(&Entry { hash, next, .. }) = self.entry(place) else {
                return;
            };
            if let Some(head) = self.index.chain_mut(hash) {
                let old = core::mem::replace(head, chain);
                if let Some(entry) = self.entry_mut(place) {
                    entry.next = old;
                }
            }
            chain = next;
        }
    }

    /// Takes a record out of the index and leaves it in its page, to be taken.
    fn close(&mut self, place: Place, cause: Cause) {
        let (number, at) = split_place(place);
        self.unlink(place);
        if let Some(page) = self.page_mut(number) {
            page.close(at, cause);
            self.open = self.open.saturating_sub(1);
            self.closed += 1;
        }
    }

    fn unlink(&mut self, place: Place) {
        let Some(&Entry { hash, next, .. }) = self.entry(place) else {
            return;
        };
        let Some(head) = self.index.chain_mut(hash) else {
            return;
        };
        if *head == Link::to(place) {
            *head = next;
            return;
        }
        let mut link = *head;
        while let Some(before) = link.place() {
            let Some(entry) = self.entry_mut(before) else {
                return;
            };
            if entry.next == Link::to(place) {
                entry.next = next;
                return;
            }
            link = entry.next;
        }
    }

    /// Closes the record that has been idle for longest, or nearly: of the
    /// pages that may hold it, the four with the lowest bounds are looked at.
    pub fn close_idlest(&mut self, now: u64) -> Option<Place> {
        let place = self.idlest(now)?;
        self.close(place, Cause::Full);
        Some(place)
    }

    fn idlest(&mut self, now: u64) -> Option<Place> {
        const LOOK_AT: usize = 4;
        let mut found: Option<(u64, Place)> = None;
        let mut beyond = None;
        for _ in 0..LOOK_AT {
            let candidate = (0..self.pages)
                .filter_map(|number| {
                    let page = self.page(number)?;
                    Some((page.bounds().last, number))
                })
                .filter(|&candidate| beyond.is_none_or(|beyond| candidate > beyond))
                .min();
            let Some((bound, number)) = candidate else {
                break;
            };
            if found.is_some_and(|(last, _)| last <= bound) {
                break;
            }
            if let Some((at, last)) = self.page_mut(number).and_then(|page| page.idlest(now)) {
                if found.is_none_or(|(oldest, _)| last < oldest) {
                    found = Some((last, join_place(number, at)));
                }
            }
            beyond = Some((bound, number));
        }
        found.map(|(_, place)| place)
    }

    /// Frees a closed record's place without handing it out.
    pub fn discard(&mut self, place: Place, now: u64) -> Option<FlowRecord<A>> {
        let (number, at) = split_place(place);
        let page = self.page_mut(number)?;
        let record = page.record(at, now)?;
        page.remove(at);
        self.closed = self.closed.saturating_sub(1);
        self.first_free = self.first_free.min(number);
        Some(record)
    }

    /// May a sweep find anything?
    fn may_be_due(&self, moment: Moment) -> bool {
        self.closed > 0 || self.bounds.may_be_due(moment)
    }

    /// Closes what is due and hands out what is closed, at most `room`
    /// records, each with its cause.
    pub fn sweep(
        &mut self,
        moment: Moment,
        mut room: usize,
        mut take: impl FnMut(FlowRecord<A>, Cause),
    ) -> Swept {
        let mut swept = Swept::default();
        if !self.may_be_due(moment) {
            return swept;
        }
        let mut bounds = Bounds::NONE;
        for number in 0..self.pages {
            let Some(page) = self.page_mut(number) else {
                continue;
            };
            if room == 0 {
                // Not looked at: its bounds stand.
                if page.has_closed() || page.bounds().may_be_due(moment) {
                    swept.more = true;
                }
                bounds.include(page.bounds());
                continue;
            }
            for (at, cause) in page.due(moment) {
                self.close(join_place(number, at), cause);
                swept.closed += 1;
            }
            let Some(page) = self.page_mut(number) else {
                continue;
            };
            for at in page.closed() {
                if room == 0 {
                    swept.more = true;
                    break;
                }
                if let (Some(record), Some(entry)) = (page.record(at, moment.now), page.entry(at)) {
                    take(record, entry.cause);
                    room -= 1;
                    swept.taken += 1;
                }
                page.remove(at);
            }
            bounds.include(page.bounds());
            let (empty, full) = (page.is_empty(), page.is_full());
            if !full {
                self.first_free = self.first_free.min(number);
            }
            // One empty page stays, for a table that is used now and then.
            if empty && number > 0 {
                self.release(number);
            }
        }
        self.closed = self.closed.saturating_sub(swept.taken);
        self.bounds = bounds;
        swept
    }

    fn release(&mut self, number: usize) {
        let directory = self.directories.get_mut(number / PAGES_PER_DIRECTORY);
        if let Some(slot) = directory
            .and_then(Option::as_mut)
            .and_then(|d| d.get_mut(number % PAGES_PER_DIRECTORY))
        {
            *slot = None;
        }
        while self.pages > 0 && self.page(self.pages - 1).is_none() {
            self.pages -= 1;
        }
    }

    /// Hands out up to `room` open records from `from` on, in the order of
    /// their places, without changing them.  The place to go on from, or
    /// `None` at the table's end.
    pub fn read(
        &self,
        from: Place,
        now: u64,
        mut room: usize,
        mut show: impl FnMut(FlowRecord<A>),
    ) -> Option<Place> {
        let (first_page, mut from) = split_place(from);
        for number in first_page..self.pages {
            let Some(page) = self.page(number) else {
                from = 0;
                continue;
            };
            for (at, entry, times) in page.open_from(from) {
                if room == 0 {
                    return Some(join_place(number, at));
                }
                room -= 1;
                show(entry.to_record(times, now));
            }
            from = 0;
        }
        None
    }

    /// Packets and octets in the records that are here, open or closed, and
    /// how many records that is.
    pub fn contents(&self) -> Sum {
        let mut sum = Sum::default();
        for page in (0..self.pages).filter_map(|number| self.page(number)) {
            for entry in page.records() {
                sum.add(entry.packets, entry.octets);
            }
        }
        sum
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    /// Open records that were due.
    pub closed: usize,
    /// Records handed out.
    pub taken: usize,
    /// There was no room for all.
    pub more: bool,
}
