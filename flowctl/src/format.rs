// SPDX-License-Identifier: BSD-2-Clause
//! Flows as lines, in the columns of flowctl(8), which has them from Cisco's
//! "show ip cache flow".

use crate::flows::{Family, Flow};
use std::net::IpAddr;

/// How much to show of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line, its ports in hexadecimal.
    Brief,
    /// A line, its ports in decimal.
    Human,
    /// Two lines and a blank one.
    Verbose,
}

/// A family's flows in a style.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    pub family: Family,
    pub style: Style,
}

impl Format {
    pub fn new(family: Family, style: Style) -> Self {
        Self { family, style }
    }

    /// The columns' names.
    pub fn heading(self) -> String {
        let (ifw, ipw, next) = (
            self.interface_width(),
            self.address_width(),
            self.next_width(),
        );
        let ends = format!(
            "{:<ifw$} {:<ipw$} {:<ifw$} {:<ipw$} ",
            "SrcIf", "SrcIPaddress", "DstIf", "DstIPaddress"
        );
        match self.style {
            Style::Brief => ends + "Pr SrcP DstP  Pkts\n",
            Style::Human => ends + "Proto  SrcPort  DstPort     Pkts\n",
            Style::Verbose => {
                let ports = "Port Msk AS                    Port Msk AS    ";
                let next = format!("{:<next$}", "NextHop");
                ends + "Pr TOS Flgs  Pkts\n" + ports + &next + "B/Pk  Active\n"
            }
        }
    }

    /// One flow, with its interfaces as they are called.
    pub fn row(self, flow: &Flow, input: &str, output: &str) -> String {
        let (ifw, ipw) = (self.interface_width(), self.address_width());
        let source = inet_ntop(flow.source);
        let destination = inet_ntop(flow.destination);
        let ends = format!("{input:<ifw$} {source:<ipw$} {output:<ifw$} {destination:<ipw$} ");
        let Flow {
            source_port,
            destination_port,
            protocol,
            packets,
            ..
        } = flow;
        match self.style {
            Style::Brief => format!(
                "{ends}{protocol:>2} {source_port:04x} {destination_port:04x} {packets:>6}\n"
            ),
            Style::Human => {
                format!("{ends}{protocol:>5} {source_port:>8} {destination_port:>8} {packets:>8}\n")
            }
            Style::Verbose => {
                let (tos, flags) = (flow.tos, flow.tcp_flags);
                let (source_mask, destination_mask) = (flow.source_mask, flow.destination_mask);
                let next_hop = inet_ntop(flow.next_hop);
                let per_packet = flow.bytes.checked_div(flow.packets).unwrap_or(0);
                // Base knows no autonomous systems and no time: always 0.
                format!(
                    "{ends}{protocol:>2} {tos:>3x} {flags:>4x} {packets:>6}\n\
                     {source_port:04x} /{source_mask:<2} {as_number:<5}                 \
                     {destination_port:04x} /{destination_mask:<2} {as_number:<5} \
                     {next_hop:<ipw$} {per_packet:>9} {active:>8}\n\n",
                    as_number = 0,
                    active = 0,
                )
            }
        }
    }

    fn interface_width(self) -> usize {
        match self.style {
            Style::Brief | Style::Human => 13,
            Style::Verbose => 14,
        }
    }

    fn address_width(self) -> usize {
        match (self.family, self.style) {
            (Family::Ipv4, _) => 15,
            (Family::Ipv6, Style::Brief | Style::Verbose) => 30,
            (Family::Ipv6, Style::Human) => 36,
        }
    }

    /// From the next hop's name to that of the column of bytes a packet.
    fn next_width(self) -> usize {
        self.address_width() + 6
    }
}

/// An address as FreeBSD's inet_ntop(3) writes it: unlike Rust, with the last
/// four bytes as IPv4 when all before them are zero.
fn inet_ntop(address: IpAddr) -> String {
    match address {
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
                let [.., a, b, c, d] = v6.octets();
                format!("::{a}.{b}.{c}.{d}")
            }
            _ => v6.to_string(),
        },
        IpAddr::V4(v4) => v4.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::inet_ntop;

    #[test]
    fn addresses_are_written_as_inet_ntop_does() {
        for text in [
            "::",
            "::1",
            "::ffff",
            "::1.2.3.4",
            "::ffff:1.2.3.4",
            "::ffff:0:1.2.3.4",
            "2001:db8::1:0:0:1",
            "2001:db8:0:1:1:1:1:1",
            "1:0:0:2::",
            "192.168.1.2",
        ] {
            let address = text.parse().expect("an address");
            let written = inet_ntop(address);
            let expected = match text {
                "::ffff:0:1.2.3.4" => "::ffff:0:102:304",
                text => text,
            };
            assert_eq!(written, expected);
        }
    }
}
