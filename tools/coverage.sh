#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   coverage.sh [FOLDER]
#
# Which lines of the engine and the node the fuzz targets reach, with their
# corpora and with what is in FOLDER, by default what fuzzing found, build/fuzz.
# "make coverage" calls it.  Lines that were never reached are listed in
# build/coverage.txt; docs/reliability.md says why.
set -eu

cd "$(dirname "$0")/.."
FUZZ_FOUND=$(mkdir -p "${1:-build/fuzz}" && cd "${1:-build/fuzz}" && pwd)
tools/install-deps.sh coverage
llvm=/usr/lib/llvm-22/bin
raw=build/coverage.raw
rm -rf "$raw"
export RUSTC=/usr/bin/rustc FUZZ_FOUND LLVM_PROFILE_FILE="$PWD/$raw/%p.profraw" RUSTFLAGS=-Cinstrument-coverage
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/coverage"
/usr/bin/cargo test -p fuzz-targets --test corpora
"$llvm/llvm-profdata" merge -sparse "$raw"/*.profraw -o build/coverage.profdata
program=$(find "$CARGO_TARGET_DIR/debug/deps" -name 'corpora-*' -perm -u+x -newer "$raw" | head -n 1)
"$llvm/llvm-cov" report "$program" -instr-profile build/coverage.profdata kmod/flow/src kmod/src
"$llvm/llvm-cov" show "$program" -instr-profile build/coverage.profdata kmod/flow/src kmod/src |
    grep -E '^/|^ *[0-9]+\| +0\|' >build/coverage.txt
