// SPDX-License-Identifier: BSD-2-Clause
//! Flows as lines, in the columns of flowctl(8), which has them from Cisco's
//! "show ip cache flow".

use crate::flows::{Family, Flow};
use std::{
    fmt::{self, Write},
    iter,
    net::IpAddr,
};

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

    /// Appends one flow, with its interfaces as they are called.
    pub fn row(self, rows: &mut String, flow: &Flow, input: &str, output: &str) {
        // Writing into a string does not fail.
        let _ = self.try_row(rows, flow, input, output);
    }

    fn try_row(self, rows: &mut String, flow: &Flow, input: &str, output: &str) -> fmt::Result {
        let ipw = self.address_width();
        let Flow {
            source_port,
            destination_port,
            protocol,
            packets,
            ..
        } = flow;
        self.end(rows, input, flow.source)?;
        self.end(rows, output, flow.destination)?;
        match self.style {
            Style::Brief => writeln!(
                rows,
                "{protocol:>2} {source_port:04x} {destination_port:04x} {packets:>6}"
            ),
            Style::Human => writeln!(
                rows,
                "{protocol:>5} {source_port:>8} {destination_port:>8} {packets:>8}"
            ),
            Style::Verbose => {
                let (tos, flags) = (flow.tos, flow.tcp_flags);
                let (source_mask, destination_mask) = (flow.source_mask, flow.destination_mask);
                let per_packet = flow.bytes.checked_div(flow.packets).unwrap_or(0);
                // Base knows no autonomous systems and no time: always 0.
                write!(
                    rows,
                    "{protocol:>2} {tos:>3x} {flags:>4x} {packets:>6}\n\
                     {source_port:04x} /{source_mask:<2} {as_number:<5}                 \
                     {destination_port:04x} /{destination_mask:<2} {as_number:<5} ",
                    as_number = 0,
                )?;
                padded(rows, ipw, |rows| inet_ntop(rows, flow.next_hop))?;
                writeln!(rows, " {per_packet:>9} {active:>8}\n", active = 0)
            }
        }
    }

    /// An interface and an address behind it.
    fn end(self, rows: &mut String, interface: &str, address: IpAddr) -> fmt::Result {
        padded(rows, self.interface_width(), |rows| {
            rows.write_str(interface)
        })?;
        rows.push(' ');
        padded(rows, self.address_width(), |rows| inet_ntop(rows, address))?;
        rows.push(' ');
        Ok(())
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

/// What is written, and spaces until it is so wide. For a million flows it is
/// worth not to make a string of each first.
fn padded(
    rows: &mut String,
    width: usize,
    write: impl FnOnce(&mut String) -> fmt::Result,
) -> fmt::Result {
    let begin = rows.len();
    write(rows)?;
    let written = rows[begin..].chars().count();
    rows.extend(iter::repeat_n(' ', width.saturating_sub(written)));
    Ok(())
}

/// An address as FreeBSD's inet_ntop(3) writes it: unlike Rust, with the last
/// four bytes as IPv4 when all before them are zero.
fn inet_ntop(rows: &mut String, address: IpAddr) -> fmt::Result {
    match address {
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
                let [.., a, b, c, d] = v6.octets();
                write!(rows, "::{a}.{b}.{c}.{d}")
            }
            _ => write!(rows, "{v6}"),
        },
        IpAddr::V4(v4) => write!(rows, "{v4}"),
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
            let mut written = String::new();
            inet_ntop(&mut written, address).expect("a string takes it");
            let expected = match text {
                "::ffff:0:1.2.3.4" => "::ffff:0:102:304",
                text => text,
            };
            assert_eq!(written, expected);
        }
    }
}
