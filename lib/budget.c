/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Over-covers of route sets: from a set to a set. lib/budget_search finds the cheapest. */
#include "lib/budget_tree.h"

#include <stdlib.h>

/* Adds what is taken and not below another, from node `index` on. */
static bool add_taken(struct prefix_set *cover, const struct budget_tree *tree, const bool *taken,
                      node_index index, struct weight gaps[2])
{
    const struct budget_node *node = &tree->nodes[index];
    struct weight *gap = &gaps[node->prefix.family == PREFIX_IPV6];

    if (taken[index]) {
        *gap = weight_add(*gap, node->gap);
        return prefix_set_add(cover, &node->prefix);
    }
    return add_taken(cover, tree, taken, node->left, gaps) &&
           add_taken(cover, tree, taken, node->right, gaps);
}

static bool keep(struct prefix_set *cover, const struct budget_tree *tree, const bool *taken,
                 struct budget_cost *cost)
{
    struct weight gaps[2] = {{0, 0}, {0, 0}};

    if (!add_taken(cover, tree, taken, (node_index)(tree->n - 1), gaps) ||
        !prefix_set_minimise(cover))
        return false;
    prefix_set_cover(cover, &cost->prefixes, NULL);
    cost->extra_ipv4 = gaps[0].hi >> 16;
    cost->extra_ipv6 = gaps[1].hi + (gaps[1].lo > 0);
    return true;
}

static enum budget_searched search(struct prefix_set *cover, const struct budget_tree *tree,
                                   size_t n, double floor, struct budget_cost *cost)
{
    struct budget_choice choice = {.taken = calloc(tree->n, sizeof(bool))};
    enum budget_searched searched = BUDGET_SEARCH_NO_MEMORY;

    if (!choice.taken)
        return searched;
    budget_fewest(tree, &choice);
    cost->prefixes = choice.k;
    searched = BUDGET_SEARCHED;
    if (choice.k <= n)
        searched = budget_search(tree, n, floor, &choice, &cost->slack);
    if (choice.k <= n && searched == BUDGET_SEARCHED && !keep(cover, tree, choice.taken, cost))
        searched = BUDGET_SEARCH_NO_MEMORY;
    free(choice.taken);
    return searched;
}

static bool is_empty(const struct prefix_set *set)
{
    size_t n;

    prefix_set_cover(set, &n, NULL);
    return n == 0;
}

/* What has few prefixes enough is left to the caller. */
static enum budget_searched look_at_tree(const struct budget_tree *tree, size_t n, double floor,
                                         struct prefix_set *cover, struct budget_cost *cost)
{
    *cost = (struct budget_cost){0};
    if (tree->n > 0)
        cost->exact = tree->nodes[tree->n - 1].exact;
    cost->prefixes = cost->exact;
    return cost->exact > n ? search(cover, tree, n, floor, cost) : BUDGET_SEARCHED;
}

/* From the floor on, or at all of it. */
static enum budget_searched look(const struct budget_base *base, const struct prefix_set *more,
                                 const struct prefix_set *never, struct prefix_set *forbidden,
                                 double floor, struct prefix_set *cover, struct budget_cost *cost)
{
    enum budget_searched searched = BUDGET_SEARCH_NO_MEMORY;
    struct budget_tree tree = {0};
    struct budget_piece *pieces = NULL;
    size_t n;

    if (floor == 0 && is_empty(more) && is_empty(never))
        return look_at_tree(&base->tree, base->n, 0, cover, cost);
    if (!budget_base_pieces(base, more, never, floor == 0, &pieces, &n))
        return searched;
    if (n == 0 || budget_tree_make(&tree, pieces, n, forbidden))
        searched = look_at_tree(&tree, base->n, floor, cover, cost);
    budget_tree_free(&tree);
    free(pieces);
    return searched;
}

/* All together, where the base says nothing about it. */
static enum budget_result cover_anew(const struct budget_base *base, const struct prefix_set *more,
                                     const struct prefix_set *never, struct prefix_set *cover,
                                     struct budget_cost *cost)
{
    struct prefix_set *all_never = prefix_set_new();
    enum budget_result result = BUDGET_MEMORY;

    if (all_never && prefix_set_add_set(cover, base->set) && prefix_set_add_set(cover, more) &&
        prefix_set_minimise(cover) && prefix_set_add_set(all_never, base->never) &&
        prefix_set_add_set(all_never, never) && prefix_set_minimise(all_never))
        result = budget_cover(cover, all_never, base->n, cost);
    if (result != BUDGET_OK)
        prefix_set_clear(cover);
    prefix_set_free(all_never);
    return result;
}

static enum budget_result finish(const struct budget_base *base, const struct prefix_set *more,
                                 enum budget_searched searched, struct prefix_set *cover,
                                 const struct budget_cost *cost)
{
    if (searched != BUDGET_SEARCHED)
        return BUDGET_MEMORY;
    if (cost->exact <= base->n)
        return prefix_set_add_set(cover, base->set) && prefix_set_add_set(cover, more) &&
                       prefix_set_minimise(cover)
                   ? BUDGET_OK
                   : BUDGET_MEMORY;
    return cost->prefixes > base->n ? BUDGET_TOO_SMALL : BUDGET_OK;
}

enum budget_result budget_base_cover(const struct budget_base *base, struct prefix_set *more,
                                     const struct prefix_set *never, struct prefix_set *cover,
                                     struct budget_cost *cost)
{
    bool is_odd = false;
    struct prefix_set *forbidden = budget_base_forbidden(base, more, never, &is_odd);
    enum budget_searched searched = BUDGET_SEARCH_NO_MEMORY;

    prefix_set_clear(cover);
    if (forbidden && is_odd && !(is_empty(more) && is_empty(never))) {
        prefix_set_free(forbidden);
        return cover_anew(base, more, never, cover, cost);
    }
    if (forbidden)
        searched = look(base, more, never, forbidden, base->floor, cover, cost);
    if (searched == BUDGET_FLOOR_TOO_HIGH)
        searched = look(base, more, never, forbidden, 0, cover, cost);
    prefix_set_free(forbidden);
    return finish(base, more, searched, cover, cost);
}

enum budget_result budget_cover(struct prefix_set *set, const struct prefix_set *never, size_t n,
                                struct budget_cost *cost)
{
    struct prefix_set *nothing = prefix_set_new(), *cover = prefix_set_new();
    struct budget_base *base = NULL;
    enum budget_result result = BUDGET_MEMORY;

    *cost = (struct budget_cost){0};
    prefix_set_cover(set, &cost->exact, NULL);
    cost->prefixes = cost->exact;
    if (cost->exact <= n)
        result = BUDGET_OK;
    else if (nothing && cover && (base = budget_base_new(set, never, n)))
        result = budget_base_cover(base, nothing, nothing, cover, cost);
    if (base && result == BUDGET_OK) {
        prefix_set_clear(set); /* it has room for fewer than it had */
        prefix_set_add_set(set, cover);
    }
    budget_base_free(base);
    prefix_set_free(nothing);
    prefix_set_free(cover);
    return result;
}
