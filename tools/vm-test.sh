#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   vm-test.sh [ARGUMENT...]
#
# Builds the module, the tools for FreeBSD and vm-test, and runs it with these
# arguments; "make vm-test" calls it.  Its exit status is 0 when all scenarios
# passed, 75 when there is no FreeBSD to run them in, else another.  (make turns
# every failure into 2, so what has to tell them apart calls this.)
#
# The scenarios run on the kernels with checks too, for which the module is
# built anew, if VM_KERNEL_DEBUG and VM_ROOT_DEBUG, VM_KERNEL_KASAN and
# VM_ROOT_KASAN name them or the cache has them.  VM_FLAVOURS says which of
# "plain debug kasan" to try.  One that is not there is left out and said so;
# one that is named and not there is a failure.
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
flavours='' lacking=''
for flavour in ${VM_FLAVOURS:-plain debug kasan}; do
	if [ "$flavour" != plain ] && [ "$(uname)" = FreeBSD ]; then
		echo "vm-test: not run: a module for the $flavour kernel is built from Debian only"
		continue
	fi
	status=0
	found=$(vm_test --kernel "$flavour" --which "$@") || status=$?
	case $status,$found in
	75,*) ;; # It has said why.
	0,'vm-test: not run') lacking="$lacking $flavour" ;;
	0,*)
		echo "vm-test: $flavour: $found"
		flavours="$flavours $flavour"
		;;
	*) exit "$status" ;;
	esac
done
if [ -z "$flavours" ]; then
	case " $* " in
	*' --if-available '*) echo 'vm-test: not run'; exit ;;
	*) exit 75 ;;
	esac
fi
for flavour in $lacking; do
	echo "vm-test: not run: no $flavour kernel"
done
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
for flavour in $flavours; do
	if [ "$(uname)" != FreeBSD ]; then
		tools/build-kmod.sh "$flavour"
		tools/build-kmod.sh "$flavour" vmtest
	fi
	echo "vm-test: on the $flavour kernel"
	vm_test --kernel "$flavour" "$@" || status=$?
done
exit $status
