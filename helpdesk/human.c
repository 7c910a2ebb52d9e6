/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for people. */
#include "helpdesk/human.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

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
