/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netgraph node type "cut": what frames look like once drivers and stacks
 * have had them in their hands.  A frame that comes in on the hook "in" goes out
 * of "out", as often as the last message said and cut up as it said:
 *
 *	msg cut: plan { first=F last=L piece=P empty=1 tag=1 raw=1 unmapped=1
 *	    csum=C segment=S }
 *
 * once for each length from F to L of the first mbuf.  P is the length of those
 * that follow, as far as headers go (0: what a cluster holds).  With "empty"
 * there is an mbuf without data before each; with "tag" an 802.1Q header is
 * taken out of the frame into its mbuf, with "raw" all before the IP packet
 * taken away, as NICs and tunnels do; with "unmapped" what follows the first
 * mbuf lies in pages without an address, as sendfile(2) and TLS leave it; C and
 * S are what a stack leaves to a NIC: csum_flags, with a send tag if they say so,
 * and tso_segsz.
 *
 *	msg cut: sums
 *
 * answers what went out since the last answer, and what came back on the hook
 * "back", with a sum over all octets and all that the mbuf says of the frame.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/kernel.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/module.h>
#include <sys/uio.h>

#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include <netgraph/ng_message.h>
#include <netgraph/ng_parse.h>
#include <netgraph/netgraph.h>

#define	CUT_COOKIE	1700000001
enum { CUT_PLAN = 1, CUT_SUMS };

/* The largest IP packet in a frame with a tag. */
#define	LARGEST		(IP_MAXPACKET + ETHER_HDR_LEN + ETHER_VLAN_ENCAP_LEN)
/* Behind all headers, nobody looks. */
#define	HEADERS		200

struct cut_plan {
	uint32_t	first;
	uint32_t	last;
	uint32_t	piece;
	uint32_t	empty;
	uint32_t	tag;
	uint32_t	raw;
	uint32_t	unmapped;
	uint32_t	csum;
	uint32_t	segment;
};

struct cut_sum {
	uint64_t	packets;
	uint64_t	octets;
	uint64_t	mbufs;
	uint64_t	sum;
};

struct cut_sums {
	struct cut_sum	sent;
	struct cut_sum	back;
	uint64_t	failed;		/* sends, or mbufs to send */
};

static const struct ng_parse_struct_field plan_fields[] = {
	{ "first", &ng_parse_uint32_type },
	{ "last", &ng_parse_uint32_type },
	{ "piece", &ng_parse_uint32_type },
	{ "empty", &ng_parse_uint32_type },
	{ "tag", &ng_parse_uint32_type },
	{ "raw", &ng_parse_uint32_type },
	{ "unmapped", &ng_parse_uint32_type },
	{ "csum", &ng_parse_hint32_type },
	{ "segment", &ng_parse_uint32_type },
	{ NULL }
};
static const struct ng_parse_struct_field sum_fields[] = {
	{ "packets", &ng_parse_uint64_type },
	{ "octets", &ng_parse_uint64_type },
	{ "mbufs", &ng_parse_uint64_type },
	{ "sum", &ng_parse_hint64_type },
	{ NULL }
};
static const struct ng_parse_type plan_type = {
	&ng_parse_struct_type, &plan_fields
};
static const struct ng_parse_type sum_type = {
	&ng_parse_struct_type, &sum_fields
};
static const struct ng_parse_struct_field sums_fields[] = {
	{ "sent", &sum_type },
	{ "back", &sum_type },
	{ "failed", &ng_parse_uint64_type },
	{ NULL }
};
static const struct ng_parse_type sums_type = {
	&ng_parse_struct_type, &sums_fields
};
static const struct ng_cmdlist cut_cmdlist[] = {
	{ CUT_COOKIE, CUT_PLAN, "plan", &plan_type, NULL },
	{ CUT_COOKIE, CUT_SUMS, "sums", NULL, &sums_type },
	{ 0 }
};

/* There is one node and one sender, whose packets come back by direct call. */
static struct cut_plan plan;
static struct cut_sums sums;
static uint8_t frame[LARGEST], copy[LARGEST];

/*
 * A driver's send tag, which nobody frees.  Who takes it for an interface finds that
 * it has a number.
 */
static struct {
	struct m_snd_tag	tag;
	uint8_t			behind[256];
} tagged = {
	.tag = { .refcount = 1 },
};

static void
tally(struct cut_sum *sum, struct mbuf *m)
{
	const int len = MIN(m->m_pkthdr.len, LARGEST);

	sum->packets++;
	sum->octets += (uint64_t)m->m_pkthdr.len;
	for (const struct mbuf *n = m; n != NULL; n = n->m_next)
		sum->mbufs++;
	m_copydata(m, 0, len, (void *)copy);
	for (int n = 0; n < len; n++)
		sum->sum += (uint64_t)(n + 1) * copy[n];
	sum->sum = sum->sum * 31 + m->m_pkthdr.csum_flags;
	sum->sum = sum->sum * 31 + m->m_pkthdr.tso_segsz;
	if ((m->m_flags & M_VLANTAG) != 0)
		sum->sum = sum->sum * 31 + m->m_pkthdr.ether_vtag;
}

/* What a NIC or a tunnel takes from the front.  The length of what is left. */
static int
strip(int len, uint16_t *vtag)
{
	int at = ETHER_HDR_LEN;

	*vtag = 0;
	if (len >= ETHER_HDR_LEN + ETHER_VLAN_ENCAP_LEN &&
	    be16dec(frame + 12) == ETHERTYPE_VLAN) {
		at += ETHER_VLAN_ENCAP_LEN;
		if (plan.tag != 0) {
			*vtag = be16dec(frame + 14);
			len -= ETHER_VLAN_ENCAP_LEN;
			at -= ETHER_VLAN_ENCAP_LEN;
			memmove(frame + 12, frame + 16, (size_t)len - 12);
		}
	}
	if (plan.raw != 0 && len > at) {
		len -= at;
		memmove(frame, frame + at, (size_t)len);
	}
	return (len);
}

/* An mbuf of the frame's octets, at the end of a chain.  The new end. */
static struct mbuf **
append(const struct mbuf *head, struct mbuf **end, int at, int len)
{
	const int flags = head == NULL ? M_PKTHDR : 0;
	struct mbuf *m;

	if (len > (int)MHLEN)
		m = m_getcl(M_NOWAIT, MT_DATA, flags);
	else if (flags != 0)
		m = m_gethdr(M_NOWAIT, MT_DATA);
	else
		m = m_get(M_NOWAIT, MT_DATA);
	if (m == NULL)
		return (NULL);
	m->m_len = len;
	memcpy(mtod(m, void *), frame + at, (size_t)len);
	*end = m;
	return (&m->m_next);
}

static struct mbuf **
append_unmapped(struct mbuf **end, int at, int len)
{
	struct iovec iov = { frame + at, (size_t)len };
	struct uio uio = {
		.uio_iov = &iov,
		.uio_iovcnt = 1,
		.uio_resid = len,
		.uio_segflg = UIO_SYSSPACE,
		.uio_rw = UIO_WRITE,
	};

	*end = m_uiotombuf(&uio, M_NOWAIT, len, 0, M_EXTPG);
	return (*end == NULL ? NULL : &m_last(*end)->m_next);
}

/* The octets of the piece that begins here. */
static int
piece_at(int at, int len, int first)
{
	int piece = MCLBYTES;

	if (at == 0)
		piece = first;
	else if (plan.unmapped != 0)
		piece = len;
	else if (plan.piece != 0 && at < HEADERS)
		piece = (int)plan.piece;
	return (MIN(piece, len - at));
}

/* The frame as a chain whose first mbuf with data has "first" octets. */
static struct mbuf *
chain(int len, int first, uint16_t vtag)
{
	struct mbuf *head = NULL, **end = &head;
	int at = 0, piece;

	/* A frame may be empty. */
	do {
		piece = piece_at(at, len, first);
		if (plan.empty != 0)
			end = append(head, end, at, 0);
		if (end == NULL)
			break;
		if (at != 0 && plan.unmapped != 0)
			end = append_unmapped(end, at, piece);
		else
			end = append(head, end, at, piece);
		at += piece;
	} while (at < len && end != NULL);
	if (end == NULL) {
		m_freem(head);
		return (NULL);
	}
	head->m_pkthdr.len = len;
	head->m_pkthdr.csum_flags = plan.csum;
	if ((plan.csum & CSUM_SND_TAG) != 0) {
		memset(tagged.behind, 0x12, sizeof(tagged.behind));
		head->m_pkthdr.snd_tag = m_snd_tag_ref(&tagged.tag);
	}
	head->m_pkthdr.tso_segsz = (uint16_t)plan.segment;
	if (vtag != 0) {
		head->m_pkthdr.ether_vtag = vtag;
		head->m_flags |= M_VLANTAG;
	}
	return (head);
}

static void
send_all(hook_p out, int len)
{
	struct mbuf *m;
	uint16_t vtag;
	int error;

	len = strip(len, &vtag);
	for (uint32_t first = plan.first; first <= plan.last; first++) {
		m = chain(len, MIN((int)first, MCLBYTES), vtag);
		if (m == NULL) {
			sums.failed++;
			continue;
		}
		tally(&sums.sent, m);
		NG_SEND_DATA_ONLY(error, out, m);
		if (error != 0)
			sums.failed++;
	}
}

static int
cut_constructor(node_p node __unused)
{

	return (0);
}

static int
cut_rcvmsg(node_p node, item_p item, hook_p lasthook __unused)
{
	const struct cut_plan *asked;
	struct ng_mesg *msg, *resp = NULL;
	int error = 0;

	NGI_GET_MSG(item, msg);
	asked = (const void *)msg->data;
	if (msg->header.typecookie == CUT_COOKIE &&
	    msg->header.cmd == CUT_SUMS) {
		NG_MKRESPONSE(resp, msg, sizeof(sums), M_WAITOK);
		memcpy(resp->data, &sums, sizeof(sums));
		memset(&sums, 0, sizeof(sums));
	} else if (msg->header.typecookie == CUT_COOKIE &&
	    msg->header.cmd == CUT_PLAN &&
	    msg->header.arglen == sizeof(*asked) && asked->first != 0 &&
	    asked->last <= LARGEST && asked->piece <= MCLBYTES)
		plan = *asked;
	else
		error = EINVAL;
	NG_RESPOND_MSG(error, node, item, resp);
	NG_FREE_MSG(msg);
	return (error);
}

static int
cut_rcvdata(hook_p hook, item_p item)
{
	const hook_p out = ng_findhook(NG_HOOK_NODE(hook), "out");
	struct mbuf *m;
	int len;

	NGI_GET_M(item, m);
	NG_FREE_ITEM(item);
	if (strcmp(NG_HOOK_NAME(hook), "in") == 0 && out != NULL) {
		len = MIN(m->m_pkthdr.len, LARGEST);
		m_copydata(m, 0, len, (void *)frame);
		send_all(out, len);
	} else
		tally(&sums.back, m);
	m_freem(m);
	return (0);
}

static int
cut_disconnect(hook_p hook)
{
	const node_p node = NG_HOOK_NODE(hook);

	if (NG_NODE_NUMHOOKS(node) == 0 && NG_NODE_IS_VALID(node))
		ng_rmnode_self(node);
	return (0);
}

static struct ng_type cut_typestruct = {
	.version =	NG_ABI_VERSION,
	.name =		"cut",
	.constructor =	cut_constructor,
	.rcvmsg =	cut_rcvmsg,
	.rcvdata =	cut_rcvdata,
	.disconnect =	cut_disconnect,
	.cmdlist =	cut_cmdlist,
};
NETGRAPH_INIT(cut, &cut_typestruct);
