/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for people. */
#include "helpdesk/human.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/duration.h"

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

char *human_bytes(int64_t bytes, char text[HUMAN_SIZE])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    const char *sign = bytes < 0 ? "-" : "";
    double value = (double)magnitude(bytes);
    size_t unit = 0;

    /* 1023.6 of a unit would be written as 1024. */
    for (; value >= (unit == 0 ? 1024 : 1023.5); unit++)
        value /= 1024;
    if (unit == 0 || value >= 99.95)
        snprintf(text, HUMAN_SIZE, "%s%.0f %s", sign, value, units[unit]);
    else
        snprintf(text, HUMAN_SIZE, "%s%.1f %s", sign, value, units[unit]);
    return text;
}

/* "KiB", "k", "MB": what to multiply with; 0 for any other text. */
static double unit_factor(const char *unit)
{
    static const char letters[] = "kmgtpe";
    const char *letter = NULL;
    double factor = 1, step = strcasecmp(unit + (unit[0] != '\0'), "b") == 0 ? 1000 : 1024;

    if (unit[0] == '\0' || strcasecmp(unit, "b") == 0)
        return 1;
    letter = strchr(letters, unit[0] | 0x20);
    if (!letter ||
        (unit[1] != '\0' && strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0))
        return 0;
    for (const char *c = letters; c <= letter; c++)
        factor *= step;
    return factor;
}

/* Digits, and more behind a point (strtod() would ask the locale for its point). */
static double read_decimal(const char *text, size_t *used)
{
    const char *at = text;
    double number = 0;
    double place = 1;

    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (*at - '0');
    if (at > text && at[0] == '.' && at[1] >= '0' && at[1] <= '9')
        for (at++; *at >= '0' && *at <= '9'; at++)
            number += (place /= 10) * (*at - '0');
    *used = (size_t)(at - text);
    return number;
}

bool human_read_bytes(const char *text, int64_t *bytes)
{
    size_t n = 0;
    double number = read_decimal(text, &n);
    double factor = unit_factor(text + n + strspn(text + n, " "));

    if (n == 0 || factor == 0 || number * factor >= 9e18)
        return false;
    *bytes = (int64_t)(number * factor);
    return true;
}

char *human_duration(int64_t seconds, char text[HUMAN_SIZE])
{
    static const struct {
        uint64_t large, small;
        char large_name, small_name;
    } units[] = {
        {DURATION_DAY, DURATION_HOUR, 'd', 'h'},
        {DURATION_HOUR, DURATION_MINUTE, 'h', 'm'},
        {DURATION_MINUTE, 1, 'm', 's'},
    };
    const char *sign = seconds < 0 ? "-" : "";
    uint64_t left = magnitude(seconds);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (left < units[i].large)
            continue;
        snprintf(text, HUMAN_SIZE, "%s%" PRIu64 "%c %02" PRIu64 "%c", sign, left / units[i].large,
                 units[i].large_name, left % units[i].large / units[i].small, units[i].small_name);
        return text;
    }
    snprintf(text, HUMAN_SIZE, "%s%" PRIu64 "s", sign, left);
    return text;
}
