// SPDX-License-Identifier: BSD-2-Clause
//! What is allowed. A new crate, module or unsafe file needs its line here,
//! and whoever reviews it sees that line.

/// Each crate, and the project's crates that it may import.
pub const CRATES: &[(&str, &[&str])] = &[
    ("flow", &[]),
    ("sys-bindings", &[]),
    ("ng_netflow", &["flow", "sys-bindings"]),
    ("ngctl-rs", &["sys-bindings"]),
    ("flowctl", &["ngctl-rs", "sys-bindings"]),
    ("nghost", &["flow", "ng_netflow", "sys-bindings"]),
    // What tests share: whom they are about imports them for its tests alone.
    ("flow-testing", &["flow"]),
    (
        "netflow-testing",
        &["flow", "sys-bindings", "ng_netflow", "flow-testing"],
    ),
    ("ngctl-testing", &["sys-bindings", "ngctl-rs"]),
    // These look at the house from outside; nothing may import them.
    ("end-to-end", &["flow", "flow-testing"]),
    (
        "fuzz-targets",
        &[
            "flow",
            "sys-bindings",
            "ng_netflow",
            "ngctl-rs",
            "nghost",
            "flow-testing",
            "netflow-testing",
            "end-to-end",
        ],
    ),
    ("flow-workload", &["flow"]),
    ("flow-bench", &["flow", "flow-workload"]),
    ("flow-instructions", &["flow", "flow-workload"]),
    ("vm-test", &["end-to-end"]),
    ("vm-guest", &["ngctl-rs", "sys-bindings"]),
    ("vmtest", &[]),
    ("object-gate", &[]),
    ("arrows", &[]),
];

/// Crates that any other may import for its tests.
pub const FOR_TESTS: &[&str] = &["flow-testing", "netflow-testing", "ngctl-testing"];

/// Crates whose modules have an order: each may import only modules before it,
/// and those it is named together with.
pub const MODULES: &[(&str, &[&str])] = &[
    (
        "kmod/flow",
        &[
            "sync", "platform", "route", "address", "packet", "key", "hash", "counters", "cache",
            "export", "engine",
        ],
    ),
    (
        "kmod",
        &[
            "lines",
            "kpi",
            "role",
            "iface",
            "conservation",
            "collector",
            "guarded",
            "exporter",
            "node",
            "show",
            "message",
            "entry",
        ],
    ),
];

/// Files and folders that may hold unsafe code.
pub const UNSAFE: &[&str] = &[
    // The kernel's services, and the functions that the kernel calls.
    "kmod/src/kpi/",
    "kmod/src/entry.rs",
    // AF_NETGRAPH sockets, which no library knows.
    "ngctl-rs/src/transport/netgraph.rs",
    // jail_get(2) and jail_attach(2), neither.
    "ngctl-rs/src/jail.rs",
    // Locks that cost what the kernel's do, to measure with.
    "bench/workload/src/platform.rs",
    // A program without a standard library.
    "bench/instructions/src/",
    // What the kernel's C does for the node, for tests that have no kernel.
    "races/src/",
    // Faults on purpose.
    "vm-test/kmod/src/lib.rs",
];
