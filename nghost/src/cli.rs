// SPDX-License-Identifier: BSD-2-Clause
//! The command line.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use nix::unistd::getuid;
use sys_bindings::nghost::{DefaultPath, SOCKET_ENV};

use crate::failure::Failure;
use crate::probe::{collector, Probe, Source, Version};
use crate::run::Options;
use crate::world::config::WorldConfig;

/// A userland netgraph with FreeBSD's netflow node, fed by captures or by live
/// interfaces, and driven by ngctl-rs and flowctl.
#[derive(Debug, Parser)]
#[command(
    name = "nghost",
    version,
    propagate_version = true,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Export NetFlow of an interface or a capture, without a script
    ///
    /// Accounts the packets that an interface of this host receives and sends,
    /// until SIGINT or SIGTERM; then what is cached is exported, and the status
    /// is 0.
    Probe(ProbeArgs),
}

// The brackets are of a usage, not of links.
#[allow(rustdoc::broken_intra_doc_links)]
#[derive(Args, Debug)]
struct RunArgs {
    /// Interface: NAME[,index=N][,address=IP/LEN]...[,fib=N][,mac=MAC]
    /// [,capture=FILE[,pace=real|Nx|fast]][,live=DEVICE[,promiscuous=true]]
    /// [,filter=EXPRESSION]; a comma within a value is written twice
    #[arg(long, short, value_name = "SPEC")]
    interface: Vec<String>,

    /// Route: PREFIX[,gateway=IP][,interface=NAME][,fib=N], with a gateway, an
    /// interface or both
    #[arg(long, short, value_name = "SPEC")]
    route: Vec<String>,

    /// TOML file with [[interface]] and [[route]] tables of the same keys
    #[arg(long, short, value_name = "FILE")]
    world: Option<PathBuf>,

    /// Unix socket for clients of this user and root [default: $NGHOST_SOCKET, else
    /// /tmp/nghost.UID/socket]
    #[arg(long, short, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// Hold captures back until 'msg INTERFACE: start'
    #[arg(long)]
    hold: bool,

    /// When the captures are over, advance the clock until all flows are
    /// exported, and exit
    #[arg(long)]
    exit_at_end: bool,

    /// Datagrams a second that leave while the clock runs faster than time, and
    /// at the end
    #[arg(long, value_name = "N", default_value = "20000", value_parser = rate)]
    export_rate: NonZeroU32,
}

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("source").required(true).args(["interface", "read"])))]
struct ProbeArgs {
    /// Interface to listen to
    #[arg(long, short, value_name = "IF")]
    interface: Option<String>,

    /// Capture file to read instead, '-' for standard input, as fast as possible; its
    /// own time counts
    #[arg(long, short, value_name = "FILE")]
    read: Option<PathBuf>,

    /// Account only packets that this lets through, in the words of
    /// pcap-filter(7)
    #[arg(long, short, value_name = "EXPRESSION")]
    filter: Option<String>,

    /// Version of NetFlow; 5 carries IPv4 only
    #[arg(long, short, value_name = "VERSION", default_value = "5")]
    netflow: NetFlow,

    /// ifIndex in the records: input of what is received, output of what is
    /// sent [default: the interface's own, 1 for a file]
    #[arg(long, short = 'x', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    index: Option<u16>,

    /// Seconds without a packet after which a flow ends
    #[arg(long, short = 'd', value_name = "SECONDS", default_value_t = 15)]
    inactive: u32,

    /// Seconds after which a flow is exported though it goes on
    #[arg(long, short = 'e', value_name = "SECONDS", default_value_t = 1800)]
    active: u32,

    /// Do not ask the interface for packets to other hosts
    #[arg(long, short = 'p', conflicts_with = "read")]
    no_promiscuous: bool,

    /// Unix socket for flowctl and ngctl-rs, which find the node 'netflow'
    /// [default: $NGHOST_SOCKET, else none]
    #[arg(long, short, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// Datagrams a second at the end, and of a file
    #[arg(long, value_name = "N", default_value = "20000", value_parser = rate)]
    export_rate: NonZeroU32,

    /// Collectors: each gets every record
    #[arg(value_name = "HOST:PORT", required = true)]
    collector: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum NetFlow {
    /// Cisco's version 5
    #[value(name = "5")]
    V5,
    /// Version 9, RFC 3954
    #[value(name = "9")]
    V9,
}

/// The socket that the environment names.
fn socket_of_environment() -> Option<PathBuf> {
    let named = std::env::var_os(SOCKET_ENV).filter(|name| !name.is_empty());
    named.map(PathBuf::from)
}

impl Cli {
    /// What is to be done. `EX_USAGE` and others when it cannot be.
    pub fn into_options(self) -> Result<Options, Failure> {
        match self.command {
            Some(Command::Probe(args)) => args.into_options(),
            None => self.run.into_options(),
        }
    }
}

impl RunArgs {
    fn into_options(self) -> Result<Options, Failure> {
        let mut world = match &self.world {
            Some(path) => WorldConfig::read(path)?,
            None => WorldConfig::default(),
        };
        for spec in &self.interface {
            world.add_interface(spec)?;
        }
        for spec in &self.route {
            world.add_route(spec)?;
        }
        let default = || DefaultPath(getuid().as_raw()).to_string().into();
        let socket = self.socket.or_else(socket_of_environment);
        Ok(Options {
            socket: Some(socket.unwrap_or_else(default)),
            world,
            hold: self.hold,
            exit_at_end: self.exit_at_end,
            export_rate: self.export_rate,
            probe: None,
        })
    }
}

impl ProbeArgs {
    fn into_options(self) -> Result<Options, Failure> {
        let source = match (self.read, self.interface) {
            (Some(file), _) => Source::File(file),
            (None, name) => Source::Interface {
                name: name.unwrap_or_default(),
                promiscuous: !self.no_promiscuous,
            },
        };
        let collectors = self.collector.iter().map(|text| collector(text));
        let probe = Probe {
            filter: self.filter,
            index: self.index,
            version: match self.netflow {
                NetFlow::V5 => Version::V5,
                NetFlow::V9 => Version::V9,
            },
            inactive: self.inactive,
            active: self.active,
            collectors: collectors.collect::<Result<_, _>>()?,
            source,
        };
        Ok(Options {
            socket: self.socket.or_else(socket_of_environment),
            world: probe.world()?,
            hold: false,
            exit_at_end: matches!(probe.source, Source::File(_)),
            export_rate: self.export_rate,
            probe: Some(probe),
        })
    }
}

fn rate(text: &str) -> Result<NonZeroU32, String> {
    let number = text.parse();
    number.map_err(|_| format!("give a number from 1 to {}", u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn options(args: &[&str]) -> Options {
        let args = ["nghost"].iter().chain(args);
        Cli::try_parse_from(args).unwrap().into_options().unwrap()
    }

    #[test]
    fn without_a_subcommand_it_is_as_ever() {
        let options = options(&["-i", "em0,index=1", "--hold", "-s", "/tmp/x"]);
        assert!(options.hold && options.probe.is_none());
        assert_eq!(options.socket, Some("/tmp/x".into()));
    }

    /// Each user has a folder, which is made for this user alone, and is told so.
    #[test]
    fn the_socket_is_the_users_own_unless_it_is_named() {
        let args = Cli::try_parse_from(["nghost"]).unwrap().into_options();
        let own = format!("/tmp/nghost.{}/socket", getuid());
        if socket_of_environment().is_none() {
            assert_eq!(args.unwrap().socket, Some(own.into()));
        }
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("clients of this user and root"), "{help}");
    }

    #[test]
    fn a_probe_of_a_file_ends_with_it() {
        let options = options(&["probe", "-r", "x.pcap", "-n", "9", "127.0.0.1:2055"]);
        assert!(options.exit_at_end);
        let probe = options.probe.unwrap();
        assert_eq!(
            (probe.version, probe.inactive, probe.active),
            (Version::V9, 15, 1800)
        );
        assert_eq!(options.world.interface[0].index, Some(1));
    }

    #[test]
    fn a_probe_needs_a_source_and_a_collector() {
        for args in [
            &["nghost", "probe", "127.0.0.1:2055"][..],
            &["nghost", "probe", "-i", "lo"],
            &["nghost", "probe", "-i", "lo", "-r", "x", "127.0.0.1:2055"],
            &["nghost", "probe", "-i", "lo", "-n", "7", "127.0.0.1:2055"],
            &["nghost", "probe", "-i", "lo", "-x", "0", "127.0.0.1:2055"],
        ] {
            assert!(Cli::try_parse_from(args).is_err(), "{args:?}");
        }
        let error = Cli::try_parse_from(["nghost", "probe", "127.0.0.1:2055"]);
        let said = error.unwrap_err().to_string();
        assert!(said.contains("--interface <IF>|--read <FILE>"), "{said}");
    }
}
