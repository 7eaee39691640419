#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   instructions.sh check|record [known:FLOWS | new:FLOWS | growing:FLOWS]...
#   instructions.sh flood [LIMIT]
#
# Counts the instructions that a packet costs, from its first octet to the end of
# its accounting, locks included, with the kernel's compiler flags: exactly the
# same number in every run. "known" packets are of flows that are in the cache,
# each "new" one is of a flow that is not, beside so many; of "growing" ones, which
# are new too and counted one by one, the worst is told. "check" holds them to
# within 2% of what is recorded in bench/instructions/recorded, "record" records
# them. What it takes to allocate memory is not counted.
#
# "flood" counts each packet of a SYN flood by itself, on a cache of LIMIT records
# (16384) that fills, then closes a record early for each that it opens.
set -eu

action=${1:-check}
[ $# -eq 0 ] || shift
root=$(cd "$(dirname "$0")/.." && pwd)
recorded=$root/bench/instructions/recorded
out=$root/build/instructions
mkdir -p "$out"

# Code model and relocations are those of a program, all else as in the module.
KMOD_PACKAGE=bench/instructions KMOD_FEATURES='' KMOD_STD=core,alloc,compiler_builtins \
KMOD_RUSTFLAGS='' \
    "$root/tools/kmod-rust.sh" "$out/rust.o"
clang-19 -no-pie -o "$out/instructions" "$out/rust.o"

# count LOG ARGUMENT...: callgrind, with these options and this program.
count() {
	log=$1
	shift
	valgrind --tool=callgrind --toggle-collect=measured "$@" > "$log" 2>&1 || {
		cat "$log" >&2
		exit 70
	}
}

# each KIND FLOWS: how many packets, what one of them took and what the worst.
each() {
	# A report for each packet, of which one line is of use: too much for a disk.
	rm -f "$out/reports"
	mkfifo "$out/reports"
	exec 9<> "$out/reports"
	awk '
		/^summary: / && $2 > 0 { n++; sum += $2; if ($2 > worst) worst = $2 }
		END { printf "%d %.0f %d\n", n, sum / n, worst }
	' "$out/reports" 9>&- > "$out/each" &
	count "$out/each.log" --dump-after=measured --combine-dumps=yes \
	    --callgrind-out-file="$out/reports" "$out/instructions" "$1" "$2"
	exec 9>&-
	wait
	read -r packets mean worst < "$out/each"
}

if [ "$action" = flood ]; then
	limit=${1:-16384}
	each flood "$limit"
	echo "instructions: a SYN flood, $limit records at most: $packets packets, $mean instructions each, $worst the worst"
	exit
fi

[ $# -gt 0 ] || set -- known:1000 known:100000 known:1000000 new:100000 \
    growing:100000 growing:523000
status=0
for work; do
	kind=${work%:*} flows=${work#*:}
	if [ "$kind" = growing ]; then
		each growing "$flows"
		here=$worst what='the worst of a growing cache'
	else
		count "$out/$work.log" --dump-instr=yes --callgrind-out-file="$out/$work.callgrind" \
		    "$out/instructions" "$kind" "$flows"
		total=$(sed -n 's/^==.*Collected : \([0-9]*\)$/\1/p' "$out/$work.log")
		here=$(awk "BEGIN { printf \"%.1f\", $total / 100000 }") what='a packet'
	fi
	case $action in
	record)
		{ grep -v "^$work " "$recorded" || true; echo "$work $here"; } 2>/dev/null |
		    sort -V > "$out/recorded"
		cp "$out/recorded" "$recorded"
		echo "instructions: $work flows: $here $what, recorded" ;;
	check)
		then=$(sed -n "s/^$work //p" "$recorded")
		echo "instructions: $work flows: $here $what, recorded ${then:-nothing}"
		awk "BEGIN { exit !($here <= ${then:-0} * 1.02 && $here >= ${then:-0} * 0.98) }" || {
			echo "instructions: more than 2% off; if that is meant: tools/instructions.sh record" >&2
			status=1
		} ;;
	*)
		echo "instructions: no such action: $action" >&2
		exit 64 ;;
	esac
done
exit $status
