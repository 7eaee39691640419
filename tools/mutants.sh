#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   mutants.sh [FILE...]
#
# Changes the engine's code in every way that cargo-mutants knows, one change at
# a time, and sees whether the tests notice; "make mutants" calls it.  FILE is a
# source below kmod/flow/src, such as export/v5.rs; without one it is all of them,
# which takes most of an hour of two idle processors.  MUTANTS_JOBS says how many
# to try at the same time.
#
# A change first meets the tests that are about its file, with few cases of
# property tests; what survives meets all of the engine's and the node's.  What
# survives these too must be in tools/mutants.expected with a reason, and nine of
# ten must be caught.
#
# What a file came to is kept in build/mutants for as long as that file stays as it
# is; what survived is tried again when anything else of kmod has changed.  To try
# all of it afresh, remove build/mutants/results.
set -eu

cd "$(dirname "$0")/.."
tools/install-deps.sh rust
command -v cargo-mutants > /dev/null || cargo install --locked cargo-mutants

src=kmod/flow/src
# shellcheck disable=SC2046 # Words.
[ $# -gt 0 ] || set -- $(git ls-files "$src" | sed "s|^$src/||")

out=$PWD/build/mutants
now=$(git ls-files kmod Cargo.lock | xargs cat | cksum)
# It compiles and links faster without debug information, and runs faster with
# some optimization.
export CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=1
export PROPTEST_CASES=64 SMALL_WORLD=3
# A loop without end costs 20 s of a processor, however busy the machine is; a
# test costs 3.
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='prlimit --cpu=20'

# prepare TREE: a tree of its own, as the changes are made in place: what has been
# compiled for one stays for the next.  ../shared is not beside it.
prepare() {
	tree=$1
	# Only what differs, so that the rest stays compiled, but never the engine:
	# its last change may have been.
	git ls-files | while read -r path; do
		cmp -s "$path" "$tree/$path" && continue
		mkdir -p "$(dirname "$tree/$path")"
		cp "$path" "$tree/$path"
	done
	git ls-files "$src" | (cd "$tree" && xargs touch)
	(cd "$tree" && cargo test --quiet --target-dir target -p flow -p ng_netflow --tests \
	    > "$tree.log" 2>&1) || {
		echo "mutants: the tests fail on what nobody changed: $tree.log" >&2
		exit 1
	}
}

# The tests that are about a file, as arguments of "cargo test".
tests_about() {
	case $1 in
	export/*) echo --lib --test export ;;
	key.rs | hash.rs) echo --lib ;;
	address.rs | route.rs) echo --lib --test routes ;;
	packet/*) echo --test packet ;;
	*) echo --lib --test cache --test model -- --skip bursts --skip large --skip released ;;
	esac
}

# mutants TREE RESULT CARGO-MUTANTS-OPTION...: leaves names in RESULT/mutants.out.
mutants() {
	tree=$1 into=$2
	shift 2
	rm -rf "$into"
	mkdir -p "$into"
	status=0
	CARGO_TARGET_DIR=$tree/target cargo mutants --colors never --no-times --in-place \
	    --dir "$tree" --baseline skip --timeout 120 --output "$into" "$@" > "$into/log" 2>&1 ||
	    status=$?
	# 2 and 3: some were missed, some took too long.
	case $status in
	0 | 2 | 3) ;;
	*)	tail "$into/log" >&2
		return 1 ;;
	esac
}

in_parentheses() { sed 's/[][\\.*+?(){}|^$]/\\&/g' "$1" | paste -sd '|'; }
result() { echo "$out/results/$(echo "$1" | tr / -)"; }
lines() { cat "$@" 2> /dev/null | wc -l; }

# try TREE FILE: leaves RESULT/{tried,survived}.
try() {
	file=$2 result=$(result "$2") source=$(cksum < "$src/$2")
	if [ "$(cat "$result/source" 2> /dev/null)" != "$source" ]; then
		# shellcheck disable=SC2046 # Words.
		mutants "$1" "$result" -f "$src/$file" -- $(tests_about "$file")
		cat "$result/mutants.out/missed.txt" > "$result/survived" 2> /dev/null || :
		echo "$source" > "$result/source"
	fi
	if [ -s "$result/survived" ] && [ "$(cat "$result/now" 2> /dev/null)" != "$now" ]; then
		mutants "$1" "$result/again" -f "$src/$file" \
		    --re "^($(in_parentheses "$result/survived"))\$" \
		    --test-package flow,ng_netflow -- --tests
		cp "$result/again/mutants.out/missed.txt" "$result/survived"
		echo "$now" > "$result/now"
	fi
	tried=$(lines "$result"/mutants.out/caught.txt "$result"/mutants.out/missed.txt \
	    "$result"/mutants.out/timeout.txt)
	echo "$file $tried $(lines "$result/survived")" \
	    "$(lines "$result/mutants.out/unviable.txt")" | tee "$result/line"
}

# Each file goes to whoever comes first.
rm -rf "$out/taken"
mkdir -p "$out/taken" "$out/results"
jobs=
for job in $(seq "${MUTANTS_JOBS:-$(nproc)}"); do
	(
		prepare "$out/tree$job"
		for file; do
			mkdir "$out/taken/$(echo "$file" | tr / -)" 2> /dev/null || continue
			try "$out/tree$job" "$file"
		done
	) &
	jobs="$jobs $!"
done
for job in $jobs; do
	wait "$job" || failed=yes
done
[ -z "${failed:-}" ] || exit 1

# What survived, without line and column, beside what is expected to.
for file; do
	sed 's/:[0-9]*:[0-9]*:/:/' "$(result "$file")/survived"
done | sort > "$out/survived"
for file; do
	sed -n "s|^\($src/$file: .*\) # .*|\1|p" tools/mutants.expected
done | sort > "$out/expected"
unknown=$(comm -23 "$out/survived" "$out/expected")
stale=$(comm -13 "$out/survived" "$out/expected")

[ -z "$unknown" ] || printf 'mutants: survived, for no reason known:\n%s\n' "$unknown"
[ -z "$stale" ] || printf 'mutants: expected to survive, and did not:\n%s\n' "$stale"
for file; do
	cat "$(result "$file")/line"
done | awk '{
	tried += $2; survived += $3; unviable += $4
	if ($3) printf "  %-22s %3d of %3d\n", $1, $2 - $3, $2
} END {
	caught = tried - survived
	printf "mutants: %d of %d caught, %.1f%%; %d survived, %d do not compile\n",
	    caught, tried, tried ? 100 * caught / tried : 100, survived, unviable
	exit caught * 10 < tried * 9
}' && [ -z "$unknown$stale" ]
