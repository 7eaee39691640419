/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bindgen reads: FreeBSD's own headers, in the order they need, and after
 * them the few values that a macro hides from bindgen.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <net/if.h>
#include <net/bpf.h>
#include <netinet/in.h>
#include <errno.h>
#include <limits.h>

#include <netgraph/ng_message.h>
#include <netgraph/ng_socket.h>
#include <netgraph/ng_ether.h>
#include <netgraph/ng_hub.h>
#include <netgraph/ng_ksocket.h>
#include <netgraph/ng_tee.h>
#include <netgraph/netflow/ng_netflow.h>

/*
 * Only a compiler can evaluate these.  generate.sed takes the suffix away
 * again, since a constant cannot have the name of its macro here.
 */
#define	EVALUATED(name)	static const unsigned long name##_EVALUATED = name

EVALUATED(AF_LOCAL);
EVALUATED(NREC6_AT_ONCE);
EVALUATED(NGRESP_SIZE);
EVALUATED(SORCVBUF_SIZE);
