// SPDX-License-Identifier: BSD-2-Clause
//! The process: one thread that moves the clock, feeds captures, ticks nodes
//! and serves clients, in turns.

use std::num::NonZeroU32;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ng_netflow::TICK_MS;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use sys_bindings::NG_NETFLOW_NODE_TYPE;

use crate::capture::Capture;
use crate::clock::{Clock, NANOS_PER_MILLI};
use crate::drive::Drive;
use crate::errno::{Errno, Text};
use crate::failure::{Failure, EX_OSERR, EX_UNAVAILABLE, EX_USAGE};
use crate::graph::Graph;
use crate::host::Surroundings;
use crate::interface::{common_pace, Interface};
use crate::live::Tap;
use crate::log::Log;
use crate::message::c_string;
use crate::node::Node;
use crate::nodes;
use crate::nodes::ether::Ether;
use crate::probe::Probe;
use crate::replay::Replay;
use crate::server::Server;
use crate::signals::Stop;
use crate::throttle::{let_leave, Throttle, LAST_WAIT, PAUSE};
use crate::world::config::{Pace, WorldConfig};
use crate::world::{World, LOOPBACK};

/// What the process is to do.
#[derive(Debug)]
pub struct Options {
    /// Where clients find it; without, they do not.
    pub socket: Option<PathBuf>,
    /// Interfaces and routes.
    pub world: WorldConfig,
    /// Captures wait for the message `start`.
    pub hold: bool,
    /// End with the captures, when all flows are exported.
    pub exit_at_end: bool,
    /// Datagrams a second that leave while the clock runs faster than time.
    pub export_rate: NonZeroU32,
    /// A graph around the first interface, to be made right away.
    pub probe: Option<Probe>,
}

/// Nanoseconds between ticks.
const TICK: u64 = TICK_MS as u64 * NANOS_PER_MILLI;

/// Packets and ticks between two looks at clients and sockets.
const BATCH: usize = 2048;

/// Packets fed after which nodes are ticked though the clock has not come so far: one
/// stamp that is far ahead makes it stand for all packets behind, and flows end meanwhile.
const MANY: usize = 65536;

/// How long a replay that is held waits at once for a pipe's writer: a signal that comes
/// right before the wait does not end it.
const LOOK: Duration = Duration::from_millis(TICK_MS as u64);

/// A gap in a capture is walked in steps of this part of it, once that is more
/// than a tick: flows leave at most a thousandth of their timeout late, and a
/// gap of decades is walked in a moment.
const GAP_PART: u64 = 1024;

/// What is to be waited for.
enum Next {
    /// Nothing: there is more to do.
    Now,
    /// At most so long.
    In(Duration),
    /// All is done.
    Done,
}

/// The running process.
pub struct Nghost {
    graph: Rc<Graph>,
    around: Surroundings,
    replay: Replay,
    pace: Pace,
    interfaces: Vec<Interface>,
    server: Option<Server>,
    throttle: Rc<Throttle>,
    export_rate: NonZeroU32,
    drive: Drive,
    /// Uptime of the next tick.
    next_tick: u64,
    /// Uptime of the last packet.
    last_packet: u64,
    /// Packets fed since nodes last had no more to send.
    fed: usize,
    exit_at_end: bool,
    is_probe: bool,
    /// The replay is over, and its end has been dealt with.
    ended: bool,
    stop: Stop,
}

impl Nghost {
    /// Opens captures, interfaces and the socket, and makes the graph with an
    /// ether node for each interface. Nothing is left behind by an error.
    pub fn new(mut options: Options, stop: Stop) -> Result<Self, Failure> {
        let world = Rc::new(World::new(&mut options.world)?);
        let interfaces = &options.world.interface;
        let pace = common_pace(interfaces)?;
        let mut captures = Vec::new();
        for interface in interfaces {
            captures.push(match &interface.capture {
                None => None,
                Some(path) => Some(Capture::open(path, interface.filter.as_deref())?),
            });
        }
        if options.exit_at_end && captures.iter().all(Option::is_none) {
            let text = "--exit-at-end: no interface has a capture";
            return Err(Failure::new(EX_USAGE, text));
        }
        let size = captures.iter().flatten().map(Capture::size).sum();
        let around = Surroundings::new(world, Log::with_bar(size));
        let throttle = Rc::new(Throttle::new());
        let graph = Graph::new();
        nodes::add_types(&graph, &around, &throttle).map_err(impossible)?;
        let mut replay = Replay::new(pace, options.hold);
        let mut nodes = Vec::new();
        for (interface, capture) in interfaces.iter().zip(captures) {
            if interface.name != LOOPBACK || capture.is_some() || interface.live.is_some() {
                let node = Interface::add(&graph, &around, &mut replay, interface, capture)?;
                nodes.push(node);
            }
        }
        if let (Some(probe), Some(first)) = (&options.probe, nodes.first()) {
            probe.wire(&graph, first.node)?;
        }
        let mut nghost = Nghost {
            server: options.socket.as_deref().map(Server::listen).transpose()?,
            interfaces: nodes,
            graph,
            around,
            replay,
            pace,
            throttle,
            export_rate: options.export_rate,
            drive: Drive::time(0, 1.0),
            next_tick: TICK,
            last_packet: 0,
            fed: 0,
            exit_at_end: options.exit_at_end,
            is_probe: options.probe.is_some(),
            ended: false,
            stop,
        };
        nghost.tell_links();
        Ok(nghost)
    }

    /// Tells the probe's node, or the user, which interfaces deliver IP packets
    /// without a link layer. Of a pipe that is known with its first packet.
    fn tell_links(&mut self) {
        for interface in &mut self.interfaces {
            match interface.turns_out_raw_ip() {
                true if self.is_probe => Probe::set_raw_ip(&self.graph, interface.node),
                true => interface.hint(&self.around.log),
                false => {}
            }
        }
    }

    /// Runs until it is stopped or done, and says with which status to exit:
    /// with `exit_at_end`, what was wrong with the captures or, if nothing was, with
    /// the collectors, of which the user was told, or 128 and the signal that did not
    /// let the captures end.
    pub fn run(mut self) -> Result<u8, Failure> {
        let interrupted = loop {
            if let Some(signal) = self.stop.signal() {
                break Some(signal);
            }
            if self.is_deaf() {
                break None;
            }
            let next = self.advance();
            let more = self.graph.run();
            let wait = match next {
                Next::Done => break None,
                Next::In(wait) if !more => wait,
                _ => Duration::ZERO,
            };
            self.wait(wait)?;
        };
        self.finish()?;
        self.tell_losses();
        if interrupted.is_none() && self.is_deaf() {
            let text = "the interface is gone; what it brought is exported";
            return Err(Failure::new(EX_UNAVAILABLE, text));
        }
        let (exit_at_end, captures) = (self.exit_at_end, self.replay.status());
        let lost = Rc::clone(&self.around.lost);
        // Sockets hear of their last datagrams when they are closed.
        drop(self);
        Ok(match interrupted {
            _ if !exit_at_end => 0,
            Some(signal) => 128 + signal,
            None if captures == 0 && lost.get() > 0 => EX_UNAVAILABLE,
            None => captures,
        })
    }

    /// Was there a live interface, and is none left?
    fn is_deaf(&self) -> bool {
        let mut taps = self.taps().map(|(_, tap)| tap.is_gone()).peekable();
        taps.peek().is_some() && self.replay.is_empty() && taps.all(|gone| gone)
    }

    fn taps(&self) -> impl Iterator<Item = (&Ether, &Tap)> {
        let ethers = self.interfaces.iter().map(|interface| &*interface.ether);
        ethers.filter_map(|ether| Some((ether, ether.tap()?)))
    }

    fn tell_losses(&self) {
        for (ether, tap) in self.taps() {
            let lost = tap.lost();
            if lost > 0 {
                self.around.log.line(format_args!(
                    "{}: {lost} packets are not accounted: the host had no room for them",
                    ether.node_name()
                ));
            }
        }
    }

    fn clock(&self) -> &Clock {
        &self.around.clock
    }

    /// Lets packets and ticks happen that are due, in the clock's order.
    fn advance(&mut self) -> Next {
        if let Some(first) = self.replay.begins(&self.around.clock, &self.around.log) {
            self.begin(first);
        }
        self.tell_links();
        let packets_drive = self.drive.is_packets();
        if self.waits_for_sockets() {
            self.stop_the_clock();
            return Next::In(PAUSE);
        }
        let mut left = BATCH;
        while left > 0 {
            if self.replay.has_ended() && !self.ended {
                self.end();
                return Next::Now;
            }
            let target = self.drive.target();
            let Surroundings { clock, log, .. } = &self.around;
            let until = target.min(self.next_tick);
            let fed = self.replay.feed(until, left, clock, &self.graph, log);
            if fed > 0 {
                left -= fed;
                self.last_packet = clock.uptime();
                self.fed += fed;
                if self.fed >= MANY {
                    self.tick_nodes();
                    if self.waits_for_sockets() {
                        self.stop_the_clock();
                        return Next::In(PAUSE);
                    }
                }
                continue;
            }
            left -= 1;
            if self.replay.is_held() {
                self.stop_the_clock();
                return Next::In(LOOK);
            }
            let packet = self.replay.next_due();
            if let Some(due) = packet.filter(|due| *due <= self.next_tick) {
                return self.rest(target, due);
            }
            if packets_drive && self.ended && !self.is_waiting_for_time() {
                return Next::Done;
            }
            if self.next_tick > target {
                return self.rest(target, self.next_tick);
            }
            self.tick(packet);
            // A tick is when datagrams leave.
            if self.waits_for_sockets() {
                self.stop_the_clock();
                return Next::In(PAUSE);
            }
        }
        let (octets, packets) = self.replay.progress();
        self.around.log.progress(octets, packets);
        Next::Now
    }

    /// Lets time that passes from now on not be the clock's.
    fn stop_the_clock(&mut self) {
        self.drive = self.drive.again(self.clock().uptime());
    }

    /// Sets the clock after a wait, so that what came meanwhile came now; what
    /// is due comes first. It may be long ago: a process can be stopped.
    fn catch_up(&mut self) {
        if self.drive.is_packets() || self.replay.is_held() {
            return;
        }
        let due = self.replay.next_due().unwrap_or(u64::MAX);
        let now = self.drive.target().min(due);
        while !self.waits_for_sockets() {
            if self.next_tick > now {
                self.clock().advance_to(now);
                return;
            }
            self.tick(None);
        }
    }

    /// Sets the clock and says how long nothing will happen.
    fn rest(&self, now: u64, next: u64) -> Next {
        self.clock().advance_to(now);
        Next::In(self.drive.takes(next - now))
    }

    /// The first packet of the replay is there; it was captured at `first`.
    fn begin(&mut self, first: u64) {
        let now = self.clock().uptime();
        let rate = match self.pace {
            // Captured frames come in as if they came now.
            Pace::Real => None,
            Pace::Times(factor) => {
                self.clock().set_time_of_day(first);
                self.drive = Drive::time(now, factor);
                (factor > 1.0).then_some(self.export_rate)
            }
            Pace::Fast => {
                self.clock().set_time_of_day(first);
                self.drive = Drive::Packets;
                Some(self.export_rate)
            }
        };
        self.throttle.set_rate(rate);
        self.last_packet = now;
    }

    /// The last packet of the replay is fed.
    fn end(&mut self) {
        self.ended = true;
        self.around.log.finish();
        let (_, packets) = self.replay.progress();
        self.around
            .log
            .line(format_args!("{packets} packets fed, the replay is over"));
        if let Some(first) = self.interfaces.first().filter(|_| self.is_probe) {
            Probe::end(&self.graph, first.node);
        }
        if self.exit_at_end {
            self.throttle.set_rate(Some(self.export_rate));
            self.drive = Drive::Packets;
        } else {
            self.throttle.set_rate(None);
            self.drive = Drive::time(self.clock().uptime(), 1.0);
        }
    }

    /// Ticks every node at the clock's present time. Nanoseconds after which to do so
    /// again.
    fn tick_nodes(&mut self) -> u64 {
        let nodes = self.graph.nodes().into_iter();
        let step = nodes.map(|(here, node)| node.tick(here)).min();
        let step = u64::from(step.unwrap_or(TICK_MS)) * NANOS_PER_MILLI;
        if step >= TICK {
            self.fed = 0;
        }
        step
    }

    /// Moves the clock to the next tick; `packet` is when the next packet is due.
    fn tick(&mut self, packet: Option<u64>) {
        let now = self.next_tick;
        self.clock().advance_to(now);
        self.clock().follow_host(self.drive.lag(now));
        let step = self.tick_nodes();
        self.next_tick = now.saturating_add(match self.drive {
            Drive::Packets if step >= TICK => {
                TICK.max(now.saturating_sub(self.last_packet) / GAP_PART)
            }
            _ => step,
        });
        if let (Drive::Packets, Some(packet)) = (self.drive, packet) {
            // The gap ends with the packet, and so do its long steps.
            let gap_end = packet.max(now.saturating_add(step));
            if self.next_tick > gap_end || !self.is_waiting_for_time() {
                self.next_tick = gap_end;
            }
        }
    }

    fn is_waiting_for_time(&self) -> bool {
        let mut nodes = self.graph.nodes().into_iter();
        nodes.any(|(_, node)| node.is_waiting_for_time())
    }

    /// Does the clock, which is faster than time, stand still for datagrams that have
    /// not left?
    fn waits_for_sockets(&self) -> bool {
        let is_held_up = |(_, node): &(_, Rc<dyn Node>)| node.backlog() > 0;
        self.throttle.is_on() && self.graph.nodes().iter().any(is_held_up)
    }

    /// Waits for clients and sockets, at most so long, and serves them.
    fn wait(&mut self, at_most: Duration) -> Result<(), Failure> {
        let graph = Rc::clone(&self.graph);
        let nodes = graph.nodes();
        let congested = nodes.iter().any(|(_, node)| node.backlog() > 0);
        let at_most = if congested {
            at_most.min(PAUSE)
        } else {
            at_most
        };
        let clients = self.server.as_ref().map(Server::interests);
        let clients = clients.unwrap_or_default();
        let watched: Vec<_> = nodes.iter().map(|(_, node)| node.interests()).collect();
        let interests = clients.iter().chain(watched.iter().flatten());
        // Captures come last: they are read when the wait is over, ready or not, but
        // not before datagrams have left.
        let are_read = !(congested && self.throttle.is_on());
        let captures = self.replay.interests().filter(|_| are_read);
        let captures = captures.map(|fd| (fd, PollFlags::POLLIN));
        let mut fds: Vec<PollFd<'_>> = interests
            .copied()
            .chain(captures)
            .map(|(fd, flags): (BorrowedFd<'_>, _)| PollFd::new(fd, flags))
            .collect();
        let millis = at_most.as_nanos().div_ceil(u128::from(NANOS_PER_MILLI));
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(Failure::new(EX_OSERR, format!("poll: {error}"))),
        }
        let ready: Vec<PollFlags> = fds
            .iter()
            .map(|fd| fd.revents().unwrap_or(PollFlags::empty()))
            .collect();
        let (ready_clients, mut ready_nodes) = ready.split_at(clients.len());
        self.catch_up();
        for ((here, node), interests) in nodes.iter().zip(&watched) {
            let (own, rest) = ready_nodes.split_at(interests.len());
            ready_nodes = rest;
            if own.iter().any(|ready| !ready.is_empty()) || node.backlog() > 0 {
                node.ready(*here);
            }
        }
        drop(watched);
        if let Some(server) = &mut self.server {
            server.serve(ready_clients, &self.graph, &self.around.world);
        }
        Ok(())
    }

    /// Shuts the netflow nodes down, which flushes them, and lets what they
    /// sent leave.
    fn finish(&mut self) -> Result<(), Failure> {
        self.around.log.finish();
        let netflows: Vec<_> = self
            .graph
            .nodes()
            .iter()
            .map(|(here, _)| here.node)
            .filter(|node| {
                let info = self.graph.nodeinfo(*node);
                info.is_some_and(|i| c_string(&i.type_) == NG_NETFLOW_NODE_TYPE.as_bytes())
            })
            .collect();
        // A cache that leaves at once is more than a collector has room for.
        self.throttle.set_rate(Some(self.export_rate));
        // Their ksockets are about to go, once they are done.
        let exporters: Vec<_> = self.graph.nodes().into_iter().collect();
        for node in netflows {
            self.graph.remove_node(node);
        }
        let_leave(&exporters, 0).map_err(|left| {
            let secs = LAST_WAIT.as_secs();
            let text = format!("{left} datagrams are lost: none could leave for {secs} s");
            Failure::new(EX_UNAVAILABLE, text)
        })
    }
}

fn impossible(errno: Errno) -> Failure {
    Failure::new(EX_OSERR, format!("node types: {}", Text(errno)))
}
