/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's services for Rust: most functions are one macro, inline or
 * variadic function of the kernel that Rust cannot call itself.  Those that do
 * more, such as looking up routes, say what above them.
 *
 * Unless a function says otherwise: it may be called in any context in which
 * the node runs, the net epoch and the callout included, with or without a
 * shim_mtx held; it takes no lock, does not sleep and cannot fail.
 */
#include "opt_inet.h"
#include "opt_inet6.h"

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/epoch.h>
#include <sys/kernel.h>
#include <sys/libkern.h>
#include <sys/limits.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/mutex.h>
#include <sys/rmlock.h>
#include <sys/socket.h>
#include <sys/syslog.h>
#include <sys/time.h>
#include <vm/uma.h>

#include <net/if.h>
#include <net/if_var.h>
#include <net/radix.h>
#include <net/route.h>
#include <net/route/nhop.h>
#include <net/route/route_ctl.h>
#include <net/route/route_var.h>
#include <net/vnet.h>
#include <netinet/in.h>

/* The base header's prototypes name struct ip and struct ip6_hdr. */
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include <netgraph/ng_message.h>
#include <netgraph/netgraph.h>
#include <netgraph/netflow/ng_netflow.h>

#include "shim.h"

static MALLOC_DEFINE(M_NETFLOW, "netflow", "netflow flow cache");

/*
 * Memory: malloc(9), which Rust fills.  NULL when there is none at once.  Never
 * with a shim_mtx held: malloc(9) may take locks of the VM's.
 */
void *
shim_alloc(size_t size, size_t align)
{

	return (malloc_aligned(size, align, M_NETFLOW, M_NOWAIT));
}

/* Takes what shim_alloc() gave, not NULL; a shim_mtx may be held. */
void
shim_free(void *p)
{

	free(p, M_NETFLOW);
}

/*
 * Locks: mtx(9).  Whoever holds one takes no other of them, but a routing
 * table's or, to give memory back, the VM's.  Rust reserves the room for one, and
 * calls what mtx_lock() and mtx_unlock() expand to in a module.
 */
_Static_assert(sizeof(struct mtx) == 32 && _Alignof(struct mtx) == 8 &&
    offsetof(struct mtx, mtx_lock) == 24,
    "kmod/src/kpi/kernel/shim.rs: struct mtx has changed");

/* Rust has zeroed it, and it stays where it is until shim_mtx_destroy(). */
void
shim_mtx_init(struct mtx *m)
{

	mtx_init(m, "netflow", NULL, MTX_DEF);
}

/* Nobody holds it, and nobody will take it. */
void
shim_mtx_destroy(struct mtx *m)
{

	mtx_destroy(m);
}

/*
 * Counters: counter(9), a place for each CPU.  NULL when there is no memory;
 * never with a shim_mtx held, as memory.
 */
struct shim_counter *
shim_counter_alloc(void)
{

	return ((struct shim_counter *)counter_u64_alloc(M_NOWAIT));
}

/* Nobody adds to it any more; never with a shim_mtx held. */
void
shim_counter_free(struct shim_counter *c)
{

	counter_u64_free((counter_u64_t)c);
}

/* All places added up, one after the other: exact when nobody adds. */
uint64_t
shim_counter_fetch(struct shim_counter *c)
{

	return (counter_u64_fetch((counter_u64_t)c));
}

/* Time, to the tick: reading the hardware for each packet would cost more. */

uint64_t
shim_uptime_ms(void)
{

	return ((uint64_t)sbttoms(getsbinuptime()));
}

/* The wall clock, to the tick.  Seconds wrap in 2106, as NetFlow's do. */
void
shim_wall_clock(uint32_t *secs, uint32_t *nanos)
{
	struct timespec now;

	getnanotime(&now);
	*secs = (uint32_t)now.tv_sec;
	*nanos = (uint32_t)now.tv_nsec;
}

/* Once for each node, when it is made.  May take the generator's own lock. */
void
shim_random(void *buf, size_t len)
{

	arc4random_buf(buf, len);
}

/* Says whose line it is.  Not with a shim_mtx held: the console may be slow. */
void
shim_log(const struct ng_node *node, const char *line, size_t len)
{

	log(LOG_NOTICE, "ng_netflow: [%x]: %.*s\n", NG_NODE_ID(node), (int)len,
	    line);
}

/* Is the node's network stack, a jail's, being destroyed? */
bool
shim_stack_is_going(const struct ng_node *node)
{

#ifdef VIMAGE
	return (node->nd_vnet->vnet_shutdown);
#else
	(void)node;
	return (false);
#endif
}

uint32_t
shim_fibs(const struct ng_node *node)
{
	uint32_t fibs;

	CURVNET_SET(node->nd_vnet);
	fibs = V_rt_numfibs;
	CURVNET_RESTORE();
	return (fibs);
}

/*
 * Routes.  The lock of a routing table keeps its routes, their nexthops and the
 * interfaces of those where they are.  It is an rmlock(9), and may be taken with a
 * shim_mtx held.  The net epoch, in which packets usually come but not always,
 * keeps the array of tables, which a sysctl may replace, and the tables of a
 * network stack that has not begun to go.
 */

#ifdef VIMAGE
/*
 * A stack is marked before anything of it goes.  Those in the epoch who have not
 * seen the mark are waited for, before its routing tables go.
 */
static void
shim_barrier(const void *unused __unused)
{

	NET_EPOCH_WAIT();
}
VNET_SYSUNINIT(ng_netflow_barrier, SI_SUB_VNET_DONE, SI_ORDER_ANY,
    shim_barrier, NULL);
#endif

/* The route to an address, in a table whose lock is held; NULL without one. */
static inline const struct rtentry *
find_route(struct rib_head *rh, sa_family_t family, const void *to)
{
	union {
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	} key;
	const struct radix_node *rn;

	memset(&key, 0, sizeof(key));
	if (family == AF_INET) {
		key.in.sin_len = sizeof(key.in);
		key.in.sin_family = AF_INET;
		memcpy(&key.in.sin_addr, to, sizeof(key.in.sin_addr));
	} else {
		key.in6.sin6_len = sizeof(key.in6);
		key.in6.sin6_family = AF_INET6;
		memcpy(&key.in6.sin6_addr, to, sizeof(key.in6.sin6_addr));
		/* The table has a scope there; a packet's octets are none. */
		if (IN6_IS_SCOPE_LINKLOCAL(&key.in6.sin6_addr))
			key.in6.sin6_addr.s6_addr16[1] = 0;
	}
	rn = rh->rnh_matchaddr(&key, &rh->head);
	if (rn == NULL || (rn->rn_flags & RNF_ROOT) != 0)
		return (NULL);
	return ((const struct rtentry *)rn);
}

/* The length of a route's prefix, in bits. */
static inline uint16_t
prefix_len(const struct rtentry *rt, sa_family_t family)
{
	union {
		struct in_addr	in;
		struct in6_addr	in6;
	} prefix;
	uint32_t scope;
	int len;

	len = 0;
#ifdef INET
	if (family == AF_INET)
		rt_get_inet_prefix_plen(rt, &prefix.in, &len, &scope);
#endif
#ifdef INET6
	if (family == AF_INET6)
		rt_get_inet6_prefix_plen(rt, &prefix.in6, &len, &scope);
#endif
	return ((uint16_t)len);
}

/*
 * Where a flow of the node's own network stack goes, whichever stack the packet's
 * thread is in.  An end that is NULL is not looked up, and where there is no
 * route the path is left as it was.
 */
static inline void
find_path(const struct ng_node *node, uint32_t fib, sa_family_t family,
    const void *src, const void *dst, struct shim_path *path)
{
	RIB_RLOCK_TRACKER;
	struct epoch_tracker et;
	struct rib_head *rh;
	const struct nhop_object *nh;
	const struct rtentry *rt;
	bool entered;

	/* To see that a packet came in the epoch costs less than to enter it. */
	entered = !in_epoch(net_epoch_preempt);
	if (entered)
		NET_EPOCH_ENTER(et);
	CURVNET_SET(node->nd_vnet);
	rh = fib < V_rt_numfibs && !shim_stack_is_going(node) ?
	    rt_tables_get_rnh(fib, family) : NULL;
	if (rh != NULL) {
		RIB_RLOCK(rh);
		rt = dst == NULL ? NULL : find_route(rh, family, dst);
		if (rt != NULL) {
			path->dst_mask = prefix_len(rt, family);
			nh = nhop_select_func(rt->rt_nhop, 0);
			path->output = (uint32_t)if_getindex(nh->nh_ifp);
			/* A gateway of the other family has no place here. */
			if (nh->gw_sa.sa_family == family) {
				if (family == AF_INET)
					memcpy(path->next_hop, &nh->gw4_sa.sin_addr,
					    sizeof(nh->gw4_sa.sin_addr));
				else
					memcpy(path->next_hop, &nh->gw6_sa.sin6_addr,
					    sizeof(nh->gw6_sa.sin6_addr));
			}
		}
		rt = src == NULL ? NULL : find_route(rh, family, src);
		if (rt != NULL)
			path->src_mask = prefix_len(rt, family);
		RIB_RUNLOCK(rh);
	}
	CURVNET_RESTORE();
	if (entered)
		NET_EPOCH_EXIT(et);
}

void
shim_path4(const struct ng_node *node, uint32_t fib, const uint8_t src[4],
    const uint8_t dst[4], struct shim_path *path)
{

	find_path(node, fib, AF_INET, src, dst, path);
}

void
shim_path6(const struct ng_node *node, uint32_t fib, const uint8_t src[16],
    const uint8_t dst[16], struct shim_path *path)
{

	find_path(node, fib, AF_INET6, src, dst, path);
}

/* Hooks: a reference keeps one's memory, not its connection. */

void
shim_hook_ref(struct ng_hook *hook)
{

	NG_HOOK_REF(hook);
}

void
shim_hook_unref(struct ng_hook *hook)
{

	NG_HOOK_UNREF(hook);
}

/*
 * Sends a datagram down a hook that the caller has a reference on.  Inside the
 * net epoch, without any lock held: the datagram may go into a network stack,
 * and come back as a packet, before this returns.  ENOBUFS without memory, or
 * netgraph's or the peer's errno; the mbuf is gone in any case.
 */
int
shim_send(struct ng_hook *hook, const void *datagram, size_t len)
{
	struct mbuf *m;
	int error;

	/* Of a large one pieces of a page: memory in one piece is scarce. */
	m = m_get2(MIN((int)len, MJUMPAGESIZE), M_NOWAIT, MT_DATA, M_PKTHDR);
	if (m == NULL)
		return (ENOBUFS);
	if (m_append(m, (int)len, datagram) == 0) {
		m_freem(m);
		return (ENOBUFS);
	}
	NG_SEND_DATA_ONLY(error, hook, m);
	return (error);
}

/*
 * Packets: mbuf(9) chains with a packet header, which are the caller's while
 * rcvdata runs.  Their bytes are never changed.  Rust reads these fields itself,
 * m_flags as the upper bits of the word that it shares with m_type.
 */
#define	MBUF_FIELD(field, size, offset)					\
_Static_assert(sizeof(((struct mbuf *)0)->field) == (size) &&		\
    offsetof(struct mbuf, field) == (offset),				\
    "kmod/src/kpi/kernel/shim.rs: struct mbuf has changed: " #field)

MBUF_FIELD(m_data, 8, 16);
MBUF_FIELD(m_len, 4, 24);
MBUF_FIELD(m_pkthdr.rcvif, 8, 32);
MBUF_FIELD(m_pkthdr.len, 4, 56);
MBUF_FIELD(m_pkthdr.csum_flags, 4, 64);
MBUF_FIELD(m_pkthdr.fibnum, 2, 68);
_Static_assert(M_EXTPG == 0x100, "kmod/src/kpi/kernel/shim.rs: M_EXTPG");
_Static_assert(CSUM_SND_TAG == 0x80000000,
    "kmod/src/kpi/kernel/shim.rs: CSUM_SND_TAG");

/*
 * false, with nothing copied, when the packet ends before, whatever its header says
 * of its length.
 */
bool
shim_packet_copy(const struct mbuf *m, size_t at, void *to, size_t len)
{
	const size_t total = (size_t)m->m_pkthdr.len;
	const struct mbuf *last = m;
	size_t left;

	if (at > total || len > total - at)
		return (false);
	for (left = at + len; left > (size_t)last->m_len; last = last->m_next) {
		if (last->m_next == NULL)
			return (false);
		left -= (size_t)last->m_len;
	}
	m_copydata(m, (int)at, (int)len, to);
	return (true);
}

/* The mark is base's own tag: a node's ID behind the tag's header. */
bool
shim_packet_is_marked(struct mbuf *m, const struct ng_node *only_by)
{
	struct m_tag *tag = NULL;

	while ((tag = m_tag_locate(m, MTAG_NETFLOW, MTAG_NETFLOW_CALLED,
	    tag)) != NULL)
		if (only_by == NULL ||
		    *(const ng_ID_t *)(tag + 1) == NG_NODE_ID(only_by))
			return (true);
	return (false);
}

/* Without memory the packet stays unmarked, as base leaves it. */
void
shim_packet_mark(struct mbuf *m, const struct ng_node *node)
{
	struct m_tag *tag;

	tag = m_tag_alloc(MTAG_NETFLOW, MTAG_NETFLOW_CALLED, sizeof(ng_ID_t),
	    M_NOWAIT);
	if (tag == NULL)
		return;
	*(ng_ID_t *)(tag + 1) = NG_NODE_ID(node);
	m_tag_prepend(m, tag);
}

/*
 * Replies to control messages: malloc(9) of netgraph's, zeroed; NULL when there
 * is no memory at once.  Never with a shim_mtx held.
 */
void *
shim_reply(const struct ng_mesg *request, struct ng_mesg **resp, size_t arglen)
{

	NG_MKRESPONSE(*resp, request, arglen, M_NOWAIT);
	return (*resp == NULL ? NULL : (*resp)->data);
}

/* Only what is announced shrinks; the memory stays as it is. */
void
shim_reply_shorten(struct ng_mesg *resp, size_t arglen)
{

	if (arglen < resp->header.arglen)
		resp->header.arglen = (uint32_t)arglen;
}
