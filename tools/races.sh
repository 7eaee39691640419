#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   races.sh orders [TEST...]	every order of a node's threads, by loom
#   races.sh churn		eight threads, for CHURN_SECONDS (3)
#   races.sh faults		that every order finds faults planted on purpose
#
# LOOM_MAX_PREEMPTIONS=3 interrupts a thread once more than the tests ask for:
# six times as many orders, in a minute or two.
set -eu

cd "$(dirname "$0")/.."
command=${1:-orders}
[ $# -eq 0 ] || shift
root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}/$command

orders() {
	RUSTFLAGS='--cfg loom' CARGO_TARGET_DIR=$target \
	    cargo test --quiet --manifest-path races/Cargo.toml --test orders -- "$@"
}

# plant WHAT TEST FILE FROM TO: in a copy of the sources, FILE says TO in place
# of FROM, and TEST must fail.
plant() {
	what=$1 test=$2 file=$3 from=$4 to=$5
	FROM=$from TO=$to perl -0pi -e 's/\Q$ENV{FROM}\E/$ENV{TO}/' "$copy/$file"
	if cmp -s "$file" "$copy/$file"; then
		echo "races: $what: not in $file any more: $from" >&2
		exit 70
	fi
	if (cd "$copy" && orders "$test") >"$copy/log" 2>&1; then
		echo "races: $test does not notice $what" >&2
		exit 1
	fi
	# It must be the test that failed, not the compiler.
	if ! grep -q '^running 1 test' "$copy/log"; then
		cat "$copy/log" >&2
		exit 70
	fi
	cp "$file" "$copy/$file"
	found=$((found + 1))
	echo "races: $test finds $what"
}

case $command in
orders)
	# One at a time: the kernel's ticks are one variable for all.
	orders --nocapture --test-threads 1 "$@"
	;;
churn)
	cargo test --quiet --manifest-path races/Cargo.toml --target-dir "$target" \
	    --test churn -- --nocapture
	;;
faults)
	copy=$root/build/races
	mkdir -p "$copy"
	for part in Cargo.toml kmod races sys-bindings; do
		rm -rf "${copy:?}/$part"
		cp -R "$part" "$copy"
	done
	found=0
	. tools/races-faults.sh
	echo "races: $found faults found"
	;;
*)
	sed -n '3,10s/^#//p' "$0" >&2
	exit 64
	;;
esac
