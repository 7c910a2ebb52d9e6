/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a pushed route comes from: which route sets, and by what the user has them. */
#ifndef BYWAY_HELPDESK_ORIGIN_H
#define BYWAY_HELPDESK_ORIGIN_H

#include "lib/policy.h"

/* One route set of a connection, and by what it came: "profile campus", "group physics",
 * "user alice". */
struct origin {
    const struct policy_route_set *set;
    const char *what; /* "profile", "group" or "user" */
    const char *name;
};

struct origins {
    struct origin *items;
    size_t n;
};

/* All route sets of a connection. False when memory is out. Free it in any case. */
bool origins_find(struct origins *origins, const struct policy_profile *profile,
                  const struct policy_user *user);
void origins_free(struct origins *origins);

/* Has the set any address in common with the prefix? */
bool origin_has(const struct origin *origin, const struct prefix *prefix);

/* The prefix in an option "route A M …" or "route-ipv6 P"; false if there is none. */
bool origin_prefix(const char *option, struct prefix *prefix);

#endif
