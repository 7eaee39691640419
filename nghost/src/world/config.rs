// SPDX-License-Identifier: BSD-2-Clause
//! The world's description, in a TOML file or in options: the same keys with
//! the same meaning in both.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::{Deserializer, Error};
use serde::Deserialize;
use toml::{Table, Value};

use super::routes::Prefix;
use crate::failure::{Failure, EX_CONFIG, EX_NOINPUT, EX_USAGE};

/// Interfaces and routes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldConfig {
    /// `[[interface]]`
    #[serde(default)]
    pub interface: Vec<InterfaceConfig>,
    /// `[[route]]`
    #[serde(default)]
    pub route: Vec<RouteConfig>,
}

/// One interface.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfaceConfig {
    /// Its name, less than 16 octets.
    pub name: String,
    /// Its ifIndex; by default the lowest that is free, from 1 on.
    pub index: Option<u16>,
    /// Its addresses with their prefix lengths.
    #[serde(default, deserialize_with = "one_or_many")]
    pub address: Vec<Prefix>,
    /// The routing table that its packets and its addresses belong to.
    #[serde(default)]
    pub fib: u16,
    /// Its Ethernet address.
    #[serde(default)]
    pub mac: MacAddr,
    /// A pcap or pcapng file whose frames it receives.
    pub capture: Option<PathBuf>,
    /// How fast: `real` (the default), `Nx` or `fast`.
    pub pace: Option<Pace>,
    /// The interface of this host whose frames it receives and sends.
    pub live: Option<String>,
    /// Which of these frames, in the words of pcap-filter(7).
    pub filter: Option<String>,
    /// A live interface also receives what is for other hosts.
    #[serde(default)]
    pub promiscuous: bool,
}

/// One route.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// Where to: a prefix.
    #[serde(deserialize_with = "from_text")]
    pub to: Prefix,
    /// The gateway, unless directly connected.
    pub gateway: Option<IpAddr>,
    /// The interface; by default the one the gateway is reached by.
    pub interface: Option<String>,
    /// The routing table.
    #[serde(default)]
    pub fib: u16,
}

/// How fast a capture is fed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pace {
    /// As fast as it was captured.
    #[default]
    Real,
    /// So many times as fast.
    Times(f64),
    /// As fast as this machine can; the clock follows the capture.
    Fast,
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "real" => return Ok(Pace::Real),
            "fast" => return Ok(Pace::Fast),
            _ => {}
        }
        let times = text.strip_suffix('x').and_then(|n| n.parse().ok());
        match times {
            Some(times) if (0.001..=1e6).contains(&times) => Ok(Pace::Times(times)),
            _ => Err(format!(
                "'{text}' is not a pace: use 'real', 'fast', or a factor such as '10x'"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Pace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// An Ethernet address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MacAddr(pub [u8; 6]);

impl FromStr for MacAddr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let octets: Option<Vec<u8>> = text
            .split(':')
            .map(|octet| u8::from_str_radix(octet, 16).ok())
            .collect();
        let octets = octets.and_then(|octets| octets.try_into().ok());
        let octets = octets.ok_or(format!("'{text}' is not an Ethernet address"))?;
        Ok(MacAddr(octets))
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Prefix>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let texts = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    };
    let parse = |text: &String| text.parse().map_err(D::Error::custom);
    texts.iter().map(parse).collect()
}

impl WorldConfig {
    /// Reads a file; captures that it names are relative to it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::new(EX_NOINPUT, format!("{name}: {error}")))?;
        let mut world: WorldConfig = toml::from_str(&text)
            .map_err(|error| Failure::new(EX_CONFIG, format!("{name}: {error}")))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for interface in &mut world.interface {
            if let Some(capture) = &mut interface.capture {
                *capture = folder.join(&*capture);
            }
        }
        Ok(world)
    }

    /// Adds an interface given as an option:
    /// `em0,index=1,address=192.0.2.1/24,capture=FILE,pace=fast`.
    pub fn add_interface(&mut self, spec: &str) -> Result<(), Failure> {
        self.interface.push(option("--interface", "name", spec)?);
        Ok(())
    }

    /// Adds a route given as an option: `10.0.0.0/8,gateway=192.0.2.254`.
    pub fn add_route(&mut self, spec: &str) -> Result<(), Failure> {
        self.route.push(option("--route", "to", spec)?);
        Ok(())
    }
}

/// What stands between commas; two of them are one that separates nothing.
fn items(spec: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut chars = spec.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, items.last_mut()) {
            (',', Some(item)) if chars.next_if_eq(&',').is_some() => item.push(','),
            (',', _) => items.push(String::new()),
            (_, Some(item)) => item.push(char),
            (_, None) => {}
        }
    }
    items
}

/// Reads `first,key=value,...` as the table that the file would have.
fn option<T: for<'de> Deserialize<'de>>(
    option: &str,
    first: &str,
    spec: &str,
) -> Result<T, Failure> {
    let bad = |why: String| Failure::new(EX_USAGE, format!("{option} {spec}: {why}"));
    let mut table = Table::new();
    for (index, item) in items(spec).iter().enumerate() {
        let (key, value) = match item.split_once('=') {
            Some(pair) => pair,
            None if index == 0 => (first, item.as_str()),
            None => {
                let why = format!("'{item}' has no '=' (a comma within a value is written ',,')");
                return Err(bad(why));
            }
        };
        let value = match key {
            "index" | "fib" => {
                let number = value.parse::<u16>();
                let number = number
                    .map_err(|_| bad(format!("'{value}' is not a number from 0 to 65535")))?;
                Value::Integer(number.into())
            }
            "promiscuous" => {
                let truth = value.parse::<bool>();
                Value::Boolean(truth.map_err(|_| bad(format!("'{value}' is not true or false")))?)
            }
            _ => Value::String(value.to_owned()),
        };
        match table.remove(key) {
            None => {
                table.insert(key.to_owned(), value);
            }
            Some(Value::Array(mut values)) => {
                values.push(value);
                table.insert(key.to_owned(), Value::Array(values));
            }
            Some(earlier) if key == "address" => {
                table.insert(key.to_owned(), Value::Array(vec![earlier, value]));
            }
            Some(_) => return Err(bad(format!("'{key}' is given twice"))),
        }
    }
    table
        .try_into()
        .map_err(|error: toml::de::Error| bad(error.message().to_owned()))
}
