#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Prints the directory that holds FreeBSD 15's headers for the compiler to
# search: the PyPI package ziglang carries them whole, the kernel's included.
# An installed package of the pinned version is used, else it is fetched into
# build/ziglang once.  The result has two folders worth naming to the compiler:
# x86_64-freebsd-none (machine/) and generic-freebsd (everything else).
set -eu

version=0.17.1
root=$(cd "$(dirname "$0")/.." && pwd)
own=$root/build/ziglang

# Asks Python where the package is, and whether it is the version we pin.
find_package() {
	PYTHONPATH="$own${PYTHONPATH:+:$PYTHONPATH}" python3 - "$version" <<'PY'
import sys
from importlib import metadata
try:
    package = metadata.distribution("ziglang")
except metadata.PackageNotFoundError:
    sys.exit(1)
if package.version != sys.argv[1]:
    sys.exit(1)
print(package.locate_file("ziglang/lib/libc/include"))
PY
}

if ! headers=$(find_package); then
	echo "freebsd-headers: fetching ziglang $version into build/ziglang" >&2
	PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
	    --no-deps --target "$own" "ziglang==$version" >&2
	headers=$(find_package) || {
		echo "freebsd-headers: ziglang $version is not usable after pip install; remove build/ziglang and try again" >&2
		exit 69
	}
fi

if [ ! -f "$headers/generic-freebsd/netgraph/ng_message.h" ]; then
	echo "freebsd-headers: $headers has no FreeBSD headers" >&2
	exit 69
fi
printf '%s\n' "$headers"
