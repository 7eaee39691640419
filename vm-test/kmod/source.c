/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netgraph node type "vmtest": a source of packets that costs the least
 * there can be, and a sink for them.
 *
 *	msg source: send { packets=N flows=M first=F }
 *
 * sends N Ethernet frames with UDP in IPv4 out of the hook "out", one after the
 * other, of the flows F to F+M-1 in a scattered order, and answers with what
 * the time stamp counter took while they were on their way, by direct call,
 * through whatever is connected there, all of them and the worst.  QEMU can make
 * that counter count instructions.  What comes in on any hook is counted and
 * freed.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/epoch.h>
#include <sys/kernel.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/module.h>
#include <sys/proc.h>
#include <sys/smp.h>
#include <machine/cpufunc.h>

#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <netgraph/ng_message.h>
#include <netgraph/ng_parse.h>
#include <netgraph/netgraph.h>

#define	VMTEST_COOKIE	1700000000
enum { VMTEST_SEND = 1 };

struct vmtest_send {
	uint32_t	packets;
	uint32_t	flows;
	uint32_t	first;
};

struct vmtest_sent {
	uint64_t	ticks;		/* of the time stamp counter */
	uint64_t	worst;		/* the most that one packet took */
	uint32_t	packets;	/* that these are of */
	uint32_t	interrupted;	/* left out: another thread ran between */
	uint32_t	failed;
	uint32_t	received;	/* since the last answer */
	uint64_t	thousand;	/* ticks of a thousand instructions */
};

static const struct ng_parse_struct_field send_fields[] = {
	{ "packets", &ng_parse_uint32_type },
	{ "flows", &ng_parse_uint32_type },
	{ "first", &ng_parse_uint32_type },
	{ NULL }
};
static const struct ng_parse_struct_field sent_fields[] = {
	{ "ticks", &ng_parse_uint64_type },
	{ "worst", &ng_parse_uint64_type },
	{ "packets", &ng_parse_uint32_type },
	{ "interrupted", &ng_parse_uint32_type },
	{ "failed", &ng_parse_uint32_type },
	{ "received", &ng_parse_uint32_type },
	{ "thousand", &ng_parse_uint64_type },
	{ NULL }
};
static const struct ng_parse_type send_type = {
	&ng_parse_struct_type, &send_fields
};
static const struct ng_parse_type sent_type = {
	&ng_parse_struct_type, &sent_fields
};
static const struct ng_cmdlist vmtest_cmdlist[] = {
	{ VMTEST_COOKIE, VMTEST_SEND, "send", &send_type, &sent_type },
	{ 0 }
};

/* One machine, one processor, one node that receives. */
static uint32_t received;

struct frame {
	struct ether_header	ether;
	struct ip		ip;
	struct udphdr		udp;
	uint8_t			data[22];
};
_Static_assert(sizeof(struct frame) == 64, "a smallest frame");

static struct mbuf *
frame_of(uint32_t flow)
{
	struct frame *frame;
	struct mbuf *m;

	m = m_gethdr(M_WAITOK, MT_DATA);
	m->m_len = m->m_pkthdr.len = sizeof(*frame);
	frame = mtod(m, struct frame *);
	memset(frame, 0, sizeof(*frame));
	frame->ether.ether_type = htons(ETHERTYPE_IP);
	frame->ip.ip_v = IPVERSION;
	frame->ip.ip_hl = sizeof(frame->ip) / 4;
	frame->ip.ip_len = htons(sizeof(*frame) - sizeof(frame->ether));
	frame->ip.ip_ttl = 64;
	frame->ip.ip_p = IPPROTO_UDP;
	/* A thousand clients' ports, of as many clients as it takes. */
	frame->ip.ip_src.s_addr = htonl(0x0a000000 + flow / 1000);
	frame->ip.ip_dst.s_addr = htonl(0xc0000200 + flow % 250);
	frame->udp.uh_sport = htons(10000 + flow % 1000);
	frame->udp.uh_dport = htons(53);
	frame->udp.uh_ulen = htons(sizeof(frame->udp) + sizeof(frame->data));
	return (m);
}

/* The counter, after all before it is done. */
static uint64_t
ticks_now(void)
{

	lfence();
	return (rdtsc());
}

static uint64_t
ticks_of_a_thousand(void)
{
	uint64_t before, least = UINT64_MAX;

	/* The least of a few: nothing interrupts all of them. */
	for (int n = 0; n < 5; n++) {
		before = ticks_now();
		__asm __volatile(".rept 1000; nop; .endr");
		least = MIN(least, ticks_now() - before);
	}
	return (least);
}

static void
send_all(hook_p hook, const struct vmtest_send *send, struct vmtest_sent *sent)
{
	const struct rusage *usage = &curthread->td_ru;
	struct epoch_tracker et;
	uint64_t before, took;
	register_t interrupts = 0;
	uint32_t flow;
	struct mbuf *m;
	long switches;
	int error;

	sent->thousand = ticks_of_a_thousand();
	for (uint32_t n = 0; n < send->packets; n++) {
		/* A prime, so that each round meets each flow once. */
		flow = (uint64_t)n * 7368787 % send->flows;
		m = frame_of(send->first + flow);
		switches = usage->ru_nvcsw + usage->ru_nivcsw;
		/* As packets of an interface are. */
		NET_EPOCH_ENTER(et);
		/*
		 * Where instructions are counted the worst is to be a packet's,
		 * not an interrupt's.  With other processors, which may wait for
		 * this one to answer, packets are interrupted as everywhere.
		 */
		if (mp_ncpus == 1)
			interrupts = intr_disable();
		before = ticks_now();
		NG_SEND_DATA_ONLY(error, hook, m);
		took = ticks_now() - before;
		if (mp_ncpus == 1)
			intr_restore(interrupts);
		NET_EPOCH_EXIT(et);
		if (error != 0)
			sent->failed++;
		if (usage->ru_nvcsw + usage->ru_nivcsw != switches) {
			sent->interrupted++;
			continue;
		}
		sent->ticks += took;
		sent->worst = MAX(sent->worst, took);
		sent->packets++;
	}
	sent->received = received;
	received = 0;
}

static int
vmtest_constructor(node_p node)
{

	return (0);
}

static int
vmtest_rcvmsg(node_p node, item_p item, hook_p lasthook)
{
	const struct vmtest_send *send;
	struct ng_mesg *msg, *resp = NULL;
	hook_p out;
	int error = 0;

	NGI_GET_MSG(item, msg);
	send = (const void *)msg->data;
	out = ng_findhook(node, "out");
	if (msg->header.typecookie != VMTEST_COOKIE ||
	    msg->header.cmd != VMTEST_SEND ||
	    msg->header.arglen != sizeof(*send) || send->flows == 0)
		error = EINVAL;
	else if (out == NULL)
		error = ENOTCONN;
	else {
		NG_MKRESPONSE(resp, msg, sizeof(struct vmtest_sent), M_WAITOK);
		memset(resp->data, 0, sizeof(struct vmtest_sent));
		/* It may be taken away meanwhile. */
		NG_HOOK_REF(out);
		send_all(out, send, (void *)resp->data);
		NG_HOOK_UNREF(out);
	}
	NG_RESPOND_MSG(error, node, item, resp);
	NG_FREE_MSG(msg);
	return (error);
}

static int
vmtest_rcvdata(hook_p hook, item_p item)
{

	received++;
	NG_FREE_ITEM(item);
	return (0);
}

static int
vmtest_disconnect(hook_p hook)
{
	const node_p node = NG_HOOK_NODE(hook);

	if (NG_NODE_NUMHOOKS(node) == 0 && NG_NODE_IS_VALID(node))
		ng_rmnode_self(node);
	return (0);
}

static struct ng_type vmtest_typestruct = {
	.version =	NG_ABI_VERSION,
	.name =		"vmtest",
	.constructor =	vmtest_constructor,
	.rcvmsg =	vmtest_rcvmsg,
	.rcvdata =	vmtest_rcvdata,
	.disconnect =	vmtest_disconnect,
	.cmdlist =	vmtest_cmdlist,
};
NETGRAPH_INIT(vmtest, &vmtest_typestruct);
MODULE_VERSION(vmtest, 1);
