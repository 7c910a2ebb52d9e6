/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A radix sort from the most significant bit down. Each step distributes a range
 * by the first bits in which its items differ, so leading bits that all share (a
 * campus's own prefix, or the empty half of an IPv4 address) cost nothing, and
 * after the first step the work is done on pieces that fit the cache.
 */
#include "lib/prefix_sort.h"

#include "lib/huge.h"

#include <stdlib.h>
#include <string.h>

/* Below this, insertion sort is faster than counting. */
#define SMALL 24

/* Bits of a step. More make fewer passes, but more targets than the caches can write to. */
#define MAX_BITS 10
#define MIN_BITS 6

static bool is_before(const struct prefix *a, const struct prefix *b)
{
    if (a->family != b->family)
        return a->family < b->family;
    return a->hi != b->hi ? a->hi < b->hi : a->lo < b->lo;
}

/* How many items from the first on are in order. */
static size_t count_sorted(const struct prefix *items, size_t n)
{
    size_t i = 1;

    while (i < n && !is_before(&items[i], &items[i - 1]))
        i++;
    return i < n ? i : n;
}

/* Two sets put together: their `n_first` and other items are each in order. `spare` has room
 * for the first. */
static void merge_runs(struct prefix *items, size_t n_first, size_t n, struct prefix *spare)
{
    size_t first = 0, second = n_first, to = 0;

    memcpy(spare, items, n_first * sizeof *spare);
    while (first < n_first && second < n) {
        if (is_before(&items[second], &spare[first]))
            items[to++] = items[second++];
        else
            items[to++] = spare[first++];
    }
    memcpy(items + to, spare + first, (n_first - first) * sizeof *spare);
}

static void insertion_sort(struct prefix *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct prefix item = items[i];
        size_t at = i;

        for (; at > 0 && is_before(&item, &items[at - 1]); at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* The number of leading bits that all have in common, 0 to 128. */
static unsigned shared_bits(const struct prefix *items, size_t n)
{
    uint64_t hi = 0, lo = 0;

    for (size_t i = 1; i < n; i++) {
        hi |= items[i].hi ^ items[0].hi;
        lo |= items[i].lo ^ items[0].lo;
    }
    if (hi)
        return (unsigned)__builtin_clzll(hi);
    return lo ? 64 + (unsigned)__builtin_clzll(lo) : 128;
}

/* The `bits` bits of an address from bit `first` on; zeros past its end. */
static size_t digit(const struct prefix *item, unsigned first, unsigned bits)
{
    uint64_t upper = item->lo << (first % 64);

    if (first < 64) {
        upper = item->hi << first;
        if (first > 64 - bits)
            upper |= item->lo >> (64 - first);
    }
    return (size_t)(upper >> (64 - bits));
}

/* Puts the items in the order of their digits. Afterwards ends[digit] says where each ends. */
static void distribute(const struct prefix *from, struct prefix *to, size_t n, unsigned first,
                       unsigned bits, size_t *ends)
{
    size_t sum = 0;

    memset(ends, 0, sizeof *ends << bits);
    for (size_t i = 0; i < n; i++)
        ends[digit(&from[i], first, bits)]++;
    for (size_t i = 0; i < (size_t)1 << bits; i++) {
        size_t count = ends[i];

        ends[i] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[ends[digit(&from[i], first, bits)]++] = from[i];
}

static void sort_range(struct prefix *from, struct prefix *to, size_t n, bool back);

static void sort_large(struct prefix *from, struct prefix *to, size_t n, unsigned first, bool back)
{
    size_t ends[1 << MAX_BITS];
    unsigned bits = MIN_BITS;

    while (bits < MAX_BITS && n >> (bits + 2))
        bits++;
    distribute(from, to, n, first, bits, ends);
    for (size_t i = 0, start = 0; i < (size_t)1 << bits; start = ends[i], i++)
        if (ends[i] > start)
            sort_range(to + start, from + start, ends[i] - start, !back);
}

/*
 * Sorts `n` items of one family that stand in `from`. The result stands in `to`, or
 * in `from` again if `back`; the other of the two is left as garbage. Each level
 * takes at least MIN_BITS of the 128, so the depth is bounded.
 */
static void sort_range(struct prefix *from, struct prefix *to, size_t n, bool back)
{
    unsigned first = n > SMALL ? shared_bits(from, n) : 128;

    if (first < 128) {
        sort_large(from, to, n, first, back);
        return;
    }
    if (n <= SMALL)
        insertion_sort(from, n);
    if (!back)
        memcpy(to, from, n * sizeof *to);
}

/* Moves IPv4 to the front; returns how many they are. The order of the rest may change. */
static size_t split_families(struct prefix *items, size_t n)
{
    size_t n_ipv4 = 0;

    for (size_t i = 0; i < n; i++) {
        struct prefix item = items[i];

        if (item.family != PREFIX_IPV4)
            continue;
        items[i] = items[n_ipv4];
        items[n_ipv4++] = item;
    }
    return n_ipv4;
}

bool prefix_sort(struct prefix *items, size_t n)
{
    struct prefix *spare = NULL;
    size_t n_first = count_sorted(items, n);
    size_t n_ipv4;

    if (n_first == n)
        return true;
    if (n <= SMALL) {
        insertion_sort(items, n);
        return true;
    }
    spare = malloc(n * sizeof *spare);
    if (!spare)
        return false;
    if (count_sorted(items + n_first, n - n_first) == n - n_first) {
        merge_runs(items, n_first, n, spare);
        free(spare);
        return true;
    }
    huge_advise(spare, n * sizeof *spare);
    n_ipv4 = split_families(items, n);
    sort_range(items, spare, n_ipv4, true);
    sort_range(items + n_ipv4, spare, n - n_ipv4, true);
    free(spare);
    return true;
}
