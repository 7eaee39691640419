// SPDX-License-Identifier: BSD-2-Clause
//! Placeholder.
#![no_std]
