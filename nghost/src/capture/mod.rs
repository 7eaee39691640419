// SPDX-License-Identifier: BSD-2-Clause
//! Capture files, [`classic`] pcap and [`pcapng`], one frame after the other.
//!
//! Every whole record is delivered, also one that is longer than the file's
//! snapshot length, up to 262,144 octets, or whose time makes no sense. A file that is cut off or
//! corrupt ends there, and says so. Nothing is skipped without a word.

mod classic;
mod input;
mod pcapng;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pcap::{BpfProgram, Linktype};

use crate::failure::{Failure, EX_DATAERR, EX_NOINPUT, EX_USAGE};
use crate::layer::Layer;
use input::{Fault, Input};

/// Octets of a packet at most: the largest snapshot length of libpcap and of
/// Wireshark, four times the longest IP packet. What a record says beyond it is
/// damage, and must not make a client wait until gigabytes are read.
const MAX_FRAME: usize = 262_144;

const TOO_LONG: Fault = Fault::Corrupt("its packet would be longer than 262,144 octets");

/// An open capture file.
pub struct Capture {
    path: PathBuf,
    input: Input<File>,
    format: Format,
    /// The first frame, read when the file was opened.
    first: Option<Result<Record, Fault>>,
    /// Where the present frame lies in what was taken last.
    frame: Range<usize>,
    /// Which frames are wanted; all without.
    filter: Option<BpfProgram>,
    /// What its frames begin with: what the first one did.
    link: Layer,
    size: u64,
    records: u64,
    passed_over: u64,
}

enum Format {
    Pcap(classic::Reader),
    PcapNg(pcapng::Reader),
}

/// A frame as a file has it.
struct Record {
    link: Link,
    /// When it was captured, in nanoseconds since 1970.
    time: u64,
    /// Where it lies in what was taken from the file last.
    frame: Range<usize>,
}

/// What frames begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Known(Layer),
    /// A link type of the files' own registry.
    Other(u16),
}

impl Link {
    /// The upper half of the field tells of checksums, not of the link type.
    fn of(field: u32) -> Self {
        let number = field as u16;
        Layer::of(Linktype(number.into())).map_or(Link::Other(number), Link::Known)
    }
}

impl Capture {
    /// Opens a file, and reads as far as its first frame. `EX_NOINPUT` when it
    /// cannot be read, `EX_DATAERR` when it is not a capture, or one of a link
    /// layer that is not known.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let unreadable = |error: io::Error| Failure::new(EX_NOINPUT, format!("{name}: {error}"));
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let mut input = Input::new(file);
        let format = Format::open(&mut input).map_err(|fault| {
            let text = format!("{name}: not a capture file: {fault}");
            Failure::new(fault.status(), text)
        })?;
        let mut capture = Capture {
            path: path.to_owned(),
            input,
            format,
            first: None,
            frame: 0..0,
            filter: None,
            link: Layer::Ethernet,
            size,
            records: 0,
            passed_over: 0,
        };
        let others = capture.look_ahead();
        if let (None, Some(other)) = (&capture.first, others) {
            return Err(Failure::new(
                EX_DATAERR,
                format!(
                    "{name}: link type {other} is neither Ethernet, IP, BSD loopback nor Linux \
                     cooked; capture anew, with 'tcpdump -y EN10MB' if the interface offers that"
                ),
            ));
        }
        Ok(capture)
    }

    /// Reads the first frame of a link layer that is known. A link type that
    /// is not, if there was one.
    fn look_ahead(&mut self) -> Option<u16> {
        if let Format::Pcap(reader) = &self.format {
            match reader.link() {
                Link::Known(layer) => self.link = layer,
                Link::Other(other) => return Some(other),
            }
        }
        let mut others = None;
        self.first = loop {
            match self.format.next(&mut self.input) {
                Some(Ok(Record {
                    link: Link::Other(other),
                    ..
                })) => {
                    others = Some(other);
                    self.passed_over += 1;
                }
                first => break first,
            }
        };
        if let Some(Ok(Record {
            link: Link::Known(layer),
            ..
        })) = self.first
        {
            self.link = layer;
        }
        others
    }

    /// Delivers only frames that a filter lets through, in the words of
    /// pcap-filter(7); it sees what [`Capture::frame`] is. `EX_USAGE` when it
    /// makes no sense.
    pub fn with_filter(mut self, filter: &str) -> Result<Self, Failure> {
        let link = match self.link {
            Layer::Ethernet => Linktype::ETHERNET,
            // DLT_RAW, which libpcap knows everywhere.
            Layer::Octets(_) => Linktype(12),
        };
        let compiled = pcap::Capture::dead(link).and_then(|dead| dead.compile(filter, true));
        let bad = |error| Failure::new(EX_USAGE, format!("filter '{filter}': {error}"));
        self.filter = Some(compiled.map_err(bad)?);
        Ok(self)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Octets in the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many of them are read.
    pub fn position(&self) -> u64 {
        self.input.position()
    }

    /// Are its frames delivered as IP packets without a link layer?
    pub fn is_raw_ip(&self) -> bool {
        self.link.is_raw_ip()
    }

    /// Frames so far that were not delivered, because they begin with
    /// something else than the first that was.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Goes on to the next frame, [`Capture::frame`], and says when it was
    /// captured, in nanoseconds since 1970. `None` at the end. An error is the
    /// end as well; it says how far the file was good.
    pub fn advance(&mut self) -> Option<Result<u64, Failure>> {
        loop {
            let next = match self.first {
                None => self.format.next(&mut self.input),
                Some(_) => self.first.take(),
            };
            match next? {
                Ok(record) if record.link == Link::Known(self.link) => {
                    self.records += 1;
                    self.frame = record.frame;
                    let filter = self.filter.as_ref();
                    if filter.is_none_or(|filter| filter.filter(self.frame())) {
                        return Some(Ok(record.time));
                    }
                }
                Ok(_) => self.passed_over += 1,
                Err(fault) => return Some(Err(self.broken(&fault))),
            }
        }
    }

    /// The octets that were captured of the present frame, from the Ethernet
    /// header on or, with another link layer, from the IP header on.
    #[inline]
    pub fn frame(&self) -> &[u8] {
        let frame = self.input.taken().get(self.frame.clone());
        self.link.payload(frame.unwrap_or(&[]))
    }

    /// The frames after the present one, as far as they are read already; whether
    /// they will be delivered is another question.
    pub fn ahead(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.input.ahead();
        std::iter::from_fn(move || match &self.format {
            Format::Pcap(reader) => Some(self.link.payload(reader.split(&mut rest)?)),
            Format::PcapNg(_) => None,
        })
    }

    #[cold]
    fn broken(&self, fault: &Fault) -> Failure {
        let next = self.records + self.passed_over + 1;
        let text = format!(
            "{}: record {next} is {fault}; {} packets read",
            self.path.display(),
            self.records
        );
        Failure::new(fault.status(), text)
    }
}

impl Format {
    /// Tells by the first four octets.
    fn open(input: &mut Input<File>) -> Result<Self, Fault> {
        let magic = *input.take(4)?.first_chunk().ok_or(Fault::CutOff)?;
        if magic == pcapng::MAGIC {
            pcapng::Reader::open(input).map(Format::PcapNg)
        } else {
            classic::Reader::open(magic, input).map(Format::Pcap)
        }
    }

    #[inline(always)]
    fn next(&mut self, input: &mut Input<File>) -> Option<Result<Record, Fault>> {
        match self {
            Format::Pcap(reader) => reader.next(input).transpose(),
            Format::PcapNg(reader) => reader.next(input).transpose(),
        }
    }
}

#[cfg(test)]
mod tests;
