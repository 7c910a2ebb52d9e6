/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All covers that may be the cheapest, node by node: of each number of prefixes the cheapest
 * cover of that node. Without limits these would be as many as N for every node; those that
 * cost more than the price allows, even if everything else costs as little as it can, are
 * dropped, and few are left.
 */
#include "lib/budget_tree.h"

#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 3000000  /* of all nodes together: some 100 MiB */
#define MAX_WORK    30000000 /* pairs that are tried: some 100 ms */

/* A cover of one node. */
struct option {
    struct weight cost;
    double above; /* how far above the least that any cover of the node costs at the price */
    uint32_t k;
    uint32_t left, right; /* options of its sides; NO_OPTION: the node itself is taken */
};
#define NO_OPTION UINT32_MAX

struct exact {
    const struct budget_tree *tree;
    const struct budget_price *price;
    size_t n;
    struct option *options; /* of each node in turn, by growing k */
    size_t n_options, room;
    size_t work;
    uint32_t *first;     /* by node; of the one after the last node: the end */
    struct option *by_k; /* of the node at hand; k 0: none */
    uint32_t low, high;  /* what is in by_k */
};

static bool make_room(struct exact *e, size_t more)
{
    size_t room = e->room * 2 > e->n_options + more ? e->room * 2 : e->n_options + more;
    struct option *options;

    if (e->n_options + more <= e->room)
        return true;
    options = reallocarray(e->options, room, sizeof(*options));
    if (!options)
        return false;
    e->options = options;
    e->room = room;
    return true;
}

/* Keeps an option if it is the cheapest of its number. */
static void offer(struct exact *e, const struct option *option)
{
    struct option *place = &e->by_k[option->k];

    if (place->k != 0 && !weight_less(option->cost, place->cost))
        return;
    *place = *option;
    e->low = option->k < e->low ? option->k : e->low;
    e->high = option->k > e->high ? option->k : e->high;
}

static void offer_whole(struct exact *e, node_index index)
{
    const struct budget_node *node = &e->tree->nodes[index];
    struct option whole = {.cost = node->gap, .k = 1, .left = NO_OPTION, .right = NO_OPTION};

    whole.above = node->gap_number + e->price->lambda - e->price->least[index];
    if ((node->allowed || node->left == NO_NODE) && whole.above <= e->price->delta)
        offer(e, &whole);
}

static void offer_parts(struct exact *e, node_index index)
{
    const struct budget_node *node = &e->tree->nodes[index];
    const double *least = e->price->least;
    double loss = least[node->left] + least[node->right] - least[index];

    for (uint32_t i = e->first[node->left]; i < e->first[node->left + 1]; i++) {
        const struct option *left = &e->options[i];

        e->work += e->first[node->right + 1] - e->first[node->right];
        for (uint32_t j = e->first[node->right]; j < e->first[node->right + 1]; j++) {
            const struct option *right = &e->options[j];
            struct option both = {.k = left->k + right->k, .left = i, .right = j};

            if (both.k > e->n)
                break;
            both.above = left->above + right->above + loss;
            both.cost = weight_add(left->cost, right->cost);
            if (both.above <= e->price->delta)
                offer(e, &both);
        }
    }
}

/* Leaves as many options as may be, from the fewest prefixes to the most, at even steps. */
static void thin_out(struct exact *e, size_t first)
{
    size_t n = e->n_options - first, most = e->price->most;

    if (n <= most)
        return;
    for (size_t i = 0; i < most; i++)
        e->options[first + i] = e->options[first + i * (n - 1) / (most - 1)];
    e->n_options = first + most;
}

/* Moves what is in by_k to the options, without those that fewer prefixes do as cheaply. */
static bool keep(struct exact *e)
{
    const struct option *last = NULL;
    size_t first = e->n_options;

    if (e->low > e->high)
        return true;
    if (!make_room(e, e->high - e->low + 1))
        return false;
    for (uint32_t k = e->low; k <= e->high; k++) {
        struct option *option = &e->by_k[k];

        if (option->k != 0 && (!last || weight_less(option->cost, last->cost))) {
            e->options[e->n_options] = *option;
            last = &e->options[e->n_options++];
        }
        option->k = 0;
    }
    thin_out(e, first);
    return true;
}

static enum budget_found find_all(struct exact *e)
{
    for (size_t i = 0; i < e->tree->n; i++) {
        e->first[i] = (uint32_t)e->n_options;
        e->low = UINT32_MAX;
        e->high = 0;
        offer_whole(e, (node_index)i);
        if (e->tree->nodes[i].left != NO_NODE)
            offer_parts(e, (node_index)i);
        if (!keep(e))
            return BUDGET_NO_MEMORY;
        e->first[i + 1] = (uint32_t)e->n_options;
        if (e->n_options > MAX_OPTIONS || e->work > MAX_WORK)
            return BUDGET_TOO_MANY;
        if (e->first[i] == e->first[i + 1])
            return BUDGET_NOT_FOUND; /* every cover has some of each node */
    }
    return BUDGET_FOUND;
}

static void take(const struct exact *e, node_index index, uint32_t option, bool *taken)
{
    const struct option *chosen = &e->options[option];

    taken[index] = chosen->left == NO_OPTION;
    if (taken[index])
        return;
    take(e, e->tree->nodes[index].left, chosen->left, taken);
    take(e, e->tree->nodes[index].right, chosen->right, taken);
}

/* The last option of the uppermost node is the cheapest there is. */
static void take_best(const struct exact *e, struct budget_choice *best)
{
    uint32_t option = (uint32_t)e->n_options - 1;

    memset(best->taken, 0, e->tree->n * sizeof(bool));
    take(e, (node_index)(e->tree->n - 1), option, best->taken);
    best->k = e->options[option].k;
    best->cost = e->options[option].cost;
}

enum budget_found budget_exact(const struct budget_tree *tree, size_t n,
                               const struct budget_price *price, struct budget_choice *best)
{
    struct exact e = {.tree = tree, .price = price, .n = n};
    enum budget_found found = BUDGET_NO_MEMORY;

    e.first = calloc(tree->n + 1, sizeof(*e.first));
    e.by_k = calloc(n + 1, sizeof(*e.by_k));
    e.room = tree->n;
    e.options = calloc(e.room, sizeof(*e.options));
    if (e.first && e.by_k && e.options)
        found = find_all(&e);
    if (found == BUDGET_FOUND)
        take_best(&e, best);
    free(e.first);
    free(e.by_k);
    free(e.options);
    return found;
}
