/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netgraph node type "netflow", as netgraph(4) sees it.  It knows how the
 * messages look in ASCII and hands everything else to Rust, which decides.
 *
 * Who calls, and what may be done there:
 *   constructor, newhook, connect, close, shutdown
 *			as the node's only thread, but for close and shutdown when
 *			its network stack goes, and newhook and connect when the
 *			node is new, which netgraph locks nothing for; may sleep
 *   rcvmsg		as the node's only thread, but read-only commands beside
 *			others
 *   disconnect		as the node's only thread; may be in an epoch section
 *   rcvdata		many at once, mostly in the net epoch; must not sleep
 *   tick		a callout, at any time beside all others but never after
 *			close; must not sleep
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/callout.h>
#include <sys/counter.h>
#include <sys/epoch.h>
#include <sys/kernel.h>
#include <sys/limits.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/socket.h>
#include <vm/uma.h>

#include <net/vnet.h>
#include <netinet/in.h>

/* The base header's prototypes name struct ip and struct ip6_hdr. */
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include <netgraph/ng_message.h>
#include <netgraph/ng_parse.h>
#include <netgraph/netgraph.h>
#include <netgraph/netflow/ng_netflow.h>

#include "shim.h"

static MALLOC_DEFINE(M_NETFLOW_NODE, "netflow_node", "netflow nodes");

/* Per-node private data. */
struct ng_netflow_private {
	node_p		node;
	struct callout	tick;
	void		*state;		/* Rust's */
	int		is_known;	/* its first hook was connected */
	int		is_going;	/* one of nodes_going */
};
typedef struct ng_netflow_private *private_p;

/* Nodes that netgraph's own thread was asked to remove. */
static volatile u_int	nodes_going;

/* Netgraph node methods. */
static ng_constructor_t	ng_netflow_constructor;
static ng_rcvmsg_t	ng_netflow_rcvmsg;
static ng_close_t	ng_netflow_close;
static ng_shutdown_t	ng_netflow_shutdown;
static ng_newhook_t	ng_netflow_newhook;
static ng_connect_t	ng_netflow_connect;
static ng_rcvdata_t	ng_netflow_rcvdata;
static ng_disconnect_t	ng_netflow_disconnect;

static callout_func_t	ng_netflow_tick;

/* Netgraph's, which ng_bypass() calls for closing nodes; no header has it. */
void	ng_destroy_hook(hook_p hook);

/* The messages' arguments; the field lists are the base header's. */
#define	PARSE_TYPE(name, fields)					\
static const struct ng_parse_struct_field				\
    ng_netflow_##name##_fields[] = fields;				\
static const struct ng_parse_type ng_netflow_##name##_type = {		\
	&ng_parse_struct_type,						\
	&ng_netflow_##name##_fields					\
}

PARSE_TYPE(info, NG_NETFLOW_INFO_TYPE);
PARSE_TYPE(ifinfo, NG_NETFLOW_IFINFO_TYPE);
PARSE_TYPE(setdlt, NG_NETFLOW_SETDLT_TYPE);
PARSE_TYPE(setifindex, NG_NETFLOW_SETIFINDEX_TYPE);
PARSE_TYPE(settimeouts, NG_NETFLOW_SETTIMEOUTS_TYPE);
PARSE_TYPE(setconfig, NG_NETFLOW_SETCONFIG_TYPE);
PARSE_TYPE(settemplate, NG_NETFLOW_SETTEMPLATE_TYPE);
PARSE_TYPE(setmtu, NG_NETFLOW_SETMTU_TYPE);
PARSE_TYPE(v9info, NG_NETFLOW_V9INFO_TYPE);

/* Commands and how their arguments and replies convert to ASCII. */
static const struct ng_cmdlist ng_netflow_cmdlist[] = {
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_INFO, "info",
	    NULL, &ng_netflow_info_type },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_IFINFO, "ifinfo",
	    &ng_parse_uint16_type, &ng_netflow_ifinfo_type },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETDLT, "setdlt",
	    &ng_netflow_setdlt_type, NULL },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETIFINDEX, "setifindex",
	    &ng_netflow_setifindex_type, NULL },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETTIMEOUTS, "settimeouts",
	    &ng_netflow_settimeouts_type, NULL },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETCONFIG, "setconfig",
	    &ng_netflow_setconfig_type, NULL },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETTEMPLATE, "settemplate",
	    &ng_netflow_settemplate_type, NULL },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_SETMTU, "setmtu",
	    &ng_netflow_setmtu_type, NULL },
	{ NGM_NETFLOW_COOKIE, NGM_NETFLOW_V9INFO, "v9info",
	    NULL, &ng_netflow_v9info_type },
	{ 0 }
};

static struct ng_type ng_netflow_typestruct = {
	.version =	NG_ABI_VERSION,
	.name =		NG_NETFLOW_NODE_TYPE,
	.constructor =	ng_netflow_constructor,
	.rcvmsg =	ng_netflow_rcvmsg,
	.close =	ng_netflow_close,
	.shutdown =	ng_netflow_shutdown,
	.newhook =	ng_netflow_newhook,
	.connect =	ng_netflow_connect,
	.rcvdata =	ng_netflow_rcvdata,
	.disconnect =	ng_netflow_disconnect,
	.cmdlist =	ng_netflow_cmdlist,
};
NETGRAPH_INIT(netflow, &ng_netflow_typestruct);
MODULE_VERSION(ng_netflow, 1);

/*
 * ENOMEM leaves nothing behind.  No lock held, and whoever guesses the node's ID
 * could reach it already: it is invalid until its first hook is connected, and has
 * nothing private for those who were faster until it is whole.
 */
static int
ng_netflow_constructor(node_p node)
{
	private_p priv;

	node->nd_flags |= NGF_INVALID;
	priv = malloc(sizeof(*priv), M_NETFLOW_NODE, M_NOWAIT | M_ZERO);
	if (priv == NULL)
		return (ENOMEM);
	priv->node = node;
	priv->state = netflow_create(node);
	if (priv->state == NULL) {
		free(priv, M_NETFLOW_NODE);
		return (ENOMEM);
	}

	/* Flows expire whether or not anything is there to export them. */
	callout_init(&priv->tick, 1);
	callout_reset(&priv->tick, 1, ng_netflow_tick, priv);
	NG_NODE_SET_PRIVATE(node, priv);
	return (0);
}

/*
 * Rust knows the names.  An error leaves the hook without a port, and netgraph
 * takes it away without calling disconnect.
 */
static int
ng_netflow_newhook(node_p node, hook_p hook, const char *name)
{
	const private_p priv = NG_NODE_PRIVATE(node);
	const void *port = NULL;
	int error;

	if (priv == NULL)
		return (ENXIO);
	error = netflow_newhook(priv->state, hook, name, strlen(name), &port);
	NG_HOOK_SET_PRIVATE(hook, __DECONST(void *, port));
	return (error);
}

/*
 * The first hook is linked: the node is whole, and netgraph through with it.  It may
 * be found, and taken away, from here on.
 */
static int
ng_netflow_connect(hook_p hook)
{
	const node_p node = NG_HOOK_NODE(hook);
	const private_p priv = NG_NODE_PRIVATE(node);

	if (!priv->is_known) {
		priv->is_known = 1;
		NG_NODE_REVIVE(node);
	}
	return (0);
}

/*
 * The message is freed here whatever becomes of it; a reply goes back even with
 * an error, as netgraph wants it.
 */
static int
ng_netflow_rcvmsg(node_p node, item_p item, hook_p lasthook __unused)
{
	const private_p priv = NG_NODE_PRIVATE(node);
	struct ng_mesg *msg, *resp = NULL;
	int error;

	NGI_GET_MSG(item, msg);
	error = priv == NULL ? ENXIO :
	    netflow_rcvmsg(priv->state, msg, &resp);
	NG_RESPOND_MSG(error, node, item, resp);
	NG_FREE_MSG(msg);
	return (error);
}

/*
 * A packet is passed on, and its item with it, or freed.  The hook that it is
 * passed to is connected for as long as this reader of the node's runs.
 */
static int
ng_netflow_rcvdata(hook_p hook, item_p item)
{
	const private_p priv = NG_NODE_PRIVATE(NG_HOOK_NODE(hook));
	struct shim_pass pass;
	int error;

	pass = netflow_rcvdata(priv->state, NG_HOOK_PRIVATE(hook), NGI_M(item));
	error = (int)pass.error;
	if (__predict_true(pass.to != NULL))
		NG_FWD_ITEM_HOOK(error, item, pass.to);
	else
		NG_FREE_ITEM(item);
	return (error);
}

/*
 * Enters what a datagram on its way into a stack needs, which a callout has not
 * by itself, if there may be one.  Arms itself again, but for a stack that goes,
 * whose node is about to; callout_drain() in close ends that.
 */
static void
ng_netflow_tick(void *arg)
{
	const private_p priv = arg;
	struct epoch_tracker et;
	uint32_t ms;

	ms = netflow_rest(priv->state);
	if (ms == 0) {
		CURVNET_SET(priv->node->nd_vnet);
		NET_EPOCH_ENTER(et);
		/* What a hook leads to in a stack that goes may be gone already. */
		if (!shim_stack_is_going(priv->node))
			ms = netflow_tick(priv->state);
		NET_EPOCH_EXIT(et);
		CURVNET_RESTORE();
	}
	if (ms == 0)
		return;

	callout_reset_sbt(&priv->tick, ms * SBT_1MS, 0, ng_netflow_tick, priv,
	    C_HARDCLOCK);
}

/*
 * A network stack that goes removes its nodes itself, and panics when another
 * thread is at one of them: what netgraph's own was asked to remove must be gone.
 * That takes as long as a cache that nobody is sent, and a tick for what netgraph
 * does after shutdown; seconds at most, as its thread may itself be waiting for
 * whoever destroys a stack.  May sleep, as they.
 */
#ifdef VIMAGE
static void
ng_netflow_wait(const void *unused __unused)
{
	bool settled = false;
	int waited;

	for (waited = 0; !settled && waited < 10 * hz; waited++) {
		settled = atomic_load_acq_int(&nodes_going) == 0;
		pause("nfgoing", 1);
	}
}
VNET_SYSUNINIT(ng_netflow_wait, SI_SUB_NETGRAPH, SI_ORDER_ANY,
    ng_netflow_wait, NULL);
#endif

/*
 * Without hooks a node has no purpose; netgraph's own thread removes it.  But one
 * whose network stack is going is left to that.  Without memory it stays, and can
 * be shut down.
 */
static int
ng_netflow_disconnect(hook_p hook)
{
	const node_p node = NG_HOOK_NODE(hook);
	const private_p priv = NG_NODE_PRIVATE(node);
	bool asked;

	netflow_disconnect(priv->state, NG_HOOK_NAME(hook),
	    strlen(NG_HOOK_NAME(hook)));
	if (NG_NODE_NUMHOOKS(node) > 0 || !NG_NODE_IS_VALID(node))
		return (0);
	/* Counted before the stack is looked at, as that counts after it went. */
	atomic_add_int(&nodes_going, 1);
	asked = !shim_stack_is_going(node);
	priv->is_going = asked;
	if (asked && ng_rmnode_self(node) != 0) {
		NG_NODE_REVIVE(node);
		priv->is_going = 0;
		asked = false;
	}
	if (!asked)
		atomic_subtract_int(&nodes_going, 1);
	return (0);
}

/* Only hooks that packets come in on have something private. */
static int
find_data_hook(hook_p hook, void *found)
{

	if (NG_HOOK_PRIVATE(hook) == NULL)
		return (1);
	*(hook_p *)found = hook;
	return (0);
}

/*
 * What netgraph does with each hook of a node that goes, after its close, done
 * before: an interface's packets are on their usual way again.  Nothing comes
 * through a closing node, and a collector may well be behind an interface that
 * it watches.  Whether there were any.
 */
static bool
destroy_data_hooks(node_p node)
{
	hook_p hook;
	bool any = false;

	for (;;) {
		hook = NULL;
		NG_NODE_FOREACH_HOOK(node, find_data_hook, &hook);
		if (hook == NULL)
			return (any);
		ng_destroy_hook(hook);
		any = true;
	}
}

/*
 * The export hooks are still there, if they ever were, so what is left can be
 * exported.  Takes as long as the last bursts take, seconds for a full cache; may
 * sleep, outside the epoch only.
 */
static int
ng_netflow_close(node_p node)
{
	const private_p priv = NG_NODE_PRIVATE(node);
	struct epoch_tracker et;
	int ms;

	if (priv == NULL)
		return (0);
	callout_drain(&priv->tick);
	if (shim_stack_is_going(node)) {
		/*
		 * Locks of the whole system are held and the node's is not: nobody
		 * is sent any more, and who came before is waited for.
		 */
		netflow_disconnect(priv->state, NG_NETFLOW_HOOK_EXPORT,
		    strlen(NG_NETFLOW_HOOK_EXPORT));
		netflow_disconnect(priv->state, NG_NETFLOW_HOOK_EXPORT9,
		    strlen(NG_NETFLOW_HOOK_EXPORT9));
		NET_EPOCH_WAIT();
	}
	/* A peer that is busy lets go of its hook by another thread, soon. */
	if (destroy_data_hooks(node) && NG_NODE_NUMHOOKS(node) > 0)
		pause_sbt("nfclose", 10 * SBT_1MS, 0, 0);
	do {
		/* What is sent may go straight into a network stack. */
		NET_EPOCH_ENTER(et);
		ms = netflow_close(priv->state);
		NET_EPOCH_EXIT(et);
		/* Between two bursts, collectors have time to read. */
		if (ms > 0)
			pause_sbt("nfclose", ms * SBT_1MS, 0, 0);
	} while (ms >= 0);
	return (0);
}

/*
 * The callout is drained and all hooks are gone: nobody else is here.  A node that
 * is still being made stays.
 */
static int
ng_netflow_shutdown(node_p node)
{
	const private_p priv = NG_NODE_PRIVATE(node);

	if (priv == NULL) {
		NG_NODE_REVIVE(node);
		return (0);
	}
	NG_NODE_SET_PRIVATE(node, NULL);
	netflow_destroy(priv->state);
	if (priv->is_going)
		atomic_subtract_int(&nodes_going, 1);
	free(priv, M_NETFLOW_NODE);
	NG_NODE_UNREF(node);
	return (0);
}
