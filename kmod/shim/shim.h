/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam between C and Rust in the kernel module.  kmod/src/entry.rs
 * defines the first half, kmod/src/kpi/kernel/shim.rs declares the second.
 */
#ifndef NG_NETFLOW_SHIM_H
#define	NG_NETFLOW_SHIM_H

#include <sys/types.h>

struct ng_hook;
struct ng_mesg;
struct ng_node;
struct mbuf;
struct mtx;

/* What becomes of a packet: it goes down a hook, or it is freed. */
struct shim_pass {
	struct ng_hook	*to;		/* NULL to free it */
	intptr_t	 error;		/* errno to return then */
};

/*
 * Rust's entries.  netflow_create() makes the node's state and returns NULL
 * when there is no memory; the others are given what it returned.  A port is
 * where Rust finds what it knows of a hook: it is kept as the hook's private
 * data, NULL where no packets are expected.  netflow_tick() and netflow_close()
 * return after how many milliseconds to call them again, netflow_close() -1 when
 * it is done.  netflow_rest() returns what netflow_tick() would, or 0 where that
 * has something to do.  Errors are errnos.
 */
void	*netflow_create(struct ng_node *);
int	 netflow_newhook(void *, struct ng_hook *, const char *name, size_t,
	    const void **port);
int	 netflow_rcvmsg(void *, const struct ng_mesg *, struct ng_mesg **resp);
struct shim_pass netflow_rcvdata(void *, const void *port, const struct mbuf *);
void	 netflow_disconnect(void *, const char *name, size_t);
uint32_t netflow_rest(void *);
uint32_t netflow_tick(void *);
int	 netflow_close(void *);
void	 netflow_destroy(void *);

/* What the shim's two files share. */
bool	 shim_stack_is_going(const struct ng_node *);

/* Where a flow goes.  Addresses are in network byte order. */
struct shim_path {
	uint8_t		next_hop[16];	/* all zeroes when there is none */
	uint32_t	output;		/* ifIndex, 0 when there is no route */
	uint16_t	src_mask;	/* bits of the route to the source */
	uint16_t	dst_mask;	/* and to the destination */
};

/* What Rust calls: macros, inline functions and variadic ones of the kernel. */
void	*shim_alloc(size_t size, size_t align);
void	 shim_free(void *);

void	 shim_mtx_init(struct mtx *);
void	 shim_mtx_destroy(struct mtx *);

/* A counter of events on all CPUs.  Rust adds to it by itself. */
struct shim_counter;
struct shim_counter *shim_counter_alloc(void);
void	 shim_counter_free(struct shim_counter *);
uint64_t shim_counter_fetch(struct shim_counter *);

uint64_t shim_uptime_ms(void);
void	 shim_wall_clock(uint32_t *secs, uint32_t *nanos);
void	 shim_random(void *, size_t);
void	 shim_log(const struct ng_node *, const char *, size_t);

uint32_t shim_fibs(const struct ng_node *);
void	 shim_path4(const struct ng_node *, uint32_t fib, const uint8_t src[4],
	    const uint8_t dst[4], struct shim_path *);
void	 shim_path6(const struct ng_node *, uint32_t fib, const uint8_t src[16],
	    const uint8_t dst[16], struct shim_path *);

void	 shim_hook_ref(struct ng_hook *);
void	 shim_hook_unref(struct ng_hook *);
int	 shim_send(struct ng_hook *, const void *, size_t);

bool	 shim_packet_copy(const struct mbuf *, size_t at, void *, size_t len);
bool	 shim_packet_is_marked(struct mbuf *, const struct ng_node *only_by);
void	 shim_packet_mark(struct mbuf *, const struct ng_node *);

void	*shim_reply(const struct ng_mesg *request, struct ng_mesg **resp,
	    size_t arglen);
void	 shim_reply_shorten(struct ng_mesg *, size_t arglen);

#endif /* NG_NETFLOW_SHIM_H */
