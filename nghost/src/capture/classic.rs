// SPDX-License-Identifier: BSD-2-Clause
//! The classic format, pcap-savefile(5): a header, then records.

use std::io::Read;

use super::input::{Fault, Input, Order};
use super::{Link, Record};

/// Octets of the file's header behind its magic number.
const HEADER_LEN: usize = 20;
/// Octets of a record before its frame.
const RECORD_LEN: usize = 16;

/// Reads records.
pub struct Reader {
    order: Order,
    link: Link,
    /// Nanoseconds in a unit of a stamp's fraction.
    fraction: u64,
}

impl Reader {
    /// Reads the header that follows `magic`.
    pub fn open<R: Read>(magic: [u8; 4], input: &mut Input<R>) -> Result<Self, Fault> {
        let (order, fraction) = match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1_000),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1_000),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1),
            _ => return Err(Fault::Corrupt("the magic number is unknown")),
        };
        let header = input.take(HEADER_LEN)?;
        let link = order.u32(header, 16).ok_or(Fault::CutOff)?;
        Ok(Reader {
            order,
            link: Link::of(link),
            fraction,
        })
    }

    /// What all frames begin with.
    pub fn link(&self) -> Link {
        self.link
    }

    /// The next record, `None` at the end.
    #[inline(always)]
    pub fn next<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<Record>, Fault> {
        if input.is_at_end()? {
            return Ok(None);
        }
        let record = input.take(RECORD_LEN)?;
        let (words, _) = record.as_chunks::<4>();
        let &[secs, fraction, len, _] = words else {
            return Err(Fault::CutOff);
        };
        let [secs, fraction, len] = match self.order {
            Order::Big => [secs, fraction, len].map(u32::from_be_bytes),
            Order::Little => [secs, fraction, len].map(u32::from_le_bytes),
        };
        let len = len as usize;
        input.take(len)?;
        Ok(Some(Record {
            link: self.link,
            time: u64::from(secs) * 1_000_000_000 + u64::from(fraction) * self.fraction,
            frame: 0..len,
        }))
    }
}
