// SPDX-License-Identifier: BSD-2-Clause
//! The gate fails when it should: one small module passes, and each test adds
//! the one thing to it that must not be there.

use std::fs;
use std::process::Command;

use object_gate::symbols::KernelSymbols;
use object_gate::{inspect, Module, Rules};

/// A module's metadata, as the macros of `sys/module.h` leave it.
const METADATA: &str = r#"
struct mod_metadata { int version, type; const void *data; const char *cval; };
static int depend[3] = { 12, 12, 12 };
static int version[1] = { 1 };
static struct mod_metadata md_module = { 1, 2, version, "ng_netflow" };
static struct mod_metadata md_version = { 1, 3, version, "ng_netflow" };
static struct mod_metadata md_depend = { 1, 1, depend, "netgraph" };
#define SET __attribute__((section("set_modmetadata_set"), used))
static struct mod_metadata *set_module SET = &md_module;
#ifndef NO_VERSION
static struct mod_metadata *set_version SET = &md_version;
#endif
#ifndef NO_DEPEND
static struct mod_metadata *set_depend SET = &md_depend;
#endif
"#;

/// Code that a kernel would take.
const CODE: &str = r#"
extern int hz;
extern void ng_free_item(void *);
int ticks(void) { return hz / 10; }
void done(void *item) { ng_free_item(item); }
"#;

/// A kernel module's flags.
const FLAGS: &[&str] = &[
    "--target=x86_64-unknown-freebsd15.0",
    "-O2",
    "-ffreestanding",
    "-mcmodel=kernel",
    "-mno-red-zone",
    "-fno-pic",
    "-fstack-size-section",
];
const NO_SSE: &[&str] = &["-mno-sse", "-mno-mmx", "-msoft-float"];

/// The checks that find fault with a module of this source, and the first
/// fault of each. `None` without a compiler.
fn faults(code: &str, flags: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (source, object) = (dir.path().join("m.c"), dir.path().join("m.o"));
    fs::write(&source, format!("{METADATA}{code}")).expect("the source is written");
    let compiled = Command::new("clang-19")
        .args(FLAGS)
        .args(flags)
        .arg("-c")
        .arg(&source)
        .arg("-o")
        .arg(&object)
        .status();
    let Ok(status) = compiled else {
        println!("not run: clang-19 is absent");
        return None;
    };
    assert!(status.success(), "clang-19 fails");

    let data = fs::read(&object).expect("the object is read");
    let module = Module::parse(&*data).expect("the object is ELF");
    let rules = Rules {
        kernel: Some(KernelSymbols::parse(
            "# a kernel\nhz\nng_free_item\nlog\nmemset\n",
        )),
        max_frame: 1024,
        name: "ng_netflow".to_owned(),
        depends: vec!["netgraph".to_owned()],
    };
    let reports = inspect(&module, &rules).expect("the object makes sense");
    let faulty = reports.into_iter().filter_map(|report| {
        let first = report.faults.into_iter().next()?;
        Some((report.check, first))
    });
    Some(faulty.collect())
}

/// Asserts that one check finds fault, and that it says `why`.
fn refused(code: &str, flags: &[&str], check: &str, why: &str) {
    let Some(faults) = faults(code, flags) else {
        return;
    };
    let [(found, fault)] = faults.as_slice() else {
        panic!("one check should have found fault: {faults:?}");
    };
    assert_eq!(*found, check, "{fault}");
    assert!(fault.contains(why), "{fault}");
}

fn refused_kernel_code(code: &str, check: &str, why: &str) {
    refused(code, NO_SSE, check, why);
}

#[test]
fn a_good_module_passes() {
    if let Some(faults) = faults(CODE, NO_SSE) {
        assert_eq!(faults, []);
    }
}

#[test]
fn a_relocation_through_the_got() {
    let flags = [NO_SSE, &["-mcmodel=small", "-fPIC"]].concat();
    refused(CODE, &flags, "relocations", "GOTPCREL");
}

#[test]
fn an_sse_register() {
    let code = "double mean(double a, double b) { return (a + b) / 2; }";
    refused(code, &[], "instructions", "XMM");
}

#[test]
fn sse_that_a_compiler_makes_of_plain_copies() {
    let code = "struct s { long a[4]; }; void copy(struct s *a, struct s *b) { *a = *b; }";
    refused(code, &[], "instructions", "XMM");
}

#[test]
fn an_x87_instruction_without_a_register() {
    let code = r#"void reset(void) { __asm__ volatile("fninit"); }"#;
    refused_kernel_code(code, "instructions", "FPU");
}

#[test]
fn a_fence_of_sse2_is_no_register() {
    let code = r#"void fence(void) { __asm__ volatile("lfence"); }"#;
    if let Some(faults) = faults(code, NO_SSE) {
        assert_eq!(faults, []);
    }
}

#[test]
fn a_symbol_that_the_kernel_lacks() {
    let code = "int puts(const char *); void hello(void) { puts(0); }";
    refused_kernel_code(code, "symbols", "puts: the kernel has no such symbol");
}

#[test]
fn a_panic_that_can_be_reached() {
    let code = "void ng_netflow_panic_reached(void); \
                void index(int i) { if (i > 3) ng_netflow_panic_reached(); }";
    refused_kernel_code(code, "symbols", "a panic can be reached");
}

#[test]
fn a_large_stack_frame() {
    let code = "void log(int, char *); void large(void) { char line[1025]; log(1, line); }";
    refused_kernel_code(code, "stack", "large: its frame has");
}

#[test]
fn a_stack_frame_that_grows() {
    let code = "void log(int, char *); \
                void grows(int n) { char line[n]; log(1, line); }";
    refused_kernel_code(code, "stack", "grows: nobody knows");
}

#[test]
fn no_version_and_no_dependency() {
    let flags = [NO_SSE, &["-DNO_VERSION"]].concat();
    refused(CODE, &flags, "metadata", "module ng_netflow has no version");
    let flags = [NO_SSE, &["-DNO_DEPEND"]].concat();
    refused(
        CODE,
        &flags,
        "metadata",
        "there is no dependency on netgraph",
    );
}
