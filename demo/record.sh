#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   record.sh [FILE]
#
# Records the demo's capture anew: a minute of what ordinary programs say to
# each other between two network namespaces, seen from em0, one end of the cable
# between them.  FILE is demo/em0.pcap unless named.  Needs root and Linux;
# nothing leaves the namespaces, which are gone afterwards.
#
#   here   em0    192.168.1.1/24    2001:db8::1/64    vlan7  192.168.7.1/24
#   there  net0   192.168.1.2-4/24  2001:db8::2-3/64  vlan7  192.168.7.2/24
set -eu

demo=$(cd "$(dirname "$0")" && pwd)
file=${1:-$demo/em0.pcap}
"$demo/../tools/install-deps.sh" record

here=ngrec-here-$$
there=ngrec-there-$$
work=$(mktemp -d)

finish() {
	trap '' EXIT INT TERM
	for namespace in "$here" "$there"; do
		ip netns pids "$namespace" 2>/dev/null | xargs -r kill 2>/dev/null || true
		ip netns del "$namespace" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

say() { echo "record: $*" >&2; }

# The last resort of every program started: none outlives two minutes.
here() { timeout 120 ip netns exec "$here" "$@" </dev/null >/dev/null 2>&1; }
there() { timeout 120 ip netns exec "$there" "$@" </dev/null >/dev/null 2>&1; }

# Waits for what vlan.py makes.
appears() {
	for _ in $(seq 1 100); do
		ip -n "$1" link show vlan7 >/dev/null 2>&1 && return
		sleep 0.1
	done
	say "no vlan7: tap interfaces (/dev/net/tun) are needed"
	exit 69
}

cable() {
	ip netns add "$here"
	ip netns add "$there"
	ip link add em0 netns "$here" address 02:00:00:00:00:01 type veth \
	    peer name net0 netns "$there" address 02:00:00:00:00:02
	# Frames as on a cable: no larger than the MTU, with their checksums.
	here ethtool -K em0 tx off tso off gso off gro off
	there ethtool -K net0 tx off tso off gso off gro off
	here python3 "$demo/vlan.py" em0 7 vlan7 &
	there python3 "$demo/vlan.py" net0 7 vlan7 &
	for side in "$here lo em0" "$there lo net0"; do
		# shellcheck disable=SC2086 # words on purpose
		set -- $side
		ip -n "$1" link set "$2" up
		ip -n "$1" link set "$3" up
	done
	ip -n "$here" addr add 192.168.1.1/24 dev em0
	ip -n "$here" addr add 2001:db8::1/64 dev em0 nodad
	for host in 2 3 4; do
		ip -n "$there" addr add "192.168.1.$host/24" dev net0
		ip -n "$there" addr add "2001:db8::$host/64" dev net0 nodad
	done
	appears "$here"
	appears "$there"
	ip -n "$here" link set vlan7 address 02:00:00:00:07:01 up
	ip -n "$there" link set vlan7 address 02:00:00:00:07:02 up
	ip -n "$here" addr add 192.168.7.1/24 dev vlan7
	ip -n "$there" addr add 192.168.7.2/24 dev vlan7
}

servers() {
	mkdir "$work/web"
	for size in 1 8 40 200; do
		head -c "${size}000" /dev/zero > "$work/web/$size"
	done
	there python3 -m http.server --bind 192.168.1.2 --directory "$work/web" 80 &
	there python3 -m http.server --bind 2001:db8::2 --directory "$work/web" 80 &
	there python3 -m http.server --bind 192.168.7.2 --directory "$work/web" 80 &
	there dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts \
	    --user=root --pid-file= --listen-address=192.168.1.3,2001:db8::3 \
	    --address=/example.net/192.168.1.2 --address=/example.net/2001:db8::2 \
	    --enable-tftp --tftp-root="$work/web" &
	here nc -lk -s 192.168.1.1 -p 111 &
	there nc -u -lk -s 192.168.1.4 -p 514 &
	sleep 1
}

web() { here curl -s -o /dev/null --max-time 60 "$@"; }

# Everything at once, each at its own pace; about a minute.
traffic() {
	# A connection held open throughout, a word now and then.
	{ for pause in 1 9 10 12 12 10; do sleep $pause; echo ready; done; } |
	    timeout 120 ip netns exec "$there" nc -N -s 192.168.1.2 -p 1016 192.168.1.1 111 &
	web --limit-rate 3k http://192.168.1.2/200 &
	web -6 --limit-rate 1k 'http://[2001:db8::2]/40' &
	here ping -c 50 -i 1 192.168.1.2 &
	here ping -c 25 -i 2 2001:db8::2 &
	here ping -c 20 -i 2 192.168.7.2 &
	# 4,000 octets are three fragments.
	{ sleep 5; here ping -c 5 -i 3 -s 4000 192.168.1.3; } &
	{ sleep 7; here ping -c 3 -i 4 -s 3000 2001:db8::3; } &
	{ sleep 9; here ping -c 10 -i 1 -Q 0x10 192.168.1.4; } &
	{ for i in $(seq 1 40); do sleep 1; echo "<14>demo: line $i"; done; } |
	    timeout 120 ip netns exec "$here" nc -u -q 1 192.168.1.4 514 &
	{
		for i in $(seq 1 20); do
			sleep 2
			here dig +tries=1 +time=1 "@192.168.1.3" "host$i.example.net" A || true
			here dig +tries=1 +time=1 "@2001:db8::3" "host$i.example.net" AAAA || true
		done
		here dig +tcp +tries=1 +time=1 @192.168.1.3 example.net || true
	} &
	{
		for size in 1 8 40 1 8 40 200 1 8 1; do
			sleep 4
			web "http://192.168.1.2/$size"
			web "http://[2001:db8::2]/$size"
			web "http://192.168.7.2/$size"
		done
	} &
	{ sleep 12; web tftp://192.168.1.3/200; } &
	# Nobody listens on these: RST, and ICMP port unreachable.
	{ sleep 15; here nc -z -w 1 192.168.1.4 20-25 || true; } &
	{ sleep 18; here nc -zu -w 1 192.168.1.3 33434 || true; } &
	{ sleep 30; web --limit-rate 100k http://192.168.1.2/200; } &
	sleep 58
}

say "two network namespaces, joined by em0"
cable
servers
ip netns exec "$here" timeout 75 tcpdump -i em0 -s 128 -U -Z root \
    -w "$work/em0.pcap" 2>"$work/tcpdump" &
tcpdump=$!
sleep 1
say "traffic for a minute"
traffic
ip netns pids "$here" | while read -r pid; do
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = tcpdump ] && kill -INT "$pid"
done
wait $tcpdump || true
mv "$work/em0.pcap" "$file"
chmod 644 "$file"
say "$(tcpdump -nr "$file" 2>/dev/null | wc -l) packets, $(wc -c < "$file") octets in $file"
