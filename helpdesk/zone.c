/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's time zones, one question at a time. */
#include "config.h"

#include "helpdesk/zone.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define ZONE_FILES "/usr/share/zoneinfo"
#define DAY        86400

const struct zone zone_utc = {.kind = ZONE_FIXED, .name = "UTC"};

static const char *zone_files(void)
{
    const char *folder = getenv("TZDIR"); /* the C library asks, too */

    return folder && folder[0] == '/' ? folder : ZONE_FILES;
}

/* ── the local zone ── */

/* What stands behind "zoneinfo/" in a path; "" if nothing does. */
static const char *name_in_path(const char *path)
{
    const char *found = strstr(path, "/zoneinfo/");

    return found ? found + strlen("/zoneinfo/") : "";
}

struct zone zone_local(void)
{
    struct zone zone = {.kind = ZONE_LOCAL};
    const char *set = getenv("TZ");
    char target[256] = "";

    tzset();
    if (set) {
        set += set[0] == ':';
        if (set[0] == '\0')
            return zone_utc;
        snprintf(zone.name, sizeof(zone.name), "%s", set[0] == '/' ? name_in_path(set) : set);
    } else if (readlink("/etc/localtime", target, sizeof(target) - 1) > 0) {
        snprintf(zone.name, sizeof(zone.name), "%s", name_in_path(target));
    }
    return zone;
}

struct zone zone_fixed(int32_t offset, const char *name)
{
    struct zone zone = {.kind = ZONE_FIXED, .offset = offset};
    char text[ZONE_OFFSET_SIZE];

    snprintf(zone.name, sizeof(zone.name), "%s", name ? name : zone_offset_text(offset, text));
    return zone;
}

/* ── zones by name ── */

/* Such names lead out of the folder of zones, or count leap seconds. */
static bool is_zone_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");

    return n > 0 && n < ZONE_NAME_SIZE && name[n] == '\0' && name[0] != '/' &&
           strncasecmp(name, "right/", 6) != 0;
}

/* Gives the file name in `folder` that `word` names without regard to case. */
static bool match_case(const char *folder, char *word)
{
    DIR *names = opendir(folder);
    struct dirent *entry = NULL;
    bool found = false;

    while (names && !found && (entry = readdir(names)) != NULL) {
        found = strcasecmp(entry->d_name, word) == 0;
        if (found)
            memcpy(word, entry->d_name, strlen(word));
    }
    if (names)
        closedir(names);
    return found;
}

/* Word for word along the path. */
static bool correct_case(char *name)
{
    char path[4096];
    bool found = true;

    for (char *word = name, *end = NULL; found && word; word = end ? end + 1 : NULL) {
        snprintf(path, sizeof(path), "%s/%.*s", zone_files(), (int)(word - name), name);
        end = strchr(word, '/');
        if (end)
            *end = '\0';
        found = match_case(path, word);
        if (end)
            *end = '/';
    }
    return found;
}

static bool is_zone_file(const char *name)
{
    char path[4096];
    char magic[4] = "";
    FILE *in = NULL;
    bool ok = false;

    snprintf(path, sizeof(path), "%s/%s", zone_files(), name);
    in = fopen(path, "rbe");
    ok = in && fread(magic, 1, sizeof(magic), in) == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
    if (in)
        fclose(in);
    return ok;
}

bool zone_find(struct zone *zone, const char *name)
{
    struct zone found = {.kind = ZONE_NAMED};

    if (!is_zone_name(name))
        return false;
    snprintf(found.name, sizeof(found.name), "%s", name);
    if (!is_zone_file(found.name) && (!correct_case(found.name) || !is_zone_file(found.name)))
        return false;
    *zone = found;
    return true;
}

/* ── what a wall shows ── */

/* localtime_r(3), which leaves the name of the zone to the C library. */
static bool look(time_t at, struct tm *tm, char name[ZONE_NAME_SIZE])
{
    if (!localtime_r(&at, tm))
        return false;
    snprintf(name, ZONE_NAME_SIZE, "%s", tm->tm_zone ? tm->tm_zone : "");
    return true;
}

/* The same in another zone. */
static bool look_elsewhere(const char *zone, time_t at, struct tm *tm, char name[ZONE_NAME_SIZE])
{
    const char *set = getenv("TZ");
    char *before = set ? strdup(set) : NULL;
    bool ok = false;

    if ((!set || before) && setenv("TZ", zone, 1) == 0) {
        tzset();
        ok = look(at, tm, name);
    }
    if (before)
        setenv("TZ", before, 1);
    else if (!set)
        unsetenv("TZ");
    tzset();
    free(before);
    return ok;
}

static bool look_fixed(const struct zone *zone, time_t at, struct tm *tm, char name[ZONE_NAME_SIZE])
{
    at += zone->offset;
    memcpy(name, zone->name, ZONE_NAME_SIZE);
    if (!gmtime_r(&at, tm))
        return false;
    tm->tm_gmtoff = zone->offset;
    return true;
}

struct zone_time zone_at(const struct zone *zone, int64_t epoch)
{
    struct tm tm = {0};
    struct zone_time wall = {.year = 1970, .month = 1, .day = 1, .weekday = 4};
    char *name = wall.abbreviation;
    bool ok = false;

    if (zone->kind == ZONE_FIXED)
        ok = look_fixed(zone, (time_t)epoch, &tm, name);
    else if (zone->kind == ZONE_LOCAL)
        ok = look((time_t)epoch, &tm, name);
    else
        ok = look_elsewhere(zone->name, (time_t)epoch, &tm, name);
    if (ok) {
        wall.year = tm.tm_year + 1900;
        wall.month = tm.tm_mon + 1;
        wall.day = tm.tm_mday;
        wall.hour = tm.tm_hour;
        wall.minute = tm.tm_min;
        wall.second = tm.tm_sec;
        wall.weekday = tm.tm_wday;
        wall.offset = (int32_t)tm.tm_gmtoff;
    }
    if (name[0] == '\0' || name[0] == '+' || name[0] == '-') {
        char text[ZONE_OFFSET_SIZE];

        snprintf(name, ZONE_NAME_SIZE, "%s", zone_offset_text(wall.offset, text));
    }
    return wall;
}

int64_t zone_as_utc(const struct zone_time *wall)
{
    struct tm tm = {.tm_year = wall->year - 1900,
                    .tm_mon = wall->month - 1,
                    .tm_mday = wall->day,
                    .tm_hour = wall->hour,
                    .tm_min = wall->minute,
                    .tm_sec = wall->second};

    return timegm(&tm);
}

int zone_epochs(const struct zone *zone, const struct zone_time *wall, int64_t epochs[2])
{
    int64_t as_utc = zone_as_utc(wall);
    /* No zone changes twice within two days. */
    int32_t before = zone_at(zone, as_utc - DAY).offset;
    int32_t after = zone_at(zone, as_utc + DAY).offset;
    bool with_before = zone_at(zone, as_utc - before).offset == before;
    bool with_after = zone_at(zone, as_utc - after).offset == after;

    epochs[0] = as_utc - (with_after && !with_before ? after : before);
    epochs[1] = as_utc - after;
    if (before == after)
        return 1;
    return (int)with_before + (int)with_after;
}

int64_t zone_day_begins(const struct zone *zone, const struct zone_time *date)
{
    struct zone_time midnight = {.year = date->year, .month = date->month, .day = date->day};
    int64_t epochs[2];
    int times = zone_epochs(zone, &midnight, epochs);

    if (times > 0)
        return epochs[0];
    /* Clocks went over midnight: the day begins with the new offset. */
    for (int64_t low = epochs[1], high = epochs[0]; low < high;) {
        int64_t middle = low + (high - low) / 2;

        if (zone_at(zone, middle).offset == zone_at(zone, epochs[0]).offset)
            high = middle;
        else
            low = middle + 1;
        epochs[0] = high;
    }
    return epochs[0];
}

/* ── text ── */

char *zone_offset_text(int32_t offset, char text[ZONE_OFFSET_SIZE])
{
    int32_t size = offset < 0 ? -offset : offset;
    int n = snprintf(text, ZONE_OFFSET_SIZE, "%c%02d%02d", offset < 0 ? '-' : '+',
                     (int)(size / 3600) % 100, (int)(size / 60 % 60));

    if (size % 60 != 0)
        snprintf(text + n, ZONE_OFFSET_SIZE - (size_t)n, "%02d", (int)(size % 60));
    return text;
}

char *zone_text(const struct zone *zone, int64_t epoch, char text[ZONE_TEXT_SIZE])
{
    struct zone_time wall = zone_at(zone, epoch);
    char offset[ZONE_OFFSET_SIZE];
    const char *name = wall.abbreviation;

    zone_offset_text(wall.offset, offset);
    if (strcmp(name, offset) == 0 && zone->name[0] != '\0')
        name = zone->name;
    if (strcmp(name, offset) == 0 || strcmp(name, "UTC") == 0)
        snprintf(text, ZONE_TEXT_SIZE, "%s", name);
    else
        snprintf(text, ZONE_TEXT_SIZE, "%s (%s)", name, offset);
    return text;
}

static char *put_two(char *at, int number, char behind)
{
    at[0] = (char)('0' + number / 10 % 10);
    at[1] = (char)('0' + number % 10);
    at[2] = behind;
    return at + 3;
}

/* A list of many thousand rows has several in each: not by printf() where it is not needed. */
static int stamp(const struct zone_time *wall, char between, char text[ZONE_STAMP_SIZE])
{
    char *at = text + 2;

    if (wall->year >= 1000 && wall->year <= 9999) {
        put_two(text, wall->year / 100, '\0');
        at = put_two(at, wall->year % 100, '-');
        at = put_two(at, wall->month, '-');
        at = put_two(at, wall->day, between);
        at = put_two(at, wall->hour, ':');
        at = put_two(at, wall->minute, ':');
        at = put_two(at, wall->second, '\0');
        return (int)(at - text) - 1;
    }
    return snprintf(text, ZONE_STAMP_SIZE, "%04d-%02d-%02d%c%02d:%02d:%02d", wall->year,
                    wall->month, wall->day, between, wall->hour, wall->minute, wall->second);
}

char *zone_stamp(const struct zone *zone, int64_t epoch, char text[ZONE_STAMP_SIZE])
{
    struct zone_time wall = zone_at(zone, epoch);

    stamp(&wall, ' ', text);
    return text;
}

char *zone_iso(const struct zone *zone, int64_t epoch, char text[ZONE_STAMP_SIZE])
{
    struct zone_time wall = zone_at(zone, epoch);
    int32_t size = wall.offset < 0 ? -wall.offset : wall.offset;
    int n = 0;

    if (size % 60 != 0) /* Monrovia until 1972; ISO 8601 has whole minutes */
        wall = zone_at(&zone_utc, epoch);
    n = stamp(&wall, 'T', text);
    if (strcmp(wall.abbreviation, "UTC") == 0)
        snprintf(text + n, ZONE_STAMP_SIZE - (size_t)n, "Z");
    else
        snprintf(text + n, ZONE_STAMP_SIZE - (size_t)n, "%c%02d:%02d", wall.offset < 0 ? '-' : '+',
                 (int)(size / 3600), (int)(size / 60 % 60));
    return text;
}
