/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of one session: from OpenVPN's counters, which come from two sources and may
 * fall, to totals that only grow and to what went through in each bucket of time. Pure.
 *
 * The two sources are told apart because OpenVPN 2.6 leaves out of >BYTECOUNT_CLI what the
 * kernel carried (DCO), and shows it in `status 3`: taken for one counter it would fall
 * and rise with every report. The greater total counts. Where one source's counter falls,
 * a new epoch begins and what it had reached stays in the total.
 */
#ifndef BYWAY_MGMTD_COUNTS_H
#define BYWAY_MGMTD_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#define COUNTS_NONE INT64_MIN

enum counts_source { COUNTS_BYTECOUNT, COUNTS_STATUS, COUNTS_SOURCES };

struct counts {
    int64_t from, to; /* totals, COUNTS_NONE: not known */
    int64_t at;       /* when they were true, COUNTS_NONE: never */
    int64_t bucket;   /* the one under way, and the totals at its beginning */
    int64_t base_from, base_to;
    int64_t base_at; /* when the base was true */
    struct counts_epoch {
        int64_t raw_from, raw_to; /* the counter, COUNTS_NONE: not seen yet */
        int64_t from, to;         /* what the counters before it had reached */
    } sources[COUNTS_SOURCES];
};

/* What went through in one bucket. */
struct counts_delta {
    bool any;
    int64_t bucket, from, to;
    int64_t since; /* COUNTS_NONE, or from when on where nobody counted for longer than a bucket */
};

/* Of a session that began at `started`, when its counters were 0. */
void counts_begin(struct counts *counts, int64_t started, int64_t bucket_s);

/* Takes a report that was true at `at`; *delta gets the bucket that it ended, if any. */
void counts_report(struct counts *counts, enum counts_source source, int64_t from, int64_t to,
                   int64_t at, int64_t bucket_s, struct counts_delta *delta);

/* The clock was set: the bucket under way is that of `at`. */
void counts_move(struct counts *counts, int64_t at, int64_t bucket_s);

/*
 * The session's end with OpenVPN's final counters (COUNTS_NONE: not told). They are the
 * last word, except that the total does not fall: OpenVPN 2.6 forgets what the kernel
 * carried where the kernel dropped the client. deltas[0] and [1] get the last buckets.
 */
void counts_finish(struct counts *counts, int64_t from, int64_t to, int64_t at, int64_t bucket_s,
                   struct counts_delta deltas[2]);

#endif
