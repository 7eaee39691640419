// SPDX-License-Identifier: BSD-2-Clause
//! The shape of the house, so that a test can keep it: which crate may import
//! which, in which order the modules of the engine and of the node build on
//! each other, and where unsafe code may be.
//!
//! [`house`] says what is allowed; [`crates`], [`modules`] and [`unsafety`]
//! each find what is not, as lines to print.
#![forbid(unsafe_code)]

pub mod crates;
pub mod house;
pub mod modules;
pub mod source;
pub mod unsafety;
