/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table of open addressing, at most half full. */
#include "helpdesk/tally.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

int64_t tally_plus(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* Where the key is, or would be. */
static size_t *place_of(const struct tally *tally, int64_t key)
{
    size_t mask = tally->n_index - 1;
    size_t at = (size_t)((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;

    while (tally->index[at] != 0 && tally->sums[tally->index[at] - 1].key != key)
        at = (at + 1) & mask;
    return &tally->index[at];
}

static bool grow(struct tally *tally)
{
    size_t room = tally->room > 0 ? tally->room * 2 : FIRST_ROOM;
    struct tally_sum *sums = reallocarray(tally->sums, room, sizeof(*sums));
    size_t *index = NULL;

    if (!sums)
        return false;
    tally->sums = sums;
    index = calloc(room * 2, sizeof(*index));
    if (!index)
        return false;
    free(tally->index);
    tally->index = index;
    tally->n_index = room * 2;
    tally->room = room;
    for (size_t i = 0; i < tally->n; i++)
        *place_of(tally, sums[i].key) = i + 1;
    return true;
}

bool tally_add(struct tally *tally, int64_t key, int64_t upload, int64_t download)
{
    size_t *place = NULL;
    struct tally_sum *sum = NULL;

    if (tally->n == tally->room && !grow(tally))
        return false;
    place = place_of(tally, key);
    if (*place == 0) {
        tally->sums[tally->n++] = (struct tally_sum){.key = key};
        *place = tally->n;
    }
    sum = &tally->sums[*place - 1];
    sum->upload = tally_plus(sum->upload, upload > 0 ? upload : 0);
    sum->download = tally_plus(sum->download, download > 0 ? download : 0);
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct tally_sum *x = a, *y = b;

    if (x->upload != y->upload)
        return x->upload < y->upload ? 1 : -1;
    if (x->download != y->download)
        return x->download < y->download ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

void tally_sort(struct tally *tally)
{
    if (tally->n > 0)
        qsort(tally->sums, tally->n, sizeof(*tally->sums), compare);
}

static int compare_keys(const void *a, const void *b)
{
    const struct tally_sum *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

void tally_sort_by_key(struct tally *tally)
{
    if (tally->n > 0)
        qsort(tally->sums, tally->n, sizeof(*tally->sums), compare_keys);
}

static bool is_nothing(const struct tally_sum *sum)
{
    return sum->upload == 0 && sum->download == 0;
}

void tally_trim(struct tally *tally)
{
    size_t first = 0;

    while (tally->n > 0 && is_nothing(&tally->sums[tally->n - 1]))
        tally->n--;
    while (first < tally->n && is_nothing(&tally->sums[first]))
        first++;
    tally->n -= first;
    if (first > 0 && tally->n > 0)
        memmove(tally->sums, tally->sums + first, tally->n * sizeof(*tally->sums));
}

void tally_free(struct tally *tally)
{
    free(tally->sums);
    free(tally->index);
    *tally = (struct tally){0};
}
