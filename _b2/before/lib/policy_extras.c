/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route sets by reference: those a block names, and the distinct combinations that users
 * bring along. Users of the same groups bring the same; what they get is rendered once.
 */
#include "lib/policy_words.h"

#include <stdlib.h>
#include <string.h>

static int compare_sets(const void *a, const void *b)
{
    const struct policy_route_set *x = *(const struct policy_route_set *const *)a;
    const struct policy_route_set *y = *(const struct policy_route_set *const *)b;

    return (x > y) - (x < y);
}

/* In the order of policy.route_sets, each once. */
static void sort_refs(struct policy_route_refs *refs)
{
    size_t n = 0;

    if (refs->n > 1)
        qsort(refs->sets, refs->n, sizeof(*refs->sets), compare_sets);
    for (size_t i = 0; i < refs->n; i++)
        if (n == 0 || refs->sets[n - 1] != refs->sets[i])
            refs->sets[n++] = refs->sets[i];
    refs->n = n;
}

void build_begin_routes(struct build *build, struct policy_route_refs *refs)
{
    size_t n = build_count_words(build->block, "routes");

    build->refs = refs;
    refs->sets = arena_array(build->policy->arena, n, sizeof(*refs->sets));
    if (refs->sets == NULL)
        build_out_of_memory(build);
}

void build_add_routes(struct build *build, const struct directive *line)
{
    for (unsigned i = 1; i < line->argc; i++) {
        size_t index = build_find(build, &build->route_sets, "route set", line, line->argv[i]);

        if (index == NAMES_NONE)
            continue;
        build->set_used[index] = true;
        build->refs->sets[build->refs->n++] = &build->policy->route_sets[index];
    }
}

void build_end_routes(struct build *build)
{
    if (!build->out_of_memory)
        sort_refs(build->refs);
    build->refs = NULL;
}

/* The combinations found so far, and what to look one up with. */
struct combinations {
    struct build *build;
    struct policy_route_refs *list; /* has room for one a user, and the empty one */
    size_t n;
    uint32_t *slots; /* 1 + the index in `list` */
    size_t n_slots;
    size_t *marks; /* one a route set: the user who was last seen to bring it */
    const struct policy_route_set **found;
};

static uint64_t hash_refs(const struct policy_route_refs *refs, const struct policy_route_set *base)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < refs->n; i++) {
        hash = (hash ^ (uint64_t)(refs->sets[i] - base)) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    return hash;
}

static bool same_refs(const struct policy_route_refs *a, const struct policy_route_refs *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->sets, b->sets, a->n * sizeof(*a->sets)) == 0);
}

/* The index of a combination, kept if it is new. False when memory is out. */
static bool find_combination(struct combinations *all, const struct policy_route_refs *refs,
                             size_t *index)
{
    struct policy *policy = all->build->policy;
    size_t at = hash_refs(refs, policy->route_sets) & (all->n_slots - 1);
    struct policy_route_refs kept = {.n = refs->n};

    for (; all->slots[at] != 0; at = (at + 1) & (all->n_slots - 1)) {
        *index = all->slots[at] - 1;
        if (same_refs(&all->list[*index], refs))
            return true;
    }
    kept.sets = arena_array(policy->arena, refs->n, sizeof(*kept.sets));
    if (kept.sets == NULL)
        return false;
    if (refs->n > 0)
        memcpy(kept.sets, refs->sets, refs->n * sizeof(*kept.sets));
    *index = all->n++;
    all->list[*index] = kept;
    all->slots[at] = (uint32_t)*index + 1;
    return true;
}

static void collect(struct combinations *all, const struct policy_route_refs *refs, size_t mark,
                    struct policy_route_refs *into)
{
    for (size_t i = 0; i < refs->n; i++) {
        size_t set = (size_t)(refs->sets[i] - all->build->policy->route_sets);

        if (all->marks[set] == mark)
            continue;
        all->marks[set] = mark;
        into->sets[into->n++] = refs->sets[i];
    }
}

/* What a user brings: the user's own and the groups' route sets together. */
static bool combine(struct combinations *all, struct policy_user *user, size_t mark)
{
    struct policy_route_refs refs = {.sets = all->found};

    collect(all, &user->routes, mark, &refs);
    for (size_t i = 0; i < user->n_groups; i++)
        collect(all, &user->groups[i]->routes, mark, &refs);
    sort_refs(&refs);
    return find_combination(all, &refs, &user->extra);
}

static bool combine_all(struct combinations *all, size_t n_users)
{
    const struct policy_route_refs nothing = {0};
    size_t first = 0;
    bool ok = find_combination(all, &nothing, &first);

    for (size_t i = 0; ok && i < n_users; i++)
        ok = combine(all, &all->build->drafts[i].user, i + 1);
    return ok;
}

void build_extras(struct build *build)
{
    struct policy *policy = build->policy;
    size_t n_users = names_count(build->users);
    struct combinations all = {.build = build, .n_slots = 8};
    bool ok;

    while (all.n_slots < 2 * (n_users + 1))
        all.n_slots *= 2;
    all.list = calloc(n_users + 1, sizeof(*all.list));
    all.slots = calloc(all.n_slots, sizeof(*all.slots));
    all.marks = calloc(policy->n_route_sets + 1, sizeof(*all.marks));
    all.found = calloc(policy->n_route_sets + 1, sizeof(*all.found));
    ok = all.list != NULL && all.slots != NULL && all.marks != NULL && all.found != NULL &&
         combine_all(&all, n_users);
    if (ok) {
        policy->extras = arena_array(policy->arena, all.n, sizeof(*policy->extras));
        ok = policy->extras != NULL;
    }
    if (ok) {
        memcpy(policy->extras, all.list, all.n * sizeof(*policy->extras));
        policy->n_extras = all.n;
    } else {
        build_out_of_memory(build);
    }
    free(all.list);
    free(all.slots);
    free(all.marks);
    free(all.found);
}
