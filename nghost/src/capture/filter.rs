// SPDX-License-Identifier: BSD-2-Clause
//! Which frames of a capture are wanted, in the words of pcap-filter(7).

use pcap::{BpfProgram, Linktype};

use super::MAX_FRAME;
use crate::failure::{Failure, EX_USAGE};

/// How the instructions begin that load a packet's length: `BPF_LD | BPF_LEN` and
/// `BPF_LDX | BPF_LEN` of bpf(4).
const LOADS_OF_LENGTH: [&str; 2] = ["128 ", "129 "];

/// A filter, compiled.
pub struct Filter {
    program: BpfProgram,
    /// It asks how long a packet is.
    asks_for_length: bool,
    /// A frame that was cut short, at its length on the wire.
    padded: Vec<u8>,
}

impl Filter {
    /// Compiles a filter for Ethernet frames, or for IP packets without a link layer.
    /// `EX_USAGE` when it makes no sense.
    pub fn compile(expression: &str, is_raw_ip: bool) -> Result<Self, Failure> {
        let link = if is_raw_ip {
            // DLT_RAW, which libpcap knows everywhere.
            Linktype(12)
        } else {
            Linktype::ETHERNET
        };
        let compiled = pcap::Capture::dead(link).and_then(|dead| dead.compile(expression, true));
        let bad = |error| Failure::new(EX_USAGE, format!("filter '{expression}': {error}"));
        let program = compiled.map_err(bad)?;
        let asks_for_length = program.get_instructions().iter().any(|instruction| {
            let text = instruction.to_string();
            LOADS_OF_LENGTH.iter().any(|load| text.starts_with(load))
        });
        Ok(Filter {
            program,
            asks_for_length,
            padded: Vec::new(),
        })
    }

    /// Is a frame wanted of which `missing` octets more were on the wire?
    pub fn takes(&mut self, frame: &[u8], missing: usize) -> bool {
        if missing == 0 || !self.asks_for_length {
            return self.program.filter(frame);
        }
        // The crate has no way to tell a length but by the octets.
        let len = frame.len().saturating_add(missing).min(MAX_FRAME);
        self.padded.clear();
        self.padded.extend_from_slice(frame);
        self.padded.resize(len, 0);
        self.program.filter(&self.padded)
    }
}
