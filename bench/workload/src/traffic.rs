// SPDX-License-Identifier: BSD-2-Clause
//! Packets, prepared beforehand: what a capture would hold, without the file.

use alloc::vec::Vec;

use flow::{LinkType, Seed, Source, SEED_WORDS};

/// The first octets of a packet: as many as a line of memory has.
pub const HEADER: usize = 64;

/// An Ethernet frame's beginning.
#[repr(align(64))]
#[derive(Clone, Copy, Debug)]
pub struct Packet(pub [u8; HEADER]);

impl Packet {
    /// The number of the flow that it is of, if [`Flow::numbered`] and IPv4.
    pub fn flow_number(&self) -> u32 {
        let [.., high, middle, low] = self.0[26..30] else {
            return 0;
        };
        u32::from_be_bytes([0, high, middle, low])
    }
}

/// IPv4 total length of every packet here, in octets.
pub const OCTETS: u16 = 100;

/// TCP's flags as the packets here have them.
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// The first segment of a connection.
    pub const SYN: u8 = 0x02;
    /// An acknowledgement.
    pub const ACK: u8 = 0x10;
}

/// What is known of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Source address.
    pub src: u32,
    /// Destination address.
    pub dst: u32,
    /// Source and destination port; for ICMP only the second counts.
    pub ports: (u16, u16),
    /// IP protocol: 1, 6 or 17.
    pub proto: u8,
}

impl Flow {
    /// The flow of this number: a client somewhere, one of many servers.
    pub fn numbered(number: u32) -> Self {
        let mixed = SplitMix(u64::from(number)).draw();
        Flow {
            src: 0x0a00_0000 | number,
            dst: 0xc633_0000 | (mixed as u32 & 0xffff),
            ports: ((mixed >> 16) as u16, (mixed >> 32) as u16),
            proto: 6,
        }
    }

    /// Flows that fall together under a hash which exclusive-ors what it is
    /// given, as base's: all the difference is in two places, and the same.
    pub fn colliding(number: u32) -> Self {
        let port = number as u16;
        Flow {
            src: 0x0a00_0000 | (u32::from(port) << 8) | (number >> 16),
            dst: 0xc000_0201,
            ports: (port, port.swap_bytes()),
            proto: 17,
        }
    }

    /// Whether TCP, UDP or ICMP, as the number says: 8, 11 and 1 of 20.
    pub fn mixed(number: u32) -> Self {
        let proto = match number % 20 {
            0..8 => 6,
            8..19 => 17,
            _ => 1,
        };
        let ports = match proto {
            1 => (0, 8 << 8),
            _ => Flow::numbered(number).ports,
        };
        Flow {
            proto,
            ports,
            ..Flow::numbered(number)
        }
    }

    /// A packet of it.
    pub fn packet(&self, tcp_flags: u8) -> Packet {
        let mut packet = [0; HEADER];
        packet[..14].copy_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
        let ip = &mut packet[14..];
        ip[0] = 0x45;
        ip[2..4].copy_from_slice(&OCTETS.to_be_bytes());
        ip[8] = 64;
        ip[9] = self.proto;
        ip[12..16].copy_from_slice(&self.src.to_be_bytes());
        ip[16..20].copy_from_slice(&self.dst.to_be_bytes());
        self.fill_transport(&mut ip[20..], tcp_flags);
        Packet(packet)
    }

    /// An IPv6 packet of a flow with the same numbers in it.
    pub fn packet6(&self, tcp_flags: u8) -> Packet {
        let mut packet = [0; HEADER];
        packet[..14].copy_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd]);
        let ip = &mut packet[14..];
        ip[0] = 0x60;
        ip[4..6].copy_from_slice(&(OCTETS - 40).to_be_bytes());
        // UDP, whose ports still fit; TCP's flags would not.
        let _ = tcp_flags;
        ip[6] = 17;
        ip[7] = 64;
        ip[8..12].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        ip[20..24].copy_from_slice(&self.src.to_be_bytes());
        ip[24..28].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        ip[36..40].copy_from_slice(&self.dst.to_be_bytes());
        ip[40..42].copy_from_slice(&self.ports.0.to_be_bytes());
        ip[42..44].copy_from_slice(&self.ports.1.to_be_bytes());
        Packet(packet)
    }

    fn fill_transport(&self, header: &mut [u8], tcp_flags: u8) {
        if self.proto == 1 {
            header[..2].copy_from_slice(&self.ports.1.to_be_bytes());
            return;
        }
        header[..2].copy_from_slice(&self.ports.0.to_be_bytes());
        header[2..4].copy_from_slice(&self.ports.1.to_be_bytes());
        if self.proto == 6 {
            header[12] = 0x50;
            header[13] = tcp_flags;
        }
    }
}

/// SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): the same numbers in
/// every run.
#[derive(Clone, Debug)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u32) -> u32 {
        (((self.draw() >> 32) * u64::from(limit)) >> 32) as u32
    }
}

/// Where the packets come from: no route is looked up for them.
pub fn source() -> Source {
    Source {
        link_type: LinkType::Ethernet,
        input: 1,
        fib: 0,
    }
}

/// The engine's hash: any numbers will do, as long as the flows above were
/// not made to fit them.
pub fn seed() -> Seed {
    let mut numbers = SplitMix(42);
    Seed::new([(); SEED_WORDS].map(|()| numbers.draw()))
}

/// How often flows are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popularity {
    /// All alike.
    Uniform,
    /// Zipf's law with exponent 1: the n-th flow 1/n as often as the first.
    Zipf,
}

impl Popularity {
    /// Numbers below `flows`, `count` of them, drawn as often as this says.
    pub fn draw(self, flows: u32, count: usize) -> Vec<u32> {
        let mut numbers = SplitMix(7);
        match self {
            Popularity::Uniform => (0..count).map(|_| numbers.below(flows)).collect(),
            Popularity::Zipf => {
                let mut sum = 0.0;
                let upto: Vec<f64> = (1..=flows)
                    .map(|rank| {
                        sum += 1.0 / f64::from(rank);
                        sum
                    })
                    .collect();
                let scale = sum / 18_446_744_073_709_551_616.0; // 2^64
                (0..count)
                    .map(|_| {
                        let at = numbers.draw() as f64 * scale;
                        let rank = upto.partition_point(|upto| *upto < at) as u32;
                        rank.min(flows - 1)
                    })
                    .collect()
            }
        }
    }
}
