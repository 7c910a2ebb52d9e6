/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prefixes that an over-cover can consist of, and which of them may be in one. */
#include "lib/budget_tree.h"

#include <stdlib.h>
#include <string.h>

/* Addresses that are nobody's on the Internet: a cover never gains them. */
static const char special[] = "0.0.0.0/8\n"
                              "10.0.0.0/8\n"
                              "100.64.0.0/10\n"
                              "127.0.0.0/8\n"
                              "169.254.0.0/16\n"
                              "172.16.0.0/12\n"
                              "192.168.0.0/16\n"
                              "224.0.0.0/3\n"
                              "::/3\n"
                              "4000::/2\n"
                              "8000::/1\n";

static void no_bad_line(void *arg, unsigned line, const char *text, size_t n,
                        enum prefix_status why, const struct prefix *suggestion)
{
    (void)arg, (void)line, (void)text, (void)n, (void)why, (void)suggestion;
}

static bool has_family(const struct prefix_set *set, uint8_t family)
{
    size_t n = 0, n_ipv4 = 0;

    prefix_set_cover(set, &n, &n_ipv4);
    return family == PREFIX_IPV4 ? n_ipv4 > 0 : n > n_ipv4;
}

/*
 * Where a set has all special addresses of a family, nothing would keep its cover from being
 * everything: then the largest prefix that it does not have stays outside.
 */
static bool leave_something(struct prefix_set *forbidden, const struct prefix_set *set,
                            uint8_t family)
{
    struct prefix all = {.family = family};
    struct prefix_set *rest = prefix_set_new();
    struct prefix_set *copy = prefix_set_new();
    const struct prefix *items, *largest = NULL;
    size_t n = 0;
    bool ok = rest && copy && prefix_set_add(rest, &all) && prefix_set_add_set(copy, set) &&
              prefix_set_subtract(rest, copy);

    if (ok) {
        items = prefix_set_cover(rest, &n, NULL);
        for (size_t i = 0; i < n; i++)
            if (!largest || items[i].len < largest->len)
                largest = &items[i];
        ok = !largest || (prefix_set_add(forbidden, largest) && prefix_set_minimise(forbidden));
    }
    prefix_set_free(rest);
    prefix_set_free(copy);
    return ok;
}

struct prefix_set *budget_forbidden(const struct prefix_set *set, const struct prefix_set *never)
{
    struct prefix_set *forbidden = prefix_set_new();
    struct prefix_set *copy = prefix_set_new(); /* subtracting wants one it may change */
    bool ok = forbidden && copy &&
              prefix_set_read(forbidden, special, strlen(special), no_bad_line, NULL) &&
              prefix_set_add_set(forbidden, never) && prefix_set_add_set(copy, set) &&
              prefix_set_subtract(forbidden, copy) && prefix_set_minimise(forbidden);

    if (ok && !has_family(forbidden, PREFIX_IPV4))
        ok = leave_something(forbidden, set, PREFIX_IPV4);
    if (ok && !has_family(forbidden, PREFIX_IPV6))
        ok = leave_something(forbidden, set, PREFIX_IPV6);
    prefix_set_free(copy);
    if (ok)
        return forbidden;
    prefix_set_free(forbidden);
    return NULL;
}

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

/* Among sorted `items`, how many come before those that have `bit` set. */
static size_t count_without(const struct prefix *items, size_t n, unsigned bit)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (has_bit(&items[middle], bit))
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

/* The longest prefix that holds both of these, which do not overlap. */
static struct prefix holder_of(const struct prefix *a, const struct prefix *b)
{
    unsigned bits = common_bits(a, b);
    struct prefix holder = {.len = (uint8_t)bits, .family = a->family};

    holder.hi = a->hi & prefix_mask_hi(bits);
    holder.lo = a->lo & prefix_mask_lo(bits);
    return holder;
}

/* The tree above some prefixes of one family; as deep as an address has bits. */
static node_index make_nodes(struct making *m, const struct prefix *items, size_t n)
{
    struct budget_node node = {
        .prefix = items[0], .left = NO_NODE, .right = NO_NODE, .allowed = true};
    const struct budget_node *left, *right;
    size_t first;

    if (n == 1)
        return add_node(m, &node);
    node.prefix = holder_of(&items[0], &items[n - 1]);
    first = count_without(items, n, node.prefix.len);
    node.left = make_nodes(m, items, first);
    node.right = make_nodes(m, items + first, n - first);
    left = &m->tree->nodes[node.left];
    right = &m->tree->nodes[node.right];
    node.gap = weight_subtract(size_of(&node.prefix),
                               weight_add(size_of(&left->prefix), size_of(&right->prefix)));
    node.gap = weight_add(node.gap, weight_add(left->gap, right->gap));
    node.gap_number = weight_number(node.gap);
    node.allowed =
        left->allowed && right->allowed && node.prefix.len > 0 && !holds_forbidden(m, &node.prefix);
    return add_node(m, &node);
}

bool budget_tree_make(struct budget_tree *tree, const struct prefix_set *set,
                      const struct prefix_set *never)
{
    struct prefix_set *forbidden = budget_forbidden(set, never);
    struct budget_node top = {.left = NO_NODE, .right = NO_NODE};
    struct making m = {.tree = tree};
    const struct prefix *items;
    size_t n, n_ipv4;

    items = prefix_set_cover(set, &n, &n_ipv4);
    *tree = (struct budget_tree){.n_leaves = n};
    tree->nodes = forbidden ? calloc(2 * n + 1, sizeof(*tree->nodes)) : NULL;
    if (!tree->nodes) {
        prefix_set_free(forbidden);
        return false;
    }
    m.forbidden = prefix_set_cover(forbidden, &m.n_forbidden, NULL);
    if (n_ipv4 > 0)
        top.left = make_nodes(&m, items, n_ipv4);
    if (n > n_ipv4)
        top.right = make_nodes(&m, items + n_ipv4, n - n_ipv4);
    if (top.left != NO_NODE && top.right != NO_NODE)
        add_node(&m, &top);
    prefix_set_free(forbidden);
    return true;
}

void budget_tree_free(struct budget_tree *tree)
{
    free(tree->nodes);
}
