/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses a connection reaches through its tunnel: sets of prefixes, no text. */
#include "lib/push_private.h"

static bool add_sets(struct prefix_set *cover, const struct policy_route_refs *refs)
{
    for (size_t i = 0; i < refs->n; i++)
        if (!prefix_set_add_set(cover, refs->sets[i]->prefixes))
            return false;
    return true;
}

/* OpenVPN has no way to push an IPv6 route past the tunnel (options.c, `route-ipv6`). */
static bool add_ipv4(struct prefix_set *cover, const struct prefix_set *from)
{
    size_t n, n_ipv4;
    const struct prefix *prefixes = prefix_set_cover(from, &n, &n_ipv4);

    for (size_t i = 0; i < n_ipv4; i++)
        if (!prefix_set_add(cover, &prefixes[i]))
            return false;
    return prefix_set_minimise(cover);
}

static bool add_exceptions(struct prefix_set *never, const struct policy_route_refs *refs)
{
    for (size_t i = 0; i < refs->n; i++)
        if (!prefix_set_add_set(never, refs->sets[i]->except))
            return false;
    return true;
}

/* Whoever wrote an exception does not want that address in the tunnel by chance, either. */
struct budget_base *push_base_new(const struct policy_profile *profile)
{
    struct prefix_set *set = prefix_set_new(), *never = prefix_set_new();
    struct budget_base *base = NULL;

    if (set && never && add_sets(set, &profile->routes) &&
        prefix_set_subtract(set, profile->except) && prefix_set_add_set(never, profile->except) &&
        add_exceptions(never, &profile->routes) && prefix_set_minimise(never))
        base = budget_base_new(set, never, profile->budget);
    prefix_set_free(set);
    prefix_set_free(never);
    return base;
}

static bool has_set(const struct policy_route_refs *refs, const struct policy_route_set *set)
{
    for (size_t i = 0; i < refs->n; i++)
        if (refs->sets[i] == set)
            return true;
    return false;
}

/* What is in `extra` and not in the profile anyway. */
static bool add_more(struct prefix_set *more, struct prefix_set *never,
                     const struct policy_profile *profile, const struct policy_route_refs *extra)
{
    for (size_t i = 0; i < extra->n; i++)
        if (!has_set(&profile->routes, extra->sets[i]) &&
            (!prefix_set_add_set(more, extra->sets[i]->prefixes) ||
             !prefix_set_add_set(never, extra->sets[i]->except)))
            return false;
    return prefix_set_subtract(more, profile->except) && prefix_set_minimise(never);
}

static bool keep_budget(struct prefix_set *cover, const struct policy_profile *profile,
                        const struct budget_base *base, const struct policy_route_refs *extra,
                        struct budget_cost *cost)
{
    struct prefix_set *more = prefix_set_new(), *never = prefix_set_new();
    bool ok = base && more && never && add_more(more, never, profile, extra) &&
              budget_base_cover(base, more, never, cover, cost) != BUDGET_MEMORY;

    prefix_set_free(more);
    prefix_set_free(never);
    return ok;
}

/* The profile's base, where nobody kept one. */
static bool keep_budget_anew(struct prefix_set *cover, const struct policy_profile *profile,
                             const struct policy_route_refs *extra, struct budget_cost *cost)
{
    struct budget_base *base = push_base_new(profile);
    bool ok = keep_budget(cover, profile, base, extra, cost);

    budget_base_free(base);
    return ok;
}

bool push_cover(struct prefix_set *cover, const struct policy_profile *profile,
                const struct budget_base *base, const struct policy_route_refs *extra,
                struct budget_cost *cost)
{
    *cost = (struct budget_cost){0};
    prefix_set_clear(cover);
    if (profile->full)
        return add_ipv4(cover, profile->except);
    if (profile->budget > 0)
        return base ? keep_budget(cover, profile, base, extra, cost)
                    : keep_budget_anew(cover, profile, extra, cost);
    return add_sets(cover, &profile->routes) && add_sets(cover, extra) &&
           prefix_set_subtract(cover, profile->except);
}

/* Everything but the exceptions. */
static bool full_routes(struct prefix_set *routes, const struct policy_profile *profile)
{
    static const struct prefix all[] = {{.family = PREFIX_IPV4}, {.family = PREFIX_IPV6}};
    struct prefix_set *outside = prefix_set_new();
    bool ok = outside && add_ipv4(outside, profile->except) && prefix_set_add(routes, &all[0]) &&
              prefix_set_add(routes, &all[1]) && prefix_set_subtract(routes, outside);

    prefix_set_free(outside);
    return ok;
}

struct prefix_set *push_routes(const struct policy *policy, const struct policy_profile *profile,
                               const struct policy_user *user, struct budget_cost *cost)
{
    const struct policy_route_refs *extra = &policy->extras[user ? user->extra : 0];
    struct prefix_set *routes = prefix_set_new();
    struct budget_cost ignored;
    bool ok = routes && (profile->full ? full_routes(routes, profile)
                                       : push_cover(routes, profile, policy->bases[profile->index],
                                                    extra, cost ? cost : &ignored));

    if (cost && profile->full)
        *cost = (struct budget_cost){0};

    if (!ok) {
        prefix_set_free(routes);
        routes = NULL;
    }
    return routes;
}
