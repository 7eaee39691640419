// SPDX-License-Identifier: BSD-2-Clause
//! The index of a table: from a hash to the places of the few records that may
//! have it.
//!
//! A bucket is half a line of memory: eight places, and eight bits of the hash
//! of each record there.  The eight are compared in one go and without a
//! branch, so a lookup costs one miss here and touches, almost always, no
//! record but the right one.  What does not fit a bucket is chained through
//! the records.
//!
//! Buckets grow in number by linear hashing (W. Litwin, VLDB 1980), from a first
//! segment of 128 on: whenever there are more than three records for each, one
//! is split in two.  So no packet ever pays for more than moving one bucket, and
//! no piece of memory is larger than 4 KiB.  A bucket has the bits by which it
//! is split, so that splitting it touches no record either.

use crate::platform::Platform;

use super::{MAX_LIMIT, SHARDS};

/// The place of a record; the last there could be, in a page that never is
/// there, for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u16);

impl Link {
    pub const NONE: Link = Link(Place::LAST);

    #[inline]
    pub fn to(place: Place) -> Self {
        Link(place.0 as u16)
    }

    #[inline]
    pub fn place(self) -> Option<Place> {
        (self != Self::NONE).then_some(self.place_or_last())
    }

    /// The place; the last of all for none.
    #[inline]
    pub fn place_or_last(self) -> Place {
        Place(self.0.into())
    }
}

/// Where a record lies in its table: the number of its page times 64, plus
/// its number in the page.  Below 2^15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub u32);

impl Place {
    /// The last place there could be.
    pub(super) const LAST: u16 = 0x7fff;
}

const SLOTS: usize = 8;
/// Records for each bucket, on average: more, and too many buckets overflow.
const LOAD: usize = 3;
/// Buckets in a segment: 4 KiB.
const SEGMENT: usize = 128;
/// Segments: enough for one and a half times a shard's share of the most records
/// that there can be; what is beyond that fills the buckets up.
const SEGMENTS: usize = 64;
const _: () = assert!(SEGMENTS * SEGMENT * LOAD >= MAX_LIMIT / SHARDS * 3 / 2 || cfg!(loom));

/// Where some records are.
#[repr(align(32))]
#[derive(Clone, Copy)]
pub(super) struct Bucket {
    /// Some bits of each record's hash; 0 where there is none.
    tags: [u8; SLOTS],
    links: [Link; SLOTS],
    rest: Rest,
}

/// In the lowest 16 bits of a word, the link to the first of the records that
/// found no slot.  Above it, for each bit of a hash by which buckets are split,
/// an octet with that bit of the record in each slot.
#[derive(Clone, Copy)]
struct Rest(u64);

impl Rest {
    const EMPTY: Rest = Rest(Link::NONE.0 as u64);
    /// The lowest bit of a hash that is kept, which parts the first segment's
    /// buckets in two, and how many are.
    const FIRST: u32 = SEGMENT.ilog2();
    const BITS: u32 = SEGMENTS.ilog2();

    #[inline]
    fn overflow(self) -> Link {
        Link(self.0 as u16)
    }

    fn set_overflow(&mut self, link: Link) {
        self.0 = self.0 >> 16 << 16 | u64::from(link.0);
    }

    /// Keeps the bits of a hash for a slot.
    #[inline]
    fn set_bits(&mut self, at: usize, hash: u32) {
        let kept = u64::from(hash >> Self::FIRST) & ((1 << Self::BITS) - 1);
        // Copies seven bits apart: each has another of its bits lowest in an octet.
        let spread = kept.wrapping_mul(0x0000_0008_1020_4081) & LOW_BITS;
        let in_slot = |octets: u64| octets << 16 << (at & 7);
        self.0 = self.0 & !in_slot(LOW_BITS) | in_slot(spread);
    }

    /// A bit for each slot: that of this number of its hash.
    #[inline]
    fn bits(self, number: u32) -> u8 {
        let kept = number.wrapping_sub(Self::FIRST);
        (self.0 >> 16).wrapping_shr(8 * kept) as u8
    }
}

/// The lowest bit of each octet.
const LOW_BITS: u64 = u64::MAX / 255;

/// The bits of a hash that tags are made of: above those that choose the
/// bucket, below those that choose the shard.
#[inline]
fn tag(hash: u32) -> u8 {
    (hash >> 16) as u8
}

impl Bucket {
    pub const EMPTY: Bucket = Bucket {
        tags: [0; SLOTS],
        links: [Link::NONE; SLOTS],
        rest: Rest::EMPTY,
    };

    /// Links to the records in slots that may have this hash; some may lead
    /// nowhere.
    #[inline(always)]
    pub fn matching(&self, hash: u32) -> Matching<'_> {
        const HIGH: u64 = LOW_BITS << 7;
        // The highest bit of each byte that is zero; perhaps of a byte after
        // such a one as well, which the comparison of keys will tell.
        let differ = u64::from_le_bytes(self.tags) ^ (LOW_BITS * u64::from(tag(hash)));
        Matching {
            same: differ.wrapping_sub(LOW_BITS) & !differ & HIGH,
            links: &self.links,
        }
    }

    /// The first of the records that found no slot.
    #[inline]
    pub fn overflow(&self) -> Link {
        self.rest.overflow()
    }

    /// Moves the slots with a bit here to a bucket of their own.
    #[inline]
    fn take(&mut self, mut slots: u8) -> Bucket {
        let mut taken = Bucket {
            rest: self.rest,
            ..Bucket::EMPTY
        };
        let ours = self.tags.iter_mut().zip(&mut self.links);
        let theirs = taken.tags.iter_mut().zip(&mut taken.links);
        for ((tag, link), (their_tag, their_link)) in ours.zip(theirs) {
            if slots & 1 != 0 {
                core::mem::swap(tag, their_tag);
                core::mem::swap(link, their_link);
            }
            slots >>= 1;
        }
        taken
    }

    /// Adds a record.  The next in its chain, which is the record's to keep.
    fn insert(&mut self, hash: u32, place: Place) -> Link {
        let mut slots = self.tags.iter_mut().zip(&mut self.links).enumerate();
        if let Some((at, (slot, link))) = slots.find(|(_, (_, link))| **link == Link::NONE) {
            *slot = tag(hash);
            *link = Link::to(place);
            self.rest.set_bits(at, hash);
            return Link::NONE;
        }
        let next = self.overflow();
        self.rest.set_overflow(Link::to(place));
        next
    }

    /// Removes a record whose chain goes on with `next`.  `false` when it is
    /// further down the chain.
    fn remove(&mut self, place: Place, next: Link) -> bool {
        let gone = Link::to(place);
        let mut slots = self.tags.iter_mut().zip(&mut self.links);
        if let Some((slot, link)) = slots.find(|(_, link)| **link == gone) {
            *slot = 0;
            *link = Link::NONE;
            return true;
        }
        if self.overflow() == gone {
            self.rest.set_overflow(next);
            return true;
        }
        false
    }
}

/// See [`Bucket::matching`].
pub(super) struct Matching<'a> {
    /// A bit for each slot that is left.
    same: u64,
    links: &'a [Link; SLOTS],
}

impl Iterator for Matching<'_> {
    type Item = Link;

    #[inline(always)]
    fn next(&mut self) -> Option<Link> {
        if self.same == 0 {
            return None;
        }
        let slot = self.same.trailing_zeros() as usize / 8;
        self.same &= self.same.wrapping_sub(1);
        self.links.get(slot).copied()
    }
}

/// A part of the buckets.
pub(super) type Segment<P> = <P as Platform>::Array<Bucket, SEGMENT>;

#[repr(C)]
pub(super) struct Index<P: Platform> {
    /// Buckets in use.
    buckets: u32,
    /// The greatest power of two that is not above `buckets`, minus one.
    mask: u32,
    segments: [Option<Segment<P>>; SEGMENTS],
}

/// Allocates a segment of empty buckets.
pub(super) fn new_segment<P: Platform>(platform: &P) -> Option<Segment<P>> {
    platform.array(|_| Bucket::EMPTY)
}

/// The number of a bucket's segment, and the bucket's number in it.
#[inline]
fn split_number(bucket: u32) -> (usize, usize) {
    let bucket = bucket as usize;
    (bucket / SEGMENT % SEGMENTS, bucket % SEGMENT)
}

impl<P: Platform> Index<P> {
    pub fn new() -> Self {
        Index {
            buckets: 0,
            mask: 0,
            segments: [const { None }; SEGMENTS],
        }
    }

    /// Without a bucket nothing can be found or kept.
    pub fn is_empty(&self) -> bool {
        self.buckets == 0
    }

    /// The bucket of a hash: its low bits, one more of them where the bucket
    /// has been split already.
    #[inline]
    fn number(&self, hash: u32) -> u32 {
        let next = hash & (self.mask << 1 | 1);
        if next < self.buckets {
            next
        } else {
            hash & self.mask
        }
    }

    /// The bucket of a hash; `None` before the first segment is there.
    #[inline]
    pub fn bucket(&self, hash: u32) -> Option<&Bucket> {
        let (segment, at) = split_number(self.number(hash));
        self.segments.get(segment)?.as_ref()?.get(at)
    }

    #[inline]
    fn bucket_mut(&mut self, number: u32) -> Option<&mut Bucket> {
        let (segment, at) = split_number(number);
        self.segments.get_mut(segment)?.as_mut()?.get_mut(at)
    }

    /// Adds a record.  The next in its chain, which is the record's to keep;
    /// `None` when there is no bucket.
    pub fn insert(&mut self, hash: u32, place: Place) -> Option<Link> {
        let bucket = self.bucket_mut(self.number(hash))?;
        Some(bucket.insert(hash, place))
    }

    /// Removes a record whose chain goes on with `next`.  When the record is
    /// further down a chain, the chain's first is returned, and the caller
    /// takes it out there.
    pub fn remove(&mut self, hash: u32, place: Place, next: Link) -> Link {
        let Some(bucket) = self.bucket_mut(self.number(hash)) else {
            return Link::NONE;
        };
        if bucket.remove(place, next) {
            Link::NONE
        } else {
            bucket.overflow()
        }
    }

    /// Must a segment be supplied before the index can hold one more than
    /// `records`, none of them far down a chain?
    pub fn lacks_segment(&self, records: usize) -> bool {
        let (next, _) = split_number(self.buckets);
        records >= LOAD * self.buckets as usize && matches!(self.segments.get(next), Some(None))
    }

    /// Takes the next segment; one that is not wanted any more is dropped.
    pub fn supply_segment(&mut self, segment: Segment<P>) {
        let (next, _) = split_number(self.buckets);
        if let Some(place @ None) = self.segments.get_mut(next) {
            *place = Some(segment);
            if self.buckets == 0 {
                self.buckets = SEGMENT as u32;
                self.mask = self.buckets - 1;
            }
        }
    }

    /// Is one more bucket to be taken into use for so many records?
    #[inline(always)]
    pub fn is_small_for(&self, records: usize) -> bool {
        records > LOAD * self.buckets as usize
    }

    /// Takes the next bucket into use, if it is not the last and its segment is
    /// there, and moves there what belongs there of one bucket.  That bucket's
    /// chain is returned, for the caller to insert anew.
    pub fn split(&mut self) -> Link {
        if self.buckets as usize == SEGMENTS * SEGMENT {
            return Link::NONE;
        }
        self.split_next().unwrap_or(Link::NONE)
    }

    fn split_next(&mut self) -> Option<Link> {
        let new = self.buckets;
        self.bucket_mut(new)?;
        // The bit of the hash that leads to the one and not to the other.
        let bit = new.checked_ilog2()?;
        let old = self.bucket_mut(new & self.mask)?;
        let chain = old.overflow();
        old.rest.set_overflow(Link::NONE);
        let taken = old.take(old.rest.bits(bit));
        *self.bucket_mut(new)? = taken;
        self.buckets = new.saturating_add(1);
        if self.buckets > self.mask << 1 | 1 {
            self.mask = self.mask << 1 | 1;
        }
        Some(chain)
    }
}

#[cfg(test)]
pub(super) mod tests {
    extern crate std;
    use super::*;
    use std::boxed::Box;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    #[test]
    fn a_bucket_is_half_a_line_and_a_segment_a_page() {
        assert_eq!(size_of::<Bucket>(), 32);
        assert_eq!(SEGMENT * size_of::<Bucket>(), 4096);
    }

    /// A platform of which only the heap is used.
    pub struct Heap;
    pub struct Never;

    impl<T> crate::platform::Lock<T> for Never {
        fn with<R>(&self, _: impl FnOnce(&mut T) -> R) -> R {
            unreachable!()
        }
    }

    impl<T> crate::platform::Once<T> for Never {
        fn get(&self) -> Option<&T> {
            unreachable!()
        }

        fn set(&self, _: T) -> bool {
            unreachable!()
        }
    }

    impl Platform for Heap {
        type Slab<T> = Box<[T]>;
        type Array<T, const N: usize> = Box<[T; N]>;
        type Lock<T> = Never;
        type Locks<T, const N: usize> = Box<[Never; N]>;
        type Once<T> = Never;

        fn slab<T>(&self, len: usize, fill: impl FnMut(usize) -> T) -> Option<Box<[T]>> {
            Some((0..len).map(fill).collect())
        }

        fn locks<T, const N: usize>(&self, _: impl FnMut(usize) -> T) -> Option<Box<[Never; N]>> {
            unreachable!()
        }

        fn once<T>(&self) -> Never {
            unreachable!()
        }
    }

    /// Up to the last place that there is, which is beyond the last bucket.
    #[test]
    fn what_it_holds_is_found_however_large_it_grows() {
        let hashes: Vec<u32> = (0..u32::from(Place::LAST))
            .map(|n| n.wrapping_mul(0x9e37_79b9).rotate_left(13))
            .collect();
        let mut next = std::vec![Link::NONE; hashes.len()];
        let mut index = Index::<Heap>::new();
        for (n, hash) in hashes.iter().enumerate() {
            if index.lacks_segment(n) {
                index.supply_segment(new_segment(&Heap).unwrap());
            }
            next[n] = index.insert(*hash, Place(n as u32)).unwrap();
            let mut chain = if index.is_small_for(n + 1) {
                index.split()
            } else {
                Link::NONE
            };
            while let Some(place) = chain.place() {
                let at = place.0 as usize;
                chain = next[at];
                next[at] = index.insert(hashes[at], place).unwrap();
            }
            // As much memory as that many records call for.
            let buckets = (n + 1).div_ceil(LOAD).clamp(SEGMENT, SEGMENTS * SEGMENT);
            assert_eq!(index.buckets as usize, buckets, "with {} records", n + 1);
        }
        assert_eq!(index.buckets as usize, SEGMENTS * SEGMENT);
        for (n, hash) in hashes.iter().enumerate() {
            let wanted = Link::to(Place(n as u32));
            let bucket = index.bucket(*hash).unwrap();
            let after = |link: &Link| Some(next[link.place()?.0 as usize]);
            let mut chain = std::iter::successors(Some(bucket.overflow()), after);
            let found = bucket.matching(*hash).any(|link| link == wanted);
            assert!(found || chain.any(|link| link == wanted), "{n}");
        }
    }

    #[test]
    fn every_bucket_has_a_place_of_its_own() {
        let buckets = SEGMENTS * SEGMENT;
        let places: BTreeSet<_> = (0..buckets as u32).map(split_number).collect();
        assert_eq!(places.len(), buckets);
        assert!(places.iter().all(|(n, at)| *n < SEGMENTS && *at < SEGMENT));
    }

    #[test]
    fn a_bucket_finds_what_was_put_in_and_chains_the_rest() {
        for tags in [[1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 0, 1, 0, 1, 0, 255], [9; 8]] {
            let mut bucket = Bucket::EMPTY;
            for (at, tag) in tags.into_iter().enumerate() {
                assert_eq!(bucket.insert(tag << 16, Place(at as u32)), Link::NONE);
            }
            for (at, tag) in tags.into_iter().enumerate() {
                let found: Vec<Link> = bucket.matching(tag << 16).collect();
                let place = Link::to(Place(at as u32));
                assert!(found.contains(&place), "{tags:?} at {at}");
            }
            let nobody = bucket.matching(100 << 16).count();
            assert_eq!(nobody, 0, "{tags:?}: nothing is compared in vain");
            assert_eq!(bucket.insert(0, Place(32_767)), Link::NONE);
            let next = bucket.insert(0, Place(9));
            assert_eq!(next, Link::to(Place(32_767)));
            assert!(!bucket.remove(Place(32_767), Link::NONE), "down the chain");
            assert!(bucket.remove(Place(9), next));
            assert!(bucket.remove(Place(32_767), Link::NONE));
            assert!(bucket.remove(Place(3), Link::NONE));
            assert_eq!(bucket.insert(77 << 16, Place(3)), Link::NONE);
            assert!(bucket.links.iter().all(|link| *link != Link::NONE));
        }
    }
}
