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
