// SPDX-License-Identifier: BSD-2-Clause
//! The machine that figures are of.

use std::fs;
use std::process::Command;

/// One line: processor, clock, caches, memory, system, compiler.
pub fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split(": ").nth(1));
        value.unwrap_or("unknown").to_owned()
    };
    let cores = cpuinfo.matches("processor\t").count();
    let cache = |index: u32| {
        let path = format!("/sys/devices/system/cpu/cpu0/cache/index{index}/size");
        fs::read_to_string(path).map_or("unknown".into(), |size| size.trim().to_owned())
    };
    let output = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.map_or("unknown".into(), |output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
    };
    let model = field("model name");
    let virtual_machine = if cpuinfo.contains(" hypervisor") {
        ", a virtual machine"
    } else {
        ""
    };
    format!(
        "{model} (family {}, model {}), {cores} cores at {} MHz{virtual_machine}; \
         L1d {}, L2 {}, L3 {}; Linux {}; {}",
        field("cpu family"),
        field("model\t"),
        field("cpu MHz"),
        cache(0),
        cache(2),
        cache(3),
        output("uname", "-r"),
        output("rustc", "--version"),
    )
}
