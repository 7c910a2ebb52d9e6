/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prepares, when a policy is loaded, what every connection can get: computes the
 * routes of each profile for each combination of route sets that users bring along,
 * and renders those that fit the memory set aside for it. lib/push_judge says what
 * is wrong with them.
 */
#include "lib/push_private.h"

#include <stdlib.h>

struct preparation {
    struct policy *policy;
    struct push_frame *frames;
    struct push_bulk *bulks; /* of policy.route_sets */
    bool *needed;            /* by plan: somebody can get it */
    struct prefix_set *cover;
    struct budget_cost cost; /* of the cover */
    struct push_buffer ipv4;
    struct push_buffer ipv6;
    size_t used; /* of PUSH_PLANS_BUDGET */
    bool budget_is_spent;
};

static size_t plan_index(const struct policy *policy, size_t extra, size_t profile)
{
    return extra * policy->n_profiles + profile;
}

/* Everybody can get an unrestricted profile; of the others, only who is named matters. */
static void find_needed(struct preparation *p)
{
    const struct policy *policy = p->policy;

    for (size_t extra = 0; extra < policy->n_extras; extra++)
        for (size_t i = 0; i < policy->n_profiles; i++)
            p->needed[plan_index(policy, extra, i)] = !policy->profiles[i].restricted;
    for (size_t slot = 0; slot < policy->n_user_slots; slot++) {
        const struct policy_user *user = &policy->users[slot];

        for (size_t i = 0; user->name && i < policy->n_profiles; i++)
            if (policy_allows(&policy->profiles[i], user))
                p->needed[plan_index(policy, user->extra, i)] = true;
    }
}

static bool start(struct preparation *p)
{
    struct policy *policy = p->policy;
    size_t n_plans = policy->n_extras * policy->n_profiles;

    policy->plans = arena_array(policy->arena, n_plans, sizeof(*policy->plans));
    policy->bases = arena_array(policy->arena, policy->n_profiles, sizeof(struct budget_base *));
    p->frames = push_frames_make(policy);
    p->bulks = calloc(policy->n_route_sets + 1, sizeof(*p->bulks));
    p->needed = calloc(n_plans + 1, sizeof(*p->needed));
    p->cover = prefix_set_new();
    if (!policy->plans || !policy->bases || !p->frames || !p->bulks || !p->needed || !p->cover)
        return false;
    for (size_t i = 0; i < policy->n_route_sets; i++)
        p->bulks[i] = push_bulk_of(policy->route_sets[i].prefixes);
    find_needed(p);
    return true;
}

/* What nobody needs at connect goes, or all if there is no policy. */
static void drop_bases(struct preparation *p)
{
    for (size_t i = 0; p->policy->bases && i < p->policy->n_profiles; i++) {
        budget_base_free(p->policy->bases[i]);
        p->policy->bases[i] = NULL;
    }
}

static void finish(struct preparation *p, bool ok)
{
    if (!ok || !p->budget_is_spent)
        drop_bases(p);
    free(p->bulks);
    free(p->needed);
    prefix_set_free(p->cover);
    push_buffer_free(&p->ipv4);
    push_buffer_free(&p->ipv6);
}

/* The sums of what goes into a plan: never less than what comes out of it. */
static struct push_bulk bulk_of_plan(const struct preparation *p,
                                     const struct policy_profile *profile, size_t extra)
{
    const struct policy_route_refs *refs[] = {&profile->routes, &p->policy->extras[extra]};
    struct push_bulk bulk = {0};

    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < refs[i]->n; j++)
            push_bulk_add(&bulk, &p->bulks[refs[i]->sets[j] - p->policy->route_sets]);
    push_bulk_carve(&bulk, profile->except);
    return bulk;
}

/* Computes the routes and their text into the scratch buffers. */
static bool render(struct preparation *p, const struct policy_profile *profile, size_t extra,
                   struct push_plan *plan)
{
    const struct prefix *prefixes = NULL;
    size_t n = 0;

    if (!push_cover(p->cover, profile, p->policy->bases[profile->index], &p->policy->extras[extra],
                    &p->cost))
        return false;
    prefixes = prefix_set_cover(p->cover, &n, &plan->n_ipv4);
    plan->n_ipv6 = n - plan->n_ipv4;
    push_buffer_clear(&p->ipv4);
    push_buffer_clear(&p->ipv6);
    push_buffer_routes_ipv4(&p->ipv4, profile, prefixes, plan->n_ipv4);
    push_buffer_routes_ipv6(&p->ipv6, prefixes ? prefixes + plan->n_ipv4 : NULL, plan->n_ipv6);
    return !p->ipv4.failed && !p->ipv6.failed;
}

static bool keep(struct preparation *p, struct push_plan *plan)
{
    size_t n = p->ipv4.n + p->ipv6.n;

    if (p->budget_is_spent || n > PUSH_PLANS_BUDGET - p->used) {
        p->budget_is_spent = true;
        plan->n_ipv4 = 0;
        plan->n_ipv6 = 0;
        return true;
    }
    p->used += n;
    plan->ipv4 = push_buffer_keep(&p->ipv4, p->policy->arena);
    plan->ipv6 = push_buffer_keep(&p->ipv6, p->policy->arena);
    return plan->ipv4.text && plan->ipv6.text;
}

static bool prepare_plan(struct preparation *p, const struct policy_profile *profile, size_t extra,
                         struct push_worst *worst)
{
    size_t index = plan_index(p->policy, extra, profile->index);
    struct push_plan *plan = &p->policy->plans[index];
    struct push_bulk bulk = {0};

    plan->frame = &p->frames[profile->index];
    if (profile->full && extra > 0) { /* its routes are the same for everybody */
        *plan = p->policy->plans[plan_index(p->policy, 0, profile->index)];
        return true;
    }
    if (!p->needed[index] && !profile->full)
        return true;
    if (p->budget_is_spent) {
        bulk = bulk_of_plan(p, profile, extra);
        if (push_bulk_is_harmless(&bulk, profile, worst))
            return true;
    }
    if (!render(p, profile, extra, plan))
        return false;
    push_worst_note(worst, profile, extra, p->cover, &p->cost,
                    plan->frame->max_n + p->ipv4.n + p->ipv6.n);
    return keep(p, plan);
}

static bool prepare_profile(struct preparation *p, const struct policy_profile *profile,
                            struct diagnostics *problems)
{
    struct budget_base **base = &p->policy->bases[profile->index];
    struct push_worst worst = {0};

    if (profile->budget > 0 && !profile->full && !(*base = push_base_new(profile)))
        return false;
    for (size_t extra = 0; extra < p->policy->n_extras; extra++)
        if (!prepare_plan(p, profile, extra, &worst))
            return false;
    push_worst_report(&worst, p->policy, profile, &p->frames[profile->index], problems);
    return true;
}

bool push_prepare(struct policy *policy, struct diagnostics *problems)
{
    struct preparation p = {.policy = policy};
    size_t errors_before = diagnostics_errors(problems);
    bool ok = start(&p);

    for (size_t i = 0; ok && i < policy->n_profiles; i++)
        ok = prepare_profile(&p, &policy->profiles[i], problems);
    if (!ok)
        diagnostics_add(problems, DIAGNOSTIC_ERROR, policy->path, 0,
                        "out of memory while preparing what is pushed");
    finish(&p, ok);
    return diagnostics_errors(problems) == errors_before;
}
