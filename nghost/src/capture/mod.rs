// SPDX-License-Identifier: BSD-2-Clause
//! Capture files, [`classic`] pcap and [`pcapng`], one frame after the other.
//!
//! Every whole record of up to 262,144 octets is delivered, also one that is longer
//! than the file's snapshot length or whose time makes no sense. A file that is cut
//! off or corrupt ends there, and says so. Nothing is skipped without a word.

mod classic;
mod filter;
mod input;
mod pcapng;

use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use pcap::Linktype;

use crate::failure::{Failure, EX_DATAERR, EX_NOINPUT};
use crate::layer::Layer;
use filter::Filter;
use input::{Fault, Input, Source};

/// Octets of a packet at most: the largest snapshot length of libpcap and of
/// Wireshark, four times the longest IP packet. What a record says beyond it is
/// damage, and must not make a client wait until gigabytes are read.
const MAX_FRAME: usize = 262_144;

/// Records read at most before others have their turn.
const TURN: u64 = 2048;

const TOO_LONG: Fault = Fault::Corrupt("its packet would be longer than 262,144 octets");

/// An open capture file, or a pipe of one.
pub struct Capture {
    path: PathBuf,
    input: Input<Source>,
    /// `None` as long as a pipe has not told.
    format: Option<Format>,
    /// The first frame, if it was read to know what it begins with.
    first: Option<Result<Record, Fault>>,
    /// Where the present frame lies in what was taken last.
    frame: Range<usize>,
    /// Which frames are wanted, as the user said it and compiled; all without.
    expression: Option<String>,
    filter: Option<Filter>,
    /// What the present frame begins with: as the first, Ethernet or an IP packet, when
    /// it is delivered. `None` before that.
    link: Option<Layer>,
    size: u64,
    records: u64,
    passed_over: u64,
    /// The link type of the last that was passed over.
    other: u16,
}

/// What [`Capture::advance`] has come to.
#[derive(Debug)]
pub enum Step {
    /// A frame, and when it was captured, in nanoseconds since 1970.
    Frame(u64),
    /// A frame that is not delivered, by the filter or for its link layer, and when it
    /// was captured.
    LeftOut(u64),
    /// A pipe's writer has not written the next frame, or not all of it, or a file has
    /// much of other link layers before it: [`Capture::fd`] becomes readable when there
    /// is more.
    NotYet,
    /// The end.
    End,
    /// The end as well, and how far the file was good.
    Broken(Failure),
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
    /// Octets that the packet had on the wire; the frame may have fewer.
    len: u32,
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
    /// Opens a file, `-` for standard input, and reads until it is known what its
    /// frames begin with; of a pipe, what is there. Of its frames only those are delivered that
    /// `filter` lets through, in the words of pcap-filter(7); it sees what
    /// [`Capture::frame`] is.
    ///
    /// `EX_NOINPUT` when it cannot be read, `EX_DATAERR` when it is not a
    /// capture, or one of a link layer that is not known, `EX_USAGE` when the
    /// filter makes no sense.
    pub fn open(path: &Path, filter: Option<&str>) -> Result<Self, Failure> {
        let path = if path == Path::new("-") {
            Path::new("/dev/stdin")
        } else {
            path
        };
        let name = path.display();
        let unreadable = |error: io::Error| Failure::new(EX_NOINPUT, format!("{name}: {error}"));
        let (source, size) = Source::open(path).map_err(unreadable)?;
        let mut capture = Capture {
            path: path.to_owned(),
            input: Input::new(source),
            format: None,
            first: None,
            frame: 0..0,
            expression: filter.map(str::to_owned),
            filter: None,
            link: None,
            size,
            records: 0,
            passed_over: 0,
            other: 0,
        };
        if !capture.begin()? {
            // What makes no sense is refused now, whatever comes later.
            capture.compile(Layer::Ethernet)?;
        }
        Ok(capture)
    }

    /// Reads until it is known what its frames begin with, or that there are
    /// none. `false` when that is not there yet, or further on than a turn.
    fn begin(&mut self) -> Result<bool, Failure> {
        let mut format = match self.format.take() {
            Some(format) => format,
            None => match Format::open(&mut self.input) {
                Ok(format) => format,
                Err(fault) if fault.is_wait() => return Ok(false),
                Err(fault) => {
                    let text = format!("{}: not a capture file: {fault}", self.path.display());
                    return Err(Failure::new(fault.status(), text));
                }
            },
        };
        let link = match &format {
            Format::Pcap(reader) => Some(reader.link()),
            // Each packet has its own.
            Format::PcapNg(_) => loop {
                match format.next(&mut self.input) {
                    Some(Ok(Record {
                        link: Link::Other(other),
                        ..
                    })) => {
                        self.passed_over += 1;
                        self.other = other;
                        if self.passed_over.is_multiple_of(TURN) {
                            self.format = Some(format);
                            return Ok(false);
                        }
                    }
                    None if self.passed_over > 0 => break Some(Link::Other(self.other)),
                    Some(Err(fault)) if fault.is_wait() => {
                        self.format = Some(format);
                        return Ok(false);
                    }
                    first => {
                        self.first = first;
                        match &self.first {
                            Some(Ok(record)) => break Some(record.link),
                            _ => break None,
                        }
                    }
                }
            },
        };
        self.format = Some(format);
        match link {
            Some(Link::Known(layer)) => {
                self.link = Some(layer);
                self.compile(layer)?;
            }
            Some(Link::Other(other)) => {
                let text = format!(
                    "{}: link type {other} is neither Ethernet, IP, BSD loopback nor Linux cooked; \
                     capture anew, with 'tcpdump -y EN10MB' if the interface offers that",
                    self.path.display()
                );
                return Err(Failure::new(EX_DATAERR, text));
            }
            None => {}
        }
        Ok(true)
    }

    /// Compiles the filter for frames as they are delivered.
    fn compile(&mut self, layer: Layer) -> Result<(), Failure> {
        let Some(expression) = &self.expression else {
            return Ok(());
        };
        self.filter = Some(Filter::compile(expression, layer.is_raw_ip())?);
        Ok(())
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

    /// What tells when there is more of it.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.input.reader().fd()
    }

    /// Are its frames delivered as IP packets without a link layer? `None` while
    /// a pipe has not told yet.
    pub fn is_raw_ip(&self) -> Option<bool> {
        self.link.map(Layer::is_raw_ip)
    }

    /// Frames so far that were not delivered, because they would be Ethernet and the
    /// first that was is an IP packet, or the other way round, or none of both.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Goes on to the next frame, [`Capture::frame`] if it is delivered.
    pub fn advance(&mut self) -> Step {
        if self.link.is_none() && self.first.is_none() {
            match self.begin() {
                Ok(true) => {}
                Ok(false) => return Step::NotYet,
                Err(failure) => return Step::Broken(failure),
            }
        }
        let next = match (self.first.take(), &mut self.format) {
            (None, Some(format)) => format.next(&mut self.input),
            (first, _) => first,
        };
        match next {
            Some(Ok(Record {
                link: Link::Known(layer),
                time,
                frame,
                len,
            })) if self.link == Some(layer) || self.takes(layer) => {
                self.records += 1;
                self.frame = frame;
                if self.is_wanted(len) {
                    Step::Frame(time)
                } else {
                    Step::LeftOut(time)
                }
            }
            Some(Ok(Record { time, .. })) => {
                self.passed_over += 1;
                Step::LeftOut(time)
            }
            Some(Err(fault)) if fault.is_wait() => Step::NotYet,
            Some(Err(fault)) => Step::Broken(self.broken(&fault)),
            None => Step::End,
        }
    }

    /// Does the filter take the present frame, of a packet of so many octets?
    #[inline]
    fn is_wanted(&mut self, len: u32) -> bool {
        let Some(filter) = &mut self.filter else {
            return true;
        };
        let frame = self.input.taken().get(self.frame.clone());
        let frame = frame.unwrap_or(&[]);
        let missing = (len as usize).saturating_sub(frame.len());
        let payload = self.link.map_or(frame, |layer| layer.payload(frame));
        filter.takes(payload, missing)
    }

    /// Goes over to another link layer, if what is behind it is delivered in the same
    /// shape.
    #[cold]
    fn takes(&mut self, layer: Layer) -> bool {
        let is_like_it = self.is_raw_ip() == Some(layer.is_raw_ip());
        if is_like_it {
            self.link = Some(layer);
        }
        is_like_it
    }

    /// The octets that were captured of the present frame, from the Ethernet
    /// header on or, with another link layer, from the IP header on.
    #[inline]
    pub fn frame(&self) -> &[u8] {
        let frame = self.input.taken().get(self.frame.clone());
        self.payload(frame.unwrap_or(&[]))
    }

    #[inline]
    fn payload<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        self.link.map_or(frame, |layer| layer.payload(frame))
    }

    /// The frames after the present one, as far as they are read already; whether
    /// they will be delivered is another question.
    pub fn ahead(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.input.ahead();
        std::iter::from_fn(move || match &self.format {
            Some(Format::Pcap(reader)) => Some(self.payload(reader.split(&mut rest)?)),
            Some(Format::PcapNg(_)) | None => None,
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
    fn open(input: &mut Input<Source>) -> Result<Self, Fault> {
        match input.peek(4)?.first_chunk() {
            Some(&pcapng::MAGIC) => pcapng::Reader::open(input).map(Format::PcapNg),
            Some([0x1f, 0x8b, ..]) => Err(Fault::Compressed("gzip", "zcat")),
            Some([0x28, 0xb5, 0x2f, 0xfd]) => Err(Fault::Compressed("zstd", "zstdcat")),
            Some([0xfd, 0x37, 0x7a, 0x58]) => Err(Fault::Compressed("xz", "xzcat")),
            _ => classic::Reader::open(input).map(Format::Pcap),
        }
    }

    #[inline(always)]
    fn next(&mut self, input: &mut Input<Source>) -> Option<Result<Record, Fault>> {
        match self {
            Format::Pcap(reader) => reader.next(input).transpose(),
            Format::PcapNg(reader) => reader.next(input).transpose(),
        }
    }
}

#[cfg(test)]
mod tests;
