#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   build-kmod.sh [analyze]
#
# Builds build/kmod/ng_netflow.ko for FreeBSD amd64 from a Debian machine.
# On FreeBSD itself kmod/Makefile does the same with the system's own rules.
#
# A kernel with INVARIANTS only takes modules that have it too: for one, set
# KMOD_CFLAGS='-DINVARIANTS -DINVARIANT_SUPPORT -DWITNESS', and KMOD_OUT to keep
# it apart from the usual module.
#
# "analyze" builds nothing: clang's static analyzer and gcc's read the shim, and
# anything that they find is a failure.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
out=${KMOD_OUT:-$root/build/kmod}
shim=$root/kmod/shim
headers=$("$root/tools/freebsd-headers.sh")
mkdir -p "$out/include"
cd "$out"

# The configuration that FreeBSD's config.mk gives to a module that is built
# apart from a kernel.  Without VIMAGE here the vnet macros would do nothing.
printf '#define\t%s 1\n' SMP MAC VIMAGE > opt_global.h
printf '#define\t%s 1\n' INET TCP_OFFLOAD > opt_inet.h
printf '#define\t%s 1\n' INET6 > opt_inet6.h

# Concurrency Kit's headers, which /usr/include of FreeBSD lacks, are Debian's:
# copied, because nothing else of Debian's /usr/include may be seen.
cp -R /usr/include/ck_*.h /usr/include/gcc include/

# Flags as FreeBSD's kern.mk and kmod.mk have them.  __FreeBSD_version, which
# zig leaves to its compiler, is that of FreeBSD 15.0.
cflags='--target=x86_64-unknown-freebsd15.0 -pipe
    -D__printf__=__freebsd_kprintf__
    -fno-common -fno-strict-aliasing
    -mno-mmx -mno-sse -mno-avx -msoft-float
    -fno-asynchronous-unwind-tables -fstack-protector
    -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
    -fstack-size-section
    -Weverything -Werror'

# What the kernel's own macros do everywhere, and its style(9) asks for.
#   old C           declarations after statements, _Static_assert
#   macros          statements as expressions, semicolons too many, pointers of
#                   another sign (NG_HOOK_REF), functions of another type (SYSINIT)
#   field lists     netgraph's end with an empty entry
#   pointers        a tag's data lies behind its header
cflags="$cflags -Wno-declaration-after-statement -Wno-pre-c11-compat
    -Wno-gnu-statement-expression-from-macro-expansion -Wno-extra-semi-stmt
    -Wno-disabled-macro-expansion -Wno-pointer-sign -Wno-cast-function-type-strict
    -Wno-missing-field-initializers -Wno-unsafe-buffer-usage"

# What any compiler must be told to see what the kernel's sees.
set -- "${1:-build}" -std=gnu17 -O2 -ffreestanding -fwrapv -mcmodel=kernel \
    -mno-red-zone -D_KERNEL -DKLD_MODULE -D__FreeBSD_version=1500068 \
    -nostdinc -I. -include opt_global.h \
    -isystem "$headers/x86_64-freebsd-none" \
    -isystem "$headers/generic-freebsd" -isystem include \
    -ffile-prefix-map="$root/="
what=$1
shift

if [ "$what" = analyze ]; then
	for source in ng_netflow services; do
		clang-19 --analyze -Xclang -analyzer-output=text \
		    -Xclang -analyzer-werror $cflags "$@" "$shim/$source.c"
		gcc -fanalyzer -Werror -U__linux__ -D__FreeBSD__=15 -fno-pic \
		    -Wno-pointer-sign "$@" -c "$shim/$source.c" -o /dev/null
		echo "kmod: $source.c: the analyzers of clang and gcc found nothing"
	done
	exit
fi

echo "kmod: compiling the shim"
for source in ng_netflow services; do
	clang-19 $cflags ${KMOD_CFLAGS:-} "$@" -c "$shim/$source.c" -o "$source.o"
done

echo "kmod: compiling the node, and Rust's core library for the kernel"
"$root/tools/kmod-rust.sh" "$out/rust.o"

# A module is a relocatable object, whose symbols are all its own: made local,
# so that no other module can bind to them.
ld.lld-19 -m elf_x86_64_fbsd -r -T "$shim/module.ld" -warn-common \
    --build-id=sha1 -o ng_netflow.full ng_netflow.o services.o rust.o
llvm-nm-19 --extern-only --defined-only --format=just-symbols \
    ng_netflow.full > local_symbols
llvm-objcopy-19 --strip-debug --localize-symbols=local_symbols \
    ng_netflow.full ng_netflow.ko
echo "kmod: $out/ng_netflow.ko"
