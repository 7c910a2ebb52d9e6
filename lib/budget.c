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

static enum budget_result replace(struct prefix_set *set, const struct budget_tree *tree,
                                  const bool *taken, struct budget_cost *cost)
{
    struct prefix_set *cover = prefix_set_new();
    struct weight gaps[2] = {{0, 0}, {0, 0}};
    bool ok = cover && add_taken(cover, tree, taken, (node_index)(tree->n - 1), gaps) &&
              prefix_set_minimise(cover);

    /* It holds all of the set: so the union of both is the cover. */
    ok = ok && prefix_set_add_set(set, cover) && prefix_set_minimise(set);
    prefix_set_free(cover);
    if (!ok)
        return BUDGET_MEMORY;
    prefix_set_cover(set, &cost->prefixes, NULL);
    cost->extra_ipv4 = gaps[0].hi >> 16;
    cost->extra_ipv6 = gaps[1].hi + (gaps[1].lo > 0);
    return BUDGET_OK;
}

static enum budget_result cover(struct prefix_set *set, const struct budget_tree *tree, size_t n,
                                struct budget_cost *cost)
{
    struct budget_choice choice = {.taken = calloc(tree->n, sizeof(bool))};
    enum budget_result result = BUDGET_MEMORY;

    if (!choice.taken)
        return result;
    budget_fewest(tree, &choice);
    cost->prefixes = choice.k;
    if (choice.k > n)
        result = BUDGET_TOO_SMALL;
    else if (budget_search(tree, n, &choice, &cost->slack))
        result = replace(set, tree, choice.taken, cost);
    free(choice.taken);
    return result;
}

enum budget_result budget_cover(struct prefix_set *set, const struct prefix_set *never, size_t n,
                                struct budget_cost *cost)
{
    struct budget_tree tree;
    enum budget_result result;

    *cost = (struct budget_cost){0};
    prefix_set_cover(set, &cost->exact, NULL);
    cost->prefixes = cost->exact;
    if (cost->exact <= n)
        return BUDGET_OK;
    if (!budget_tree_make(&tree, set, never))
        return BUDGET_MEMORY;
    result = cover(set, &tree, n, cost);
    budget_tree_free(&tree);
    return result;
}
