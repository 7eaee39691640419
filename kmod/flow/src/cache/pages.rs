// SPDX-License-Identifier: BSD-2-Clause
//! The pages of a table, by their numbers.

use crate::address::Address;
use crate::platform::Platform;

use super::index::{Link, Place};
use super::page::{Ledger, Page};
use super::record::Record;
use super::supply::Lacking;

/// Pages in a directory, so that all of one is less than 4 KiB.
const PAGES_PER_DIRECTORY: usize = 32;
/// Directories in a table: up to 512 pages, so that every place is below 2^15.
const DIRECTORIES: usize = 16;
/// Pages in a table: one less than there is room for, so that the last place of
/// all has no page, see [`Link::place_or_last`].
const PAGES: usize = DIRECTORIES * PAGES_PER_DIRECTORY - 1;

/// Some pages, and their ledgers apart from them.
pub(super) struct Directory<P: Platform, A: Address> {
    pages: P::Array<Option<Page<P, A>>, PAGES_PER_DIRECTORY>,
    ledgers: P::Array<Ledger, PAGES_PER_DIRECTORY>,
}

impl<P: Platform, A: Address> Directory<P, A> {
    pub fn new(platform: &P) -> Option<Self> {
        Some(Directory {
            pages: platform.array(|_| None)?,
            ledgers: platform.array(|_| Ledger::EMPTY)?,
        })
    }
}

/// Every page of a table.  The first lies in the table itself, where it takes no
/// more to get at than the index does: as long as a shard has few flows, that is
/// the only one.
#[repr(C)]
pub(super) struct Pages<P: Platform, A: Address> {
    first_ledger: Ledger,
    /// Pages beyond the last that is there.
    len: usize,
    /// No page before this one has a free place.
    first_free: usize,
    /// No number before this one is without a page.
    first_missing: usize,
    /// The first comes last: see [`Table`](super::table::Table).
    pub(super) directories: [Option<Directory<P, A>>; DIRECTORIES],
    pub(super) first: Option<Page<P, A>>,
}

/// A free place, in its page.
pub(super) struct Vacancy<'a, P: Platform, A: Address> {
    pub place: Place,
    page: &'a mut Page<P, A>,
    ledger: &'a mut Ledger,
    at: usize,
}

impl<P: Platform, A: Address> Vacancy<'_, P, A> {
    /// Puts a record there that begins at `now`.
    #[inline(always)]
    pub fn fill(self, record: Record<A>, now: u64) {
        self.ledger.insert(self.page, self.at, record, now);
    }
}

/// The number of a place's page, and the place's number in it.
#[inline]
pub(super) fn split_place(place: Place) -> (usize, usize) {
    let place = place.0 as usize;
    (place / 64, place % 64)
}

/// The place of this number in a page.
pub(super) fn join_place(page: usize, at: usize) -> Place {
    Place((page as u32).wrapping_mul(64).wrapping_add(at as u32))
}

/// The place of a page's directory.
#[inline]
fn directory_of(page: usize) -> usize {
    !(page / PAGES_PER_DIRECTORY) % DIRECTORIES
}

impl<P: Platform, A: Address> Pages<P, A> {
    pub fn new() -> Self {
        Pages {
            first_ledger: Ledger::EMPTY,
            directories: [const { None }; DIRECTORIES],
            first: None,
            len: 0,
            first_free: 0,
            first_missing: 0,
        }
    }

    /// Pages beyond the last that is there.
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn directory(&self, number: usize) -> Option<&Directory<P, A>> {
        self.directories.get(directory_of(number))?.as_ref()
    }

    /// A page alone, which is all that a hit needs.
    #[inline(always)]
    fn page_alone(&self, number: usize) -> Option<&Page<P, A>> {
        if number == 0 {
            return self.first.as_ref();
        }
        let pages = &self.directory(number)?.pages;
        pages.get(number % PAGES_PER_DIRECTORY)?.as_ref()
    }

    /// A page alone, which is all that a hit needs.
    #[inline(always)]
    fn page_alone_mut(&mut self, number: usize) -> Option<&mut Page<P, A>> {
        if number == 0 {
            return self.first.as_mut();
        }
        let directory = self.directories.get_mut(directory_of(number))?.as_mut()?;
        let pages = &mut directory.pages;
        pages.get_mut(number % PAGES_PER_DIRECTORY)?.as_mut()
    }

    /// Where a page is or could be, and its ledger.
    #[inline]
    fn slot(&mut self, number: usize) -> Option<(&mut Option<Page<P, A>>, &mut Ledger)> {
        if number == 0 {
            return Some((&mut self.first, &mut self.first_ledger));
        }
        let directory = self.directories.get_mut(directory_of(number))?.as_mut()?;
        let at = number % PAGES_PER_DIRECTORY;
        Some((directory.pages.get_mut(at)?, directory.ledgers.get_mut(at)?))
    }

    /// A page and its ledger.
    pub fn page(&self, number: usize) -> Option<(&Page<P, A>, &Ledger)> {
        let ledger = if number == 0 {
            &self.first_ledger
        } else {
            let ledgers = &self.directory(number)?.ledgers;
            ledgers.get(number % PAGES_PER_DIRECTORY)?
        };
        Some((self.page_alone(number)?, ledger))
    }

    /// A page and its ledger.
    pub fn page_mut(&mut self, number: usize) -> Option<(&mut Page<P, A>, &mut Ledger)> {
        let (page, ledger) = self.slot(number)?;
        Some((page.as_mut()?, ledger))
    }

    /// The record at a place.
    #[inline]
    pub fn record(&self, place: Place) -> Option<&Record<A>> {
        let (number, at) = split_place(place);
        self.page_alone(number)?.record(at)
    }

    /// The record at a place.
    #[inline]
    pub fn record_mut(&mut self, place: Place) -> Option<&mut Record<A>> {
        let (number, at) = split_place(place);
        self.page_alone_mut(number)?.record_mut(at)
    }

    /// The page of the record that a link leads to, and its number in there.
    #[inline(always)]
    pub fn page_of(&mut self, link: Link) -> Option<(&mut Page<P, A>, usize)> {
        let (number, at) = split_place(link.place_or_last());
        Some((self.page_alone_mut(number)?, at))
    }

    fn has_room(&self, number: usize) -> bool {
        self.page(number)
            .is_some_and(|(page, ledger)| ledger.has_room(page))
    }

    /// Has the last page come for which there is room?  A directory is best
    /// supplied before the next one, so that no packet waits for both.
    #[inline(always)]
    pub fn lacks_directory(&self) -> bool {
        // The first page is in none, and often there will be no other.
        self.len % PAGES_PER_DIRECTORY <= 1
            && self.first_ledger.has_reached_half()
            && self.directory(self.len).is_none()
    }

    /// What must be supplied before there is a free place, when there is none.
    #[cold]
    pub fn lacking(&self) -> Lacking {
        let missing = self.missing();
        if missing >= PAGES {
            return Lacking::Place;
        }
        if missing == 0 || self.directory(missing).is_some() {
            Lacking::Page
        } else {
            Lacking::Directory
        }
    }

    /// The first number that has no page.
    fn missing(&self) -> usize {
        let mut numbers = self.first_missing..self.len;
        let missing = numbers.find(|&number| self.page(number).is_none());
        missing.unwrap_or(self.len)
    }

    /// Takes the next directory; one that there is no room for is dropped.
    pub fn supply_directory(&mut self, directory: Directory<P, A>) {
        let mut from_the_first = self.directories.iter_mut().rev();
        if let Some(place) = from_the_first.find(|place| place.is_none()) {
            *place = Some(directory);
        }
    }

    /// Takes a page; one that is not wanted any more is dropped.
    pub fn supply_page(&mut self, page: Page<P, A>) {
        let number = self.missing();
        if number >= PAGES {
            return;
        }
        if let Some((place @ None, ledger)) = self.slot(number) {
            *place = Some(page);
            *ledger = Ledger::EMPTY;
            self.len = self.len.max(number + 1);
            self.first_missing = number + 1;
            self.first_free = self.first_free.min(number);
        }
    }

    /// A free place in the page that is being filled.  Without one,
    /// [`Pages::go_on`].
    #[inline(always)]
    pub fn vacancy(&mut self) -> Option<Vacancy<'_, P, A>> {
        let number = self.first_free;
        let (page, ledger) = self.page_mut(number)?;
        let at = ledger.free_place(page)?;
        Some(Vacancy {
            place: join_place(number, at),
            page,
            ledger,
            at,
        })
    }

    /// Goes on to fill the next page with a free place, if there is one.
    #[cold]
    #[inline(never)]
    pub fn go_on(&mut self) -> bool {
        let mut others = self.first_free + 1..self.len;
        let next = others.find(|number| self.has_room(*number));
        self.first_free = next.unwrap_or(self.first_free);
        next.is_some()
    }

    /// Marks a record that waits to be taken.
    pub fn close(&mut self, place: Place) {
        let (number, at) = split_place(place);
        if let Some((_, ledger)) = self.page_mut(number) {
            ledger.close(at);
        }
    }

    /// Frees a place.
    pub fn remove(&mut self, place: Place) {
        let (number, at) = split_place(place);
        if let Some((_, ledger)) = self.page_mut(number) {
            ledger.remove(at);
            self.first_free = self.first_free.min(number);
        }
    }

    /// Places of a page have become free.  An empty page is given back; the first
    /// stays, for a table that is used now and then.
    pub fn has_been_emptied(&mut self, number: usize) {
        if self.has_room(number) {
            self.first_free = self.first_free.min(number);
        }
        if number > 0
            && self
                .page(number)
                .is_some_and(|(_, ledger)| ledger.is_empty())
        {
            self.release(number);
        }
    }

    fn release(&mut self, number: usize) {
        if let Some((place, _)) = self.slot(number) {
            *place = None;
        }
        self.first_missing = self.first_missing.min(number);
        while self.len > 0 && self.page(self.len - 1).is_none() {
            self.len -= 1;
        }
        self.first_missing = self.first_missing.min(self.len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::index::tests::Heap;
    use crate::cache::Observation;
    use core::net::Ipv4Addr;

    type Full = Pages<Heap, Ipv4Addr>;

    /// Fills the pages that are there; each record has as many octets as its
    /// place says.
    fn fill_pages(pages: &mut Full) {
        loop {
            let Some(vacancy) = pages.vacancy() else {
                if pages.go_on() {
                    continue;
                }
                break;
            };
            let place = vacancy.place;
            vacancy.fill(Record::UNUSED, 0);
            let seen = Observation {
                octets: place.0,
                tcp_flags: 0,
            };
            assert!(pages.record_mut(place).unwrap().add(seen, 0));
        }
    }

    /// As [`fill_pages`], and supplies all pages that there may be.
    fn fill(pages: &mut Full) {
        fill_pages(pages);
        loop {
            match pages.lacking() {
                Lacking::Directory => pages.supply_directory(Directory::new(&Heap).unwrap()),
                Lacking::Page => pages.supply_page(Page::new(&Heap).unwrap()),
                _ => break,
            }
            fill_pages(pages);
        }
        assert_eq!(pages.len(), PAGES);
        // What is not wanted is not taken.
        pages.supply_page(Page::new(&Heap).unwrap());
        assert_eq!(pages.len(), PAGES);
    }

    fn is_empty_from_now_on(pages: &mut Full, number: usize) {
        (0..64).for_each(|at| pages.remove(join_place(number, at)));
        pages.has_been_emptied(number);
    }

    #[test]
    fn every_place_is_one_of_its_own() {
        let mut pages = Full::new();
        fill(&mut pages);
        for place in (0..PAGES).flat_map(|page| (0..64).map(move |at| join_place(page, at))) {
            let octets = place.0;
            assert_eq!(pages.record(place).unwrap().contents().1, octets);
            assert_eq!(pages.record_mut(place).unwrap().contents().1, octets);
            let (page, at) = pages.page_of(Link::to(place)).unwrap();
            assert_eq!(page.record(at).unwrap().contents().1, octets);
        }
    }

    #[test]
    fn a_directory_is_asked_for_before_it_is_missing() {
        let mut pages = Full::new();
        pages.supply_page(Page::new(&Heap).unwrap());
        assert!(
            !pages.lacks_directory(),
            "an empty page may stay the only one"
        );
        let mut asked = 0;
        loop {
            fill_pages(&mut pages);
            if pages.lacks_directory() {
                pages.supply_directory(Directory::new(&Heap).unwrap());
                assert!(!pages.lacks_directory());
                asked += 1;
            }
            match pages.lacking() {
                Lacking::Page => pages.supply_page(Page::new(&Heap).unwrap()),
                other => break assert_eq!(other, Lacking::Place),
            }
        }
        assert_eq!((pages.len(), asked), (PAGES, DIRECTORIES));
    }

    #[test]
    fn empty_pages_are_given_back_and_supplied_again() {
        let mut pages = Full::new();
        fill(&mut pages);
        for number in [100, PAGES - 2, PAGES - 1, 0] {
            is_empty_from_now_on(&mut pages, number);
        }
        assert!(pages.page(100).is_none() && pages.page(0).is_some());
        assert_eq!(pages.len(), PAGES - 2);
        assert!(pages.vacancy().is_some() || pages.go_on(), "one stays");
        fill_pages(&mut pages);
        assert_eq!(pages.lacking(), Lacking::Page);
        pages.supply_page(Page::new(&Heap).unwrap());
        assert!(pages.page(100).is_some());
        fill(&mut pages);
    }
}
