#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   vm-test.sh [ARGUMENT...]
#
# Builds the module, the tools for FreeBSD and vm-test, and runs it with these
# arguments; "make vm-test" calls it.  Its exit status is vm-test's: 0 when all
# scenarios passed, 75 when there is no FreeBSD to run them in, else 1.  (make
# turns every failure into 2, so what has to tell them apart calls this.)
#
# The scenarios run on the kernels with checks too, for which the module is
# built anew, if VM_KERNEL_DEBUG and VM_ROOT_DEBUG, VM_KERNEL_KASAN and
# VM_ROOT_KASAN name them or the cache has them.  VM_FLAVOURS says which of
# "plain debug kasan" to try.
set -eu

cd "$(dirname "$0")/.."
vm_test() { cargo run --quiet -p vm-test -- "$@"; }

case " $* " in
*' --list '* | *' --help '*) vm_test "$@"; exit ;;
# To see whether there is a machine takes nothing but Rust.
*' --if-available '*) tools/install-deps.sh rust ;;
*) tools/install-deps.sh vm ;;
esac
# Nothing is built for a machine that is not there.
found=$(vm_test --which "$@")
case $found in
'vm-test: not run') echo "$found"; exit ;;
*) echo "vm-test: $found" ;;
esac
tools/install-deps.sh vm

if [ "$(uname)" = FreeBSD ]; then
	make kmod tools
	cargo build --release -p vm-guest
	mkdir -p build/freebsd
	for tool in flowctl nghost ngctl-rs vm-guest; do
		cp "${CARGO_TARGET_DIR:-target}/release/$tool" build/freebsd/
	done
else
	tools/build-freebsd-tools.sh
fi
status=0
for flavour in ${VM_FLAVOURS:-plain debug kasan}; do
	if [ "$flavour" != plain ]; then
		[ "$(uname)" != FreeBSD ] || continue
		vm_test --kernel "$flavour" --which > /dev/null 2>&1 || continue
		echo "vm-test: once more, on the $flavour kernel"
	fi
	if [ "$(uname)" != FreeBSD ]; then
		tools/build-kmod.sh "$flavour"
		tools/build-kmod.sh "$flavour" vmtest
	fi
	vm_test --kernel "$flavour" "$@" || status=$?
done
exit $status
