/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's services for Rust: each function is one macro, inline or
 * variadic function of the kernel that Rust cannot call itself.  No decisions
 * are made here.  None of them sleeps.
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
#include <sys/socket.h>
#include <sys/syslog.h>
#include <sys/time.h>
#include <vm/uma.h>

#include <net/if.h>
#include <net/if_var.h>
#include <net/route.h>
#include <net/route/nhop.h>
#include <net/route/route_ctl.h>
#include <net/vnet.h>
#include <netinet/in.h>
#include <netinet/in_fib.h>
#include <netinet6/in6_fib.h>

/* The base header's prototypes name struct ip and struct ip6_hdr. */
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include <netgraph/ng_message.h>
#include <netgraph/netgraph.h>
#include <netgraph/netflow/ng_netflow.h>

#include "shim.h"

static MALLOC_DEFINE(M_NETFLOW, "netflow", "netflow flow cache");

/* Memory: malloc(9).  Zeroed, and freed without its size. */

void *
shim_alloc(size_t size, size_t align)
{

	return (malloc_aligned(size, align, M_NETFLOW, M_NOWAIT | M_ZERO));
}

void
shim_free(void *p)
{

	free(p, M_NETFLOW);
}

/* Locks: mtx(9).  Rust reserves this much room for one, so aligned. */
_Static_assert(sizeof(struct mtx) == 32 && _Alignof(struct mtx) == 8,
    "kmod/src/kpi/kernel/shim.rs: struct mtx has grown");

void
shim_mtx_init(struct mtx *m)
{

	mtx_init(m, "netflow", NULL, MTX_DEF);
}

void
shim_mtx_destroy(struct mtx *m)
{

	mtx_destroy(m);
}

void
shim_mtx_lock(struct mtx *m)
{

	mtx_lock(m);
}

void
shim_mtx_unlock(struct mtx *m)
{

	mtx_unlock(m);
}

/* Counters: counter(9), a place for each CPU. */

struct shim_counter *
shim_counter_alloc(void)
{

	return ((struct shim_counter *)counter_u64_alloc(M_NOWAIT));
}

void
shim_counter_free(struct shim_counter *c)
{

	counter_u64_free((counter_u64_t)c);
}

void
shim_counter_add(struct shim_counter *c, uint64_t n)
{

	counter_u64_add((counter_u64_t)c, n);
}

uint64_t
shim_counter_fetch(struct shim_counter *c)
{

	return (counter_u64_fetch((counter_u64_t)c));
}

/* Time, to the tick: reading the hardware for each packet would cost more. */

uint64_t
shim_uptime_ms(void)
{

	return (sbttoms(getsbinuptime()));
}

void
shim_wall_clock(uint32_t *secs, uint32_t *nanos)
{
	struct timespec now;

	getnanotime(&now);
	*secs = now.tv_sec;
	*nanos = now.tv_nsec;
}

void
shim_random(void *buf, size_t len)
{

	arc4random_buf(buf, len);
}

void
shim_log(const char *line, size_t len)
{

	log(LOG_NOTICE, "%.*s\n", (int)len, line);
}

/* Routes: of the node's network stack, inside the net epoch. */

uint32_t
shim_fibs(const struct ng_node *node)
{
	uint32_t fibs;

	CURVNET_SET(node->nd_vnet);
	fibs = V_rt_numfibs;
	CURVNET_RESTORE();
	return (fibs);
}

bool
shim_route4(const struct ng_node *node, uint32_t fib, const uint8_t to[4],
    struct shim_hop *hop)
{
	struct rtentry *rt = NULL;
#ifdef INET
	struct epoch_tracker et;
	struct route_nhop_data rnd;
	struct nhop_object *nh;
	struct in_addr dst, prefix;
	uint32_t scope;
	int plen;

	memcpy(&dst, to, sizeof(dst));
	CURVNET_SET(node->nd_vnet);
	NET_EPOCH_ENTER(et);
	if (fib < V_rt_numfibs)
		rt = fib4_lookup_rt(fib, dst, 0, NHR_NONE, &rnd);
	if (rt != NULL) {
		nh = nhop_select_func(rnd.rnd_nhop, 0);
		rt_get_inet_prefix_plen(rt, &prefix, &plen, &scope);
		hop->interface = if_getindex(nh->nh_ifp);
		hop->prefix_len = plen;
		/* A gateway of the other family has no place in a record. */
		if (nh->gw_sa.sa_family == AF_INET)
			memcpy(hop->gateway, &nh->gw4_sa.sin_addr,
			    sizeof(nh->gw4_sa.sin_addr));
	}
	NET_EPOCH_EXIT(et);
	CURVNET_RESTORE();
#endif
	return (rt != NULL);
}

bool
shim_route6(const struct ng_node *node, uint32_t fib, const uint8_t to[16],
    struct shim_hop *hop)
{
	struct rtentry *rt = NULL;
#ifdef INET6
	struct epoch_tracker et;
	struct route_nhop_data rnd;
	struct nhop_object *nh;
	struct in6_addr dst, prefix;
	uint32_t scope;
	int plen;

	memcpy(&dst, to, sizeof(dst));
	CURVNET_SET(node->nd_vnet);
	NET_EPOCH_ENTER(et);
	if (fib < V_rt_numfibs)
		rt = fib6_lookup_rt(fib, &dst, 0, NHR_NONE, &rnd);
	if (rt != NULL) {
		nh = nhop_select_func(rnd.rnd_nhop, 0);
		rt_get_inet6_prefix_plen(rt, &prefix, &plen, &scope);
		hop->interface = if_getindex(nh->nh_ifp);
		hop->prefix_len = plen;
		if (nh->gw_sa.sa_family == AF_INET6)
			memcpy(hop->gateway, &nh->gw6_sa.sin6_addr,
			    sizeof(nh->gw6_sa.sin6_addr));
	}
	NET_EPOCH_EXIT(et);
	CURVNET_RESTORE();
#endif
	return (rt != NULL);
}

/* Hooks. */

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

int
shim_send(struct ng_hook *hook, const void *datagram, size_t len)
{
	struct mbuf *m;
	int error;

	m = m_get3(len, M_NOWAIT, MT_DATA, M_PKTHDR);
	if (m == NULL)
		return (ENOBUFS);
	if (m_append(m, len, datagram) == 0) {
		m_freem(m);
		return (ENOBUFS);
	}
	NG_SEND_DATA_ONLY(error, hook, m);
	return (error);
}

/* Packets: mbuf(9). */

size_t
shim_packet_len(const struct mbuf *m)
{

	return (m->m_pkthdr.len);
}

const void *
shim_packet_first(const struct mbuf *m, size_t *len)
{

	/* Data of an unmapped mbuf has no address; shim_packet_copy() has. */
	*len = (m->m_flags & M_EXTPG) != 0 ? 0 : m->m_len;
	return (m->m_data);
}

bool
shim_packet_copy(const struct mbuf *m, size_t at, void *to, size_t len)
{
	const size_t total = m->m_pkthdr.len;

	if (at > total || len > total - at)
		return (false);
	m_copydata(m, at, len, to);
	return (true);
}

uint32_t
shim_packet_fib(struct mbuf *m)
{

	return (M_GETFIB(m));
}

uint32_t
shim_packet_received_on(const struct mbuf *m)
{

	return (m->m_pkthdr.rcvif == NULL ? 0 :
	    if_getindex(m->m_pkthdr.rcvif));
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

/* Replies to control messages. */

void *
shim_reply(const struct ng_mesg *request, struct ng_mesg **resp, size_t arglen)
{

	NG_MKRESPONSE(*resp, request, arglen, M_NOWAIT);
	return (*resp == NULL ? NULL : (*resp)->data);
}

void
shim_reply_shorten(struct ng_mesg *resp, size_t arglen)
{

	if (arglen < resp->header.arglen)
		resp->header.arglen = arglen;
}
