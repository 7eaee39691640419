# SPDX-License-Identifier: BSD-2-Clause
#
# The module in a FreeBSD kernel.  Included by the top Makefile; plain POSIX
# make, for GNU's and BSD's.

# VM_TEST='article clock' runs these scenarios only.
vm-test:
	@tools/vm-test.sh $(VM_TEST)

# Base's node and ours beside each other, in instructions and in packets a
# second.
vm-bench:
	@VM_FLAVOURS=plain tools/vm-test.sh bench forwarding

# A node at work for HOURS, which may be 0.1.
HOURS = 1
vm-soak:
	@VM_FLAVOURS=plain VM_SOAK_HOURS=$(HOURS) tools/vm-test.sh soak

.PHONY: vm-test vm-bench vm-soak
