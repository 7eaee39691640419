/* SPDX-License-Identifier: BSD-2-Clause */
/* What vmtest's C and its Rust know of each other. */

/* Octets of each piece of memory; src/lib.rs has it too. */
#define	VMTEST_ROOM	24

void	vmtest_netflow_heap(void *room);
void	vmtest_netflow_stack(void);
