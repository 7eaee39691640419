#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   kmod-rust.sh OUTPUT.o
#
# Compiles the Rust half of the module, with Rust's core library, into one
# object that the kernel's linker can take.  Used from Debian and on FreeBSD.
#
# core is built from source, because the one that comes with a compiler may use
# SSE registers, which a kernel must not touch.  So this needs a Rust that
# brings its own source: Debian's rust-web-src, FreeBSD's rust package, or
# "rustup component add rust-src".
set -eu

output=$1
root=$(cd "$(dirname "$0")/.." && pwd)

# The first compiler that has its library's source.
find_rustc() {
	for candidate in "${RUSTC:-}" /usr/bin/rustc "$(command -v rustc || true)"; do
		[ -n "$candidate" ] && [ -x "$candidate" ] || continue
		sysroot=$("$candidate" --print sysroot) || continue
		[ -d "$sysroot/lib/rustlib/src/rust/library/core" ] || continue
		printf '%s\n' "$candidate"
		return
	done
	echo "kmod-rust: no Rust compiler with the source of its library; run tools/install-deps.sh kmod, or rustup component add rust-src" >&2
	exit 69
}

RUSTC=$(find_rustc)
cargo=$(dirname "$RUSTC")/cargo
export RUSTC

# Building core, emitting stack sizes and calls through the PLT are features
# of nightly compilers, which a released one has too once this is set.
export RUSTC_BOOTSTRAP=1

# What the kernel's linker and the kernel's code model ask for:
#   relocation-model=static, plt=yes   no relocation through a GOT
#   code-model=kernel                  addresses in the topmost 2 GB
#   force-frame-pointers               stack traces in ddb(4)
#   emit-stack-sizes                   for the object gate
#   remap-path-prefix                  the same bytes, wherever it is built
# tools/instructions.sh compiles another package, into a program; build-kmod.sh
# another module, and KMOD_CHECKS is what a kernel with checks asks for.
package=${KMOD_PACKAGE:-kmod}
features=${KMOD_FEATURES-kernel}
export RUSTFLAGS="-Crelocation-model=static -Cforce-frame-pointers=yes
    ${KMOD_RUSTFLAGS--Ccode-model=kernel -Zplt=yes -Zemit-stack-sizes}
    --remap-path-prefix=$root=.
    --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo
    ${KMOD_CHECKS:-}"

target=${CARGO_TARGET_DIR:-$root/build/cargo}/$package
"$cargo" rustc --quiet --manifest-path "$root/$package/Cargo.toml" \
    --target-dir "$target" --target x86_64-unknown-none \
    -Zbuild-std="${KMOD_STD:-core,compiler_builtins}" \
    --release --lib ${features:+--features "$features"} --crate-type staticlib

# With fat LTO our code and core are one member of the archive.  The others are
# the compiler's memcpy and the like: the kernel has its own, so they stay out.
archive=$(ls "$target"/x86_64-unknown-none/release/lib*.a)
ar=${AR:-$(command -v llvm-ar-19 || command -v ar)}
member=$("$ar" t "$archive" | grep -E '^(ng_netflow|flow_instructions|vmtest)-.*\.o$')
if [ "$(printf '%s\n' "$member" | wc -l)" -ne 1 ]; then
	echo "kmod-rust: $archive holds more than one object of ours; is LTO off?" >&2
	exit 70
fi
mkdir -p "$(dirname "$output")"
"$ar" p "$archive" "$member" > "$output"
