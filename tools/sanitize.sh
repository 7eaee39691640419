#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   sanitize.sh thread|address|memcheck [CARGO-TEST-ARGUMENT...]
#
# Runs tests with eyes on every load and store: clang's sanitizer of threads or
# of addresses, with Rust's standard library instrumented too, or valgrind's
# memcheck.  Without arguments: tests of the engine and the node with threads and
# without memory, all captures, and the churns, eight threads at the kernel's
# half (races/) and eight clients at nghost, of CHURN_SECONDS each (10).  Before
# that, a fault planted for each must be reported.  "make sanitize" runs all.
set -eu

cd "$(dirname "$0")/.."
kind=$1
shift
tools/install-deps.sh sanitize
export CHURN_SECONDS="${CHURN_SECONDS:-10}"
# Fewer cases of property tests: each takes ten times as long.
export PROPTEST_CASES="${PROPTEST_CASES:-32}"
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/sanitize-$kind
export CARGO_TARGET_DIR

case $kind in
thread | address)
	# Debian's Rust has the library's source, and clang has the sanitizers.
	export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
	export RUSTFLAGS="-Zsanitizer=$kind -Zexternal-clangrt -Clinker=clang-19
	    -Clink-arg=-fsanitize=$kind"
	cargo=/usr/bin/cargo
	options='--quiet -Zbuild-std --target x86_64-unknown-linux-gnu' ;;
memcheck)
	memcheck='valgrind --quiet --error-exitcode=99 --leak-check=full
	    --show-leak-kinds=definite --errors-for-leak-kinds=definite
	    --trace-children=yes --fair-sched=yes'
	export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="$memcheck"
	cargo=cargo
	options=--quiet ;;
*)
	sed -n '3,12s/^#//p' "$0" >&2
	exit 64 ;;
esac
test="$cargo test $options"

if [ $# -gt 0 ]; then
	$test --tests "$@"
	exit
fi

# bites FAULT WORDS: the program with that fault fails, with these words.
bites() {
	log=$CARGO_TARGET_DIR/$1.log
	# shellcheck disable=SC2086 # Words.
	if $cargo run $options --manifest-path races/Cargo.toml --example planted -- "$1" \
	    >"$log" 2>&1 || ! grep -q "$2" "$log"; then
		tail -n 40 "$log" >&2
		echo "sanitize: $kind does not report $1" >&2
		exit 1
	fi
	echo "sanitize: $kind reports $1: $(grep -m 1 "$2" "$log")"
}

mkdir -p "$CARGO_TARGET_DIR"
case $kind in
thread)		bites race 'data race' ;;
address)	bites use-after-free 'heap-use-after-free' ;;
memcheck)	bites use-after-free 'Invalid read' ;;
esac
$test --manifest-path races/Cargo.toml --test churn -- --nocapture
[ "$kind" = thread ] || $test -p nghost --test nghost -- --nocapture eight_clients
[ "$kind" = memcheck ] ||
    $test --tests -p flow -p ng_netflow -- threads_ all_at_once every_allocation capture
echo "sanitize: $kind found nothing"
