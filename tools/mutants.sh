#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   mutants.sh [FILE...]
#
# Changes the engine's code in every way that cargo-mutants knows, one change at
# a time, and sees whether the tests notice; "make mutants" calls it.  FILE is a
# source below kmod/flow/src, such as export/v5.rs; without one it is all of them,
# which takes most of an hour of two idle processors.  MUTANTS_SHARD=0/8 tries an
# eighth of each.
#
# A change first meets the tests that are about its file, with few cases of
# property tests; what survives meets all of the engine's and the node's.  What
# survives these too must be in tools/mutants.expected with a reason, and nine of
# ten must be caught.
#
# What a file came to is kept in build/mutants, and the next run goes on from it
# unless sources or tests have changed since.
set -eu

cd "$(dirname "$0")/.."
tools/install-deps.sh rust
command -v cargo-mutants > /dev/null || cargo install --locked cargo-mutants

src=kmod/flow/src
# shellcheck disable=SC2046 # Words.
[ $# -gt 0 ] || set -- $(git ls-files "$src" | sed "s|^$src/||")

# A tree of its own, as the changes are made in place: what has been compiled
# for one stays for the next.  ../shared is not beside it.
out=$PWD/build/mutants
tree=$out/tree
now=$(git ls-files kmod Cargo.lock | xargs cat | cksum)${MUTANTS_SHARD:-}
if [ "$(cat "$out/now" 2> /dev/null)" != "$now" ]; then
	rm -rf "$out"/results
	mkdir -p "$out/results"
	echo "$now" > "$out/now"
fi
# Only what differs, so that the rest stays compiled, but never the engine: its
# last change may have been.
git ls-files | while read -r path; do
	cmp -s "$path" "$tree/$path" && continue
	mkdir -p "$(dirname "$tree/$path")"
	cp "$path" "$tree/$path"
done
git ls-files "$src" | (cd "$tree" && xargs touch)
# It compiles and links faster without debug information, and runs faster with
# some optimization.
export CARGO_TARGET_DIR="$tree/target" CARGO_INCREMENTAL=1
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=1

# The tests that are about a file, as arguments of "cargo test".
tests_about() {
	case $1 in
	export/*) echo --lib --test export ;;
	key.rs | hash.rs) echo --lib ;;
	address.rs | path.rs | route.rs) echo --lib --test routes ;;
	packet/*) echo --test packet ;;
	*) echo --lib --test cache --test model -- --skip bursts --skip large --skip released ;;
	esac
}

# mutants RESULT CARGO-MUTANTS-OPTION...: leaves names in RESULT/mutants.out.
mutants() {
	into=$1
	shift
	rm -rf "$into"
	mkdir -p "$into"
	# 2 and 3: some were missed, some took too long.
	cargo mutants --colors never --no-times --in-place --dir "$tree" \
	    --baseline skip --timeout 120 --output "$into" "$@" || [ $? -eq 2 ] || [ $? -eq 3 ]
	cat "$into/mutants.out/missed.txt" > "$into/missed" 2> /dev/null || : > "$into/missed"
}

in_parentheses() { sed 's/[][\\.*+?(){}|^$]/\\&/g' "$1" | paste -sd '|'; }
result() { echo "$out/results/$(echo "$1" | tr / -)"; }

(cd "$tree" && PROPTEST_CASES=64 SMALL_WORLD=3 cargo test --quiet -p flow --tests \
    > "$out/baseline.log" 2>&1) || {
	echo "mutants: the tests fail on what nobody changed: $out/baseline.log" >&2
	exit 1
}
for file; do
	result=$(result "$file")
	[ -f "$result/missed" ] || {
		# shellcheck disable=SC2046 # Words.
		PROPTEST_CASES=64 SMALL_WORLD=3 mutants "$result" -f "$src/$file" \
		    ${MUTANTS_SHARD:+--shard "$MUTANTS_SHARD" --sharding round-robin} \
		    -- $(tests_about "$file")
	}
done
for file; do
	result=$(result "$file")
	[ ! -s "$result/missed" ] || [ -f "$result/again/missed" ] ||
		mutants "$result/again" -f "$src/$file" --re "^($(in_parentheses "$result/missed"))\$" \
		    --test-package flow,ng_netflow -- --tests
done

for file; do
	result=$(result "$file")
	lines() { cat "$result/$1" 2> /dev/null | wc -l; }
	[ ! -f "$result/again/missed" ] || cp "$result/again/missed" "$result/survived"
	[ -f "$result/survived" ] || cp "$result/missed" "$result/survived"
	echo "$file $(lines mutants.out/caught.txt) $(lines mutants.out/timeout.txt)" \
	    "$(lines missed) $(lines survived) $(lines mutants.out/unviable.txt)"
done > "$out/table"

# What survived, without line and column, beside what is expected to.
for file; do
	sed 's/:[0-9]*:[0-9]*:/:/' "$(result "$file")/survived"
done | sort > "$out/survived"
for file; do
	sed -n "s|^\($src/$file: .*\) # .*|\1|p" tools/mutants.expected
done | sort > "$out/expected"
unknown=$(comm -23 "$out/survived" "$out/expected")
stale=$([ -n "${MUTANTS_SHARD:-}" ] || comm -13 "$out/survived" "$out/expected")

[ -z "$unknown" ] || printf 'mutants: survived, for no reason known:\n%s\n' "$unknown"
[ -z "$stale" ] || printf 'mutants: expected to survive, and did not:\n%s\n' "$stale"
awk '{
	caught += $2 + $3 + $4 - $5; survived += $5; unviable += $6
	if ($5) printf "  %-22s %3d of %3d\n", $1, $2 + $3 + $4 - $5, $2 + $3 + $4
} END {
	tried = caught + survived
	printf "mutants: %d of %d caught, %.1f%%; %d survived, %d do not compile\n",
	    caught, tried, tried ? 100 * caught / tried : 100, survived, unviable
	exit caught * 10 < tried * 9
}' "$out/table" && [ -z "$unknown$stale" ]
