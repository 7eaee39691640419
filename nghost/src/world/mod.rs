// SPDX-License-Identifier: BSD-2-Clause
//! The world around the graph: interfaces with their ifIndex and addresses,
//! and routes per FIB. What a kernel would look up, a node looks up here.

pub mod config;
pub mod routes;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sys_bindings::IFNAMSIZ;

use crate::failure::{Failure, EX_CONFIG};
use config::{InterfaceConfig, RouteConfig, WorldConfig};
use routes::{Prefix, Table};

/// The loopback interface, which is there whether it is configured or not:
/// addresses of this host are routed to it.
pub const LOOPBACK: &str = "lo0";

/// Interfaces and routing tables.
#[derive(Debug)]
pub struct World {
    names: BTreeMap<u16, String>,
    fibs: Vec<Table>,
}

impl World {
    /// Makes the world that is configured; interfaces without an index are
    /// given one. `EX_CONFIG` for what cannot be.
    pub fn new(config: &mut WorldConfig) -> Result<Self, Failure> {
        let names = number_interfaces(&mut config.interface)?;
        let fibs = config.interface.iter().map(|interface| interface.fib);
        let fibs = fibs.chain(config.route.iter().map(|route| route.fib));
        let fibs = usize::from(fibs.max().unwrap_or(0)) + 1;
        let mut world = World {
            names,
            fibs: (0..fibs).map(|_| Table::default()).collect(),
        };
        world.add_addresses(&config.interface);
        for route in &config.route {
            world.add_route(route)?;
        }
        Ok(world)
    }

    /// The name of the interface with this ifIndex.
    pub fn interface_name(&self, index: u16) -> Option<&str> {
        self.names.get(&index).map(String::as_str)
    }

    /// How many routing tables there are.
    pub fn fibs(&self) -> u16 {
        self.fibs.len() as u16
    }

    /// A routing table.
    pub fn fib(&self, fib: u16) -> Option<&Table> {
        self.fibs.get(usize::from(fib))
    }

    fn index_of(&self, name: &str) -> Option<u16> {
        let mut names = self.names.iter();
        names
            .find(|(_, other)| *other == name)
            .map(|(&index, _)| index)
    }

    /// Each address makes two routes, as in the kernel: its prefix leads out
    /// of the interface, itself to the loopback interface.
    fn add_addresses(&mut self, interfaces: &[InterfaceConfig]) {
        let loopback = self.index_of(LOOPBACK).unwrap_or(0);
        if let Some(table) = self.fibs.first_mut() {
            for own in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
                table.add(Prefix::host(own), loopback, None);
            }
        }
        for interface in interfaces {
            let Some(table) = self.fibs.get_mut(usize::from(interface.fib)) else {
                continue;
            };
            for &address in &interface.address {
                table.add(address, interface.index.unwrap_or(0), None);
                table.add(Prefix::host(address.address), loopback, None);
            }
        }
    }

    fn add_route(&mut self, route: &RouteConfig) -> Result<(), Failure> {
        let to = format!("route to {}/{}", route.to.address, route.to.len);
        let bad = |why: String| Failure::new(EX_CONFIG, format!("{to}: {why}"));
        if let Some(gateway) = route.gateway {
            if gateway.is_ipv4() != route.to.address.is_ipv4() {
                return Err(bad(format!("{gateway} is of another IP version")));
            }
        }
        let interface = match (&route.interface, route.gateway) {
            (Some(name), _) => self
                .index_of(name)
                .ok_or_else(|| bad(format!("there is no interface {name}")))?,
            (None, Some(gateway)) => self
                .neighbour(route.fib, gateway)
                .ok_or_else(|| bad(format!("no interface reaches {gateway}: give 'interface='")))?,
            (None, None) => return Err(bad("give 'gateway=' or 'interface='".into())),
        };
        if let Some(table) = self.fibs.get_mut(usize::from(route.fib)) {
            table.add(route.to, interface, route.gateway);
        }
        Ok(())
    }

    /// The interface by which a directly connected address is reached.
    fn neighbour(&self, fib: u16, address: IpAddr) -> Option<u16> {
        let route = self.fib(fib)?.look_up(address)?;
        route.gateway.is_none().then_some(route.interface)
    }
}

/// Checks names and indexes, and gives an index to those that have none; the
/// loopback interface comes last.
fn number_interfaces(interfaces: &mut [InterfaceConfig]) -> Result<BTreeMap<u16, String>, Failure> {
    let mut names = BTreeMap::new();
    for interface in interfaces.iter() {
        let name = &interface.name;
        let bad = |why: &str| Failure::new(EX_CONFIG, format!("interface '{name}': {why}"));
        if name.is_empty() || name.len() >= IFNAMSIZ {
            return Err(bad("a name has 1 to 15 octets"));
        }
        let same = |other: &&InterfaceConfig| other.name == *name;
        if interfaces.iter().filter(same).count() > 1 {
            return Err(bad("the name is given twice"));
        }
        match interface.index {
            Some(0) => return Err(bad("index 0 stands for no interface")),
            Some(index) if names.insert(index, name.clone()).is_some() => {
                return Err(bad("the index is given twice"));
            }
            _ => {}
        }
    }
    let mut number = |name: &str| {
        let free = (1..=u16::MAX).find(|index| !names.contains_key(index));
        let index = free.ok_or_else(|| Failure::new(EX_CONFIG, "too many interfaces"))?;
        names.insert(index, name.to_owned());
        Ok::<u16, Failure>(index)
    };
    for interface in interfaces.iter_mut().filter(|i| i.index.is_none()) {
        interface.index = Some(number(&interface.name)?);
    }
    if !interfaces.iter().any(|i| i.name == LOOPBACK) {
        number(LOOPBACK)?;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::config::{MacAddr, Pace};
    use super::*;
    use crate::failure::EX_USAGE;

    fn world(interfaces: &[&str], routes: &[&str]) -> Result<World, Failure> {
        let mut config = WorldConfig::default();
        for spec in interfaces {
            config.add_interface(spec)?;
        }
        for spec in routes {
            config.add_route(spec)?;
        }
        World::new(&mut config)
    }

    fn route(world: &World, fib: u16, to: &str) -> Option<(String, Option<String>, u8)> {
        let route = world.fib(fib)?.look_up(to.parse().ok()?)?;
        let name = world.interface_name(route.interface)?.to_owned();
        Some((name, route.gateway.map(|g| g.to_string()), route.len))
    }

    #[test]
    fn addresses_make_the_routes_that_a_kernel_makes() {
        let world = world(
            &["epair0a,index=2,address=192.168.1.1/24,address=2001:db8::1/64"],
            &["0.0.0.0/0,gateway=192.168.1.254"],
        )
        .unwrap();
        let on = |name: &str, len| Some((name.to_owned(), None, len));
        assert_eq!(route(&world, 0, "192.168.1.2"), on("epair0a", 24));
        assert_eq!(route(&world, 0, "192.168.1.1"), on("lo0", 32));
        assert_eq!(route(&world, 0, "2001:db8::2"), on("epair0a", 64));
        assert_eq!(route(&world, 0, "2001:db8::1"), on("lo0", 128));
        assert_eq!(route(&world, 0, "2001:db9::1"), None);
        let gateway = Some("192.168.1.254".to_owned());
        assert_eq!(
            route(&world, 0, "9.9.9.9"),
            Some(("epair0a".to_owned(), gateway, 0))
        );
        assert_eq!(world.interface_name(1), Some("lo0"));
        assert_eq!(world.interface_name(3), None);
    }

    #[test]
    fn fibs_are_apart() {
        let world = world(
            &["em0,address=10.0.0.1/8", "em1,address=10.0.0.2/16,fib=1"],
            &["10.1.0.0/16,interface=em0,fib=1"],
        )
        .unwrap();
        assert_eq!(world.fibs(), 2);
        assert_eq!(route(&world, 0, "10.0.0.9").unwrap().2, 8);
        assert_eq!(route(&world, 1, "10.0.0.9").unwrap().2, 16);
        assert_eq!(route(&world, 1, "10.1.0.9").unwrap().0, "em0");
        assert_eq!(route(&world, 2, "10.0.0.9"), None);
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (interfaces, routes, status, said) in [
            (&["em0", "em0"][..], &[][..], EX_CONFIG, "given twice"),
            (&["em0,index=0"], &[], EX_CONFIG, "index 0"),
            (&["em0,index=1", "em1,index=1"], &[], EX_CONFIG, "index is"),
            (&["em0,index=x"], &[], EX_USAGE, "not a number"),
            (&["em0,index=70000"], &[], EX_USAGE, "70000"),
            (&["em0,colour=red"], &[], EX_USAGE, "colour"),
            (&["em0,fast"], &[], EX_USAGE, "no '='"),
            (&["em0,pace=quick"], &[], EX_USAGE, "not a pace"),
            (&["em0,address=1.2.3.4/40"], &[], EX_USAGE, "prefix length"),
            (&["a_name_beyond_15"], &[], EX_CONFIG, "15 octets"),
            (&[], &["10.0.0.0/8"], EX_CONFIG, "gateway="),
            (&[], &["10.0.0.0/8,interface=em9"], EX_CONFIG, "em9"),
            (&[], &["10.0.0.0/8,gateway=1.1.1.1"], EX_CONFIG, "reaches"),
            (&[], &["::/0,gateway=1.1.1.1"], EX_CONFIG, "version"),
        ] {
            let failure = world(interfaces, routes).unwrap_err();
            assert_eq!(failure.status, status, "{failure}");
            assert!(failure.text.contains(said), "{failure}");
        }
    }

    #[test]
    fn a_comma_within_a_value_is_written_twice() {
        let mut config = WorldConfig::default();
        config
            .add_interface("em0,capture=a,,b,,,,c.pcap,pace=fast")
            .unwrap();
        let interface = &config.interface[0];
        assert_eq!(interface.capture.as_deref(), Some("a,b,,c.pcap".as_ref()));
        assert_eq!(interface.pace, Some(Pace::Fast));
        let failure = config.add_interface("em0,capture=a,b.pcap").unwrap_err();
        assert!(failure.text.contains("',,'"), "{failure}");
    }

    #[test]
    fn a_file_says_the_same_as_options() {
        let text = r#"
            [[interface]]
            name = "em0"
            index = 1
            address = ["192.0.2.1/24", "2001:db8::1/64"]
            mac = "02:00:00:00:00:01"
            capture = "x.pcap"
            pace = "10x"

            [[route]]
            to = "10.0.0.0/8"
            gateway = "192.0.2.254"
        "#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.toml");
        std::fs::write(&path, text).unwrap();
        let mut config = WorldConfig::read(&path).unwrap();
        let interface = &config.interface[0];
        assert_eq!(interface.pace, Some(Pace::Times(10.0)));
        assert_eq!(interface.mac, MacAddr([2, 0, 0, 0, 0, 1]));
        assert_eq!(
            interface.capture.as_deref(),
            Some(&*folder.path().join("x.pcap"))
        );
        let world = World::new(&mut config).unwrap();
        assert_eq!(route(&world, 0, "10.1.1.1").unwrap().0, "em0");
    }
}
