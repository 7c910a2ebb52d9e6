/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pushed route is part of a minimal cover, so it may stem from several sets. */
#include "helpdesk/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct origins *origins, const struct policy_route_refs *refs, const char *what,
                const char *name)
{
    for (size_t i = 0; i < refs->n; i++)
        origins->items[origins->n++] = (struct origin){refs->sets[i], what, name};
}

bool origins_find(struct origins *origins, const struct policy_profile *profile,
                  const struct policy_user *user)
{
    size_t n = profile->routes.n + (user ? user->routes.n : 0);

    for (size_t i = 0; user && i < user->n_groups; i++)
        n += user->groups[i]->routes.n;
    *origins = (struct origins){.items = calloc(n + 1, sizeof(*origins->items))};
    if (!origins->items)
        return false;
    add(origins, &profile->routes, "profile", profile->name);
    for (size_t i = 0; user && i < user->n_groups; i++)
        add(origins, &user->groups[i]->routes, "group", user->groups[i]->name);
    if (user)
        add(origins, &user->routes, "user", user->name);
    return true;
}

void origins_free(struct origins *origins)
{
    free(origins->items);
}

bool origin_has(const struct origin *origin, const struct prefix *prefix)
{
    size_t n = 0;
    const struct prefix *cover = prefix_set_cover(origin->set->prefixes, &n, NULL);
    size_t low = 0;

    if (prefix_set_contains(origin->set->prefixes, prefix))
        return true;
    for (size_t high = n; low < high;) { /* the first that is not before the prefix */
        size_t middle = low + (high - low) / 2;

        if (prefix_compare(&cover[middle], prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && prefix_contains(prefix, &cover[low]);
}

bool origin_prefix(const char *option, struct prefix *prefix)
{
    char address[64] = "";
    char netmask[64] = "";

    if (sscanf(option, "route-ipv6 %63s", address) == 1)
        return prefix_parse(address, strlen(address), prefix) == PREFIX_OK;
    return sscanf(option, "route %63s %63s", address, netmask) == 2 &&
           prefix_parse_netmask(address, netmask, prefix) == PREFIX_OK;
}
