/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths of time as people write them into config files: 10s, 5m, 6h, 90d, 1y. */
#ifndef BYWAY_LIB_DURATION_H
#define BYWAY_LIB_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_MINUTE 60
#define DURATION_HOUR   (60 * DURATION_MINUTE)
#define DURATION_DAY    (24 * DURATION_HOUR)
#define DURATION_YEAR   (365 * DURATION_DAY)

/*
 * A number of 1 to 8 digits and one of s, m, h, d and y (365 days), nothing else, in
 * seconds. False, and `seconds` as it was, for any other text.
 */
bool duration_parse(const char *text, int64_t *seconds);

/* "90d": in the largest unit that leaves no rest. Not for negative ones. Returns `text`. */
#define DURATION_SIZE 24
char *duration_format(int64_t seconds, char text[DURATION_SIZE]);

#endif
