// SPDX-License-Identifier: BSD-2-Clause
//! What makes two packets the same flow: base's key, `struct flow_rec` and
//! `struct flow6_rec` of `ng_netflow.h`.

use crate::address::Address;
use crate::packet::Datagram;

/// A flow's identity.  Numbers are in host byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key<A> {
    /// Source address.
    pub src: A,
    /// Destination address.
    pub dst: A,
    /// Source port; 0 for protocols without ports.
    pub sport: u16,
    /// Destination port; for ICMP and ICMPv6 type * 256 + code.
    pub dport: u16,
    /// IP protocol; for IPv6 the first that is no extension header, or in a later
    /// fragment what the fragment header says.
    pub proto: u8,
    /// IPv4 type of service or IPv6 traffic class.
    pub tos: u8,
    /// ifIndex of the input interface.
    pub input: u16,
    /// Routing table of the packet.
    pub fib: u16,
}

/// A key in words, as it is hashed, compared and kept.
#[derive(Clone, Copy)]
pub(crate) struct Packed<A: Address> {
    addresses: A::Pair,
    /// Ports, protocol, type of service and input interface.
    rest: u64,
    fib: u16,
}

impl<A: Address> Packed<A> {
    /// The key of a packet that came in on an interface, in a FIB.
    #[inline(always)]
    pub fn new(packet: &Datagram<A>, input: u16, fib: u16) -> Self {
        Packed {
            addresses: packet.addresses,
            rest: u64::from(packet.transport.ports) << 32
                | u64::from(packet.proto) << 24
                | u64::from(packet.tos) << 16
                | u64::from(input),
            fib,
        }
    }

    /// The key of no packet.
    pub const NONE: Self = Packed {
        addresses: A::NO_PAIR,
        rest: 0,
        fib: 0,
    };

    /// Packs a key.
    #[cfg(test)]
    pub fn of(key: &Key<A>) -> Self {
        let transport = crate::packet::Transport {
            ports: u32::from(key.sport) << 16 | u32::from(key.dport),
            tcp_flags: 0,
        };
        let packet = Datagram {
            addresses: A::pair(key.src, key.dst),
            transport,
            proto: key.proto,
            tos: key.tos,
            octets: 0,
        };
        Packed::new(&packet, key.input, key.fib)
    }

    /// Source and destination.
    pub fn addresses(&self) -> (A, A) {
        A::unpair(self.addresses)
    }

    /// Its routing table.
    pub fn fib(&self) -> u16 {
        self.fib
    }

    pub fn unpack(&self) -> Key<A> {
        let (src, dst) = self.addresses();
        Key {
            src,
            dst,
            sport: (self.rest >> 48) as u16,
            dport: (self.rest >> 32) as u16,
            proto: (self.rest >> 24) as u8,
            tos: (self.rest >> 16) as u8,
            input: self.rest as u16,
            fib: self.fib,
        }
    }

    /// The words to hash.
    #[inline]
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let addresses = self.addresses.as_ref().iter().copied();
        addresses.chain([self.rest, u64::from(self.fib)])
    }

    /// Is it the same flow?
    #[inline(always)]
    pub fn is(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.addresses.as_ref(), other.addresses.as_ref());
        let addresses = ours.iter().zip(theirs);
        let differ = addresses.fold(0, |differ, (ours, theirs)| differ | (ours ^ theirs));
        differ == 0 && self.rest == other.rest && self.fib == other.fib
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};

    fn key<A: Address>(src: A, dst: A) -> Key<A> {
        Key {
            src,
            dst,
            sport: 0x0102,
            dport: 0xf304,
            proto: 0xf5,
            tos: 0x86,
            input: 0xf708,
            fib: 0x890a,
        }
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let v4 = key(Ipv4Addr::new(1, 2, 3, 4), Ipv4Addr::new(250, 6, 7, 8));
        assert_eq!(Packed::of(&v4).unpack(), v4);
        let v6: Key<Ipv6Addr> = key(
            "2001:db8::f:1".parse().unwrap(),
            "fe80:1:2:3:4:5:6:7".parse().unwrap(),
        );
        assert_eq!(Packed::of(&v6).unpack(), v6);
    }

    #[test]
    fn every_field_of_a_key_is_compared() {
        let same = key(Ipv4Addr::new(1, 2, 3, 4), Ipv4Addr::new(5, 6, 7, 8));
        let others = [
            Key {
                src: Ipv4Addr::new(1, 2, 3, 5),
                ..same
            },
            Key {
                dst: Ipv4Addr::new(4, 6, 7, 8),
                ..same
            },
            Key { sport: 1, ..same },
            Key { dport: 1, ..same },
            Key { proto: 1, ..same },
            Key { tos: 1, ..same },
            Key { input: 1, ..same },
            Key { fib: 1, ..same },
        ];
        assert!(Packed::of(&same).is(&Packed::of(&same)));
        for other in others {
            assert!(!Packed::of(&same).is(&Packed::of(&other)), "{other:?}");
        }
    }

    /// Where words differ alike, the differences do not make up for each other.
    #[test]
    fn every_word_of_the_addresses_is_compared() {
        let same: Key<Ipv6Addr> = key(Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
        let other = key(Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST);
        assert!(!Packed::of(&same).is(&Packed::of(&other)));
        let swapped = key(Ipv6Addr::new(1, 0, 0, 0, 1, 0, 0, 0), Ipv6Addr::UNSPECIFIED);
        let neither = key(Ipv6Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED);
        assert!(!Packed::of(&swapped).is(&Packed::of(&neither)));
    }
}
