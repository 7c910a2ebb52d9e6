/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may become a route of everybody's tunnel, of all that came from the net: which
 * prefixes are left out and why, and which results are so unlike the last good one that
 * somebody should look first. Pure.
 */
#ifndef BYWAY_MGMTD_SAFETY_H
#define BYWAY_MGMTD_SAFETY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/prefix_set.h"

struct safety_rules {
    unsigned shortest_ipv4, shortest_ipv6; /* prefixes that are shorter are left out */
    unsigned max_change;                   /* percent of addresses; 0: any change will do */
    /* This machine's own addresses, as hosts; may be NULL when `n_own` is 0. */
    const struct prefix *own;
    size_t n_own;
};

/*
 * A change of fewer prefixes than this, before and after, is not too much, unless they grew to
 * more addresses than a prefix of such a length has: 15 of /8 are nearly as good as a default
 * route.
 */
#define SAFETY_SMALL      16
#define SAFETY_SMALL_IPV4 16
#define SAFETY_SMALL_IPV6 32

/* More addresses than a prefix of such a length has are held back, also the first time. */
#define SAFETY_MOST_IPV4 3
#define SAFETY_MOST_IPV6 12

enum safety_reason {
    SAFETY_GOOD,
    SAFETY_TOO_SHORT,
    SAFETY_PRIVATE,
    SAFETY_LOOPBACK,
    SAFETY_LINK_LOCAL,
    SAFETY_MULTICAST,
    SAFETY_RESERVED,
    SAFETY_OWN,
    SAFETY_HOST_BITS,
};

/* One or a few words; never NULL. */
const char *safety_reason_text(enum safety_reason reason);

/* Why this prefix is left out as a whole. */
enum safety_reason safety_judge(const struct safety_rules *rules, const struct prefix *prefix);

/* What was left out: the prefix, or the part of a good one. */
struct safety_dropped {
    struct prefix prefix;
    enum safety_reason reason;
};

#define SAFETY_MAX_DROPPED 100

/* A result that is being put together. */
struct safety_sieve;

/* NULL when memory is out. `rules` must outlive it. Freeing NULL is harmless. */
struct safety_sieve *safety_sieve_new(const struct safety_rules *rules);
void safety_sieve_free(struct safety_sieve *sieve);

/* Takes one prefix, or notes why not. False when memory is out. A range_list_take. */
bool safety_sieve_take(void *sieve, const struct prefix *prefix, enum prefix_status status);

/*
 * What passed, minimised, owned by the sieve: a prefix that holds addresses of the above
 * kinds is there without them. NULL when memory is out. To be called once, at the end.
 */
struct prefix_set *safety_sieve_finish(struct safety_sieve *sieve);

/* What did not pass: the first SAFETY_MAX_DROPPED in *list, and how many there were. */
size_t safety_sieve_dropped(const struct safety_sieve *sieve, const struct safety_dropped **list);

/*
 * Whether a result may replace the one before; both are minimised. False with the reason, as
 * in "it shrank from 1200 IPv4 addresses in 40 prefixes to 3 in 3", if it must be held back: it is
 * empty, is a large part of the Internet, or the number of addresses of a family is off by more
 * than `max_change`. The first result ever, where `before` is empty, may be anything else.
 */
#define SAFETY_WHY_SIZE 160
bool safety_accepts(const struct safety_rules *rules, const struct prefix_set *before,
                    const struct prefix_set *after, char why[SAFETY_WHY_SIZE]);

#endif
