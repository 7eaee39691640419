# SPDX-License-Identifier: BSD-2-Clause
#
# The FreeBSD module and the bindings.  Included by the top Makefile; plain
# POSIX make, for GNU's and BSD's.

KERNEL_SYMBOLS=	../shared/reference/kernel-symbols.txt

# build/kmod/ng_netflow.ko, in the way of the system that this is.
kmod: kmod-on-$(UNAME)

kmod-on-FreeBSD:
	@mkdir -p build/kmod
	@MAKEOBJDIR=$$PWD/build/kmod $(MAKE) -C kmod

kmod-on-Linux:
	@tools/install-deps.sh kmod && tools/build-kmod.sh

# Proves that the kernel's linker can take it and that it keeps the rules.
gate: kmod
	@cargo run --quiet --release -p object-gate -- \
	    --symbols $(KERNEL_SYMBOLS) build/kmod/ng_netflow.ko

# The same sources give the same module.
reproducible: kmod
	@tools/reproducible.sh

# Static analyzers read the C part.
analyze:
	@tools/install-deps.sh kmod
	@tools/build-kmod.sh analyze

# sys-bindings/src/generated.rs, from FreeBSD's headers.
bindings:
	@tools/install-deps.sh kmod
	@sys-bindings/generate.sh

check-bindings:
	@tools/install-deps.sh kmod
	@sys-bindings/generate.sh --check

.PHONY: kmod kmod-on-FreeBSD kmod-on-Linux gate reproducible analyze bindings check-bindings
