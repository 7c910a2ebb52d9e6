/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time zones: what a clock on the wall shows at a moment, and when it showed something,
 * which may have been never, or twice. The rules come from the system's zone files by way
 * of the C library, which knows one zone at a time: a named one is put into TZ for the
 * length of a call, so this is for programs without threads.
 */
#ifndef BYWAY_HELPDESK_ZONE_H
#define BYWAY_HELPDESK_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZONE_NAME_SIZE 64

enum zone_kind {
    ZONE_FIXED, /* always `offset` */
    ZONE_LOCAL, /* of this process */
    ZONE_NAMED, /* one of the system's: Europe/Berlin */
};

struct zone {
    enum zone_kind kind;
    int32_t offset;            /* seconds east of Greenwich, of a fixed one */
    char name[ZONE_NAME_SIZE]; /* "Europe/Berlin", "UTC", "+0100"; "" for a local one without */
};

/* What a wall shows. */
struct zone_time {
    int year, month, day; /* months and days from 1 */
    int hour, minute, second;
    int weekday; /* 0: Sunday; ignored by zone_epochs() */
    int32_t offset;
    char abbreviation[ZONE_NAME_SIZE]; /* "CET"; "+0100" where there is no such word */
};

extern const struct zone zone_utc;

struct zone zone_local(void);

/* `name` NULL: "+0100". */
struct zone zone_fixed(int32_t offset, const char *name);

/* False if the system has no such zone. Case does not matter. */
bool zone_find(struct zone *zone, const char *name);

struct zone_time zone_at(const struct zone *zone, int64_t epoch);

/* Date and time as if it were UTC. */
int64_t zone_as_utc(const struct zone_time *wall);

/*
 * When a wall showed this date and time (its offset does not matter). 1: at epochs[0]. 2: at
 * both, the first first. 0: never, as clocks were put forward over it; then epochs[0] is when
 * a clock that was not put forward yet would have shown it, epochs[1] one that was already.
 */
int zone_epochs(const struct zone *zone, const struct zone_time *wall, int64_t epochs[2]);

/* The first second of a date (its time does not matter). */
int64_t zone_day_begins(const struct zone *zone, const struct zone_time *date);

/* "+0100" for 3600. Returns `text`. */
#define ZONE_OFFSET_SIZE 16
char *zone_offset_text(int32_t offset, char text[ZONE_OFFSET_SIZE]);

/* "CET (+0100)", "UTC", "+0100": the zone as it is at that moment. Returns `text`. */
#define ZONE_TEXT_SIZE (ZONE_NAME_SIZE + ZONE_OFFSET_SIZE + 4)
char *zone_text(const struct zone *zone, int64_t epoch, char text[ZONE_TEXT_SIZE]);

/* "2026-11-20 13:05:07", and "2026-11-20T13:05:07+01:00" ("…Z" for UTC). Return `text`. */
#define ZONE_STAMP_SIZE 64
char *zone_stamp(const struct zone *zone, int64_t epoch, char text[ZONE_STAMP_SIZE]);
char *zone_iso(const struct zone *zone, int64_t epoch, char text[ZONE_STAMP_SIZE]);

#endif
