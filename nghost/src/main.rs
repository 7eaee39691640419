// SPDX-License-Identifier: BSD-2-Clause
//! The `nghost` command.

use std::io::{stderr, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use nghost::failure::{Failure, EX_USAGE};
use nghost::run::{Nghost, Options};
use nghost::signals::Stop;
use nghost::world::config::WorldConfig;
use nix::unistd::getuid;
use sys_bindings::nghost::{DefaultPath, SOCKET_ENV};

/// A userland netgraph with FreeBSD's netflow node, fed by captures or by a
/// live interface, and driven by ngctl-rs and flowctl.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Interface: NAME[,index=N][,address=IP/LEN]...[,fib=N][,mac=MAC]
    /// [,capture=FILE[,pace=real|Nx|fast]][,live=DEVICE]; a comma within a
    /// value is written twice
    #[arg(long, short, value_name = "SPEC")]
    interface: Vec<String>,

    /// Route: PREFIX[,gateway=IP][,interface=NAME][,fib=N], with a gateway, an
    /// interface or both
    #[arg(long, short, value_name = "SPEC")]
    route: Vec<String>,

    /// TOML file with [[interface]] and [[route]] tables of the same keys
    #[arg(long, short, value_name = "FILE")]
    world: Option<PathBuf>,

    /// Unix socket for clients [default: $NGHOST_SOCKET, else /tmp/nghost.UID/socket]
    #[arg(long, short, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// Hold captures back until 'msg INTERFACE: start'
    #[arg(long)]
    hold: bool,

    /// When the captures are over, advance the clock until all flows are
    /// exported, and exit
    #[arg(long)]
    exit_at_end: bool,

    /// Datagrams a second that leave while the clock runs faster than time
    #[arg(long, value_name = "N", default_value = "20000")]
    export_rate: NonZeroU32,
}

impl Cli {
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
        let socket = self.socket.unwrap_or_else(|| {
            let named = std::env::var_os(SOCKET_ENV).filter(|name| !name.is_empty());
            let default = || DefaultPath(getuid().as_raw()).to_string().into();
            named.unwrap_or_else(default).into()
        });
        Ok(Options {
            socket,
            world,
            hold: self.hold,
            exit_at_end: self.exit_at_end,
            export_rate: self.export_rate,
        })
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done when this cannot be written either.
            let _ = error.print();
            let status = if error.use_stderr() { EX_USAGE } else { 0 };
            return status.into();
        }
    };
    let result = cli.into_options().and_then(|options| {
        let stop = Stop::on_signals()?;
        Nghost::new(options, stop)?.run()
    });
    match result {
        Ok(status) => status.into(),
        Err(failure) => {
            // Whoever read it may be gone; the status says it too.
            let _ = writeln!(stderr(), "nghost: {failure}");
            failure.status.into()
        }
    }
}
