/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within timespec: the parts of a time as they were typed, before anything is made of them. */
#ifndef BYWAY_HELPDESK_TIMESPEC_PARTS_H
#define BYWAY_HELPDESK_TIMESPEC_PARTS_H

#include "helpdesk/timespec.h"

enum timespec_base {
    TIMESPEC_WALL,  /* a date, a time of day, or both */
    TIMESPEC_EPOCH, /* @1763643900 */
    TIMESPEC_AGO,   /* -2h, now */
};

enum timespec_day {
    TIMESPEC_NO_DAY,  /* today is meant */
    TIMESPEC_DATE,    /* wall.year, month, day */
    TIMESPEC_NO_YEAR, /* wall.month, day */
    TIMESPEC_DAYS,    /* `days` before today */
};

struct timespec_parts {
    enum timespec_base base;
    int64_t seconds; /* of the epoch, or ago */
    enum timespec_day day;
    int days;
    int weekday; /* 0: Sunday; -1: none */
    bool has_base, has_clock, has_seconds, has_zone;
    struct zone_time wall;
    struct zone zone;
    const char *seasons; /* a zone where the typed abbreviation holds for a part of the year */
};

/* True if all of `text` was understood; else `error` is a sentence. Dates are of the calendar. */
bool timespec_read_parts(const char *text, const struct timespec_context *context,
                         struct timespec_parts *parts, char error[TIMESPEC_ERROR_SIZE]);

/* Reads the zone that `text` begins with: its length, or 0. */
size_t timespec_read_zone(const char *text, const struct timespec_context *context,
                          struct timespec_parts *parts);

/* The length of a sum like 1h30m or "2 hours" at the beginning of `text`, 0 if there is none. */
size_t timespec_scan_duration(const char *text, int64_t *seconds);

/* Blanks and commas. */
size_t timespec_blanks(const char *text);

/* The letters that `text` begins with, and whether they are `word`, or its first `least` or more.
 */
size_t timespec_letters(const char *text);
bool timespec_is_word(const char *text, size_t n, const char *word, size_t least);

#endif
