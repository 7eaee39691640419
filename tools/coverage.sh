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
found=$(mkdir -p "${1:-build/fuzz}" && cd "${1:-build/fuzz}" && pwd)
tools/install-deps.sh coverage
llvm=/usr/lib/llvm-22/bin
raw=build/coverage.raw
mkdir -p build
rm -rf "$raw"
export RUSTC=/usr/bin/rustc RUSTFLAGS=-Cinstrument-coverage
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/coverage"
# Build scripts are instrumented too, and nobody wants to know.
program=$(LLVM_PROFILE_FILE=/dev/null /usr/bin/cargo test -p fuzz-targets --test corpora --no-run 2>&1 |
    tee build/coverage.log | sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
if [ ! -x "$program" ]; then
	tail -n 40 build/coverage.log >&2
	exit 1
fi
# Without what was found, little of the node is reached.
for corpus in fuzz/corpus/*; do
	target=${corpus##*/}
	echo "$target: $(find "$corpus" -type f | wc -l) inputs of the tree," \
	    "$(find "$found" -path "*/$target/*" -type f | wc -l) of $found"
done
FUZZ_FOUND=$found LLVM_PROFILE_FILE="$PWD/$raw/%p.profraw" "$program"
"$llvm/llvm-profdata" merge -sparse "$raw"/*.profraw -o build/coverage.profdata
"$llvm/llvm-cov" report "$program" -instr-profile build/coverage.profdata kmod/flow/src kmod/src
"$llvm/llvm-cov" show "$program" -instr-profile build/coverage.profdata kmod/flow/src kmod/src |
    grep -E '^/|^ *[0-9]+\| +0\|' >build/coverage.txt
