// SPDX-License-Identifier: BSD-2-Clause
//! The index of a table: linear hashing (W. Litwin, VLDB 1980).
//!
//! Buckets hold the head of a chain that runs through the records.  Whenever
//! there are more records than buckets, one bucket is split in two, so no
//! packet ever pays for more than moving one chain, and the mean chain stays
//! at about one record.  Buckets lie in segments, each as large as all before
//! it; nothing moves when one is added.

use crate::platform::Platform;

/// The place of a record, or none: a place number plus one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u32);

impl Link {
    pub const NONE: Link = Link(0);

    pub fn to(place: Place) -> Self {
        Link(place.0.wrapping_add(1))
    }

    #[inline]
    pub fn place(self) -> Option<Place> {
        self.0.checked_sub(1).map(Place)
    }
}

/// Where a record lies in its table: the number of its page times 64, plus
/// its number in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub u32);

/// Buckets in the first segment, a power of two.
const FIRST_SEGMENT: usize = 64;
/// Segments of 64, 64, 128, 256 … 8,192 buckets: 16,384 in all, of which the
/// last segment is a piece of 32 KiB, and every other one smaller.
const SEGMENTS: usize = 9;

pub(super) struct Index<P: Platform> {
    segments: [Option<P::Slab<Link>>; SEGMENTS],
    /// Buckets in use.
    buckets: usize,
}

/// The segment of a bucket, and its number there.
#[inline]
fn locate(bucket: usize) -> (usize, usize) {
    let group = bucket / FIRST_SEGMENT;
    if group == 0 {
        return (0, bucket);
    }
    let level = group.ilog2();
    let start = FIRST_SEGMENT << level;
    (level as usize + 1, bucket - start)
}

/// Buckets in a segment.
fn segment_len(segment: usize) -> usize {
    FIRST_SEGMENT << segment.saturating_sub(1)
}

impl<P: Platform> Index<P> {
    pub fn new() -> Self {
        Index {
            segments: [const { None }; SEGMENTS],
            buckets: 0,
        }
    }

    /// Without a bucket nothing can be found or kept.
    pub fn is_empty(&self) -> bool {
        self.buckets == 0
    }

    /// The bucket of a hash: its low bits, one more of them where the bucket
    /// has been split already.
    #[inline]
    fn bucket(&self, hash: u32) -> usize {
        let hash = hash as usize;
        let Some(level) = self.buckets.checked_ilog2() else {
            return 0;
        };
        let low = hash & ((1 << level) - 1);
        let next = hash & ((2 << level) - 1);
        if next < self.buckets {
            next
        } else {
            low
        }
    }

    #[inline]
    fn head(&self, bucket: usize) -> Option<&Link> {
        let (segment, at) = locate(bucket);
        self.segments.get(segment)?.as_ref()?.get(at)
    }

    #[inline]
    fn head_mut(&mut self, bucket: usize) -> Option<&mut Link> {
        let (segment, at) = locate(bucket);
        self.segments.get_mut(segment)?.as_mut()?.get_mut(at)
    }

    /// The first record that may have this hash.
    #[inline]
    pub fn chain(&self, hash: u32) -> Link {
        self.head(self.bucket(hash)).copied().unwrap_or(Link::NONE)
    }

    /// The head of the chain that a hash belongs to; `None` before the first
    /// segment is there.
    #[inline]
    pub fn chain_mut(&mut self, hash: u32) -> Option<&mut Link> {
        self.head_mut(self.bucket(hash))
    }

    /// The length of the segment that is needed before the index can hold
    /// `records` with chains of about one, if one is missing.
    pub fn wants(&self, records: usize) -> Option<usize> {
        if records < self.buckets {
            return None;
        }
        let (segment, _) = locate(self.buckets);
        match self.segments.get(segment)? {
            Some(_) => None,
            None => Some(segment_len(segment)),
        }
    }

    /// Adds the segment that [`Index::wants`] asked for; one that is not
    /// wanted any more is given back by being dropped.
    pub fn supply(&mut self, segment: P::Slab<Link>) {
        let (number, _) = locate(self.buckets);
        if let Some(slot @ None) = self.segments.get_mut(number) {
            if segment.len() == segment_len(number) {
                *slot = Some(segment);
                if self.buckets == 0 {
                    self.buckets = FIRST_SEGMENT;
                }
            }
        }
    }

    /// Takes the next bucket into use, if there are fewer buckets than
    /// `records` and its segment is there.  The caller then distributes the
    /// chain that is returned with [`Index::chain_mut`].
    pub fn split(&mut self, records: usize) -> Option<Link> {
        if self.buckets == 0 || records <= self.buckets {
            return None;
        }
        self.head(self.buckets)?;
        let level = self.buckets.ilog2();
        let parent = self.buckets - (1 << level);
        let chain = core::mem::replace(self.head_mut(parent)?, Link::NONE);
        self.buckets += 1;
        Some(chain)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn segments_follow_each_other_without_gap() {
        let mut expected = 0;
        for segment in 0..SEGMENTS {
            for at in 0..segment_len(segment) {
                assert_eq!(locate(expected), (segment, at));
                expected += 1;
            }
        }
        assert_eq!(expected, 16_384);
    }
}
