#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   install-deps.sh GROUP...
#
# Installs the Debian packages that a group of targets needs and that are not
# there yet.  Says what it does; does nothing, quietly, when all is there.
set -eu

# kmod: compiles and links the FreeBSD module, and makes the bindings.
packages_kmod='gcc cargo-web rustc-web rust-web-src clang-19 lld-19 llvm-19 libclang-19-dev libck-dev python3 python3-pip'

# rust: and what the tools link with; FreeBSD has that in base.
packages_rust='gcc libc6-dev libpcap-dev ca-certificates'

# demo: the collector that the demo collects with.
packages_demo='nfdump iproute2'

# record: what demo/record.sh records with, and the programs that it records.
packages_record='iproute2 tcpdump ethtool python3 iputils-ping netcat-openbsd curl bind9-dnsutils dnsmasq-base'

# check: what reads our datagrams, and what reads our scripts and manual pages.
packages_check='nfdump pmacct tshark tcpdump python3 shellcheck mandoc bmake valgrind zsh fish'

# fuzz: libFuzzer is C++.
packages_fuzz='gcc g++'

# coverage: a Rust whose LLVM has its tools in Debian, 22 both.
packages_coverage='gcc libpcap-dev cargo-web rustc-web llvm-22'

# bench: the exporters that ours is compared with, and what times them.
packages_bench='softflowd pmacct nfdump time'

# sanitize: valgrind, clang's sanitizers, and Rust's library to be built with them.
packages_sanitize='valgrind clang-19 libclang-rt-19-dev cargo-web rustc-web rust-web-src'

# vm: QEMU, the drive it gets, and what fetches a FreeBSD for it.
packages_vm='qemu-system-x86 xorriso curl xz-utils nfdump python3'

missing() {
	for package; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
		    grep -q '^install ok installed$' || printf '%s ' "$package"
	done
}

# Whether Debian has such a package at all.
known() {
	[ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -v '(none)')" ]
}

install_packages() {
	wanted=$(missing "$@")
	[ -n "$wanted" ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "install-deps: no apt-get here; install what Debian calls $wanted" >&2
		exit 69
	fi
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

# Whether there is a Rust of the version that Cargo.toml asks for.
rust_is_there() {
	here=$(cd "$(dirname "$0")/.." && pwd)
	oldest=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"$/\1/p' "$here/Cargo.toml")
	command -v cargo >/dev/null &&
	    found=$(rustc --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p') &&
	    [ "${found:-0}" -ge "$oldest" ]
}

# rust: whatever Rust there is, rustup's too, if it is new enough; else Debian's.
install_rust() {
	advice='pkg install rust'
	if [ "$(uname)" != FreeBSD ]; then
		# Elsewhere than on Debian the linker says what it lacks.
		if command -v apt-get >/dev/null; then install_packages $packages_rust; fi
		# rustup's stands before Debian's in PATH: what is old there stays first.
		case $(command -v cargo) in
		'' | /usr/bin/cargo)
			rust_is_there || install_packages cargo-web rustc-web
			advice='apt-get install cargo-web rustc-web' ;;
		*)	advice='rustup update stable' ;;
		esac
	fi
	rust_is_there && return
	echo "install-deps: Rust 1.$oldest or newer is needed, and the first in PATH is older or missing: $advice" >&2
	exit 69
}

# With rustup both are there unless someone left them out.
install_lints() {
	cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 && return
	case $(command -v cargo) in
	/usr/bin/cargo)	install_packages rust-web-clippy rustfmt-web ;;
	*)	echo "install-deps: no clippy or rustfmt: rustup component add clippy rustfmt" >&2
		exit 69 ;;
	esac
}

# Debian 12 dropped it; where it is, the tests collect with it too.
install_flow_tools() {
	command -v flow-capture >/dev/null && return
	if known flow-tools; then
		install_packages flow-tools
	else
		echo "install-deps: flow-tools is not to be had here: its tests say 'not run'" >&2
	fi
}

for group; do
	case $group in
	rust)	install_rust ;;
	kmod)	install_packages $packages_kmod ;;
	demo)	install_rust
		install_packages $packages_demo ;;
	record)	install_packages $packages_record ;;
	check)	install_rust
		install_packages $packages_kmod $packages_check
		install_lints
		install_flow_tools ;;
	fuzz)	install_rust
		install_packages $packages_fuzz ;;
	coverage) install_packages $packages_coverage ;;
	sanitize) install_packages $packages_sanitize ;;
	bench)	install_packages $packages_bench ;;
	vm)	install_rust
		install_packages $packages_kmod $packages_vm ;;
	*)	echo "install-deps: no group '$group'; there is: rust kmod demo record check fuzz coverage sanitize bench vm" >&2
		exit 64 ;;
	esac
done
