# SPDX-License-Identifier: BSD-2-Clause
#
# The module in a FreeBSD kernel.  Included by the top Makefile; plain POSIX
# make, for GNU's and BSD's.

# VM_TEST='article clock' runs these scenarios only.
vm-test:
	@tools/vm-test.sh $(VM_TEST)

# Base's node and ours beside each other, in instructions.
vm-bench:
	@VM_FLAVOURS=plain tools/vm-test.sh bench

.PHONY: vm-test vm-bench
