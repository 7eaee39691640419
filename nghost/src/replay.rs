// SPDX-License-Identifier: BSD-2-Clause
//! Captures on their way into the graph, in the order of their stamps.
//!
//! All captures of a process are one replay with one clock. It begins with the
//! first hook `lower` that is connected to one of their interfaces or, when it
//! is held, with the message `start` to any of them. One that is a pipe may
//! have nothing yet: unless the pace is [`Pace::Real`], the clock and all others wait
//! for it, because its next packet may be the earliest.

use std::cell::Cell;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use flow::LOOK_AHEAD;

use crate::capture::{Capture, Step};
use crate::clock::Clock;
use crate::failure::{Failure, EX_DATAERR};
use crate::graph::Graph;
use crate::log::Log;
use crate::nodes::ether::Ether;
use crate::world::config::Pace;

/// How far a capture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Held back until it is told to start.
    Held,
    /// Waits for somebody to listen.
    Waiting,
    /// Is being fed.
    Running,
    /// Was fed to its end.
    Ended,
    /// Was fed as far as it was good.
    Broken,
}

impl State {
    /// The state's name.
    pub fn name(self) -> &'static str {
        match self {
            State::Held => "held",
            State::Waiting => "waiting",
            State::Running => "running",
            State::Ended => "ended",
            State::Broken => "broken",
        }
    }
}

/// One capture's account, shared with the node that it feeds.
#[derive(Debug)]
pub struct Feed {
    /// Where the whole replay is: held, waiting or running.
    replay: Rc<Cell<State>>,
    /// How this capture ended.
    end: Cell<Option<State>>,
    packets: Cell<u64>,
    octets: Cell<u64>,
    steps_back: Cell<u64>,
    is_raw_ip: Cell<Option<bool>>,
}

impl Feed {
    /// How far the capture is.
    pub fn state(&self) -> State {
        self.end.get().unwrap_or(self.replay.get())
    }

    /// Are the packets IP without a link layer? `None` while a pipe has not
    /// told yet.
    pub fn is_raw_ip(&self) -> Option<bool> {
        self.is_raw_ip.get()
    }

    /// Lets a replay begin that is held.
    pub fn release(&self) {
        self.replay.set(State::Running);
    }

    /// Packets fed.
    pub fn packets(&self) -> u64 {
        self.packets.get()
    }

    /// Octets fed.
    pub fn octets(&self) -> u64 {
        self.octets.get()
    }

    /// Packets with a stamp before that of an earlier one.
    pub fn steps_back(&self) -> u64 {
        self.steps_back.get()
    }
}

/// All captures.
pub struct Replay {
    pace: Pace,
    phase: Rc<Cell<State>>,
    sources: Vec<Source>,
    /// Which of them has the next packet, and its stamp.
    next: Option<(usize, u64)>,
    /// A stamp, in nanoseconds since 1970, and the uptime that it stands for.
    origin: Option<(u64, u64)>,
    /// The exit status that the captures deserve, 0 when nothing was wrong.
    status: u8,
}

struct Source {
    capture: Capture,
    ether: Rc<Ether>,
    feed: Rc<Feed>,
    /// Stamp of the capture's present frame, whose time has not come yet.
    next: Option<u64>,
    /// That frame is delivered, not left out.
    is_wanted: bool,
    /// Its next frame is not read, or was not there yet.
    is_waiting: bool,
    /// The latest stamp so far.
    latest: u64,
    /// Frames after the present one that were looked ahead at.
    ahead: usize,
}

impl Source {
    /// Lets whoever is listening look ahead at some frames together, whenever
    /// the last of those before is the present one.
    fn look_ahead(&mut self, graph: &Graph) {
        if let Some(left) = self.ahead.checked_sub(1) {
            self.ahead = left;
            return;
        }
        let mut coming: [&[u8]; LOOK_AHEAD] = [&[]; LOOK_AHEAD];
        for (place, frame) in coming.iter_mut().zip(self.capture.ahead()) {
            *place = frame;
        }
        self.ether.look_ahead(graph, &coming);
        self.ahead = LOOK_AHEAD - 1;
    }

    /// Feeds the present frame, of this stamp.
    #[inline]
    fn feed(&mut self, time: u64, graph: &Graph) {
        self.look_ahead(graph);
        let feed = &self.feed;
        if time < self.latest {
            feed.steps_back.set(feed.steps_back.get() + 1);
        }
        let frame = self.capture.frame();
        feed.packets.set(feed.packets.get() + 1);
        feed.octets.set(feed.octets.get() + frame.len() as u64);
        self.ether.receive(graph, frame);
    }
}

impl Replay {
    /// A replay without captures, held or not.
    pub fn new(pace: Pace, hold: bool) -> Self {
        let phase = if hold { State::Held } else { State::Waiting };
        Replay {
            pace,
            phase: Rc::new(Cell::new(phase)),
            sources: Vec::new(),
            next: None,
            origin: None,
            status: 0,
        }
    }

    /// The account of a capture of this replay.
    pub fn new_feed(&self) -> Rc<Feed> {
        Rc::new(Feed {
            replay: Rc::clone(&self.phase),
            end: Cell::new(None),
            packets: Cell::new(0),
            octets: Cell::new(0),
            steps_back: Cell::new(0),
            is_raw_ip: Cell::new(None),
        })
    }

    /// Adds a capture, its account and the interface that receives it.
    pub fn add(&mut self, capture: Capture, feed: Rc<Feed>, ether: Rc<Ether>) {
        feed.is_raw_ip.set(capture.is_raw_ip());
        self.sources.push(Source {
            capture,
            ether,
            feed,
            next: None,
            is_wanted: false,
            is_waiting: true,
            latest: 0,
            ahead: 0,
        });
    }

    /// Are there any captures?
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Octets read and packets fed so far.
    pub fn progress(&self) -> (u64, u64) {
        let octets = self.sources.iter().map(|s| s.capture.position()).sum();
        let packets = self.sources.iter().map(|s| s.feed.packets()).sum();
        (octets, packets)
    }

    /// Does the replay begin now? Once, with the stamp of the first packet, which
    /// is the origin of the clock.
    pub fn begins(&mut self, clock: &Clock, log: &Log) -> Option<u64> {
        if self.origin.is_some() || self.sources.is_empty() {
            return None;
        }
        let listened_to = || self.sources.iter().any(|s| s.ether.is_listened_to());
        if self.phase.get() == State::Waiting && listened_to() {
            self.phase.set(State::Running);
        }
        if self.phase.get() != State::Running {
            return None;
        }
        self.read_waiting(log);
        if self.next.is_none() && self.is_waiting() {
            return None;
        }
        let first = self.next.map_or(0, |(_, stamp)| stamp);
        self.origin = Some((first, clock.uptime()));
        Some(first)
    }

    /// The exit status that the captures deserve, 0 when nothing was wrong so
    /// far. What was is said already.
    pub fn status(&self) -> u8 {
        self.status
    }

    /// Does the clock stand still, as it is the captures' and one of them, a pipe,
    /// has nothing yet?
    pub fn is_held(&self) -> bool {
        self.origin.is_some() && self.pace != Pace::Real && self.is_waiting()
    }

    /// Is the replay over?
    pub fn has_ended(&self) -> bool {
        self.origin.is_some() && self.next.is_none() && !self.is_waiting()
    }

    /// Is it running, and wants of a capture what is not there yet?
    pub fn is_waiting(&self) -> bool {
        let mut sources = self.sources.iter();
        self.phase.get() == State::Running && sources.any(|source| source.is_waiting)
    }

    /// What becomes readable when there is more of the captures that it waits
    /// for.
    pub fn interests(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let running = self.phase.get() == State::Running;
        let waiting = self.sources.iter().filter(move |s| running && s.is_waiting);
        waiting.map(|source| source.capture.fd())
    }

    /// The uptime at which the next packet is due, in nanoseconds.
    pub fn next_due(&self) -> Option<u64> {
        let (first, uptime) = self.origin?;
        let (_, stamp) = self.next?;
        Some(uptime.saturating_add(stamp.saturating_sub(first)))
    }

    /// Feeds packets, at most so many, that are due until this uptime, and
    /// moves the clock with them; those that are left out take time and turns as
    /// well. How many there were.
    pub fn feed(
        &mut self,
        until: u64,
        at_most: usize,
        clock: &Clock,
        graph: &Graph,
        log: &Log,
    ) -> usize {
        let Some((first, uptime)) = self.origin else {
            return 0;
        };
        self.read_waiting(log);
        for fed in 0..at_most {
            let Some((index, time)) = self.next else {
                return fed;
            };
            let due = uptime.saturating_add(time.saturating_sub(first));
            if due > until {
                return fed;
            }
            clock.advance_to(due);
            let source = &mut self.sources[index];
            if source.is_wanted {
                source.feed(time, graph);
            }
            source.latest = source.latest.max(time);
            self.read(index, log);
        }
        at_most
    }

    /// Reads the next packet of captures that did not have it.
    fn read_waiting(&mut self, log: &Log) {
        for index in 0..self.sources.len() {
            if self.sources[index].is_waiting {
                self.read(index, log);
                let source = &self.sources[index];
                source.feed.is_raw_ip.set(source.capture.is_raw_ip());
            }
        }
    }

    /// Reads a capture's next packet, and finds out which capture's is next: of
    /// those of one time, that of the first.
    #[inline]
    fn read(&mut self, index: usize, log: &Log) {
        let source = &mut self.sources[index];
        let step = source.capture.advance();
        source.is_waiting = matches!(step, Step::NotYet);
        source.is_wanted = matches!(step, Step::Frame(_));
        source.next = None;
        match step {
            Step::Frame(time) | Step::LeftOut(time) => source.next = Some(time),
            Step::NotYet => {}
            Step::End => self.end(index, None, log),
            Step::Broken(failure) => self.end(index, Some(failure), log),
        }
        self.next = match self.sources.as_slice() {
            [only] => only.next.map(|time| (0, time)),
            sources if self.pace != Pace::Real && sources.iter().any(|s| s.is_waiting) => None,
            sources => {
                let stamps = sources.iter().map(|source| source.next);
                let waiting = stamps
                    .enumerate()
                    .filter_map(|(at, time)| Some((at, time?)));
                waiting.min_by_key(|(_, time)| *time)
            }
        };
    }

    /// A capture is at its end, or broken.
    #[cold]
    fn end(&mut self, index: usize, failure: Option<Failure>, log: &Log) {
        let source = &mut self.sources[index];
        let (others, path) = (source.capture.passed_over(), source.capture.path());
        if others > 0 {
            log.line(format_args!(
                "{}: {others} packets passed over, of another link layer than the first; \
                 give those of each interface as a capture of its own",
                path.display()
            ));
            self.status = EX_DATAERR;
        }
        let steps_back = source.feed.steps_back();
        if steps_back > 0 {
            log.line(format_args!(
                "{}: {steps_back} packets have a time before that of an earlier one, and are \
                 accounted as of that; 'reordercap' puts them in order",
                path.display()
            ));
        }
        let end = match failure {
            None => State::Ended,
            Some(failure) => {
                log.line(format_args!("{failure}"));
                self.status = failure.status;
                State::Broken
            }
        };
        source.feed.end.set(Some(end));
    }
}
