/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the parts of a time to the moment that is meant, and what is doubtful about it. */
#include "config.h"

#include "helpdesk/timespec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "helpdesk/timespec_parts.h"
#include "lib/duration.h"
#include "lib/log.h"

#define DAY         86400
#define LONGEST     200 /* bytes of a text */
#define QUOTED      80
#define LAST_SECOND INT64_C(253402214400) /* the beginning of 9999-12-31 */

static void add_note(struct timespec_when *when, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add_note(struct timespec_when *when, const char *format, ...)
{
    size_t n = strlen(when->note);
    va_list arguments;

    if (n > 0 && n + 1 < sizeof(when->note))
        when->note[n++] = ' ';
    va_start(arguments, format);
    vsnprintf(when->note + n, sizeof(when->note) - n, format, arguments);
    va_end(arguments);
}

static bool fail(char error[TIMESPEC_ERROR_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool fail(char error[TIMESPEC_ERROR_SIZE], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, TIMESPEC_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* ── which day ── */

/* The date that is `days` before this one. */
static void step_back(struct zone_time *date, int days)
{
    struct zone_time noon = {.year = date->year, .month = date->month, .day = date->day};
    struct zone_time found = zone_at(&zone_utc, zone_as_utc(&noon) - (int64_t)days * DAY);

    date->year = found.year;
    date->month = found.month;
    date->day = found.day;
    date->weekday = found.weekday;
}

static int64_t begins(const struct timespec_parts *parts, const struct zone_time *wall)
{
    int64_t epochs[2];

    if (!parts->has_clock)
        return zone_day_begins(&parts->zone, wall);
    zone_epochs(&parts->zone, wall, epochs);
    return epochs[0];
}

/* The last such weekday that is not in the future. */
static void find_weekday(const struct timespec_parts *parts, const struct zone_time *today,
                         int64_t now, struct zone_time *wall)
{
    step_back(wall, (today->weekday - parts->weekday + 7) % 7);
    if (begins(parts, wall) > now)
        step_back(wall, 7);
}

/* The last such date that is not in the future; it goes back further for 29 February. */
static void find_year(const struct timespec_parts *parts, const struct zone_time *today,
                      int64_t now, struct zone_time *wall)
{
    for (wall->year = today->year; wall->year > today->year - 9; wall->year--) {
        struct zone_time copy = *wall;

        step_back(&copy, 0);
        if (copy.day == wall->day && begins(parts, wall) <= now)
            return;
    }
}

/* Fills the date of the wall. */
static bool find_day(const struct timespec_parts *parts, const struct timespec_context *context,
                     struct zone_time *wall, struct timespec_when *when,
                     char error[TIMESPEC_ERROR_SIZE])
{
    struct zone_time today = zone_at(&parts->zone, context->now);
    int typed_day = wall->day;

    if (parts->day != TIMESPEC_DATE && parts->day != TIMESPEC_NO_YEAR) {
        wall->year = today.year;
        wall->month = today.month;
        wall->day = today.day;
        typed_day = 0;
    }
    if (parts->day == TIMESPEC_NO_YEAR) {
        find_year(parts, &today, context->now, wall);
        add_note(when, "No year was given: taken is %d.", wall->year);
    } else if (parts->weekday >= 0 && typed_day == 0) {
        find_weekday(parts, &today, context->now, wall);
    }
    step_back(wall, parts->days);
    if (typed_day != 0 && parts->weekday >= 0 && parts->weekday != wall->weekday)
        return fail(error, "%04d-%02d-%02d is not on that day of the week", wall->year, wall->month,
                    wall->day);
    return true;
}

/* ── which moment ── */

/* "2026-10-25 02:30 +0100": how to name the same time of the wall with that offset. */
static char *name_with_offset(const struct zone_time *wall, bool has_seconds, int32_t offset,
                              char text[ZONE_STAMP_SIZE])
{
    char seconds[8] = "";
    char zone[ZONE_OFFSET_SIZE];

    if (has_seconds)
        snprintf(seconds, sizeof(seconds), ":%02d", wall->second % 100);
    snprintf(text, ZONE_STAMP_SIZE, "%04d-%02d-%02d %02d:%02d%s %s", wall->year % 10000,
             wall->month % 100, wall->day % 100, wall->hour % 100, wall->minute % 100, seconds,
             zone_offset_text(offset, zone));
    return text;
}

static const char *zone_name(const struct zone *zone)
{
    return zone->name[0] != '\0' ? zone->name : "the local time zone";
}

static void note_twice(struct timespec_when *when, const struct timespec_parts *parts,
                       const struct zone_time *wall, const int64_t epochs[2])
{
    char first[ZONE_TEXT_SIZE], other[ZONE_STAMP_SIZE];

    zone_text(&parts->zone, epochs[0], first);
    name_with_offset(wall, parts->has_seconds, zone_at(&parts->zone, epochs[1]).offset, other);
    add_note(
        when,
        "Clocks in %s showed %02d:%02d twice that day: taken is the first time, %s. The second "
        "is \"%s\".",
        zone_name(&parts->zone), wall->hour, wall->minute, first, other);
    when->is_doubtful = true;
}

static void note_never(struct timespec_when *when, const struct timespec_parts *parts,
                       const struct zone_time *wall, const int64_t epochs[2])
{
    char taken[ZONE_STAMP_SIZE], other[ZONE_STAMP_SIZE], zone[ZONE_TEXT_SIZE];

    name_with_offset(wall, parts->has_seconds, zone_at(&parts->zone, epochs[0]).offset, other);
    add_note(when,
             "Clocks in %s never showed %02d:%02d that day, they were put forward: taken is %s %s. "
             "By a clock that was put forward too early, it is \"%s\".",
             zone_name(&parts->zone), wall->hour, wall->minute,
             zone_stamp(&parts->zone, epochs[0], taken), zone_text(&parts->zone, epochs[0], zone),
             other);
    when->is_doubtful = true;
}

/* EST in July: most who write it mean EDT. */
static void note_season(struct timespec_when *when, const struct timespec_parts *parts)
{
    struct zone there;
    char meant[ZONE_TEXT_SIZE], typed[ZONE_TEXT_SIZE];

    if (!parts->seasons || !zone_find(&there, parts->seasons) ||
        zone_at(&there, when->epoch).offset == parts->zone.offset)
        return;
    add_note(when, "%s is taken as typed, but %s had %s at that time: was that meant?",
             zone_text(&parts->zone, when->epoch, typed), there.name,
             zone_text(&there, when->epoch, meant));
    when->is_doubtful = true;
}

static void note_future(struct timespec_when *when, int64_t now)
{
    int64_t ahead = when->epoch - now;

    if (ahead <= 0)
        return;
    when->in_future = true;
    if (ahead >= 2 * DAY)
        add_note(when, "That is in the future, in %lld days.", (long long)(ahead / DAY));
    else if (ahead >= DURATION_HOUR)
        add_note(when, "That is in the future, in %lld h %02lld min.",
                 (long long)(ahead / DURATION_HOUR),
                 (long long)(ahead % DURATION_HOUR / DURATION_MINUTE));
    else
        add_note(when, "That is in the future, in %lld min.",
                 (long long)((ahead + DURATION_MINUTE - 1) / DURATION_MINUTE));
}

/* The day as a whole. */
static void take_day(const struct timespec_parts *parts, const struct zone_time *wall,
                     struct timespec_when *when)
{
    struct zone_time next = *wall;

    step_back(&next, -1);
    when->epoch = zone_day_begins(&parts->zone, wall);
    when->last = zone_day_begins(&parts->zone, &next) - 1;
    if (when->last < when->epoch) { /* Samoa had no 30 December 2011 */
        when->last = when->epoch;
        when->is_doubtful = true;
        add_note(when, "There was no such day in %s.", zone_name(&parts->zone));
    }
}

static void take_clock(const struct timespec_parts *parts, const struct zone_time *wall,
                       struct timespec_when *when)
{
    int64_t epochs[2];
    int times = zone_epochs(&parts->zone, wall, epochs);

    when->epoch = epochs[0];
    when->last = when->epoch + (parts->has_seconds ? 0 : DURATION_MINUTE - 1);
    if (times == 2)
        note_twice(when, parts, wall, epochs);
    else if (times == 0)
        note_never(when, parts, wall, epochs);
}

static bool take(const struct timespec_parts *parts, const struct timespec_context *context,
                 struct timespec_when *when, char error[TIMESPEC_ERROR_SIZE])
{
    struct zone_time wall = parts->wall;

    if (parts->has_base) {
        when->epoch = parts->base == TIMESPEC_AGO ? context->now - parts->seconds : parts->seconds;
        when->last = when->epoch;
    } else if (!find_day(parts, context, &wall, when, error)) {
        return false;
    } else if (parts->has_clock) {
        take_clock(parts, &wall, when);
    } else {
        take_day(parts, &wall, when);
    }
    if (when->epoch > LAST_SECOND)
        return fail(error, "that is after the year 9999");
    if (when->epoch < -2 * DAY)
        return fail(error, "that is before 1970");
    return true;
}

bool timespec_read(const char *text, const struct timespec_context *context,
                   struct timespec_when *when, char error[TIMESPEC_ERROR_SIZE])
{
    struct timespec_parts parts;
    char why[TIMESPEC_ERROR_SIZE] = "";
    bool ok = false;

    *when = (struct timespec_when){0};
    if (strnlen(text, LONGEST + 1) > LONGEST)
        fail(why, "it is too long");
    else if (timespec_read_parts(text, context, &parts, why))
        ok = take(&parts, context, when, why);
    if (ok) {
        when->zone = parts.zone;
        if (!parts.has_base)
            note_season(when, &parts);
        note_future(when, context->now);
        log_make_printable(when->note);
    } else {
        fail(error, "\"%.*s\": %s", QUOTED, text, why);
        log_make_printable(error);
    }
    return ok;
}
