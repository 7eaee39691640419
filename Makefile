# SPDX-License-Identifier: BSD-2-Clause
#
# One Makefile for GNU make and BSD make: only what both understand.

PREFIX?=	/usr/local
SBINDIR?=	$(PREFIX)/sbin
MANDIR?=	$(PREFIX)/share/man
KMODDIR?=	/boot/modules
KMOD?=		$${PWD}/build/kmod/ng_netflow.ko
CARGO?=		cargo

# What is installed depends on where it is to run.
UNAME!=		uname
TARGET_OS?=	$(UNAME)
TOOLDIR?=	$${CARGO_TARGET_DIR:-target}/release

# On FreeBSD the module and the tools, elsewhere the tools.
all: tools
	@if [ "$(UNAME)" = FreeBSD ]; then $(MAKE) kmod; fi

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
	@echo 'make reproducible    builds it twice, and compares'
	@echo 'make bench           measures the engine, into docs/performance.md'
	@echo 'make bench-peers     the same capture through other exporters'
	@echo 'make fuzz TARGET=packet SECONDS=60   one target of fuzz/'
	@echo 'make coverage        what of the engine and the node they reach'
	@echo 'make soak MINUTES=60 nghost at full speed; memory, sums and sequences'
	@echo 'make torture         the long ones: fuzz, sanitizers, mutants, soak; resumable'
	@echo 'make deny            licences, origins and advisories of all dependencies'
	@echo 'make mutants         changes the engine, and sees whether the tests notice'
	@echo 'make races           every order of threads at a node, by loom'
	@echo 'make sanitize        the tests, under sanitizers of threads and memory'
	@echo 'make vm-test         that module in a FreeBSD kernel under QEMU'
	@echo "make vm-bench        its instructions a packet, and base's"
	@echo 'make vm-soak HOURS=1 it at work there for so long'
	@echo 'make bindings        sys-bindings, from FreeBSD headers'
	@echo 'make check-bindings  fails if that would change them'
	@echo 'make install         DESTDIR, PREFIX and KMODDIR are honoured'
	@echo 'make deinstall       removes exactly that; make list-installed names it'
	@echo 'make load unload     the module that was built, by its path, on FreeBSD'
	@echo 'make which           which ng_netflow is loaded: ours, or base'"'"'s'
	@echo 'make dist            build/dist/ng_netflow-VERSION.tar.gz, for the port'
	@echo 'make clean'

include tools/kmod.mk
include tools/vm-test.mk
include tools/dist.mk

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
	$(CARGO) clippy --manifest-path races/Cargo.toml --target-dir target/churn \
	    --all-targets -- -D warnings

fuzz:
	@tools/fuzz.sh $(TARGET) $(SECONDS)

coverage:
	@tools/coverage.sh

deny:
	@tools/deny.sh

# FILES=export/v5.rs or so; all of the engine takes most of an hour.
mutants:
	@tools/mutants.sh $(FILES)

sanitize:
	@for kind in thread address memcheck; do tools/sanitize.sh $$kind || exit; done

races:
	@for what in orders churn faults; do tools/races.sh $$what || exit; done

MINUTES?=	60
soak: tools
	SOAK_SECONDS=$$((60 * $(MINUTES))) \
	    $(CARGO) test --release -p end-to-end --test soak -- --show-output

torture:
	@tools/torture.sh

torture-restart:
	@tools/torture.sh restart

# With private items: who reads these pages works on the house.
doc:
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' \
	    $(CARGO) doc --workspace --no-deps --document-private-items

INSTALLER=	DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" SBINDIR="$(SBINDIR)" \
		MANDIR="$(MANDIR)" KMODDIR="$(KMODDIR)" KMOD="$(KMOD)" TOOLDIR="$(TOOLDIR)" \
		TARGET_OS="$(TARGET_OS)" tools/install.sh

# On a machine that does nothing else meanwhile.
bench:
	tools/install-deps.sh rust
	$(CARGO) build --release -p flow-bench -p nghost -p ngctl-rs -p flowctl
	"$${CARGO_TARGET_DIR:-target}/release/flow-bench" document docs/performance.md
	$(CARGO) bench -p flow-bench

bench-peers:
	tools/install-deps.sh rust bench
	$(CARGO) build --release -p flow-bench -p nghost
	bench/peers.sh docs/performance.md

install:
	@$(INSTALLER) install

deinstall:
	@$(INSTALLER) deinstall

# Base's files stay where they are: what ours are called, a path a line.
list-installed:
	@$(INSTALLER) list

# The module that was built here, by its path: its name alone finds base's.
# (GNU make would take "load" for its own without the colon.)
RC=		NG_NETFLOW_MODULE="$(KMOD)" sh rc.d/ng_netflow

load:
	@$(RC) oneload

unload:
	@$(RC) oneunload

which:
	@$(RC) onewhich

clean:
	$(CARGO) clean
	rm -rf build

.PHONY: all help tools demo check test fmt clippy doc bench bench-peers install deinstall \
	list-installed load unload which fuzz coverage deny mutants races sanitize soak torture torture-restart clean
