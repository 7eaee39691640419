#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   sanitize.sh thread|address [CARGO-TEST-ARGUMENT...]
#
# Runs tests of the engine and the node with a sanitizer's eyes on every load
# and store, those of Rust's standard library included, which is built with it:
# without arguments those with threads and without memory, and all captures.
# "make sanitize" runs both.
set -eu

cd "$(dirname "$0")/.."
kind=$1
shift
[ $# -gt 0 ] || set -- -p flow -p ng_netflow -- threads_ all_at_once every_allocation capture
tools/install-deps.sh sanitize

# Debian's Rust has the library's source, and clang has the sanitizers.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=$kind -Zexternal-clangrt -Clinker=clang-19
    -Clink-arg=-fsanitize=$kind"
# Fewer cases of property tests: each takes ten times as long.
export PROPTEST_CASES="${PROPTEST_CASES:-32}"
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/sanitize-$kind \
    /usr/bin/cargo test --quiet -Zbuild-std --target x86_64-unknown-linux-gnu \
    --tests "$@"
echo "sanitize: the $kind sanitizer found nothing"
