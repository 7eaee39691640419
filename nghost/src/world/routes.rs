// SPDX-License-Identifier: BSD-2-Clause
//! Routing tables: the longest prefix that holds an address wins.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address and how many of its leading bits count, as `192.0.2.1/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The address, with all its bits.
    pub address: IpAddr,
    /// Leading bits, at most 32 or 128.
    pub len: u8,
}

impl Prefix {
    /// The address alone: a prefix with all its bits.
    pub fn host(address: IpAddr) -> Self {
        let len = if address.is_ipv4() { 32 } else { 128 };
        Prefix { address, len }
    }
}

impl FromStr for Prefix {
    type Err = String;

    /// An address without a length stands for itself alone.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => (address, Some(len)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("'{address}' is not an IP address"))?;
        let whole = Prefix::host(address);
        let Some(len) = len else {
            return Ok(whole);
        };
        match len.parse() {
            Ok(len) if len <= whole.len => Ok(Prefix { address, len }),
            _ => Err(format!("'/{len}' is not a prefix length of {address}")),
        }
    }
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// ifIndex of the interface behind it.
    pub interface: u16,
    /// The gateway, `None` when directly connected.
    pub gateway: Option<IpAddr>,
    /// Length of its prefix in bits.
    pub len: u8,
}

/// The routes of one FIB.
#[derive(Debug, Default)]
pub struct Table {
    v4: Tree,
    v6: Tree,
}

impl Table {
    /// Adds a route, in place of one with the same prefix.
    pub fn add(&mut self, to: Prefix, interface: u16, gateway: Option<IpAddr>) {
        let route = Route {
            interface,
            gateway,
            len: to.len,
        };
        let (tree, bits) = match to.address {
            IpAddr::V4(v4) => (&mut self.v4, bits4(v4)),
            IpAddr::V6(v6) => (&mut self.v6, v6.to_bits()),
        };
        tree.0
            .entry(to.len)
            .or_default()
            .insert(mask(bits, to.len), route);
    }

    /// The route to an address.
    pub fn look_up(&self, to: IpAddr) -> Option<Route> {
        match to {
            IpAddr::V4(v4) => self.look_up4(v4),
            IpAddr::V6(v6) => self.look_up6(v6),
        }
    }

    /// The route to an IPv4 address.
    pub fn look_up4(&self, to: Ipv4Addr) -> Option<Route> {
        self.v4.look_up(bits4(to))
    }

    /// The route to an IPv6 address.
    pub fn look_up6(&self, to: Ipv6Addr) -> Option<Route> {
        self.v6.look_up(to.to_bits())
    }
}

/// Prefixes by length; addresses are 128 bits, an IPv4 address the highest 32.
#[derive(Debug, Default)]
struct Tree(BTreeMap<u8, HashMap<u128, Route>>);

impl Tree {
    fn look_up(&self, to: u128) -> Option<Route> {
        let lengths = self.0.iter().rev();
        lengths
            .filter_map(|(&len, routes)| routes.get(&mask(to, len)))
            .next()
            .copied()
    }
}

fn bits4(address: Ipv4Addr) -> u128 {
    u128::from(address.to_bits()) << 96
}

fn mask(bits: u128, len: u8) -> u128 {
    bits & !u128::MAX.checked_shr(u32::from(len)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A few addresses, so that prefixes nest and collide.
    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            (0u32..8, 0u32..4)
                .prop_map(|(high, low)| { IpAddr::V4(Ipv4Addr::from_bits(high << 29 | low)) }),
            (0u128..8, 0u128..4)
                .prop_map(|(high, low)| { IpAddr::V6(Ipv6Addr::from_bits(high << 125 | low)) }),
        ]
    }

    fn prefix() -> impl Strategy<Value = Prefix> {
        (address(), any::<u8>()).prop_map(|(address, len)| Prefix {
            address,
            len: len % (Prefix::host(address).len + 1),
        })
    }

    /// Bit by bit, as one would on paper.
    fn holds(prefix: Prefix, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => format!("4{:032b}", v4.to_bits()),
            IpAddr::V6(v6) => format!("6{:0128b}", v6.to_bits()),
        };
        let len = usize::from(prefix.len) + 1;
        bits(prefix.address).get(..len) == bits(address).get(..len)
    }

    proptest! {
        #[test]
        fn the_longest_prefix_wins_and_the_last_of_its_like(
            prefixes in proptest::collection::vec(prefix(), 0..20),
            to in address(),
        ) {
            let mut table = Table::default();
            for (index, &prefix) in prefixes.iter().enumerate() {
                table.add(prefix, index as u16, None);
            }
            let best = prefixes
                .iter()
                .enumerate()
                .filter(|(_, prefix)| holds(**prefix, to))
                .max_by_key(|(index, prefix)| (prefix.len, *index));
            let route = table.look_up(to);
            prop_assert_eq!(route.map(|r| usize::from(r.interface)), best.map(|b| b.0));
            prop_assert_eq!(route.map(|r| r.len), best.map(|b| b.1.len));
        }

        #[test]
        fn prefixes_are_read_as_they_are_written(prefix in prefix()) {
            let text = format!("{}/{}", prefix.address, prefix.len);
            prop_assert_eq!(text.parse(), Ok(prefix));
        }
    }

    #[test]
    fn bad_prefixes_are_named() {
        for text in ["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "x"] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }
}
