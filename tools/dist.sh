#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   dist.sh [FOLDER]
#   dist.sh --crates | --plist
#
# Leaves ng_netflow-VERSION.tar.gz in FOLDER, build/dist by default: what is
# committed, and nothing else.  Beside it is the distinfo of the port that builds
# it, port/net/ng_netflow-rs.  With --crates it prints that port's Makefile.crates,
# with --plist its pkg-plist.
set -eu

cd "$(dirname "$0")/.."

# Name, version and checksum of every crate that is not ours.
crates() {
	awk -F '"' '
		/^name = / { name = $2 }
		/^version = / { version = $2 }
		/^checksum = / { print name, version, $2 }' Cargo.lock
}

if [ "${1:-}" = --plist ]; then
	# By itself, even if a make called this: that one would speak too.
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s list-installed TARGET_OS=FreeBSD |
	    sed 's|^/usr/local/||; s|^/boot/modules|/%%KMODDIR%%|' | LC_ALL=C sort
	exit
fi

if [ "${1:-}" = --crates ]; then
	crates | awk '
		{ printf "%s%s-%s", NR == 1 ? "CARGO_CRATES=\t" : " \\\n\t\t", $1, $2 }
		END { print "" }'
	exit
fi

out=${1:-build/dist}
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
name=ng_netflow-$version
mkdir -p "$out"
# Without a stamp of now, so that the same commit has the same checksum.
git archive --format=tar --prefix="$name/" HEAD | gzip -9n > "$out/$name.tar.gz"
if [ -n "$(git status --porcelain)" ]; then
	echo "dist: changes that are not committed are not in it" >&2
fi

sha256() { if command -v sha256 >/dev/null; then sha256 -q "$1"; else sha256sum "$1" | cut -d ' ' -f 1; fi; }
size() { wc -c < "$1" | tr -d ' '; }

# As "make makesum" would: the crates' sizes are those that Cargo fetched.
cargo fetch --quiet --locked
cache=${CARGO_HOME:-$HOME/.cargo}/registry/cache
{
	echo "TIMESTAMP = $(git log -1 --format=%ct)"
	echo "SHA256 ($name.tar.gz) = $(sha256 "$out/$name.tar.gz")"
	echo "SIZE ($name.tar.gz) = $(size "$out/$name.tar.gz")"
	crates | while read -r crate version checksum; do
		set -- "$cache"/*/"$crate-$version.crate"
		echo "SHA256 (rust/crates/$crate-$version.crate) = $checksum"
		echo "SIZE (rust/crates/$crate-$version.crate) = $(size "$1")"
	done
} > "$out/distinfo"
echo "dist: $out/$name.tar.gz, and its distinfo"
