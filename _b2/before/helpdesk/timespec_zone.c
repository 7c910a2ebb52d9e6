/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones as they are typed behind a time. */
#include "config.h"

#include "helpdesk/timespec_parts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HOUR      3600
#define HALF_YEAR (182 * 86400)

/*
 * Abbreviations that mean one offset to nearly everybody: RFC 5322, section 4.3, and those
 * of Europe. The local zone's own come before them. `seasons` has both halves of the year.
 */
static const struct {
    const char *name;
    int32_t offset;
    const char *seasons;
} abbreviations[] = {
    {"Z", 0, NULL},
    {"UTC", 0, NULL},
    {"UT", 0, NULL},
    {"GMT", 0, NULL},
    {"WET", 0, "Europe/Lisbon"},
    {"WEST", 1 * HOUR, "Europe/Lisbon"},
    {"CET", 1 * HOUR, "Europe/Berlin"},
    {"CEST", 2 * HOUR, "Europe/Berlin"},
    {"MET", 1 * HOUR, "Europe/Berlin"},
    {"MEST", 2 * HOUR, "Europe/Berlin"},
    {"MEZ", 1 * HOUR, "Europe/Berlin"},
    {"MESZ", 2 * HOUR, "Europe/Berlin"},
    {"EET", 2 * HOUR, "Europe/Helsinki"},
    {"EEST", 3 * HOUR, "Europe/Helsinki"},
    {"EST", -5 * HOUR, "America/New_York"},
    {"EDT", -4 * HOUR, "America/New_York"},
    {"CST", -6 * HOUR, "America/Chicago"},
    {"CDT", -5 * HOUR, "America/Chicago"},
    {"MST", -7 * HOUR, "America/Denver"},
    {"MDT", -6 * HOUR, "America/Denver"},
    {"PST", -8 * HOUR, "America/Los_Angeles"},
    {"PDT", -7 * HOUR, "America/Los_Angeles"},
};

#define N_ABBREVIATIONS (sizeof(abbreviations) / sizeof(abbreviations[0]))

/* "+01:00", "+0100", "+01", "+1": the length, or 0. */
static size_t read_offset(const char *text, int32_t *offset)
{
    size_t digits = text[0] == '+' || text[0] == '-' ? strspn(text + 1, "0123456789") : 0;
    int hours = 0, minutes = 0;
    int n = 0;

    if (digits == 1 || digits == 2) {
        sscanf(text + 1, "%2d%n", &hours, &n);
        if (text[1 + n] == ':' && strspn(text + 2 + n, "0123456789") == 2) {
            sscanf(text + 2 + n, "%2d", &minutes);
            n += 3;
        }
    } else if (digits == 4) {
        sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &n);
    }
    if (n == 0 || hours > 15 || minutes > 59)
        return 0;
    *offset = (text[0] == '-' ? -1 : 1) * (hours * HOUR + minutes * 60);
    return 1 + (size_t)n;
}

/* An abbreviation that the caller's zone has in some part of the year. */
static bool is_of_zone(const struct timespec_context *context, const char *name,
                       struct timespec_parts *parts)
{
    if (context->zone->kind == ZONE_FIXED)
        return false;
    for (int64_t at = context->now; at >= context->now - HALF_YEAR; at -= HALF_YEAR / 2) {
        struct zone_time wall = zone_at(context->zone, at);

        if (strcasecmp(wall.abbreviation, name) != 0)
            continue;
        parts->zone = zone_fixed(wall.offset, wall.abbreviation);
        parts->seasons = context->zone->name[0] != '\0' ? context->zone->name : NULL;
        return true;
    }
    return false;
}

static bool is_well_known(const char *name, struct timespec_parts *parts)
{
    for (size_t i = 0; i < N_ABBREVIATIONS; i++) {
        if (strcasecmp(abbreviations[i].name, name) != 0)
            continue;
        parts->zone = abbreviations[i].offset == 0 && !abbreviations[i].seasons
                          ? zone_utc
                          : zone_fixed(abbreviations[i].offset, abbreviations[i].name);
        parts->seasons = abbreviations[i].seasons;
        return true;
    }
    return false;
}

/* "UTC+2": two hours ahead, as people mean it. */
static size_t read_utc_offset(const char *text, struct timespec_parts *parts)
{
    int32_t offset = 0;
    size_t n = 0;

    if (strncasecmp(text, "utc", 3) == 0 || strncasecmp(text, "gmt", 3) == 0)
        n = read_offset(text + 3, &offset);
    if (n > 0)
        parts->zone = zone_fixed(offset, NULL);
    return n > 0 ? 3 + n : 0;
}

size_t timespec_read_zone(const char *text, const struct timespec_context *context,
                          struct timespec_parts *parts)
{
    char name[ZONE_NAME_SIZE];
    int32_t offset = 0;
    size_t n = read_offset(text, &offset);

    if (n > 0) {
        parts->zone = zone_fixed(offset, NULL);
        return n;
    }
    n = read_utc_offset(text, parts);
    if (n > 0)
        return n;
    n = strcspn(text, " \t,()");
    if (n == 0 || n >= sizeof(name))
        return 0;
    memcpy(name, text, n);
    name[n] = '\0';
    return is_of_zone(context, name, parts) || is_well_known(name, parts) ||
                   zone_find(&parts->zone, name)
               ? n
               : 0;
}
