#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   install-deps.sh GROUP...
#
# Installs the Debian packages that a group of targets needs and that are not
# there yet.  Says what it does; does nothing, quietly, when all is there.
set -eu

# kmod: compiles and links the FreeBSD module, and makes the bindings.
packages_kmod='cargo-web rustc-web rust-web-src clang-19 lld-19 llvm-19 libclang-19-dev libck-dev python3 python3-pip'

# record: what demo/record.sh records with, and the programs that it records.
packages_record='iproute2 tcpdump ethtool python3 iputils-ping netcat-openbsd curl bind9-dnsutils dnsmasq-base'

missing() {
	for package; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
		    grep -q '^install ok installed$' || printf '%s ' "$package"
	done
}

install_packages() {
	wanted=$(missing "$@")
	[ -n "$wanted" ] || return 0
	echo "install-deps: apt-get install $wanted" >&2
	if [ "$(id -u)" -ne 0 ]; then
		echo "install-deps: this needs root; run it with sudo, or install the packages named above" >&2
		exit 77
	fi
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get -q update && apt-get -q -y --no-install-recommends install $wanted; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "install-deps: apt-get failed; its last lines are above" >&2
		rm -f "$log"
		exit 69
	fi
	rm -f "$log"
}

for group; do
	case $group in
	kmod)	install_packages $packages_kmod ;;
	record)	install_packages $packages_record ;;
	*)	echo "install-deps: no group '$group'; there is: kmod record" >&2
		exit 64 ;;
	esac
done
