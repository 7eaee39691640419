#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   build-kmod.sh [FLAVOUR [MODULE]] | analyze
#
# Builds build/kmod/ng_netflow.ko for FreeBSD amd64 from a Debian machine.
# On FreeBSD itself kmod/Makefile does the same with the system's own rules.
#
# A kernel with checks takes only modules built for it.  FLAVOUR is "debug" for
# one with INVARIANTS and WITNESS, "kasan" for one with KASAN too, and what it
# builds is in build/kmod-FLAVOUR.  MODULE is "vmtest" for the one that serves
# vm-test in the kernel; it is in a folder of its own there.
#
# "analyze" builds nothing: clang's static analyzer and gcc's read the shim, and
# anything that they find is a failure.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
flavour=${1:-plain}
module=${2:-ng_netflow}

# The plain build has the warnings; checks add the kernel's own to them.
checks='-w -DINVARIANTS -DINVARIANT_SUPPORT -DWITNESS'
case $flavour in
plain | analyze)
	out=$root/build/kmod checks= ;;
debug)	out=$root/build/kmod-debug ;;
kasan)	out=$root/build/kmod-kasan
	# As kern.mk has it: every access through a call; only the redzones on the
	# stack are written in line, at an offset that clang knows by itself.
	asan='-asan-stack=true -asan-use-after-scope=true
	    -asan-instrument-dynamic-allocas=true -asan-instrument-byval=false
	    -asan-instrumentation-with-call-threshold=0 -asan-use-stack-safety=0'
	checks="$checks -DKASAN -DSAN_NEEDS_INTERCEPTORS
	    -DSAN_INTERCEPTOR_PREFIX=kasan -fsanitize=kernel-address
	    -mllvm -asan-globals=true"
	# Registered globals would keep all of Rust's core library in the module.
	rust='-Zsanitizer=kernel-address -Cllvm-args=-asan-globals=false
	    -Cllvm-args=-asan-mapping-offset=0xdffff7c000000000'
	for option in $asan; do
		checks="$checks -mllvm $option" rust="$rust -Cllvm-args=$option"
	done
	export KMOD_CHECKS="$rust" ;;
*)	echo "build-kmod: no flavour '$flavour'; there is: plain debug kasan" >&2
	exit 64 ;;
esac
case $module in
ng_netflow)
	package=kmod sources='shim/ng_netflow.c shim/services.c' ;;
vmtest)	package=vm-test/kmod sources='faults.c source.c cut.c' out=$out/vmtest
	# The macros of sysctl(9), and handlers that need not all they are given.
	checks="$checks -Wno-extra-semi -Wno-unused-parameter" ;;
*)	echo "build-kmod: no module '$module'; there is: ng_netflow vmtest" >&2
	exit 64 ;;
esac
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
set -- -std=gnu17 -O2 -ffreestanding -fwrapv -mcmodel=kernel \
    -mno-red-zone -D_KERNEL -DKLD_MODULE -D__FreeBSD_version=1500068 \
    -nostdinc -I. -include opt_global.h \
    -isystem "$headers/x86_64-freebsd-none" \
    -isystem "$headers/generic-freebsd" -isystem include \
    -ffile-prefix-map="$root/="

if [ "$flavour" = analyze ]; then
	for source in $sources; do
		clang-19 --analyze -Xclang -analyzer-output=text \
		    -Xclang -analyzer-werror $cflags "$@" "$root/$package/$source"
		gcc -fanalyzer -Werror -U__linux__ -D__FreeBSD__=15 -fno-pic \
		    -Wno-pointer-sign "$@" -c "$root/$package/$source" -o /dev/null
		echo "kmod: $source: the analyzers of clang and gcc found nothing"
	done
	exit
fi

echo "kmod: compiling $module's C, $flavour"
objects=
for source in $sources; do
	object=$(basename "$source" .c).o
	objects="$objects $object"
	clang-19 $cflags $checks "$@" -c "$root/$package/$source" -o "$object"
done

echo "kmod: compiling its Rust, and Rust's core library for the kernel"
KMOD_PACKAGE=$package "$root/tools/kmod-rust.sh" "$out/rust.o"
if [ "$flavour" = kasan ]; then
	# What the kernel's headers do for C: these look before they touch.
	for name in memcpy memmove memset memcmp; do
		llvm-objcopy-19 --redefine-sym "$name=kasan_$name" rust.o
	done
fi

# A module is a relocatable object, whose symbols are all its own: made local,
# so that no other module can bind to them.
ld.lld-19 -m elf_x86_64_fbsd -r -T "$root/kmod/shim/module.ld" -warn-common \
    --build-id=sha1 -o "$module.full" $objects rust.o
llvm-nm-19 --extern-only --defined-only --format=just-symbols \
    "$module.full" > local_symbols
llvm-objcopy-19 --strip-debug --localize-symbols=local_symbols \
    "$module.full" "$module.ko"
echo "kmod: $out/$module.ko"
