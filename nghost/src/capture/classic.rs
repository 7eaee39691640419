// SPDX-License-Identifier: BSD-2-Clause
//! The classic format, pcap-savefile(5): a header, then records.

use std::io::Read;
use std::ops::Range;

use super::input::{Fault, Input, Order};
use super::{Link, Record, MAX_FRAME, TOO_LONG};

/// Octets of the file's header.
const HEADER_LEN: usize = 24;
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
    /// Reads the header.
    pub fn open<R: Read>(input: &mut Input<R>) -> Result<Self, Fault> {
        let (order, fraction) = match *input.peek(4)? {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1_000),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1_000),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1),
            _ => return Err(Fault::Corrupt("the magic number is unknown")),
        };
        let header = input.take(HEADER_LEN)?;
        let link = order.u32(header, 20).ok_or(Fault::CutOff)?;
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
        // Mostly it is all there, and is taken at once.
        if let Some(header) = input.ahead().first_chunk().copied() {
            let len = RECORD_LEN + self.frame_len(&header)?;
            if len <= input.ahead().len() {
                input.take(len)?;
                return Ok(Some(self.record(&header, RECORD_LEN..len)));
            }
        }
        self.read(input)
    }

    /// Splits the first record off, if all of it is there: its frame.
    #[inline]
    pub fn split<'a>(&self, records: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (header, after) = records.split_first_chunk()?;
        let (frame, after) = after.split_at_checked(self.frame_len(header).ok()?)?;
        *records = after;
        Some(frame)
    }

    /// The same with what must be read for it.
    #[cold]
    fn read<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<Record>, Fault> {
        if input.is_at_end()? {
            return Ok(None);
        }
        let header = *input.peek(RECORD_LEN)?.first_chunk().ok_or(Fault::CutOff)?;
        let len = RECORD_LEN + self.frame_len(&header)?;
        input.take(len)?;
        Ok(Some(self.record(&header, RECORD_LEN..len)))
    }

    #[inline(always)]
    fn record(&self, header: &[u8; RECORD_LEN], frame: Range<usize>) -> Record {
        let (secs, fraction) = (self.number(header, 0), self.number(header, 4));
        Record {
            link: self.link,
            time: u64::from(secs) * 1_000_000_000 + u64::from(fraction) * self.fraction,
            frame,
            len: self.number(header, 12),
        }
    }

    #[inline(always)]
    fn frame_len(&self, header: &[u8; RECORD_LEN]) -> Result<usize, Fault> {
        match self.number(header, 8) as usize {
            len @ ..=MAX_FRAME => Ok(len),
            _ => Err(TOO_LONG),
        }
    }

    /// A number of a record's header, which has all of them.
    #[inline(always)]
    fn number(&self, header: &[u8; RECORD_LEN], at: usize) -> u32 {
        self.order.u32(header, at).unwrap_or(0)
    }
}
