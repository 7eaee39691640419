#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the module a second time, in a folder of another name, and compares:
# who has these sources can tell whether a module was made from them.  Needs
# build/kmod/ng_netflow.ko; "make reproducible" calls it.
set -eu

cd "$(dirname "$0")/.."
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
# What is not committed yet belongs to it as well.
git ls-files -z | xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\n" "$file"; done' sh |
    tar cf - -T - | tar xf - -C "$elsewhere"
CARGO_TARGET_DIR=$elsewhere/objects "$elsewhere/tools/build-kmod.sh" > /dev/null
cmp build/kmod/ng_netflow.ko "$elsewhere/build/kmod/ng_netflow.ko"
echo "reproducible: $(sha256sum build/kmod/ng_netflow.ko | cut -d ' ' -f 1), in two folders"
