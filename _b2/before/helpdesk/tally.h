/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes added up under numbers: found by hashing, kept in the order of their first use. */
#ifndef BYWAY_HELPDESK_TALLY_H
#define BYWAY_HELPDESK_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_sum {
    int64_t key;
    int64_t upload, download;
};

struct tally {
    struct tally_sum *sums;
    size_t n, room;
    size_t *index; /* positions in `sums` plus one; 0: empty */
    size_t n_index;
};

/* A tally begins zeroed. False when memory is out. Less than nothing counts as nothing. */
bool tally_add(struct tally *tally, int64_t key, int64_t upload, int64_t download);

/* The largest upload first, or the smallest key. It can be read then, and added to no more. */
void tally_sort(struct tally *tally);
void tally_sort_by_key(struct tally *tally);

/* Takes sums of nothing off both ends. */
void tally_trim(struct tally *tally);

void tally_free(struct tally *tally);

/* Of two numbers that are not negative, or INT64_MAX. */
int64_t tally_plus(int64_t a, int64_t b);

#endif
