/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prefixes that an over-cover can consist of, and which of them may be in one. */
#include "lib/budget_tree.h"

#include <stdlib.h>

static struct weight size_of(const struct prefix *prefix)
{
    unsigned bit = prefix->family == PREFIX_IPV4 ? 112u - prefix->len : 128u - prefix->len;

    if (bit >= 128)
        return (struct weight){0, 0}; /* all of IPv6: 2^128, which is 0 here */
    if (bit >= 64)
        return (struct weight){UINT64_C(1) << (bit - 64), 0};
    return (struct weight){0, UINT64_C(1) << bit};
}

/* How many bits two addresses have in common. */
static unsigned common_bits(const struct prefix *a, const struct prefix *b)
{
    if (a->hi != b->hi)
        return (unsigned)__builtin_clzll(a->hi ^ b->hi);
    if (a->lo != b->lo)
        return 64 + (unsigned)__builtin_clzll(a->lo ^ b->lo);
    return 128;
}

static bool has_bit(const struct prefix *prefix, unsigned bit)
{
    return bit < 64 ? prefix->hi >> (63 - bit) & 1 : prefix->lo >> (127 - bit) & 1;
}

/* Among sorted `pieces`, how many come before those that have `bit` set. */
static size_t count_without(const struct budget_piece *pieces, size_t n, unsigned bit)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (has_bit(&pieces[middle].prefix, bit))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct making {
    struct budget_tree *tree;
    const struct prefix *forbidden;
    size_t n_forbidden;
};

/* True if one of the forbidden prefixes lies within `prefix`; none contains it. */
static bool holds_forbidden(const struct making *m, const struct prefix *prefix)
{
    size_t low = 0, high = m->n_forbidden;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (prefix_compare(&m->forbidden[middle], prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->n_forbidden && prefix_contains(prefix, &m->forbidden[low]);
}

static node_index add_node(struct making *m, const struct budget_node *node)
{
    m->tree->nodes[m->tree->n] = *node;
    return (node_index)m->tree->n++;
}

static node_index add_leaf(struct making *m, const struct budget_piece *piece)
{
    struct budget_node leaf = {.prefix = piece->prefix,
                               .gap = piece->gap,
                               .gap_number = weight_number(piece->gap),
                               .exact = piece->exact,
                               .left = NO_NODE,
                               .right = NO_NODE,
                               .allowed = true};

    return add_node(m, &leaf);
}

/* The longest prefix that holds both of these, which do not overlap. */
static struct prefix holder_of(const struct prefix *a, const struct prefix *b)
{
    unsigned bits = common_bits(a, b);
    struct prefix holder = {.len = (uint8_t)bits, .family = a->family};

    holder.hi = a->hi & prefix_mask_hi(bits);
    holder.lo = a->lo & prefix_mask_lo(bits);
    return holder;
}

static void judge(const struct making *m, struct budget_node *node)
{
    const struct budget_node *left = &m->tree->nodes[node->left];
    const struct budget_node *right = &m->tree->nodes[node->right];
    bool is_full;

    node->gap = weight_subtract(size_of(&node->prefix),
                                weight_add(size_of(&left->prefix), size_of(&right->prefix)));
    node->gap = weight_add(node->gap, weight_add(left->gap, right->gap));
    node->gap_number = weight_number(node->gap);
    is_full = node->gap.hi == 0 && node->gap.lo == 0; /* the set has all of it */
    node->exact = is_full ? 1 : left->exact + right->exact;
    node->allowed = is_full || (left->allowed && right->allowed && node->prefix.len > 0 &&
                                !holds_forbidden(m, &node->prefix));
}

/* The tree above some pieces of one family; as deep as an address has bits. */
static node_index make_nodes(struct making *m, const struct budget_piece *pieces, size_t n)
{
    struct budget_node node = {.left = NO_NODE, .right = NO_NODE};
    size_t first;

    if (n == 1)
        return add_leaf(m, pieces);
    node.prefix = holder_of(&pieces[0].prefix, &pieces[n - 1].prefix);
    first = count_without(pieces, n, node.prefix.len);
    node.left = make_nodes(m, pieces, first);
    node.right = make_nodes(m, pieces + first, n - first);
    judge(m, &node);
    return add_node(m, &node);
}

bool budget_tree_make(struct budget_tree *tree, const struct budget_piece *pieces, size_t n,
                      const struct prefix_set *forbidden)
{
    struct budget_node top = {.left = NO_NODE, .right = NO_NODE};
    struct making m = {.tree = tree};
    size_t n_ipv4 = 0;

    while (n_ipv4 < n && pieces[n_ipv4].prefix.family == PREFIX_IPV4)
        n_ipv4++;
    *tree = (struct budget_tree){.nodes = calloc(2 * n + 1, sizeof(*tree->nodes))};
    if (!tree->nodes)
        return false;
    m.forbidden = prefix_set_cover(forbidden, &m.n_forbidden, NULL);
    if (n_ipv4 > 0)
        top.left = make_nodes(&m, pieces, n_ipv4);
    if (n > n_ipv4)
        top.right = make_nodes(&m, pieces + n_ipv4, n - n_ipv4);
    if (top.left == NO_NODE || top.right == NO_NODE)
        return true;
    top.exact = tree->nodes[top.left].exact + tree->nodes[top.right].exact;
    add_node(&m, &top);
    return true;
}

void budget_tree_free(struct budget_tree *tree)
{
    free(tree->nodes);
}
