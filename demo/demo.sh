#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The whole way on this machine: packets into a netflow node, its flow table,
# NetFlow v5 out to nfcapd, and what nfdump reads back.  "make demo" calls it.
#
#   IF=eth0       take packets from a live interface, until interrupted
#   CAPTURE=FILE  replay this capture instead of demo/em0.pcap
#   PACE=5x       how fast: real, Nx or fast
#   PORT=2055     the collector's, instead of 4444
set -eu

IF=${IF:-} CAPTURE=${CAPTURE:-} PACE=${PACE:-} PORT=${PORT:-4444}
[ -z "$CAPTURE" ] || CAPTURE=$(realpath "$CAPTURE")
cd "$(dirname "$0")/.."
PATH=${CARGO_TARGET_DIR:-$PWD/target}/release:$PATH:/usr/sbin

# Another demo may run: only at the end is there a copy, in build/demo.
work=$(mktemp -d)
flows=$work/flows.txt
nfcapd='' nghost=''
export NGHOST_SOCKET="$work/socket"

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi
say() { printf '%s\n' "${bold}demo: $*$plain"; }
fail() {
	say "$*" >&2
	exit 1
}
# Shows a command as one would type it; and runs it.
show() { printf '%s\n' "$bold\$ $*$plain"; }
run() {
	show "$@"
	"$@"
}
stop() {
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}
finish() {
	trap '' EXIT INT TERM
	stop "$nghost"
	stop "$nfcapd"
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Waits until a command succeeds or a background process is gone.
until_or_gone() {
	process=$1
	shift
	until "$@" 2>/dev/null; do
		kill -0 "$process" 2>/dev/null || return
		sleep 0.1
	done
}

# What is in front of the node: interfaces with their addresses.
world() {
	if [ -n "$IF" ]; then
		# em0 stands for it in the script.
		set -- --interface "em0,index=1,live=$IF$(
		    ip -o addr show dev "$IF" | awk '{printf ",address=%s", $4}')"
	elif [ -n "$CAPTURE" ]; then
		# A comma within a value is written twice.
		set -- --hold --interface "em0,index=1,capture=$(printf '%s' "$CAPTURE" | sed 's/,/,,/g'),pace=${PACE:-fast}"
	else
		set -- --hold --interface "em0,index=1,address=192.168.1.1/24,address=2001:db8::1/64,capture=demo/em0.pcap,pace=${PACE:-5x}" \
		    --interface vlan7,index=7,address=192.168.7.1/24
	fi
	show nghost "$@"
	# In a session of their own Ctrl-C does not reach these two: they are
	# stopped in order.
	setsid nghost "$@" >"$work/nghost.log" 2>&1 &
	nghost=$!
	until_or_gone $nghost test -S "$NGHOST_SOCKET" || fail "$(cat "$work/nghost.log")"
}

collector() {
	mkdir "$work/collected"
	show nfcapd -b 127.0.0.1 -p "$PORT"
	setsid nfcapd -w "$work/collected" -b 127.0.0.1 -p "$PORT" -t 3600 -B 4000000 \
	    >"$work/nfcapd.log" 2>&1 &
	nfcapd=$!
	until_or_gone $nfcapd grep -q '^Startup' "$work/nfcapd.log" ||
	    fail "nfcapd does not run; is something else on UDP port $PORT? $(grep -m 1 -i "could not" "$work/nfcapd.log")"
}

# A number or word out of a node's answer: field NODE MESSAGE NAME.
field() { ngctl-rs msg "$1" "$2" | sed -n "s/.*[{ ]$3=\"\{0,1\}\([^ \"]*\).*/\1/p"; }

# The flow table, the largest flows of each IP version.
table() {
	for version in ipv4 ipv6; do
		show flowctl netflow show $version
		flowctl netflow show $version >"$work/table"
		head -n 1 "$work/table"
		tail -n +2 "$work/table" | sort -k8,8nr >"$work/rows"
		head -n 15 "$work/rows"
		left=$(($(wc -l <"$work/rows") - 15))
		[ $left -le 0 ] || echo "... and $left more"
	done
}

# Replays the capture; after five seconds, or at the end, shows the flow table.
replay() {
	run ngctl-rs msg em0: start
	seconds=0 shown=
	while [ "$(field em0: capture state)" = running ]; do
		sleep 1
		seconds=$((seconds + 1))
		say "$(field em0: capture packets) packets replayed"
		[ $seconds -ne 5 ] || { table; shown=yes; }
	done
	[ "$(field em0: capture state)" = ended ] || say "the capture is broken: $(cat "$work/nghost.log")"
	[ -n "$shown" ] || table
}

# Shows the flow table now and then, until Ctrl-C.
watch() {
	say "$IF is em0, of which the script watches what comes in; Ctrl-C ends"
	interrupted=
	trap 'interrupted=yes' INT TERM
	while [ -z "$interrupted" ] && kill -0 $nghost 2>/dev/null; do
		table
		sleep 5 &
		wait $! || true
	done
	trap 'exit 130' INT TERM
	echo
}

# What nfdump read back, in the columns of flow-print.
read_back() {
	nfdump -q -R "$work/collected" -o json | awk '
		{ gsub(/[",\t]/, ""); split($0, pair, " : "); value[pair[1]] = pair[2] }
		/^}/ {
			port = value["dst_port"]
			# As NetFlow has them; nfdump took them apart.
			if ("icmp_type" in value) port = value["icmp_type"] * 256 + value["icmp_code"]
			printf "%-17s%-17s%-6s%-9s%-9s%-12s%s\n", value["src4_addr"], value["dst4_addr"],
			    value["proto"], value["src_port"] + 0, port + 0, value["in_bytes"], value["in_packets"]
			split("", value)
		}'
}
columns='srcIP            dstIP            prot  srcPort  dstPort  octets      packets'

begun=$(date +%s)
tools/install-deps.sh demo
collector
world
script=demo/article.ngctl
if [ "$PORT" != 4444 ]; then
	script=$work/article.ngctl
	sed "s/:4444/:$PORT/" demo/article.ngctl >"$script"
fi
run ngctl-rs -f "$script"
sed 's/^/    /' "$script"
# Packets without a link layer, as some captures have them: DLT_RAW is 12.
if grep -q 'without a link layer' "$work/nghost.log"; then
	run ngctl-rs msg netflow: setdlt '{ iface=0 dlt=12 }'
fi

if [ -n "$IF" ]; then watch; else replay; fi

info=$(ngctl-rs msg netflow: info)
say 'the node is stopped, which exports what is cached'
stop $nghost
nghost=
# What is on its way to the collector is there within a second.
sleep 1
stop $nfcapd
nfcapd=

{
	echo "$columns"
	read_back | sort -k7,7nr -k6,6nr
} >"$flows"
mkdir -p build/demo
cp "$flows" build/demo/flows.txt
say 'what nfdump read back, the largest first:'
head -n 21 "$flows"
count=$(($(wc -l <"$flows") - 1))
[ $count -le 20 ] || echo "... and $((count - 20)) more in build/demo/flows.txt"

# Totals: what the node accounted, what it handed to the exporter, and what the
# collector has.
# What is 0 is not in the answer.
number() {
	found=$(printf '%s' "$info" | sed -n "s/.*${2:-IPv4} $1=\([0-9]*\).*/\1/p")
	echo "${found:-0}"
}
account=$(grep -h 'packets received=' "$work/nghost.log" || true)
exported=$(printf '%s' "$account" | sed -n 's/.* handed_over=\([0-9]*\).*/\1/p')
exported=${exported:-0}
packets=$(awk 'NR > 1 { sum += $7 } END { print sum + 0 }' "$flows")
octets=$(awk 'NR > 1 { sum += $6 } END { print sum + 0 }' "$flows")

echo
say "nghost's last words: $account"
say "the node saw      $(number packets) IPv4 packets of $(number bytes) octets (v5 cannot carry the IPv6 ones)"
say "nfdump read back  $packets packets of $octets octets in $count flows"
[ "$packets" -gt 0 ] || [ "$(number packets IPv6)" = 0 ] ||
    say "and $(number packets IPv6) IPv6 packets: there is no IPv4 for version 5 to carry"
# A live interface goes on after the node was asked.
if [ $((packets + $(number packets IPv6))) -gt 0 ] && [ "$packets" = "$exported" ] &&
    { [ -n "$IF" ] || [ "$packets $octets" = "$(number packets) $(number bytes)" ]; }; then
	say "they agree; done in $(($(date +%s) - begun)) s"
else
	fail "they do not agree; the node handed over $exported"
fi
