#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   build-freebsd-tools.sh [--check] [PACKAGE...]
#
# Builds flowctl, nghost, ngctl-rs and what vm-test runs inside FreeBSD, or only the
# packages named, for FreeBSD amd64 from a Debian machine.  The programs are
# left in build/freebsd; --check only compiles, which needs no libraries.  On FreeBSD itself "make tools" is all it takes.
#
# The linker and FreeBSD's C library are zig's, of the PyPI package that the
# module's headers come from too.  Rust's library is built from source, because
# there is none for FreeBSD among Debian's packages.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/build/freebsd
headers=$("$root/tools/freebsd-headers.sh")
mkdir -p "$out"

# Rust asks for libraries that FreeBSD's base has and zig does not bring;
# nothing here uses them.  14.0 is the oldest release that is supported: what is
# linked for it runs on 15 too.
linker=$out/cc
cat > "$linker" <<WRAPPER
#!/bin/sh
for word do
	shift
	case \$word in
	-lkvm | -lmemstat | -lprocstat | -ldevstat) ;;
	*) set -- "\$@" "\$word" ;;
	esac
done
PYTHONPATH="${headers%/ziglang/*}\${PYTHONPATH:+:\$PYTHONPATH}" \\
    exec python3 -m ziglang cc -target x86_64-freebsd.14.0 "\$@"
WRAPPER
chmod +x "$linker"

rustc=${RUSTC:-/usr/bin/rustc}
if [ ! -d "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/std" ]; then
	echo "build-freebsd-tools: $rustc has no source of its library; run tools/install-deps.sh kmod" >&2
	exit 69
fi
export RUSTC="$rustc" RUSTC_BOOTSTRAP=1
export CARGO_TARGET_X86_64_UNKNOWN_FREEBSD_LINKER="$linker"

verb=build
if [ "${1:-}" = --check ]; then
	verb=check
	shift
fi

# FreeBSD's libpcap is in its base, and zig brings none to link with: a library
# of the same name whose functions do nothing has all that a linker looks at.
mkdir -p "$out/lib"
for library in /usr/lib/*/libpcap.so; do
	llvm-nm-19 -D --defined-only --format=just-symbols "$library"
done | sed -n 's/^\(\(pcap\|bpf\)_[a-z0-9_]*\)$/void \1(void) {}/p' > "$out/lib/libpcap.c"
"$linker" -w -shared -Wl,-soname,libpcap.so.8 -o "$out/lib/libpcap.so" "$out/lib/libpcap.c"
export LIBPCAP_LIBDIR="$out/lib" LIBPCAP_VER=1.10.4

target=${CARGO_TARGET_DIR:-$root/build/cargo}/freebsd
[ $# -gt 0 ] || set -- flowctl nghost ngctl-rs vm-guest
for package do
	shift
	set -- "$@" -p "$package"
done
"$(dirname "$rustc")/cargo" $verb --quiet --manifest-path "$root/Cargo.toml" \
    --target-dir "$target" --target x86_64-unknown-freebsd \
    -Zbuild-std=std,panic_abort --release "$@" --bins
[ $verb = build ] || exit 0
find "$target/x86_64-unknown-freebsd/release" -maxdepth 1 -type f -perm -u+x \
    -exec cp {} "$out/" \;
rm -f "$out/"*.so
echo "build-freebsd-tools: $out"
