/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults on demand, to see that a kernel with checks finds them: what it
 * overlooks here, it would overlook in ng_netflow.  Each is one value of
 *
 *	sysctl debug.vmtest.fault=NAME
 *
 * The functions' names have "netflow" in them, by which vm-test tells the
 * complaints that are ours from the kernel's own.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mutex.h>
#include <sys/sysctl.h>

#include "vmtest.h"

static MALLOC_DEFINE(M_VMTEST, "vmtest_netflow", "vmtest's faults");

static struct mtx first, second;
MTX_SYSINIT(vmtest_first, &first, "vmtest netflow first", MTX_DEF);
MTX_SYSINIT(vmtest_second, &second, "vmtest netflow second", MTX_DEF);

static void
netflow_reversal(void)
{

	mtx_lock(&first);
	mtx_lock(&second);
	mtx_unlock(&second);
	mtx_unlock(&first);

	mtx_lock(&second);
	mtx_lock(&first);
	mtx_unlock(&first);
	mtx_unlock(&second);
}

static void
netflow_sleep(void)
{

	mtx_lock(&first);
	free(malloc(VMTEST_ROOM, M_VMTEST, M_WAITOK), M_VMTEST);
	mtx_unlock(&first);
}

static void
netflow_leak(void)
{

	(void)malloc(VMTEST_ROOM, M_VMTEST, M_WAITOK);
}

/* One octet beyond the end of a piece of memory. */
static void
netflow_heap(void)
{
	volatile uint8_t *room;

	room = malloc(VMTEST_ROOM, M_VMTEST, M_WAITOK);
	room[VMTEST_ROOM] = 1;
	free(__DEVOLATILE(void *, room), M_VMTEST);
}

static void
netflow_stack(void)
{
	volatile uint8_t room[VMTEST_ROOM];
	volatile size_t end = VMTEST_ROOM;

	room[end] = 1;
}

static void
netflow_freed(void)
{
	volatile uint8_t *room;

	room = malloc(VMTEST_ROOM, M_VMTEST, M_WAITOK);
	free(__DEVOLATILE(void *, room), M_VMTEST);
	(void)room[0];
}

static void
netflow_heap_rust(void)
{
	void *room;

	room = malloc(VMTEST_ROOM, M_VMTEST, M_WAITOK);
	vmtest_netflow_heap(room);
	free(room, M_VMTEST);
}

static const struct fault {
	const char	*name;
	void		(*commit)(void);
} faults[] = {
	{ "reversal", netflow_reversal },
	{ "sleep", netflow_sleep },
	{ "leak", netflow_leak },
	{ "heap-c", netflow_heap },
	{ "stack-c", netflow_stack },
	{ "freed-c", netflow_freed },
	{ "heap-rust", netflow_heap_rust },
	{ "stack-rust", vmtest_netflow_stack },
};

static int
vmtest_fault(SYSCTL_HANDLER_ARGS)
{
	char name[16] = "";
	int error;

	error = sysctl_handle_string(oidp, name, sizeof(name), req);
	if (error != 0 || req->newptr == NULL)
		return (error);
	for (size_t n = 0; n < nitems(faults); n++)
		if (strcmp(name, faults[n].name) == 0) {
			faults[n].commit();
			return (0);
		}
	return (EINVAL);
}

static SYSCTL_NODE(_debug, OID_AUTO, vmtest, CTLFLAG_RW | CTLFLAG_MPSAFE, NULL,
    "vm-test");
SYSCTL_PROC(_debug_vmtest, OID_AUTO, fault,
    CTLTYPE_STRING | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0, vmtest_fault, "A",
    "a fault to commit");
