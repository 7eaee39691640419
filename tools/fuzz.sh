#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   fuzz.sh TARGET [SECONDS [LIBFUZZER-OPTION...]]
#
# Fuzzes one target of fuzz/src with libFuzzer, a minute by default, beginning with
# its corpus; "make fuzz TARGET=packet" calls it.  What is found is kept in
# build/fuzz; what crashes is put there too, and its bytes belong into the
# corpus with the fix.
set -eu

cd "$(dirname "$0")/.."
target=${1:?which target? one of $(ls fuzz/corpus | tr '\n' ' ')}
seconds=${2:-60}
[ $# -lt 2 ] || shift
shift
tools/install-deps.sh rust fuzz
command -v cargo-fuzz > /dev/null || cargo install --locked cargo-fuzz

found=build/fuzz/$target
mkdir -p "$found"
# Coverage is a feature of nightly compilers, which a released one has too once
# this is set.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/fuzz"
exec cargo fuzz run --fuzz-dir fuzz/libfuzzer --sanitizer "${SANITIZER:-none}" "$target" "$found" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -max_len=2048 -artifact_prefix="build/fuzz/$target-" "$@"
