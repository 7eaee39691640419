// SPDX-License-Identifier: BSD-2-Clause
//! The flow definition a second time, in the plainest way: slices that panic
//! nowhere because `get` is asked for everything, one step after the other.

use end_to_end::oracle::FlowKey;

/// What tells a packet's flow, and its octets.
type Flow = (FlowKey, u32);

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from(*bytes.get(at)?) << 8 | u16::from(*bytes.get(at + 1)?))
}

/// The flow of an Ethernet frame.
pub fn ethernet(frame: &[u8]) -> Option<Flow> {
    let mut ethertype = number(frame, 12)?;
    let mut rest = frame.get(14..)?;
    for _ in 0..2 {
        if [0x8100, 0x88a8, 0x9100].contains(&ethertype) {
            ethertype = number(rest, 2)?;
            rest = rest.get(4..)?;
        }
    }
    match ethertype {
        0x0800 => (rest.first()? >> 4 == 4).then(|| ip(rest))?,
        0x86dd => (rest.first()? >> 4 == 6).then(|| ip(rest))?,
        0x8847 | 0x8848 => {
            for _ in 0..32 {
                let last = rest.get(..4)?[2] & 1 == 1;
                rest = &rest[4..];
                if last {
                    return ip(rest);
                }
            }
            None
        }
        0x8864 => {
            let version = match number(rest, 6)? {
                0x21 => 4,
                0x57 => 6,
                _ => return None,
            };
            rest = rest.get(8..)?;
            (rest.first()? >> 4 == version).then(|| ip(rest))?
        }
        _ => None,
    }
}

/// The flow of an IP packet of either version.
pub fn ip(packet: &[u8]) -> Option<Flow> {
    match packet.first()? >> 4 {
        4 => ipv4(packet),
        6 => ipv6(packet),
        _ => None,
    }
}

fn ipv4(packet: &[u8]) -> Option<Flow> {
    let header = packet.get(..20)?;
    let len = usize::from(header[0] & 15) * 4;
    if len < 20 {
        return None;
    }
    let above = packet.get(len..)?;
    let later = number(header, 6)? & 0x1fff != 0;
    let (sport, dport) = if later {
        (0, 0)
    } else {
        ports(header[9], above)?
    };
    let key = FlowKey {
        src: <[u8; 4]>::try_from(&header[12..16]).ok()?.into(),
        dst: <[u8; 4]>::try_from(&header[16..20]).ok()?.into(),
        proto: header[9],
        sport,
        dport,
        tos: header[1],
    };
    Some((key, number(header, 2)?.into()))
}

fn ipv6(packet: &[u8]) -> Option<Flow> {
    let header = packet.get(..40)?;
    let mut above = &packet[40..];
    let mut proto = header[6];
    let mut later = false;
    let mut walked = 0;
    while !later && [0, 43, 44, 51, 60].contains(&proto) {
        walked += 1;
        if walked > 16 || above.len() < 8 {
            return None;
        }
        let len = match proto {
            44 => 8,
            51 => (usize::from(above[1]) + 2) * 4,
            _ => (usize::from(above[1]) + 1) * 8,
        };
        later = proto == 44 && number(above, 2)? >> 3 != 0;
        proto = above[0];
        above = above.get(len..).unwrap_or_default();
    }
    let (sport, dport) = if later { (0, 0) } else { ports(proto, above)? };
    let key = FlowKey {
        src: <[u8; 16]>::try_from(&header[8..24]).ok()?.into(),
        dst: <[u8; 16]>::try_from(&header[24..40]).ok()?.into(),
        proto,
        sport,
        dport,
        tos: header[0] << 4 | header[1] >> 4,
    };
    Some((key, u32::from(number(header, 4)?) + 40))
}

fn ports(proto: u8, above: &[u8]) -> Option<(u16, u16)> {
    match proto {
        6 => above
            .get(..14)
            .and_then(|_| Some((number(above, 0)?, number(above, 2)?))),
        17 | 132 | 136 => Some((number(above, 0)?, number(above, 2)?)),
        1 | 58 => Some((0, number(above, 0)?)),
        _ => Some((0, 0)),
    }
}
