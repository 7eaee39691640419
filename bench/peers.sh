#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   peers.sh DOCUMENT
#
# The same capture through nghost and through Debian's exporters, all with a
# timeout that no flow of it reaches, to NetFlow version 5 on the loopback:
# packets a second of processor time, memory at the most, and whether the totals
# are right. The table goes into DOCUMENT, between its markers. "make
# bench-peers" calls it.
set -eu

# Under time(1), with what is exported below.
run() {
	case $1 in
	nghost)	exec "$programs/nghost" probe -d 300 -r "$capture" "127.0.0.1:$port" ;;
	softflowd)
		exec softflowd -d -v 5 -m 1000000 -n "127.0.0.1:$port" -r "$capture" \
		    -t general=300 -t tcp=300 -t udp=300 -t icmp=300 ;;
	# It goes on when the file is read; what it has to say it has said then.
	pmacctd)	exec timeout -s INT 30 pmacctd -f "$work/pmacctd.conf" ;;
	# It speaks no version 5: it writes files, which nfdump adds up.
	nfpcapd)	exec nfpcapd -r "$capture" -w "$work/nfpcapd" -e 3600,300 ;;
	esac
}
if [ "$1" = --run ]; then
	run "$2"
fi

document=$1
root=$(cd "$(dirname "$0")/.." && pwd)
programs=${CARGO_TARGET_DIR:-$root/target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
capture=$work/capture.pcap
port=9995
runs=3
export programs work capture port

totals=$("$programs/flow-bench" capture "$capture")
read -r packets octets flows <<-TOTALS
	$totals
TOTALS
echo "peers: $packets packets of $flows flows, $octets octets" >&2

cat > "$work/pmacctd.conf" <<-CONF
	daemonize: false
	pcap_savefile: $capture
	pcap_savefile_wait: true
	plugins: nfprobe
	nfprobe_receiver: 127.0.0.1:$port
	nfprobe_version: 5
	nfprobe_timeouts: general=300:tcp=300:tcp.fin=300:tcp.rst=300:udp=300:icmp=300:maxlife=3600
	nfprobe_maxflows: 1000000
	plugin_buffer_size: 1024000
	plugin_pipe_size: 1024000000
	aggregate: src_host,dst_host,src_port,dst_port,proto,tos
CONF

# User and system seconds, KiB, packets, octets, records, datagrams.
once() {
	rm -rf "$work/nfpcapd"
	mkdir "$work/nfpcapd"
	if [ "$1" != nfpcapd ]; then
		"$programs/flow-bench" collect "$port" > "$work/sum" &
		collector=$!
		sleep 1
	fi
	command time -o "$work/time" -f '%U %S %M' "$0" --run "$1" > "$work/log" 2>&1 || true
	if [ "$1" = nfpcapd ]; then
		nfdump -R "$work/nfpcapd" -I 2> /dev/null |
		    awk '/^Packets:/ { p = $2 } /^Bytes:/ { b = $2 } /^Flows:/ { f = $2 }
			END { print p + 0, b + 0, f + 0, 0 }' > "$work/sum"
	else
		wait "$collector"
	fi
	tail -n 1 "$work/time" | tr '\n' ' '
	cat "$work/sum"
}

# The best of some runs: user and system seconds, KiB, packets, octets, records.
best() {
	for _ in $(seq "$runs"); do
		once "$1"
	done | awk '{ print $1 + $2, $3, $4, $5, $6 }' | sort -n | head -n 1
}

{
	echo "| exporter | packets a second of processor time | most memory | packets, octets exported | records | |"
	echo "|---|---|---|---|---|---|"
	for exporter in nghost softflowd nfpcapd pmacctd; do
		result=$(best "$exporter")
		echo "peers: $exporter: $result" >&2
		echo "$result" | awk -v name="$exporter" -v packets="$packets" -v octets="$octets" '{
			right = $3 == packets && $4 == octets ? "right" : "**wrong**"
			printf "| %s | %.2f million | %.0f MB | %d, %d | %d | %s |\n",
			    name, packets / $1 / 1e6, $2 / 1024, $3, $4, $5, right }'
	done
	echo
	echo "$packets packets of $flows flows, $octets octets, best of $runs runs. nfpcapd"
	echo "has no NetFlow 5: it wrote files. fprobe takes packets from interfaces only."
} > "$work/table"
"$programs/flow-bench" insert "$document" peers "$work/table"
