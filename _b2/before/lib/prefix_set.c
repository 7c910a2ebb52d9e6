/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of addresses as sorted arrays of prefixes. Two prefixes are either apart or
 * one is in the other, and that is all the arithmetic needed: there is nothing here
 * that knows how long an address is, so both families share every line.
 */
#include "lib/prefix_set.h"

#include "lib/huge.h"
#include "lib/prefix_sort.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct prefix_set {
    struct prefix *items;
    size_t n;
    size_t room;
    bool minimal; /* the items are the minimal cover, in order */
};

struct prefix_set *prefix_set_new(void)
{
    struct prefix_set *set = calloc(1, sizeof *set);

    if (set)
        set->minimal = true;
    return set;
}

void prefix_set_free(struct prefix_set *set)
{
    if (set)
        free(set->items);
    free(set);
}

void prefix_set_clear(struct prefix_set *set)
{
    set->n = 0;
    set->minimal = true;
}

static bool reserve(struct prefix_set *set, size_t more)
{
    size_t room = set->room ? set->room : 8;
    struct prefix *items;

    if (more > SIZE_MAX / 2 / sizeof *items - set->n)
        return false;
    while (room < set->n + more)
        room *= 2;
    if (room == set->room)
        return true;
    items = realloc(set->items, room * sizeof *items);
    if (!items)
        return false;
    huge_advise(items, room * sizeof *items);
    set->items = items;
    set->room = room;
    return true;
}

bool prefix_set_add(struct prefix_set *set, const struct prefix *prefix)
{
    if (set->n == set->room && !reserve(set, 1))
        return false;
    set->minimal = set->n == 0;
    set->items[set->n++] = *prefix;
    return true;
}

bool prefix_set_add_set(struct prefix_set *set, const struct prefix_set *other)
{
    if (other->n == 0 || other == set)
        return true;
    if (!reserve(set, other->n))
        return false;
    set->minimal = set->n == 0 && other->minimal;
    memcpy(set->items + set->n, other->items, other->n * sizeof *set->items);
    set->n += other->n;
    return true;
}

/* The prefix that is twice as long, of which this one is a half. */
static struct prefix parent_of(const struct prefix *prefix)
{
    struct prefix parent = *prefix;

    parent.len--;
    if (parent.len < 64)
        parent.hi &= ~(UINT64_C(1) << (63 - parent.len));
    else
        parent.lo &= ~(UINT64_C(1) << (127 - parent.len));
    return parent;
}

static struct prefix second_half_of(const struct prefix *prefix)
{
    struct prefix half = *prefix;

    if (half.len < 64)
        half.hi |= UINT64_C(1) << (63 - half.len);
    else
        half.lo |= UINT64_C(1) << (127 - half.len);
    half.len++;
    return half;
}

/* Are these, which are apart and in order, the two halves of one prefix? */
static bool are_halves(const struct prefix *a, const struct prefix *b)
{
    struct prefix parent;

    if (a->len != b->len || a->len == 0 || a->family != b->family)
        return false;
    parent = parent_of(b);
    return parent.hi == a->hi && parent.lo == a->lo;
}

/*
 * Makes the minimal cover of sorted items, in place. items[0..kept) always is the
 * minimal cover of what was read: a prefix in one that is kept adds nothing, and
 * two halves become their parent, which may be a half again.
 */
static size_t merge(struct prefix *items, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && prefix_contains(&items[kept - 1], &items[i]))
            continue;
        if (kept > 0 && prefix_contains(&items[i], &items[kept - 1]))
            kept--; /* prefixes of one address come in any order */
        items[kept++] = items[i];
        for (; kept >= 2 && are_halves(&items[kept - 2], &items[kept - 1]); kept--)
            items[kept - 2] = parent_of(&items[kept - 2]);
    }
    return kept;
}

bool prefix_set_minimise(struct prefix_set *set)
{
    if (set->minimal)
        return true;
    if (!prefix_sort(set->items, set->n))
        return false;
    set->n = merge(set->items, set->n);
    set->minimal = true;
    return true;
}

/*
 * Adds to `out` what is left of `whole`. *what is the first to remove that does not
 * lie before it, and is moved past all that do. The result needs no merging: if two
 * halves were left here, their whole would have been left, or was no part before.
 */
static bool carve(struct prefix_set *out, struct prefix whole, const struct prefix **what,
                  const struct prefix *end)
{
    struct prefix half;

    if (*what == end || !prefix_contains(&whole, *what))
        return prefix_set_add(out, &whole);
    if ((*what)->len == whole.len) {
        ++*what;
        return true;
    }
    half = second_half_of(&whole);
    whole.len++;
    return carve(out, whole, what, end) && carve(out, half, what, end);
}

bool prefix_set_subtract(struct prefix_set *set, struct prefix_set *what)
{
    struct prefix_set out = {0};
    const struct prefix *next, *end;

    if (!prefix_set_minimise(set) || !prefix_set_minimise(what))
        return false;
    if (set->n == 0 || what->n == 0)
        return true;
    next = what->items;
    end = next + what->n;
    for (size_t i = 0; i < set->n; i++) {
        while (next < end && prefix_compare(next, &set->items[i]) < 0 &&
               !prefix_contains(next, &set->items[i]))
            next++;
        if (next < end && prefix_contains(next, &set->items[i]))
            continue;
        if (!carve(&out, set->items[i], &next, end)) {
            free(out.items);
            return false;
        }
    }
    free(set->items);
    *set = out;
    set->minimal = true;
    return true;
}

/* How many items come before or at `prefix`, in a minimal set. */
static size_t count_up_to(const struct prefix_set *set, const struct prefix *prefix)
{
    size_t low = 0, high = set->n;

    assert(set->minimal);
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (prefix_compare(&set->items[middle], prefix) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct prefix *prefix_set_cover(const struct prefix_set *set, size_t *count,
                                      size_t *count_ipv4)
{
    static const struct prefix last_ipv4 = {UINT64_MAX, UINT64_MAX, 32, PREFIX_IPV4};

    assert(set->minimal);
    *count = set->n;
    if (count_ipv4)
        *count_ipv4 = count_up_to(set, &last_ipv4);
    return set->n ? set->items : NULL;
}

bool prefix_set_contains(const struct prefix_set *set, const struct prefix *prefix)
{
    size_t n = count_up_to(set, prefix);

    return n > 0 && prefix_contains(&set->items[n - 1], prefix);
}

bool prefix_set_is_everything(const struct prefix_set *set, enum prefix_family family)
{
    struct prefix all = {.family = (uint8_t)family};

    return prefix_set_contains(set, &all);
}

bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b)
{
    assert(a->minimal && b->minimal);
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (prefix_compare(&a->items[i], &b->items[i]) != 0)
            return false;
    return true;
}
