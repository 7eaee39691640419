// SPDX-License-Identifier: BSD-2-Clause
//! NetFlow version 9 (RFC 3954), with base's templates.
//!
//! A header of 20 octets, then FlowSets: one of templates in the first
//! datagram and again after so many datagrams or seconds, and one of records
//! for each run of records of the same IP version.  All numbers are
//! big-endian; a FlowSet ends on a multiple of 4 octets.

mod layout;

use core::ops::RangeInclusive;

use zerocopy::IntoBytes;

use super::{AnyRecord, Appended, Clock, Protocol};
use layout::{templates, Header, Record, FLOWSET_HEADER_LEN, HEADER_LEN};
use layout::{RECORD_LEN_V6, TEMPLATES, TEMPLATES_LEN};
use layout::{TEMPLATE_FLOWSET, TEMPLATE_V4, TEMPLATE_V6};

/// What base leaves of the MTU for IP and UDP: an IPv6 and a UDP header and
/// 16 octets of options.
const HEADROOM: usize = 40 + 8 + 16;

/// How version 9 is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Seconds between two announcements of the templates.
    pub template_secs: u16,
    /// Datagrams between two announcements of the templates.
    pub template_datagrams: u16,
    /// MTU of the path to the collector, in octets.  One of less than
    /// [`Settings::MIN_MTU`] counts as that.
    pub mtu: u16,
}

impl Settings {
    /// Base's defaults.
    pub const DEFAULT: Settings = Settings {
        template_secs: 600,
        template_datagrams: 500,
        mtu: 1500,
    };

    /// The MTUs that base takes.
    pub const MTUS: RangeInclusive<u16> = 24..=16_384;

    /// The smallest MTU that is kept: a datagram has room for the templates and a record.
    pub const MIN_MTU: u16 = {
        let record = (FLOWSET_HEADER_LEN + RECORD_LEN_V6).next_multiple_of(4);
        (HEADROOM + HEADER_LEN + TEMPLATES_LEN + record) as u16
    };

    /// Octets of the largest datagram.
    fn capacity(&self) -> usize {
        usize::from(self.mtu.max(Self::MIN_MTU)) - HEADROOM
    }
}

/// The sequence of version 9 datagrams of one observation domain.
#[derive(Clone, Debug)]
pub struct V9 {
    /// Datagrams before this one.
    sequence: u32,
    /// The observation domain; base puts the number of the FIB there.
    source_id: u32,
    /// Templates and records in this datagram.
    count: u16,
    /// Octets used of this datagram.
    len: usize,
    /// Octets that this datagram may have.
    capacity: usize,
    /// Template and offset of the FlowSet that is being filled.
    flowset: Option<(u16, usize)>,
    /// Sequence number and uptime in milliseconds of the last announcement.
    announced: Option<(u32, u64)>,
}

impl V9 {
    /// A sequence that begins at 0, with the templates to be announced.
    pub fn new(source_id: u32) -> Self {
        V9 {
            sequence: 0,
            source_id,
            count: 0,
            len: 0,
            capacity: 0,
            flowset: None,
            announced: None,
        }
    }

    fn must_announce(&self, settings: &Settings, now: u64) -> bool {
        self.announced.is_none_or(|(sequence, at)| {
            self.sequence.wrapping_sub(sequence) >= u32::from(settings.template_datagrams)
                || now.saturating_sub(at) >= u64::from(settings.template_secs) * 1000
        })
    }

    // Rarely announces templates: that work has no place in append()'s frame.
    #[inline(never)]
    fn begin(&mut self, buffer: &mut [u8], settings: &Settings, now: u64) {
        self.capacity = settings.capacity().min(buffer.len());
        self.len = HEADER_LEN;
        self.flowset = None;
        if self.must_announce(settings, now) {
            self.announced = Some((self.sequence, now));
            for byte in templates() {
                self.put(buffer, &[byte]);
            }
            self.count = TEMPLATES;
        }
    }

    /// Puts the templates before what the datagram holds, if there is room for
    /// them and another record; the next datagram brings them in any case.
    #[inline(never)]
    fn insert_templates(&mut self, buffer: &mut [u8]) {
        let end = self.len + TEMPLATES_LEN;
        let Some(body) = buffer.get_mut(HEADER_LEN..end) else {
            return;
        };
        let are_there = body.starts_with(&TEMPLATE_FLOWSET.to_be_bytes());
        if are_there || !self.has_room_after(end) || body.len() < TEMPLATES_LEN {
            return;
        }
        body.rotate_right(TEMPLATES_LEN);
        for (place, byte) in body.iter_mut().zip(templates()) {
            *place = byte;
        }
        self.len = end;
        self.count += TEMPLATES;
        if let Some((_, at)) = &mut self.flowset {
            *at += TEMPLATES_LEN;
        }
    }

    fn put(&mut self, buffer: &mut [u8], bytes: &[u8]) {
        if let Some(place) = buffer
            .get_mut(self.len..)
            .and_then(|rest| rest.get_mut(..bytes.len()))
        {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Ends the FlowSet that is being filled, if there is one.
    fn close_flowset(&mut self, buffer: &mut [u8]) {
        let Some((_, at)) = self.flowset.take() else {
            return;
        };
        while !self.len.is_multiple_of(4) {
            let before = self.len;
            self.put(buffer, &[0]);
            if self.len == before {
                break;
            }
        }
        let len = (self.len - at) as u16;
        if let Some(place) = buffer
            .get_mut(at + 2..)
            .and_then(|rest| rest.first_chunk_mut())
        {
            *place = len.to_be_bytes();
        }
    }

    fn append_encoded(&mut self, buffer: &mut [u8], template: u16, record: &[u8]) {
        if self.flowset.is_none_or(|(open, _)| open != template) {
            self.close_flowset(buffer);
            self.flowset = Some((template, self.len));
            let [high, low] = template.to_be_bytes();
            self.put(buffer, &[high, low, 0, 0]);
        }
        self.put(buffer, record);
        self.count += 1;
    }

    /// Is there room for a record of either version after so many octets?
    fn has_room_after(&self, len: usize) -> bool {
        let end = len.next_multiple_of(4);
        let record = (FLOWSET_HEADER_LEN + RECORD_LEN_V6).next_multiple_of(4);
        end + record <= self.capacity
    }
}

impl Protocol for V9 {
    type Settings = Settings;

    fn max_len(settings: &Settings) -> usize {
        settings.capacity()
    }

    fn append(
        &mut self,
        buffer: &mut [u8],
        record: &AnyRecord,
        settings: &Settings,
        now: u64,
    ) -> Appended {
        if self.count == 0 {
            self.begin(buffer, settings, now);
        }
        match record {
            AnyRecord::V4(record) => {
                let record = Record::of(record, |address| address.octets());
                self.append_encoded(buffer, TEMPLATE_V4, record.as_bytes());
            }
            AnyRecord::V6(record) => {
                let record = Record::of(record, |address| address.octets());
                self.append_encoded(buffer, TEMPLATE_V6, record.as_bytes());
            }
        }
        if self.has_room_after(self.len) {
            Appended::Room
        } else {
            Appended::Full
        }
    }

    fn lost(&mut self, buffer: &mut [u8]) {
        self.announced = None;
        if self.count > 0 {
            self.insert_templates(buffer);
        }
    }

    fn finish(&mut self, buffer: &mut [u8], clock: Clock) -> usize {
        if self.count == 0 {
            return 0;
        }
        self.close_flowset(buffer);
        let count = core::mem::take(&mut self.count);
        let header = Header::new(count, self.sequence, self.source_id, clock);
        if header.write_to_prefix(buffer).is_err() {
            return 0;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.len
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::layout::{RECORD_LEN_V4, TEMPLATE_FLOWSET};
    use super::*;
    use crate::{FlowRecord, Key, Path};
    use core::net::{Ipv4Addr, Ipv6Addr};
    use std::vec;
    use std::vec::Vec;

    fn v4() -> AnyRecord {
        AnyRecord::V4(FlowRecord {
            key: Key {
                src: Ipv4Addr::new(192, 168, 1, 2),
                dst: Ipv4Addr::new(192, 168, 1, 1),
                sport: 40_000,
                dport: 80,
                proto: 6,
                tos: 0,
                input: 2,
                fib: 0,
            },
            path: Path {
                next_hop: Ipv4Addr::UNSPECIFIED,
                output: 1,
                src_mask: 24,
                dst_mask: 32,
            },
            packets: 7,
            octets: 378,
            first: 12_000,
            last: 12_000,
            tcp_flags: 0x1b,
        })
    }

    fn v6() -> AnyRecord {
        AnyRecord::V6(FlowRecord {
            key: Key {
                src: "2001:db8::2".parse().unwrap(),
                dst: "2001:db8::1".parse().unwrap(),
                sport: 5354,
                dport: 5354,
                proto: 17,
                tos: 0,
                input: 2,
                fib: 0,
            },
            path: Path {
                next_hop: Ipv6Addr::UNSPECIFIED,
                output: 1,
                src_mask: 64,
                dst_mask: 128,
            },
            packets: 1,
            octets: 52,
            first: 12_000,
            last: 12_000,
            tcp_flags: 0,
        })
    }

    const CLOCK: Clock = Clock {
        uptime: 22_000,
        unix_secs: 0x6b03_c24a,
        unix_nanos: 0,
    };

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap());
        pairs
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }

    /// What base's node sends for the same flows: templates, an IPv4 FlowSet,
    /// an IPv6 FlowSet.
    #[test]
    fn bases_datagram() {
        let settings = Settings::DEFAULT;
        let mut v9 = V9::new(0);
        let mut buffer = vec![0xff; V9::max_len(&settings)];
        assert_eq!(v9.append(&mut buffer, &v4(), &settings, 0), Appended::Room);
        assert_eq!(v9.append(&mut buffer, &v6(), &settings, 0), Appended::Room);
        let len = v9.finish(&mut buffer, CLOCK);
        let expected = hex("
            00 09 00 04 00 00 55 f0  6b 03 c2 4a 00 00 00 00 00 00 00 00
            00 00 00 ac  01 00 00 14 00 08 00 04
            00 0c 00 04 00 0f 00 04  00 0a 00 02 00 0e 00 02
            00 02 00 04 00 01 00 04  00 18 00 04 00 17 00 04
            00 16 00 04 00 15 00 04  00 07 00 02 00 0b 00 02
            00 06 00 01 00 04 00 01  00 05 00 01 00 10 00 04
            00 11 00 04 00 09 00 01  00 0d 00 01 01 03 00 14
            00 1b 00 10 00 1c 00 10  00 3e 00 10 00 0a 00 02
            00 0e 00 02 00 02 00 04  00 01 00 04 00 18 00 04
            00 17 00 04 00 16 00 04  00 15 00 04 00 07 00 02
            00 0b 00 02 00 06 00 01  00 04 00 01 00 05 00 01
            00 10 00 04 00 11 00 04  00 09 00 01 00 0d 00 01
            01 00 00 40 c0 a8 01 02  c0 a8 01 01 00 00 00 00
            00 02 00 01 00 00 00 07  00 00 01 7a 00 00 00 00
            00 00 00 00 00 00 2e e0  00 00 2e e0 9c 40 00 50
            1b 06 00 00 00 00 00 00  00 00 00 18 20 00 00 00
            01 03 00 64 20 01 0d b8  00 00 00 00 00 00 00 00
            00 00 00 02 20 01 0d b8  00 00 00 00 00 00 00 00
            00 00 00 01 00 00 00 00  00 00 00 00 00 00 00 00
            00 00 00 00 00 02 00 01  00 00 00 01 00 00 00 34
            00 00 00 00 00 00 00 00  00 00 2e e0 00 00 2e e0
            14 ea 14 ea 00 11 00 00  00 00 00 00 00 00 00 40
            80 00 00 00
        ");
        assert_eq!(&buffer[..len], &expected[..]);
    }

    /// Template FlowSets, data FlowSets and records in a datagram, read by
    /// the lengths that it announces.
    fn read(datagram: &[u8]) -> (usize, usize) {
        let word = |at: usize| u16::from_be_bytes([datagram[at], datagram[at + 1]]);
        let (mut at, mut templates, mut records) = (HEADER_LEN, 0, 0);
        while at < datagram.len() {
            let (id, len) = (word(at), usize::from(word(at + 2)));
            assert!(len % 4 == 0 && len > 4, "{len}");
            match id {
                TEMPLATE_FLOWSET => templates += 2,
                TEMPLATE_V4 => records += (len - 4) / RECORD_LEN_V4,
                TEMPLATE_V6 => records += (len - 4) / RECORD_LEN_V6,
                other => panic!("{other}"),
            }
            at += len;
        }
        assert_eq!(at, datagram.len());
        assert_eq!(usize::from(word(2)), templates + records);
        (templates, records)
    }

    #[test]
    fn every_mtu_is_kept_and_every_datagram_announces_its_lengths() {
        for mtu in (*Settings::MTUS.start()..2000).chain([*Settings::MTUS.end()]) {
            let settings = Settings {
                mtu,
                ..Settings::DEFAULT
            };
            let mut v9 = V9::new(1);
            let mut buffer = vec![0; V9::max_len(&settings)];
            let (mut sent, mut datagrams) = (0, 0);
            for n in 0..200 {
                let record = if n % 3 == 0 { v6() } else { v4() };
                if v9.append(&mut buffer, &record, &settings, 0) == Appended::Full {
                    let len = v9.finish(&mut buffer, CLOCK);
                    // Base leaves 64 octets, and no record has room any more.
                    let room = usize::from(mtu.max(Settings::MIN_MTU)) - 64 - len;
                    assert!(room < (FLOWSET_HEADER_LEN + RECORD_LEN_V6).next_multiple_of(4));
                    let (templates, records) = read(&buffer[..len]);
                    assert_eq!(templates, if datagrams == 0 { 2 } else { 0 });
                    sent += records;
                    datagrams += 1;
                }
            }
            let len = v9.finish(&mut buffer, CLOCK);
            if len > 0 {
                sent += read(&buffer[..len]).1;
            }
            assert_eq!(sent, 200, "mtu {mtu}");
        }
    }

    /// A collector that comes while a datagram is in the making can read it,
    /// if it has room for the templates, and the next one in any case.
    #[test]
    fn a_new_collector_is_told_the_templates() {
        let settings = Settings::DEFAULT;
        let mut buffer = vec![0; V9::max_len(&settings)];
        let mut told_at_once = 0;
        for waiting in 1..20 {
            let mut v9 = V9::new(0);
            v9.append(&mut buffer, &v4(), &settings, 0);
            v9.finish(&mut buffer, CLOCK);
            let mut templates = Vec::new();
            for n in 0..60 {
                if n == waiting {
                    v9.lost(&mut buffer);
                    // Once is enough.
                    v9.lost(&mut buffer);
                }
                let record = if n % 3 == 0 { v6() } else { v4() };
                if v9.append(&mut buffer, &record, &settings, 0) == Appended::Full {
                    let len = v9.finish(&mut buffer, CLOCK);
                    assert!(len + 64 <= usize::from(settings.mtu));
                    let first = buffer[HEADER_LEN..].starts_with(&[0, 0]);
                    templates.push(read(&buffer[..len]).0);
                    assert_eq!(templates.last() == Some(&2), first);
                }
            }
            told_at_once += usize::from(templates[0] == 2);
            assert!(templates[..2].contains(&2), "{waiting}: {templates:?}");
        }
        assert!((10..19).contains(&told_at_once), "{told_at_once}");
    }

    #[test]
    fn templates_come_again_after_datagrams_and_after_seconds() {
        let settings = Settings {
            template_secs: 10,
            template_datagrams: 3,
            mtu: 1500,
        };
        let mut v9 = V9::new(0);
        let mut buffer = vec![0; V9::max_len(&settings)];
        let announced: Vec<bool> = [0, 0, 0, 0, 9_999, 10_000, 10_000, 10_000]
            .into_iter()
            .map(|now| {
                v9.append(&mut buffer, &v4(), &settings, now);
                let len = v9.finish(&mut buffer, CLOCK);
                read(&buffer[..len]).0 == 2
            })
            .collect();
        assert_eq!(
            announced,
            [true, false, false, true, false, true, false, false]
        );
        assert_eq!(
            buffer[12..16],
            [0, 0, 0, 7],
            "the sequence counts datagrams"
        );
    }
}
