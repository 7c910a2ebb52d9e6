/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mgmtd/counts.h"

static int64_t bucket_of(int64_t at, int64_t bucket_s)
{
    int64_t into = at % bucket_s;

    return at - (into < 0 ? into + bucket_s : into);
}

/* Of two numbers that are not negative; what is too great becomes the greatest. */
static int64_t sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t known_or(int64_t value, int64_t otherwise)
{
    return value == COUNTS_NONE ? otherwise : value;
}

void counts_begin(struct counts *counts, int64_t started, int64_t bucket_s)
{
    *counts = (struct counts){
        .from = COUNTS_NONE,
        .to = COUNTS_NONE,
        .at = COUNTS_NONE,
        .bucket = bucket_of(started, bucket_s),
        .base_at = started,
    };
    for (int i = 0; i < COUNTS_SOURCES; i++)
        counts->sources[i].raw_from = counts->sources[i].raw_to = COUNTS_NONE;
}

void counts_move(struct counts *counts, int64_t at, int64_t bucket_s)
{
    counts->bucket = bucket_of(at, bucket_s);
}

/* Ends the bucket under way; the next is that of `at`. */
static void roll(struct counts *counts, int64_t at, int64_t bucket_s, struct counts_delta *delta)
{
    int64_t from = known_or(counts->from, counts->base_from);
    int64_t to = known_or(counts->to, counts->base_to);

    *delta = (struct counts_delta){
        .any = from > counts->base_from || to > counts->base_to,
        .bucket = counts->bucket,
        .from = from - counts->base_from,
        .to = to - counts->base_to,
        .since = counts->base_at < counts->bucket - bucket_s ? counts->base_at : COUNTS_NONE,
    };
    counts->base_from = from;
    counts->base_to = to;
    counts->base_at = known_or(counts->at, counts->base_at);
    counts->bucket = bucket_of(at, bucket_s);
}

static bool fell(const struct counts_epoch *epoch, int64_t from, int64_t to)
{
    return epoch->raw_from != COUNTS_NONE && (from < epoch->raw_from || to < epoch->raw_to);
}

void counts_report(struct counts *counts, enum counts_source source, int64_t from, int64_t to,
                   int64_t at, int64_t bucket_s, struct counts_delta *delta)
{
    struct counts_epoch *epoch = &counts->sources[source];

    *delta = (struct counts_delta){0};
    if (from < 0 || to < 0)
        return;
    if (fell(epoch, from, to)) {
        epoch->from = sum(epoch->from, epoch->raw_from);
        epoch->to = sum(epoch->to, epoch->raw_to);
    }
    epoch->raw_from = from;
    epoch->raw_to = to;
    if (bucket_of(at, bucket_s) != counts->bucket)
        roll(counts, at, bucket_s, delta);
    counts->from = max(counts->from, sum(epoch->from, from));
    counts->to = max(counts->to, sum(epoch->to, to));
    counts->at = at;
}

void counts_finish(struct counts *counts, int64_t from, int64_t to, int64_t at, int64_t bucket_s,
                   struct counts_delta deltas[2])
{
    deltas[0] = deltas[1] = (struct counts_delta){0};
    if (from >= 0 || to >= 0) {
        if (bucket_of(at, bucket_s) != counts->bucket)
            roll(counts, at, bucket_s, &deltas[0]);
        counts->from = max(counts->from, from < 0 ? COUNTS_NONE : from);
        counts->to = max(counts->to, to < 0 ? COUNTS_NONE : to);
        counts->at = at;
    }
    roll(counts, at, bucket_s, &deltas[1]);
}
