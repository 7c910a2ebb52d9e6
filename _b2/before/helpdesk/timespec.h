/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times as people type them, and as they stand in complaints, logs and mail:
 *
 *   2026-11-20T13:05:07Z    2026-11-20 13:05 +01:00    2026-11-20    20.11.2026 13:05
 *   20 Nov 2026 13:05       Fri, 20 Nov 2026 13:05:07 +0100 (CET)    20/Nov/2026:13:05:07 +0100
 *   13:05    1:05 pm    yesterday 14:00    today    monday 9:00    now
 *   -2h    2 hours ago    30d    1h30m ago    @1763643900
 *
 * each with a zone behind it or without: Z, UTC, +0200, UTC+2, CEST, EDT, Europe/Berlin.
 * Pure but for the system's zone files: the present and the zone come from the caller.
 */
#ifndef BYWAY_HELPDESK_TIMESPEC_H
#define BYWAY_HELPDESK_TIMESPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "helpdesk/zone.h"

/* What a text without a date or a zone is read against. */
struct timespec_context {
    int64_t now;
    const struct zone *zone;
};

#define TIMESPEC_NOTE_SIZE  500
#define TIMESPEC_ERROR_SIZE 300

struct timespec_when {
    int64_t epoch;    /* the first second that the text names */
    int64_t last;     /* the last: 13:05 is a minute, 2026-11-20 a day, 13:05:07 a second */
    struct zone zone; /* the one typed, or the caller's */
    bool in_future;   /* the first second is */
    bool is_doubtful; /* another moment may have been meant: the note says how to name it */
    char note[TIMESPEC_NOTE_SIZE]; /* what the person should know, in sentences; "" for nothing */
};

/*
 * False if `text` is no time; `error` then says what is wrong with it. Both strings are
 * printable whatever was typed.
 */
bool timespec_read(const char *text, const struct timespec_context *context,
                   struct timespec_when *when, char error[TIMESPEC_ERROR_SIZE]);

/* Lengths of time: 2m, 90s, 1h30m, "2 hours", "1 day 12h". False for any other text. */
bool timespec_read_duration(const char *text, int64_t *seconds);

#endif
