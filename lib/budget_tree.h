/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of lib/budget* share; nobody else includes it. */
#ifndef BYWAY_LIB_BUDGET_TREE_H
#define BYWAY_LIB_BUDGET_TREE_H

#include "lib/budget.h"

/* ── addresses of both families on one scale ── */

/* 128 bits: an IPv6 address is 1, an IPv4 address 2^80. */
struct weight {
    uint64_t hi, lo;
};

static inline struct weight weight_add(struct weight a, struct weight b)
{
    struct weight sum = {a.hi + b.hi, a.lo + b.lo};

    sum.hi += sum.lo < a.lo;
    return sum;
}

static inline struct weight weight_subtract(struct weight a, struct weight b)
{
    struct weight rest = {a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo};

    return rest;
}

static inline bool weight_less(struct weight a, struct weight b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

static inline double weight_number(struct weight weight)
{
    return (double)weight.hi * 18446744073709551616.0 + (double)weight.lo;
}

/* ── the tree ── */

/* Places in budget_tree.nodes. */
typedef uint32_t node_index;
#define NO_NODE UINT32_MAX

/*
 * A prefix that may stand in a cover: one of the set (a leaf), or the longest that holds two
 * neighbouring nodes. No other is ever better than one of these.
 */
struct budget_node {
    struct prefix prefix;
    struct weight gap; /* what it holds besides the set */
    double gap_number;
    node_index left, right; /* NO_NODE: a leaf */
    bool allowed;           /* it holds nothing that may not be covered */
};

/* Children come before their parents; the last one is above all. Where there are both families,
 * it joins them and is never allowed. */
struct budget_tree {
    struct budget_node *nodes;
    size_t n;
    size_t n_leaves;
};

/* False when memory is out. Of the set's prefixes there is at least one. */
bool budget_tree_make(struct budget_tree *tree, const struct prefix_set *set,
                      const struct prefix_set *never);
void budget_tree_free(struct budget_tree *tree);

/* What may not be covered: `never` and special addresses, less the set. New; NULL when memory is
 * out. */
struct prefix_set *budget_forbidden(const struct prefix_set *set, const struct prefix_set *never);

/* ── covers ── */

/* By node: it stands in the cover, unless one above it does. */
struct budget_choice {
    bool *taken;
    size_t k; /* prefixes */
    struct weight cost;
};

/* ── lib/budget_search.c ── */

/*
 * The cheapest cover of at most `n` prefixes into best->taken, which has room for all nodes.
 * False when memory is out. There must be one.
 */
bool budget_search(const struct budget_tree *tree, size_t n, struct budget_choice *best,
                   double *slack);

/* The cover of the fewest prefixes. */
void budget_fewest(const struct budget_tree *tree, struct budget_choice *fewest);

/* ── lib/budget_exact.c ── */

/*
 * What each prefix of a cover would cost at a price of `lambda` a prefix, and the least that
 * any cover of a node comes to at that price: nothing that is `delta` above it matters.
 */
struct budget_price {
    double lambda;
    const double *least; /* by node */
    double delta;
    size_t most; /* covers of one node that are looked at; fewer than all: not exact */
};

enum budget_found { BUDGET_FOUND, BUDGET_NOT_FOUND, BUDGET_TOO_MANY, BUDGET_NO_MEMORY };

/* The cheapest cover of at most `n` prefixes, among those within `delta`. BUDGET_TOO_MANY if
 * there are too many possibilities. */
enum budget_found budget_exact(const struct budget_tree *tree, size_t n,
                               const struct budget_price *price, struct budget_choice *best);

#endif
