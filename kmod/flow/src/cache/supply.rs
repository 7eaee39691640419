// SPDX-License-Identifier: BSD-2-Clause
//! What tables are made of, in pieces of at most 4 KiB, allocated while no
//! lock is held.

use crate::address::Address;
use crate::platform::Platform;

use super::index::{self, Segment};
use super::page::Page;
use super::pages::Directory;

/// What a table needs before it can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// A segment of the index.
    Segment,
    /// Room for pages.
    Directory,
    /// A page.
    Page,
}

/// What a table is given.
pub(super) enum Supply<P: Platform, A: Address> {
    Segment(Segment<P>),
    Directory(Directory<P, A>),
    Page(Page<P, A>),
}

impl<P: Platform, A: Address> Supply<P, A> {
    /// Allocates what is wanted.
    pub fn allocate(platform: &P, wants: Wants) -> Option<Self> {
        Some(match wants {
            Wants::Segment => Supply::Segment(index::new_segment(platform)?),
            Wants::Directory => Supply::Directory(Directory::new(platform)?),
            Wants::Page => Supply::Page(Page::new(platform)?),
        })
    }
}
