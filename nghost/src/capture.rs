// SPDX-License-Identifier: BSD-2-Clause
//! Capture files, pcap and pcapng, one frame after the other.
//!
//! Every whole record is delivered, also one that is longer than the file's
//! snapshot length or whose time makes no sense. A file that is cut off or
//! corrupt ends there, and says so.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgReader};
use pcap_file::{DataLink, PcapError, TsResolution};

use crate::failure::{Failure, EX_DATAERR, EX_NOINPUT};

/// Octets of a record before its frame, in pcap.
const RECORD_HEADER: u64 = 16;

/// What captures are read from.
type Input = Uninterrupted<File>;

/// An open capture file.
pub struct Capture {
    path: PathBuf,
    reader: Reader,
    records: u64,
    size: u64,
    position: u64,
    raw_ip: bool,
}

enum Reader {
    Pcap(Box<PcapReader<Input>>),
    PcapNg(Box<PcapNgReader<Input>>),
}

/// A frame of a capture.
#[derive(Debug)]
pub struct Frame {
    /// When it was captured, in nanoseconds since 1970.
    pub time: u64,
    /// The octets that were captured, from the link layer's header on.
    pub bytes: Rc<[u8]>,
}

impl Capture {
    /// Opens a file. `EX_NOINPUT` when it cannot be read, `EX_DATAERR` when it
    /// is not a capture of Ethernet frames or IP packets.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let unreadable = |error: io::Error| Failure::new(EX_NOINPUT, format!("{name}: {error}"));
        let bad = |why: String| Failure::new(EX_DATAERR, format!("{name}: {why}"));
        let mut file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let mut magic = Vec::new();
        file.by_ref()
            .take(4)
            .read_to_end(&mut magic)
            .map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let input = Uninterrupted(file);
        let not_a_capture = |error: PcapError| bad(format!("not a capture file: {}", why(&error)));
        let mut raw_ip = false;
        let reader = if magic == [0x0a, 0x0d, 0x0d, 0x0a] {
            let reader = PcapNgReader::new(input).map_err(not_a_capture)?;
            Reader::PcapNg(Box::new(reader))
        } else {
            let reader = PcapReader::new(input).map_err(not_a_capture)?;
            match Link::of(reader.header().datalink) {
                Link::Ethernet => {}
                Link::RawIp => raw_ip = true,
                Link::Other(number) => {
                    return Err(bad(format!(
                        "link type {number} is neither Ethernet (1) nor IP (12, 101)"
                    )));
                }
            }
            Reader::Pcap(Box::new(reader))
        };
        Ok(Capture {
            path: path.to_owned(),
            reader,
            records: 0,
            size,
            position: 0,
            raw_ip,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Octets in the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// About how many of them are read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Are its frames IP packets without a link layer, as far as is known?
    pub fn is_raw_ip(&self) -> bool {
        self.raw_ip
    }

    /// The next frame, `None` at the end. An error is the end as well; it says
    /// how far the file was good.
    pub fn next_frame(&mut self) -> Option<Result<Frame, Failure>> {
        let next = match &mut self.reader {
            Reader::Pcap(reader) => next_pcap(reader),
            Reader::PcapNg(reader) => next_pcapng(reader),
        }?;
        Some(match next {
            Ok(frame) => {
                self.records += 1;
                self.position += RECORD_HEADER + frame.bytes.len() as u64;
                Ok(frame)
            }
            Err(error) => Err(self.broken(&error)),
        })
    }

    fn broken(&self, error: &PcapError) -> Failure {
        let next = self.records + 1;
        let text = format!(
            "{}: record {next} is {}; {} packets read",
            self.path.display(),
            why(error),
            self.records
        );
        let status = match error {
            PcapError::IoError(error) if error.kind() != io::ErrorKind::UnexpectedEof => EX_NOINPUT,
            _ => EX_DATAERR,
        };
        Failure::new(status, text)
    }
}

fn why(error: &PcapError) -> String {
    match error {
        PcapError::IncompleteBuffer => "cut off".into(),
        PcapError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "cut off".into()
        }
        PcapError::IoError(error) => format!("unreadable: {error}"),
        other => format!("corrupt: {other}"),
    }
}

/// The link layers that a node can be told of.
enum Link {
    Ethernet,
    RawIp,
    Other(u32),
}

impl Link {
    /// The upper half of the field tells of checksums, not of the link type.
    fn of(link: DataLink) -> Self {
        match u32::from(link) & 0xffff {
            1 => Link::Ethernet,
            12 | 14 | 101 => Link::RawIp,
            other => Link::Other(other),
        }
    }
}

fn next_pcap(reader: &mut PcapReader<Input>) -> Option<Result<Frame, PcapError>> {
    let fraction = match reader.header().ts_resolution {
        TsResolution::MicroSecond => 1_000,
        TsResolution::NanoSecond => 1,
    };
    Some(reader.next_raw_packet()?.map(|record| Frame {
        time: u64::from(record.ts_sec) * 1_000_000_000 + u64::from(record.ts_frac) * fraction,
        bytes: Rc::from(&*record.data),
    }))
}

/// Packets of interfaces that are neither Ethernet nor IP are passed over.
fn next_pcapng(reader: &mut PcapNgReader<Input>) -> Option<Result<Frame, PcapError>> {
    loop {
        let (interface, time, bytes): (_, Option<Duration>, Rc<[u8]>) = match reader.next_block()? {
            Ok(Block::EnhancedPacket(packet)) => (
                packet.interface_id,
                Some(packet.timestamp),
                Rc::from(&*packet.data),
            ),
            Ok(Block::SimplePacket(packet)) => (0, None, Rc::from(&*packet.data)),
            Ok(_) => continue,
            Err(error) => return Some(Err(error)),
        };
        let Some(interface) = reader.interfaces().get(interface as usize) else {
            return Some(Err(PcapError::InvalidInterfaceId(interface)));
        };
        if matches!(Link::of(interface.linktype), Link::Other(_)) {
            continue;
        }
        // The library takes every stamp for nanoseconds.
        let ticks = time.unwrap_or_default().as_nanos() as u64;
        let time = to_nanos(ticks, resolution(interface));
        return Some(Ok(Frame { time, bytes }));
    }
}

/// `if_tsresol`: a power of 10, or of 2 when the highest bit is set; the
/// default is microseconds.
fn resolution(interface: &InterfaceDescriptionBlock<'_>) -> u8 {
    let mut options = interface.options.iter();
    options
        .find_map(|option| match option {
            InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
            _ => None,
        })
        .unwrap_or(6)
}

fn to_nanos(ticks: u64, resolution: u8) -> u64 {
    let ticks = u128::from(ticks);
    let exponent = u32::from(resolution & 0x7f);
    let per_second = if resolution & 0x80 != 0 {
        1u128.checked_shl(exponent)
    } else {
        10u128.checked_pow(exponent)
    };
    match per_second {
        Some(per_second) => (ticks * 1_000_000_000 / per_second) as u64,
        None => 0,
    }
}

/// A reader that is not interrupted by signals.
struct Uninterrupted<R>(R);

impl<R: Read> Read for Uninterrupted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
    use pcap_file::pcapng::PcapNgWriter;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::borrow::Cow;

    fn open(bytes: &[u8]) -> Result<Capture, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        std::fs::write(&path, bytes).unwrap();
        Capture::open(&path)
    }

    /// The frames, and what ended them if it was not the end.
    fn read_all(mut capture: Capture) -> (Vec<(u64, Vec<u8>)>, Option<Failure>) {
        let mut frames = Vec::new();
        while let Some(next) = capture.next_frame() {
            match next {
                Ok(frame) => frames.push((frame.time, frame.bytes.to_vec())),
                Err(failure) => return (frames, Some(failure)),
            }
        }
        (frames, None)
    }

    fn pcap_header(magic: u32, link: u32) -> Vec<u8> {
        let words = [magic, 2 | 4 << 16, 0, 0, 8, link];
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Stamps beyond a second and lengths beyond the snapshot length are
    /// taken as they are.
    fn three_records() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = pcap_header(0xa1b2c3d4, 1);
        let mut ends = Vec::new();
        for (secs, micros, len) in [(1u32, 2u32, 5u32), (1, 2_000_000, 0), (0, 0, 20)] {
            for word in [secs, micros, len, 1] {
                bytes.extend(word.to_le_bytes());
            }
            bytes.extend(std::iter::repeat_n(7, len as usize));
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    #[test]
    fn records_are_taken_as_they_are() {
        let (frames, failure) = read_all(open(&three_records().0).unwrap());
        assert_eq!(failure, None);
        let times: Vec<_> = frames.iter().map(|f| (f.0, f.1.len())).collect();
        assert_eq!(times, [(1_000_002_000, 5), (3_000_000_000, 0), (0, 20)]);
    }

    #[test]
    fn a_file_that_is_cut_off_gives_all_whole_records() {
        let (bytes, ends) = three_records();
        for len in 24..bytes.len() {
            let (frames, failure) = read_all(open(&bytes[..len]).unwrap());
            let whole = ends.iter().filter(|end| **end <= len).count();
            assert_eq!(frames.len(), whole, "{len}");
            if len == 24 || ends.contains(&len) {
                assert_eq!(failure, None);
                continue;
            }
            let failure = failure.unwrap();
            assert_eq!(failure.status, EX_DATAERR);
            let said = format!("record {} is cut off; {whole} packets read", whole + 1);
            assert!(failure.text.ends_with(&said), "{failure}");
        }
    }

    #[test]
    fn what_is_no_capture_is_named() {
        for (bytes, said) in [
            (vec![], "cut off"),
            (three_records().0[..23].to_vec(), "cut off"),
            (vec![0; 100], "magic"),
            (pcap_header(0xa1b2c3d4, 113), "link type 113"),
        ] {
            let failure = open(&bytes).err().unwrap();
            assert_eq!(failure.status, EX_DATAERR);
            assert!(failure.text.contains(said), "{failure}");
        }
        assert_eq!(
            Capture::open(Path::new("/nonexistent"))
                .err()
                .unwrap()
                .status,
            EX_NOINPUT
        );
        assert!(open(&pcap_header(0xa1b2c3d4, 101)).unwrap().is_raw_ip());
        // Checksum lengths in the upper half are no other link type.
        assert!(!open(&pcap_header(0xa1b2c3d4, 0x3000_0001))
            .unwrap()
            .is_raw_ip());
    }

    fn pcapng(resolution: Option<u8>, links: &[DataLink]) -> Vec<u8> {
        let mut writer = PcapNgWriter::new(Vec::new()).unwrap();
        for link in links {
            let mut interface = InterfaceDescriptionBlock::new(*link, 0);
            let option = resolution.map(InterfaceDescriptionOption::IfTsResol);
            interface.options.extend(option);
            writer.write_pcapng_block(interface).unwrap();
        }
        for interface_id in 0..links.len() as u32 {
            let packet = EnhancedPacketBlock {
                interface_id,
                timestamp: Duration::from_nanos(5_000_000),
                original_len: 3,
                data: Cow::Borrowed(&[1, 2, 3]),
                options: Vec::new(),
            };
            writer.write_pcapng_block(packet).unwrap();
        }
        writer.into_inner()
    }

    #[test]
    fn pcapng_stamps_count_in_the_interfaces_unit() {
        for (resolution, expected) in [
            (None, 5_000_000_000),
            (Some(6), 5_000_000_000),
            (Some(9), 5_000_000),
            (Some(3), 5_000_000_000_000),
            (Some(0x80 | 10), 4_882_812_500_000),
            (Some(0xff), 0),
        ] {
            let bytes = pcapng(resolution, &[DataLink::ETHERNET]);
            let (frames, failure) = read_all(open(&bytes).unwrap());
            assert_eq!(failure, None);
            assert_eq!(frames, [(expected, vec![1, 2, 3])], "{resolution:?}");
        }
    }

    #[test]
    fn pcapng_interfaces_that_are_neither_are_passed_over() {
        let links = [DataLink::ETHERNET, DataLink::IEEE802_11, DataLink::RAW];
        let (frames, failure) = read_all(open(&pcapng(None, &links)).unwrap());
        assert_eq!((frames.len(), failure), (2, None));
    }

    proptest! {
        #[test]
        fn no_file_does_harm(
            kind in 0..3,
            at in any::<proptest::sample::Index>(),
            garbage in vec(any::<u8>(), 0..64),
        ) {
            let mut bytes = match kind {
                0 => three_records().0,
                1 => pcapng(Some(6), &[DataLink::ETHERNET]),
                _ => vec![0x0a, 0x0d, 0x0d, 0x0a],
            };
            let at = at.index(bytes.len());
            bytes.splice(at..(at + garbage.len()).min(bytes.len()), garbage);
            if let Ok(capture) = open(&bytes) {
                let _ = read_all(capture);
            }
        }
    }
}
