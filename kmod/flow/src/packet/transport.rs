// SPDX-License-Identifier: BSD-2-Clause
//! Ports, ICMP type and code, and TCP's flags.

use super::{Bytes, Refusal, Transport};

/// IP protocol numbers (IANA) whose headers are read.
mod protocol {
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const UDP_LITE: u8 = 136;
}

/// TCP's flags that end a flow (RFC 9293).
pub mod tcp {
    /// No more data from the sender.
    pub const FIN: u16 = 0x01;
    /// Reset.
    pub const RST: u16 = 0x04;
}

/// What of a transport header goes into the flow.
pub(super) enum Ports {
    /// Two ports, and TCP's flags.
    AndFlags,
    /// Two ports.
    Only,
    /// A type and a code in their place.
    TypeAndCode,
    /// Nothing.
    None,
}

/// Lets the compiler know that what it is called in is less usual.
#[cold]
#[inline(always)]
fn less_usual() {}

/// What a protocol's header has.
#[inline]
pub(super) fn ports(proto: u8) -> Ports {
    // Most packets are TCP's: it is asked for first.
    if proto == protocol::TCP {
        return Ports::AndFlags;
    }
    less_usual();
    match proto {
        protocol::UDP | protocol::SCTP | protocol::UDP_LITE => Ports::Only,
        protocol::ICMP | protocol::ICMPV6 => Ports::TypeAndCode,
        _ => Ports::None,
    }
}

/// Reads the transport header at `at`, as far as the flow key needs it.
#[inline]
pub(super) fn parse<B: Bytes + ?Sized>(
    packet: &B,
    at: usize,
    proto: u8,
) -> Result<Transport, Refusal> {
    let (ports, tcp_flags) = match ports(proto) {
        Ports::AndFlags => {
            let [s0, s1, d0, d1, _, _, _, _, _, _, _, _, flags_hi, flags_lo] =
                packet.read(at).ok_or(Refusal::TransportTruncated)?;
            let tcp_flags = u16::from_be_bytes([flags_hi & 0x0f, flags_lo]);
            (u32::from_be_bytes([s0, s1, d0, d1]), tcp_flags)
        }
        Ports::Only => {
            let ports = packet.read(at).ok_or(Refusal::TransportTruncated)?;
            (u32::from_be_bytes(ports), 0)
        }
        Ports::TypeAndCode => {
            let type_and_code = packet.read(at).ok_or(Refusal::TransportTruncated)?;
            (u32::from(u16::from_be_bytes(type_and_code)), 0)
        }
        Ports::None => (0, 0),
    };
    Ok(Transport { ports, tcp_flags })
}
