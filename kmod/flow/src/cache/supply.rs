// SPDX-License-Identifier: BSD-2-Clause
//! What tables are made of, in pieces of at most 4 KiB, allocated while no
//! lock is held.

use crate::address::Address;
use crate::platform::Platform;

use super::index::{self, Segment};
use super::page::Page;
use super::pages::Directory;

/// What must be there before a table can have one more record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// A segment of the index.
    Segment,
    /// Room for pages.
    Directory,
    /// A page.
    Page,
    /// What there can be no more of.
    Place,
}

/// What a table is given.
pub(super) enum Supply<P: Platform, A: Address> {
    Segment(Segment<P>),
    Directory(Directory<P, A>),
    Page(Page<P, A>),
}

impl<P: Platform, A: Address> Supply<P, A> {
    /// Allocates what is lacking.
    pub fn allocate(platform: &P, lacking: Lacking) -> Option<Self> {
        Some(match lacking {
            Lacking::Segment => Supply::Segment(index::new_segment(platform)?),
            Lacking::Directory => Supply::Directory(Directory::new(platform)?),
            Lacking::Page => Supply::Page(Page::new(platform)?),
            Lacking::Place => return None,
        })
    }
}
