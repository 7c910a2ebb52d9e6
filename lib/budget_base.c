/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets that have most in common, such as a large list and what one of many users has besides:
 * what is common is looked through once. To that large tree belongs a floor, a price at which
 * little of it is left, and each set only needs a small tree of its own: of what is left, of what
 * it has besides, and, where that meets a larger prefix, of what is in it.
 */
#include "lib/budget_tree.h"

#include <stdlib.h>

/* A tree below which node_index ends. */
#define MAX_PIECES (UINT32_MAX / 4)

static bool find_floor(struct budget_base *base, size_t n)
{
    base->taken = calloc(base->tree.n, sizeof(*base->taken));
    return base->taken && budget_find_floor(&base->tree, n, base->taken, &base->floor);
}

/* The tree of all that the base has. */
static bool make_tree(struct budget_base *base)
{
    size_t n;
    const struct prefix *items = prefix_set_cover(base->set, &n, NULL);
    struct budget_piece *pieces;
    bool ok;

    if (n == 0)
        return true;
    pieces = n < MAX_PIECES ? calloc(n, sizeof(*pieces)) : NULL;
    for (size_t i = 0; pieces && i < n; i++)
        pieces[i] = (struct budget_piece){.prefix = items[i], .exact = 1};
    ok = pieces && budget_tree_make(&base->tree, pieces, n, base->forbidden);
    free(pieces);
    return ok;
}

struct budget_base *budget_base_new(const struct prefix_set *set, const struct prefix_set *never,
                                    size_t n)
{
    struct budget_base *base = calloc(1, sizeof(*base));

    if (!base)
        return NULL;
    base->set = prefix_set_new();
    base->never = prefix_set_new();
    base->n = n;
    if (base->set && base->never && prefix_set_add_set(base->set, set) &&
        prefix_set_add_set(base->never, never) && prefix_set_minimise(base->set) &&
        prefix_set_minimise(base->never))
        base->forbidden = budget_forbidden(base->set, base->never, &base->is_odd);
    if (base->forbidden && make_tree(base) && (base->tree.n == 0 || find_floor(base, n)))
        return base;
    budget_base_free(base);
    return NULL;
}

void budget_base_free(struct budget_base *base)
{
    if (!base)
        return;
    prefix_set_free(base->set);
    prefix_set_free(base->never);
    prefix_set_free(base->forbidden);
    budget_tree_free(&base->tree);
    free(base->taken);
    free(base);
}

/* ── the pieces of a set ── */

struct gathering {
    const struct budget_base *base;
    const struct prefix_set *more;
    const struct prefix *touched; /* what the set has or forbids besides */
    size_t n_touched;
    bool to_the_leaves;
    struct budget_piece *pieces; /* of the base, in order */
    size_t n;
    size_t room;
};

static bool add_piece(struct gathering *g, const struct budget_piece *piece)
{
    if (g->n == g->room) {
        size_t room = g->room > 0 ? g->room * 2 : 1024;
        struct budget_piece *pieces = reallocarray(g->pieces, room, sizeof(*pieces));

        if (!pieces)
            return false;
        g->pieces = pieces;
        g->room = room;
    }
    g->pieces[g->n++] = *piece;
    return true;
}

/* Does the set differ from the base anywhere in that prefix? */
static bool is_touched(const struct gathering *g, const struct prefix *prefix)
{
    size_t low = 0, high = g->n_touched;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (prefix_compare(&g->touched[middle], prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (low < g->n_touched && prefix_contains(prefix, &g->touched[low])) ||
           (low > 0 && prefix_contains(&g->touched[low - 1], prefix));
}

/* Of a node of the base: what of it stays in one piece. As deep as an address has bits. */
static bool gather(struct gathering *g, node_index index)
{
    const struct budget_node *node = &g->base->tree.nodes[index];
    struct budget_piece piece = {.prefix = node->prefix, .gap = node->gap, .exact = node->exact};
    bool is_leaf = node->left == NO_NODE;
    bool is_whole = is_leaf || (!g->to_the_leaves && g->base->taken[index]);

    if (is_whole && !is_touched(g, &node->prefix))
        return add_piece(g, &piece);
    if (prefix_set_contains(g->more, &node->prefix))
        return true;
    if (is_leaf)
        return add_piece(g, &piece);
    return gather(g, node->left) && gather(g, node->right);
}

/* Puts what the set has besides between them. */
static bool merge_more(struct gathering *g)
{
    size_t n_more, n = 0, from_base = 0;
    const struct prefix *more = prefix_set_cover(g->more, &n_more, NULL);
    struct budget_piece *all = calloc(g->n + n_more + 1, sizeof(*all));

    if (!all)
        return false;
    for (size_t i = 0; i < n_more; i++) {
        while (from_base < g->n && prefix_compare(&g->pieces[from_base].prefix, &more[i]) < 0)
            all[n++] = g->pieces[from_base++];
        if (n == 0 || !prefix_contains(&all[n - 1].prefix, &more[i]))
            all[n++] = (struct budget_piece){.prefix = more[i], .exact = 1};
    }
    while (from_base < g->n)
        all[n++] = g->pieces[from_base++];
    free(g->pieces);
    g->pieces = all;
    g->n = n;
    return true;
}

bool budget_base_pieces(const struct budget_base *base, const struct prefix_set *more,
                        const struct prefix_set *never, bool to_the_leaves,
                        struct budget_piece **pieces, size_t *n)
{
    struct gathering g = {.base = base, .more = more, .to_the_leaves = to_the_leaves};
    struct prefix_set *touched = prefix_set_new();
    bool ok = touched && prefix_set_add_set(touched, more) && prefix_set_add_set(touched, never) &&
              prefix_set_minimise(touched);

    if (ok)
        g.touched = prefix_set_cover(touched, &g.n_touched, NULL);
    ok = ok && (base->tree.n == 0 || gather(&g, (node_index)(base->tree.n - 1))) && merge_more(&g);
    prefix_set_free(touched);
    if (!ok)
        free(g.pieces);
    *pieces = ok ? g.pieces : NULL;
    *n = ok ? g.n : 0;
    return ok;
}

struct prefix_set *budget_base_forbidden(const struct budget_base *base, struct prefix_set *more,
                                         const struct prefix_set *never, bool *is_odd)
{
    struct prefix_set *forbidden = prefix_set_new();
    bool ok = forbidden && prefix_set_add_set(forbidden, never) && prefix_set_minimise(forbidden) &&
              prefix_set_subtract(forbidden, base->set) &&
              prefix_set_add_set(forbidden, base->forbidden) && prefix_set_minimise(forbidden) &&
              prefix_set_subtract(forbidden, more);

    if (!ok) {
        prefix_set_free(forbidden);
        return NULL;
    }
    *is_odd = base->is_odd || !budget_has_family(forbidden, PREFIX_IPV4) ||
              !budget_has_family(forbidden, PREFIX_IPV6);
    return forbidden;
}
