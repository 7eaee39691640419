// SPDX-License-Identifier: BSD-2-Clause
//! SIGINT and SIGTERM: the first asks for an orderly end, the second ends the
//! process at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::{Failure, EX_OSERR};

/// Whether the process was asked to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// From now on signals are noticed.
    pub fn on_signals() -> Result<Self, Failure> {
        let stop = Stop::default();
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))
                .and_then(|_| flag::register(signal, Arc::clone(&asked)))
                .and_then(|_| {
                    flag::register_usize(
                        signal,
                        Arc::clone(&stop.0),
                        signal.unsigned_abs() as usize,
                    )
                })
                .map_err(|error| Failure::new(EX_OSERR, format!("signal {signal}: {error}")))?;
        }
        Ok(stop)
    }

    /// The signal that asked, if one has.
    pub fn signal(&self) -> Option<u8> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal as u8),
        }
    }
}
