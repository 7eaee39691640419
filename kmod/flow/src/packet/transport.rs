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

/// Reads the transport header at `at`, as far as the flow key needs it.
#[inline]
pub(super) fn parse<B: Bytes + ?Sized>(
    packet: &B,
    at: usize,
    proto: u8,
) -> Result<Transport, Refusal> {
    match proto {
        protocol::TCP => {
            let [s0, s1, d0, d1, _, _, _, _, _, _, _, _, flags_hi, flags_lo] =
                packet.read(at).ok_or(Refusal::TransportTruncated)?;
            Ok(Transport {
                sport: u16::from_be_bytes([s0, s1]),
                dport: u16::from_be_bytes([d0, d1]),
                tcp_flags: u16::from_be_bytes([flags_hi & 0x0f, flags_lo]),
            })
        }
        protocol::UDP | protocol::SCTP | protocol::UDP_LITE => {
            let [s0, s1, d0, d1] = packet.read(at).ok_or(Refusal::TransportTruncated)?;
            Ok(Transport {
                sport: u16::from_be_bytes([s0, s1]),
                dport: u16::from_be_bytes([d0, d1]),
                tcp_flags: 0,
            })
        }
        protocol::ICMP | protocol::ICMPV6 => {
            let type_and_code = packet.read(at).ok_or(Refusal::TransportTruncated)?;
            Ok(Transport {
                sport: 0,
                dport: u16::from_be_bytes(type_and_code),
                tcp_flags: 0,
            })
        }
        _ => Ok(Transport::default()),
    }
}
