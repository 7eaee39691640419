# SPDX-License-Identifier: BSD-2-Clause
#
# One Makefile for GNU make and BSD make: only what both understand.

PREFIX?=	/usr/local
SBINDIR?=	$(PREFIX)/sbin
KMODDIR?=	/boot/modules
CARGO?=		cargo

TOOLS=		flowctl nghost ngctl-rs

# On FreeBSD the module and the tools, elsewhere the tools.
all: tools
	@if [ "$$(uname)" = FreeBSD ]; then $(MAKE) kmod; fi

help:
	@echo 'make                 the tools; on FreeBSD the module too'
	@echo 'make demo            traffic in, flow table and NetFlow out'
	@echo 'make demo IF=eth0    the same on a live interface, until interrupted'
	@echo 'make demo CAPTURE=F  the same with a capture file of yours'
	@echo 'make check           everything that needs no FreeBSD'
	@echo 'make test fmt clippy doc   parts of it'
	@echo 'make kmod            the module, build/kmod/ng_netflow.ko'
	@echo 'make gate            checks that module before anyone loads it'
	@echo 'make analyze         static analyzers, on its C part'
	@echo 'make vm-test         that module in a FreeBSD kernel under QEMU'
	@echo 'make bindings        sys-bindings, from FreeBSD headers'
	@echo 'make check-bindings  fails if that would change them'
	@echo 'make install         DESTDIR, PREFIX and KMODDIR are honoured'
	@echo 'make deinstall clean'

include tools/kmod.mk
include tools/vm-test.mk

tools:
	tools/install-deps.sh rust
	$(CARGO) build --release -p flowctl -p nghost -p ngctl-rs

demo: tools
	@IF='$(IF)' CAPTURE='$(CAPTURE)' demo/demo.sh

check:
	@tools/check.sh

# Tests of the whole run the programs, which must be there.
test:
	$(CARGO) build --workspace
	$(CARGO) test --workspace

fmt:
	$(CARGO) fmt --all

# The kernel's half compiles on any host, though it links only into a module.
clippy:
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p ng_netflow --features kernel -- -D warnings

# With private items: who reads these pages works on the house.
doc:
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' \
	    $(CARGO) doc --workspace --no-deps --document-private-items

install:
	install -d $(DESTDIR)$(SBINDIR)
	for tool in $(TOOLS); do \
	    install -m 555 "$${CARGO_TARGET_DIR:-target}/release/$$tool" \
	        $(DESTDIR)$(SBINDIR)/ || exit; \
	done
	@if [ "$$(uname)" = FreeBSD ]; then $(MAKE) install-kmod; fi

install-kmod:
	install -d $(DESTDIR)$(KMODDIR)
	install -m 555 build/kmod/ng_netflow.ko $(DESTDIR)$(KMODDIR)/
	if [ -z "$(DESTDIR)" ]; then kldxref $(KMODDIR); fi

deinstall:
	for tool in $(TOOLS); do rm -f $(DESTDIR)$(SBINDIR)/$$tool; done
	if [ "$$(uname)" = FreeBSD ]; then \
	    rm -f $(DESTDIR)$(KMODDIR)/ng_netflow.ko; fi

clean:
	$(CARGO) clean
	rm -rf build

.PHONY: all help tools demo check test fmt clippy doc install install-kmod deinstall clean
