// SPDX-License-Identifier: BSD-2-Clause
//! What the engine is measured with: [`traffic`] for it, and a [`platform`] to
//! run on that costs what the kernel's does.
//!
//! Neither needs an operating system, so that the same code also runs compiled
//! with the kernel's flags (`../instructions`).
#![no_std]

extern crate alloc;

pub mod platform;
pub mod traffic;
