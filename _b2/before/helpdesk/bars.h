/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drawings of numbers in characters: bars to compare at a glance, and traffic over time.
 * Blocks of an eighth where the terminal has them, else ASCII. Whatever is more than
 * nothing is seen, and what is not known is not drawn as nothing. Pure.
 */
#ifndef BYWAY_HELPDESK_BARS_H
#define BYWAY_HELPDESK_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helpdesk/zone.h"

#define BARS_UNKNOWN (-1)

/* True if the locale can show blocks. */
bool bars_has_blocks(void);

/*
 * A bar for `value` where one for `most` takes `width` columns (at most BARS_MAX_WIDTH); ""
 * for nothing, and for BARS_UNKNOWN. Returns `text`.
 */
#define BARS_MAX_WIDTH 100
#define BARS_SIZE      (3 * BARS_MAX_WIDTH + 1)
char *bars_bar(int64_t value, int64_t most, size_t width, bool blocks, char text[BARS_SIZE]);

/* How a drawing of traffic is laid out. */
struct bars_layout {
    size_t width;  /* of the terminal, in columns */
    size_t height; /* of the drawing, in lines, without what stands below it */
    bool blocks;
    struct zone zone;
};

/* Traffic in equal steps of time: bytes of each, or BARS_UNKNOWN. */
struct bars_series {
    int64_t start;  /* of the first step: epoch seconds */
    int64_t step_s; /* its length */
    const int64_t *bytes;
    size_t n;
};

/*
 * Traffic as rates over time: lines that end with a newline, malloc'd, NULL when memory is
 * out. Steps that share a column are averaged; '?' marks those that are not known. Its own
 * largest rate is at the top.
 */
char *bars_over_time(const struct bars_series *series, const struct bars_layout *layout);

#endif
