// SPDX-License-Identifier: BSD-2-Clause
//! The prompt: commands as they are typed, and what comes to the node
//! meanwhile as it comes.

use crate::{
    commands::{help, msg},
    script::split,
    session::{Session, Status},
};
use ngctl_rs::{
    cli::{Exit, EX_OSERR},
    error::describe,
    transport::wait_readable,
};
use std::{
    io::{stdin, BufRead},
    os::fd::AsFd,
    time::Duration,
};

const PROMPT: &str = "+ ";

/// Runs commands until `quit` or the end of input.
pub fn run(session: &mut Session) -> Result<Status, Exit> {
    session.client()?;
    help::list(session).map_err(Exit::unwritten)?;
    loop {
        write!(session.out, "{PROMPT}").map_err(Exit::unwritten)?;
        session.out.flush().map_err(Exit::unwritten)?;
        wait_for_input(session)?;

        let mut line = String::new();
        let count = stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| Exit::new(EX_OSERR, describe(&error)))?;
        if count == 0 {
            writeln!(session.out).map_err(Exit::unwritten)?;
            session.out.flush().map_err(Exit::unwritten)?;
            return Ok(Status::Quit);
        }
        if session.execute(&split(&line)) == Status::Quit {
            return Ok(Status::Quit);
        }
    }
}

/// Shows what comes to the node until a line has been typed. The terminal
/// hands out one line at a time, so none waits unseen in a buffer.
fn wait_for_input(session: &mut Session) -> Result<(), Exit> {
    loop {
        let failed = |error: ngctl_rs::Error| Exit::new(EX_OSERR, error);
        while let Some(received) = session
            .client()?
            .receive(Some(Duration::ZERO))
            .map_err(failed)?
        {
            writeln!(session.out).map_err(Exit::unwritten)?;
            msg::show(session, received)?;
            write!(session.out, "{PROMPT}").map_err(Exit::unwritten)?;
            session.out.flush().map_err(Exit::unwritten)?;
        }
        let stdin = stdin();
        let mut fds = session.client()?.descriptors();
        fds.push(stdin.as_fd());
        let ready = wait_readable(&fds, None)
            .map_err(|error| Exit::new(EX_OSERR, format!("poll: {}", describe(&error))))?;
        if ready.last() == Some(&true) {
            return Ok(());
        }
    }
}
