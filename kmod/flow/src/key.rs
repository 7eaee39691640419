// SPDX-License-Identifier: BSD-2-Clause
//! What makes two packets the same flow: base's key, `struct flow_rec` and
//! `struct flow6_rec` of `ng_netflow.h`.

use crate::address::Address;

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
    /// IP protocol; for IPv6 the first that is no extension header.
    pub proto: u8,
    /// IPv4 type of service or IPv6 traffic class.
    pub tos: u8,
    /// ifIndex of the input interface.
    pub input: u16,
    /// Routing table of the packet.
    pub fib: u16,
}

impl<A: Address> Key<A> {
    /// 32-bit words that [`Key::words`] fills.
    pub(crate) const WORDS: usize = 2 * A::WORDS + 3;

    /// The key as words to hash, zero beyond [`Key::WORDS`].
    #[inline]
    pub(crate) fn words(&self) -> [u32; 12] {
        core::array::from_fn(|i| {
            if i < A::WORDS {
                self.src.word(i)
            } else if i < 2 * A::WORDS {
                self.dst.word(i - A::WORDS)
            } else {
                match i - 2 * A::WORDS {
                    0 => u32::from(self.sport) << 16 | u32::from(self.dport),
                    1 => {
                        u32::from(self.proto) << 24
                            | u32::from(self.tos) << 16
                            | u32::from(self.input)
                    }
                    2 => u32::from(self.fib),
                    _ => 0,
                }
            }
        })
    }
}
