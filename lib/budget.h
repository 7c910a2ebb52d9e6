/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Over-covers: at most N prefixes that hold all of a set, and as few addresses besides as
 * there can be. For clients that cannot take as many routes as exactness needs. Pure.
 *
 * Extra addresses of both families are added up: an IPv4 address weighs as much as a /48 of
 * IPv6, so a /16 of IPv4 weighs as much as a /32, which is what providers hold of each.
 */
#ifndef BYWAY_LIB_BUDGET_H
#define BYWAY_LIB_BUDGET_H

#include "lib/prefix_set.h"

enum budget_result {
    BUDGET_OK,
    BUDGET_TOO_SMALL, /* what may not be covered forces more than N: *cost says how many */
    BUDGET_MEMORY
};

struct budget_cost {
    size_t exact;        /* prefixes of the set itself */
    size_t prefixes;     /* of the cover; after BUDGET_TOO_SMALL: the fewest there can be */
    uint64_t extra_ipv4; /* addresses that the cover has and the set does not have */
    uint64_t extra_ipv6; /* the same in /64 networks, a part counted whole */
    double
        slack; /* 0: there is no better cover; else at most this share of its extra is too much */
};

/*
 * Makes of `set`, which is minimised, its smallest over-cover of at most `n` prefixes (n > 0).
 * No address is added that is in `never` (minimised), that belongs to somebody's own network
 * or to none (private and shared space, link-local, loopback, multicast, reserved; of IPv6, all
 * but 2000::/3), and never all of a family. What the set has already stays. A set of at most
 * `n` prefixes stays as it is. `set` is as before unless BUDGET_OK is returned.
 */
enum budget_result budget_cover(struct prefix_set *set, const struct prefix_set *never, size_t n,
                                struct budget_cost *cost);

/*
 * What many sets have in common: a large list, looked through once. Each of their covers is
 * then found in a time that depends on N and on what the set has besides, hardly on the list.
 */
struct budget_base;

/* Of a minimised set and what may not be covered, for covers of at most `n` prefixes (n > 0).
 * NULL when memory is out. Freeing NULL is harmless. */
struct budget_base *budget_base_new(const struct prefix_set *set, const struct prefix_set *never,
                                    size_t n);
void budget_base_free(struct budget_base *base);

/*
 * The cover of the base's set and `more`, without `never` and what the base may not cover, both
 * minimised, into `cover`. The same as budget_cover() of all together; after BUDGET_TOO_SMALL
 * `cover` is empty.
 */
enum budget_result budget_base_cover(const struct budget_base *base, struct prefix_set *more,
                                     const struct prefix_set *never, struct prefix_set *cover,
                                     struct budget_cost *cost);

#endif
