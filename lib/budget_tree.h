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
 * What a tree is made of: prefixes of the set, or larger ones that hold some of it and stand in
 * a cover as they are.
 */
struct budget_piece {
    struct prefix prefix;
    struct weight gap; /* what it holds besides the set */
    uint32_t exact;    /* prefixes of the set in it */
};

/*
 * A prefix that may stand in a cover: a piece (a leaf), or the longest that holds two
 * neighbouring nodes. No other is ever better than one of these.
 */
struct budget_node {
    struct prefix prefix;
    struct weight gap;
    double gap_number;
    node_index left, right; /* NO_NODE: a leaf */
    uint32_t exact;         /* prefixes of the set in it, where it is minimised */
    bool allowed;           /* it holds nothing that may not be covered */
};

/* Children come before their parents; the last one is above all. Where there are both families,
 * it joins them and is never allowed. */
struct budget_tree {
    struct budget_node *nodes;
    size_t n;
};

/* Of `n` pieces, which are apart and in order; at least one. `forbidden` is what may not be
 * covered, none of which is in the set. False when memory is out. */
bool budget_tree_make(struct budget_tree *tree, const struct budget_piece *pieces, size_t n,
                      const struct prefix_set *forbidden);
void budget_tree_free(struct budget_tree *tree);

/* ── lib/budget_forbidden.c ── */

/*
 * What may not be covered: `never` and special addresses, less the set. New; NULL when memory is
 * out. *is_odd: the set has all special addresses of a family, so that something else was
 * forbidden.
 */
struct prefix_set *budget_forbidden(struct prefix_set *set, const struct prefix_set *never,
                                    bool *is_odd);

/* Does the minimised set have anything of that family? */
bool budget_has_family(const struct prefix_set *set, uint8_t family);

/* ── lib/budget_base.c ── what many sets have in common */

struct budget_base {
    struct prefix_set *set, *never; /* minimised */
    struct prefix_set *forbidden;
    bool is_odd;             /* see budget_forbidden() */
    size_t n;                /* prefixes of a cover */
    struct budget_tree tree; /* of the whole set; no nodes if that is empty */
    double floor;            /* see budget_find_floor() */
    bool *taken;             /* by node: at the floor */
};

/*
 * The pieces of the set with `more` besides, and `never` not to be covered (both minimised): from
 * those that are taken at the floor on, or all of them. In *pieces, which the caller frees. False
 * when memory is out.
 */
bool budget_base_pieces(const struct budget_base *base, const struct prefix_set *more,
                        const struct prefix_set *never, bool to_the_leaves,
                        struct budget_piece **pieces, size_t *n);

/* What may not be covered then. New; NULL when memory is out. *is_odd: what else is forbidden
 * cannot be told from what the base forbids. */
struct prefix_set *budget_base_forbidden(const struct budget_base *base, struct prefix_set *more,
                                         const struct prefix_set *never, bool *is_odd);

/* ── covers ── */

/* By node: it stands in the cover, unless one above it does. */
struct budget_choice {
    bool *taken;
    size_t k; /* prefixes */
    struct weight cost;
};

/* ── lib/budget_search.c ── */

/*
 * Of a price a prefix, covers that cost the least take a node whole from some price on, and at
 * every higher one. So of a tree that is searched from `floor` on, only what lies above the nodes
 * taken at that price matters, and these may be its leaves.
 */
enum budget_searched { BUDGET_SEARCHED, BUDGET_FLOOR_TOO_HIGH, BUDGET_SEARCH_NO_MEMORY };

/*
 * The cheapest cover of at most `n` prefixes into best->taken, which has room for all nodes.
 * There must be one. BUDGET_FLOOR_TOO_HIGH: it may lie below the leaves; not if `floor` is 0.
 */
enum budget_searched budget_search(const struct budget_tree *tree, size_t n, double floor,
                                   struct budget_choice *best, double *slack);

/* The cover of the fewest prefixes. */
void budget_fewest(const struct budget_tree *tree, struct budget_choice *fewest);

/* ── lib/budget_floor.c ── */

/* A price well below that of the cover of `n` prefixes, and what is taken at it; or 0 and all
 * leaves. False when memory is out. */
bool budget_find_floor(const struct budget_tree *tree, size_t n, bool *taken, double *floor);

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
