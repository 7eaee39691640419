# SPDX-License-Identifier: BSD-2-Clause
#
# The FreeBSD module and the bindings.  Included by the top Makefile; plain
# POSIX make, for GNU's and BSD's.

KERNEL_SYMBOLS=	../shared/reference/kernel-symbols.txt

# build/kmod/ng_netflow.ko, whichever system this is.
kmod:
	@mkdir -p build/kmod
	@if [ "$$(uname)" = FreeBSD ]; then \
	    MAKEOBJDIR=$$PWD/build/kmod $(MAKE) -C kmod; \
	else \
	    tools/install-deps.sh kmod && tools/build-kmod.sh; \
	fi

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

.PHONY: kmod gate reproducible analyze bindings check-bindings
