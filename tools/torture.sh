#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   torture.sh [restart]
#
# What takes hours, one stage after the other: "make torture".  Interrupted, it
# goes on where it was: a stage that is done is not done again, and fuzzing goes
# on counting.  "make torture-restart" forgets all that.  Logs and state are in
# build/torture.
#
# PACKETS, STEPS and INPUTS say how much is fuzzed, 0 for not at all: packets
# parsed, steps of the engine, of the node, messages and so on, and whole inputs
# of the rest.
set -eu

cd "$(dirname "$0")/.."
state=build/torture
[ "${1:-}" != restart ] || rm -rf "$state"
mkdir -p "$state"
failed=

say() { printf '%s\n' "$*"; }

# One stage: its name, then the command.
stage() {
	name=$1
	shift
	if [ -e "$state/$name.done" ]; then
		say "$name: done, $(cat "$state/$name.done")"
		return
	fi
	begun=$(date +%s)
	say "$name: begun $(date '+%Y-%m-%d %H:%M')"
	if "$@" >"$state/$name.log" 2>&1 </dev/null; then
		grep -E '^(not run|vm-test: not run|[0-9]+ |memory: |sanitize: |mutants: )' "$state/$name.log" | sed 's/^/    /' || true
		date '+%Y-%m-%d %H:%M' >"$state/$name.done"
		say "$name: ok, $(($(date +%s) - begun)) s"
	else
		tail -n 40 "$state/$name.log" | sed 's/^/    /'
		say "$name: FAILED; all of it: $state/$name.log"
		failed="$failed $name"
	fi
}

# A target of fuzz/, in slices of a minute until its tally is full.
fuzz() {
	name=fuzz-$1
	tally=$PWD/$state/$name.tally
	while :; do
		sofar=$(cat "$tally" 2>/dev/null || echo 0)
		say "$name: $sofar of $2"
		[ "$sofar" -lt "$2" ] || return 0
		if ! FUZZ_TALLY=$tally tools/fuzz.sh "$1" 60 >"$state/$name.log" 2>&1 </dev/null; then
			tail -n 20 "$state/$name.log" | sed 's/^/    /'
			say "$name: FAILED; all of it: $state/$name.log"
			failed="$failed $name"
			return 0
		fi
	done
}

# All of a few steps more, and more lives of everything that is drawn by lot.
worlds() { SMALL_WORLD=${SMALL_WORLD:-7} cargo test --release -p flow --test model every_sequence -- --show-output; }
sequences() {
	PROPTEST_CASES=${PROPTEST_CASES:-20000} cargo test --release -p flow -p ng_netflow -p nghost --tests
}

# Floods at a node's own limit, and what each of their packets costs.
attacks() {
	ATTACK_LIMIT=1048576 cargo test --release -p flow --test attacks -- --show-output --test-threads 1
}
flood() { tools/install-deps.sh kmod sanitize && tools/instructions.sh flood; }

fuzz packet "${PACKETS:-1000000000}"
fuzz engine "${STEPS:-100000000}"
for target in fuzz/corpus/*; do
	case ${target##*/} in
	packet | engine) ;;
	*)	fuzz "${target##*/}" "${INPUTS:-10000000}" ;;
	esac
done
stage worlds worlds
stage sequences sequences
stage attacks attacks
stage sanitizers make sanitize
stage flood flood
stage coverage tools/coverage.sh
if [ -x tools/mutants.sh ]; then
	stage mutants tools/mutants.sh
else
	say 'not run: there is no tools/mutants.sh'
fi
stage soak make soak MINUTES="${MINUTES:-60}"
# It says "not run" where there is no system to boot.
stage vm-test tools/vm-test.sh --if-available

[ -z "$failed" ] || say "failed:$failed"
[ -z "$failed" ]
