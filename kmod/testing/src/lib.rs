// SPDX-License-Identifier: BSD-2-Clause
//! What tests of the node share: a [`home`] that they can see into, [`mod@packet`]s
//! for its nodes, and what [`drive`]s them.

pub mod drive;
pub mod home;
pub mod packet;

pub use drive::*;
pub use home::{Home, BOOT};
pub use packet::{echo_reply, packet, TestPacket};
