#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   check.sh [STEP...]
#
# Everything that needs no FreeBSD, one step after the other, or only the steps
# named; "make check" calls it.  A step that fails does not keep the others from
# running.  Its output goes to build/check/STEP.log, and is shown if it fails.
set -u

cd "$(dirname "$0")/.." || exit
logs=build/check
mkdir -p "$logs"

step_format() { cargo fmt --all --check && cargo fmt --manifest-path races/Cargo.toml --check; }
step_lints() { make clippy; }
step_docs() { make doc; }
# Shown with their output, for what they counted and what they left out.
step_tests() { cargo build --workspace && cargo test --workspace --no-fail-fast -- --show-output; }
step_freebsd() { tools/build-freebsd-tools.sh --check nghost; }
step_bindings() { make check-bindings; }
step_module() { make gate && make analyze && make reproducible; }
# Threads: every order of a few, seconds of many, and faults that must be found.
step_races() { tools/races.sh orders && tools/races.sh churn && tools/races.sh faults; }
# What a packet costs, in instructions, which repeat exactly.
step_instructions() { tools/instructions.sh check; }
step_dependencies() { tools/deny.sh; }
step_scripts() { git ls-files '*.sh' .ci/run rc.d/ng_netflow | xargs shellcheck -S warning; }
step_makefile() {
	for target in all kmod help demo install deinstall load dist clean; do
		bmake -n "$target" && make -n "$target" || return
	done
}
step_manuals() { git ls-files 'man/*.[1-9]' | xargs mandoc -T lint -W warning; }
# On a port that is free: another check may run.
step_demo() {
	PORT=$(python3 -c 'import socket
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
print(udp.getsockname()[1])') make demo
}

steps=${*:-format lints docs tests freebsd bindings module races instructions dependencies scripts makefile manuals demo}

say() { printf '%s\n' "$*"; }

# What of a step's output is worth reading though it passed: what tests printed
# and how many there were, totals, and what was left out.
notable() {
	awk '
		/^---- .* stdout ----$/ { printed = 1; next }
		/^(successes:|running )/ { printed = 0 }
		/^test result: ok/ { tests += $4 }
		/^proptest: / || !NF { next }
		printed || /^not run|^object gate|^instructions: |^reproducible|^deny: |^races: |: [0-9]+ orders$|^  [a-z]+ +ok |^demo: (they|nfdump)/ { print "    " $0 }
		END { if (tests) print "    " tests " tests passed" }' "$1"
}

# Which tools there are is everyone's own affair; their lack is not a failure of
# one step, but of all.
tools/install-deps.sh check || exit

passed=0 failed=0 failures=
for step in $steps; do
	log=$logs/$step.log
	begun=$(date +%s)
	printf '%-10s ' "$step"
	if "step_$step" </dev/null >"$log" 2>&1; then
		result=ok passed=$((passed + 1))
	else
		result=FAILED failed=$((failed + 1)) failures="$failures $step"
	fi
	say "$result, $(($(date +%s) - begun)) s"
	if [ $result = ok ]; then
		notable "$log"
	else
		tail -n 60 "$log" | sed 's/^/    /'
		say "    all of it: $log"
	fi
done

[ -z "$failures" ] || say "failed:$failures"
say "$passed passed, $failed failed"
[ $failed -eq 0 ]
