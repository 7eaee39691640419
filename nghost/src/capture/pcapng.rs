// SPDX-License-Identifier: BSD-2-Clause
//! The newer format, pcapng(5) and draft-ietf-opsawg-pcapng: sections of
//! blocks, of which these matter here:
//!
//! ```text
//!   0x0a0d0d0a  section header       byte order; forgets interfaces
//!            1  interface            link type, snapshot length, unit of time
//!            2  packet, obsolete     interface, stamp, frame
//!            3  simple packet        frame of interface 0, no stamp
//!            6  enhanced packet      interface, stamp, frame
//! ```
//!
//! All others, and all options but an interface's unit and offset of time, are
//! passed over unread: a comment may hold what it likes.

use std::io::Read;
use std::ops::Range;

use super::input::{Fault, Input, Order};
use super::{Link, Record, MAX_FRAME, TOO_LONG};

/// The type of a section header, the same in both byte orders.
pub const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Options of an interface.
const END_OF_OPTIONS: u16 = 0;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// Octets of a block before its body: type and length.
const BEFORE: usize = 8;
/// Octets of a block around its body: the length comes again behind it.
const AROUND: usize = BEFORE + 4;

/// The unit of stamps unless an interface says otherwise: microseconds.
const MICROSECONDS: u8 = 6;

/// Octets of a block at most, as in libpcap: options and name resolutions may
/// be long, but memory is not taken for whatever number a file has.
const MAX_BLOCK: usize = 16 << 20;

const BAD_LENGTH: Fault = Fault::Corrupt("a block's length makes no sense");

/// Reads blocks.
pub struct Reader {
    order: Order,
    interfaces: Vec<Interface>,
    /// The latest packet's time, for those that have none.
    time: u64,
}

struct Interface {
    link: Link,
    /// Octets of a frame at most; 0 for no limit.
    snapshot_len: u32,
    /// `if_tsresol`: a power of 10, or of 2 when the highest bit is set.
    resolution: u8,
    /// `if_tsoffset`: seconds to be added to each stamp.
    offset: i64,
}

impl Reader {
    /// Reads the first section header.
    pub fn open<R: Read>(input: &mut Input<R>) -> Result<Self, Fault> {
        let mut reader = Reader {
            order: Order::Little,
            interfaces: Vec::new(),
            time: 0,
        };
        reader.section(input)?;
        Ok(reader)
    }

    /// The next packet, `None` at the end.
    #[inline(never)]
    pub fn next<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<Record>, Fault> {
        while !input.is_at_end()? {
            let start = input.peek(4)?;
            if start == MAGIC {
                self.section(input)?;
                continue;
            }
            let ty = self.order.u32(start, 0).ok_or(Fault::CutOff)?;
            let body = block(self.order, input)?;
            let record = match ty {
                INTERFACE => {
                    let interface = Interface::read(self.order, body).ok_or(BAD_LENGTH)?;
                    self.interfaces.push(interface);
                    continue;
                }
                ENHANCED_PACKET => self.packet(body, self.order.u32(body, 0))?,
                OBSOLETE_PACKET => self.packet(body, self.order.u16(body, 0).map(u32::from))?,
                SIMPLE_PACKET => self.simple_packet(body)?,
                _ => continue,
            };
            self.time = record.time;
            return Ok(Some(record));
        }
        Ok(None)
    }

    /// A section header: the byte order is told by the body's first number.
    fn section<R: Read>(&mut self, input: &mut Input<R>) -> Result<(), Fault> {
        let order = match input.peek(BEFORE + 4)?[BEFORE..] {
            [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
            [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
            _ => return Err(Fault::Corrupt("a section's byte order is unknown")),
        };
        block(order, input)?;
        self.order = order;
        self.interfaces.clear();
        Ok(())
    }

    /// The two kinds of packet with a stamp differ in their first four octets.
    fn packet(&self, body: &[u8], interface: Option<u32>) -> Result<Record, Fault> {
        let interface = self.interface(interface.ok_or(BAD_LENGTH)?)?;
        let number = |at| self.order.u32(body, at).ok_or(BAD_LENGTH);
        let (high, low) = (number(4)?, number(8)?);
        let ticks = u64::from(high) << 32 | u64::from(low);
        let frame = 20..20 + number(12)? as usize;
        interface.record(interface.to_nanos(ticks), body, frame, number(16)?)
    }

    /// Its frame is as long as the packet was, or as the snapshot length; what
    /// follows is padding. It has no stamp: it came when the one before came.
    fn simple_packet(&self, body: &[u8]) -> Result<Record, Fault> {
        let interface = self.interface(0)?;
        let len = self.order.u32(body, 0).ok_or(BAD_LENGTH)?;
        let captured = match interface.snapshot_len {
            0 => len,
            most => len.min(most),
        };
        interface.record(self.time, body, 4..4 + captured as usize, len)
    }

    fn interface(&self, index: u32) -> Result<&Interface, Fault> {
        let interface = self.interfaces.get(index as usize);
        interface.ok_or(Fault::Corrupt("a packet's interface is unknown"))
    }
}

impl Interface {
    /// Reads a block's body. `None` when it is too short.
    fn read(order: Order, body: &[u8]) -> Option<Self> {
        let mut interface = Interface {
            link: Link::of(order.u16(body, 0)?.into()),
            snapshot_len: order.u32(body, 4)?,
            resolution: MICROSECONDS,
            offset: 0,
        };
        let mut options = &body[8..];
        while !options.is_empty() {
            let (code, len) = (order.u16(options, 0)?, order.u16(options, 2)?);
            let value = options.get(4..)?.get(..usize::from(len))?;
            match (code, value) {
                (END_OF_OPTIONS, _) => break,
                (IF_TSRESOL, [resolution]) => interface.resolution = *resolution,
                (IF_TSOFFSET, [_, _, _, _, _, _, _, _]) => {
                    let (first, second) = (order.u32(value, 0)?, order.u32(value, 4)?);
                    let (high, low) = match order {
                        Order::Big => (first, second),
                        Order::Little => (second, first),
                    };
                    interface.offset = (u64::from(high) << 32 | u64::from(low)).cast_signed();
                }
                _ => {}
            }
            let padded = 4 + usize::from(len).next_multiple_of(4);
            options = options.get(padded..)?;
        }
        Some(interface)
    }

    /// A frame in a block's body, which was taken with its block, of a packet of `len`
    /// octets.
    fn record(
        &self,
        time: u64,
        body: &[u8],
        frame: Range<usize>,
        len: u32,
    ) -> Result<Record, Fault> {
        if frame.len() > MAX_FRAME {
            return Err(TOO_LONG);
        }
        if frame.end > body.len() {
            return Err(BAD_LENGTH);
        }
        Ok(Record {
            link: self.link,
            time,
            frame: BEFORE + frame.start..BEFORE + frame.end,
            len,
        })
    }

    /// A stamp in nanoseconds since 1970; what is beyond them is 0.
    fn to_nanos(&self, ticks: u64) -> u64 {
        let exponent = u32::from(self.resolution & 0x7f);
        let per_second = if self.resolution & 0x80 != 0 {
            1u128.checked_shl(exponent)
        } else {
            10u128.checked_pow(exponent)
        };
        let Some(per_second) = per_second else {
            return 0;
        };
        let nanos = u128::from(ticks) * 1_000_000_000 / per_second;
        let offset = i128::from(self.offset) * 1_000_000_000;
        u64::try_from(nanos.cast_signed() + offset).unwrap_or(0)
    }
}

/// Takes a block, all of it or nothing: its body. Blocks are padded to
/// multiples of 4.
fn block<R: Read>(order: Order, input: &mut Input<R>) -> Result<&[u8], Fault> {
    let len = order.u32(input.peek(BEFORE)?, 4).ok_or(Fault::CutOff)?;
    let whole = len as usize;
    if !whole.is_multiple_of(4) || !(AROUND..=MAX_BLOCK).contains(&whole) {
        return Err(BAD_LENGTH);
    }
    let (body, again) = input.take(whole)?[BEFORE..].split_at(whole - AROUND);
    match order.u32(again, 0) {
        Some(again) if again == len => Ok(body),
        _ => Err(BAD_LENGTH),
    }
}
