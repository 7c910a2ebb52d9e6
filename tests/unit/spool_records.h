/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spool records for tests: random ones with hostile values, and whether two are the same. */
#ifndef BYWAY_TESTS_SPOOL_RECORDS_H
#define BYWAY_TESTS_SPOOL_RECORDS_H

#include "lib/spool.h"

#define SPOOL_TEXTS 18 /* string members of a record */

/* What a random record's strings point into. */
struct spool_texts {
    char text[SPOOL_TEXTS][400];
};

/* A record of that kind; each of its fields is there or not, by rand(). */
struct spool_record spool_random(enum spool_kind kind, struct spool_texts *texts);

/* The same with every field there, each string `n` times the byte `c`, numbers at their longest. */
struct spool_record spool_filled(enum spool_kind kind, struct spool_texts *texts, char c, size_t n);

/* The name of a field of `a` that `b` does not have like this, NULL if there is none. A
 * string of `a` may have been cut to what the field takes. */
const char *spool_difference(const struct spool_record *a, const struct spool_record *b);

#endif
