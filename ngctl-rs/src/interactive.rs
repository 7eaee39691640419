// SPDX-License-Identifier: BSD-2-Clause
//! The prompt: commands as they are typed, and what comes to the node
//! meanwhile as it comes.

use crate::{
    commands::{help, msg},
    complete::Netgraph,
    session::{Session, Status},
};
use ngctl_rs::{
    cli::{Exit, EX_OSERR},
    transport::wait_readable,
    words::split,
};
use nix::{
    sys::signal::{kill, SigSet, Signal},
    unistd::getpid,
};
use rustyline::{error::ReadlineError, history::DefaultHistory, CompletionType, Config, Editor};
use std::{
    io::{stdout, Write},
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

const PROMPT: &str = "+ ";

/// Lines that can be had back.
const HISTORY: usize = 100;

/// Runs commands until `quit` or the end of input.
pub fn run(mut session: Session) -> Result<Status, Exit> {
    session.client()?;
    help::list(&mut session).map_err(Exit::unwritten)?;
    session.out.flush().map_err(Exit::unwritten)?;

    let session = Arc::new(Mutex::new(session));
    let config = Config::builder()
        .max_history_size(HISTORY)
        .and_then(|config| config.history_ignore_dups(true))
        .map_err(terminal)?
        .auto_add_history(true)
        .completion_type(CompletionType::List)
        .build();
    let mut editor: Editor<Netgraph, DefaultHistory> =
        Editor::with_config(config).map_err(terminal)?;
    editor.set_helper(Some(Netgraph(Arc::clone(&session))));
    let watched = Arc::clone(&session);
    thread::spawn(move || watch(&watched));
    loop {
        let lines = match editor.readline(PROMPT) {
            Ok(lines) => lines,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(Status::Quit),
            Err(error) => return Err(terminal(error)),
        };
        let mut session = locked(&session);
        // What is pasted may be several.
        for line in lines.lines() {
            if session.execute(&split(line)) == Status::Quit {
                return Ok(Status::Quit);
            }
        }
        // What came while the commands had the client to themselves.
        if let Ok(text) = arrived(&mut session) {
            write!(session.out, "{text}").map_err(Exit::unwritten)?;
            session.out.flush().map_err(Exit::unwritten)?;
        }
    }
}

/// Shows what comes to the node while a line is edited, below that line, and
/// has the editor draw the line anew. Without it, what comes is shown after the
/// next command.
///
/// rustyline has a printer for this, but with that it forgets keys that came
/// together, as pasted ones do (its issue 976).
fn watch(session: &Mutex<Session>) {
    let redraw = Signal::SIGWINCH;
    // It is for the thread that edits.
    let blocked = SigSet::from_iter([redraw]).thread_block();
    let (Ok(()), Ok(descriptors)) = (blocked, descriptors(&mut locked(session))) else {
        return;
    };
    let fds: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
    while wait_readable(&fds, None).is_ok() {
        // A command that waits for a reply has the lock, and takes it away.
        let (text, is_over) = match arrived(&mut locked(session)) {
            Ok(text) => (text, false),
            Err(error) => (format!("{error}\n"), true),
        };
        if !text.is_empty() {
            // The terminal is raw: a line's end does not take it to the left.
            let text = format!("\n{text}").replace('\n', "\r\n");
            let mut out = stdout();
            let shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            if shown.is_err() || kill(getpid(), redraw).is_err() {
                return;
            }
        }
        if is_over {
            return;
        }
    }
}

/// Everything that has come, as text.
fn arrived(session: &mut Session) -> Result<String, ngctl_rs::Error> {
    let mut text = String::new();
    let Ok(client) = session.client() else {
        return Ok(text);
    };
    while let Some(received) = client.receive(Some(Duration::ZERO))? {
        text += &msg::text(client, received);
    }
    Ok(text)
}

/// Copies, to wait for without the lock.
fn descriptors(session: &mut Session) -> Result<Vec<OwnedFd>, Exit> {
    let fds = session.client()?.descriptors();
    let copies: std::io::Result<_> = fds.iter().map(|fd| fd.try_clone_to_owned()).collect();
    copies.map_err(|error| Exit::new(EX_OSERR, error))
}

/// The session. That a thread has panicked does no harm to it.
fn locked(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

fn terminal(error: ReadlineError) -> Exit {
    Exit::new(EX_OSERR, format!("terminal: {error}"))
}
