/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Durations from text and to text. The longest that can be written is far from overflowing. */
#include "lib/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_DIGITS 8

static const struct unit {
    char name;
    int64_t seconds;
} units[] = {
    {'y', DURATION_YEAR},
    {'d', DURATION_DAY},
    {'h', DURATION_HOUR},
    {'m', DURATION_MINUTE},
    {'s', 1},
};

#define N_UNITS (sizeof(units) / sizeof(*units))

bool duration_parse(const char *text, int64_t *seconds)
{
    size_t digits = strspn(text, "0123456789");
    int64_t n = 0;

    if (digits == 0 || digits > MAX_DIGITS || text[digits] == '\0' || text[digits + 1] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (text[i] - '0');
    for (size_t i = 0; i < N_UNITS; i++) {
        if (text[digits] != units[i].name)
            continue;
        *seconds = n * units[i].seconds;
        return true;
    }
    return false;
}

char *duration_format(int64_t seconds, char text[DURATION_SIZE])
{
    size_t i = seconds == 0 ? N_UNITS - 1 : 0;

    while (seconds % units[i].seconds != 0)
        i++;
    snprintf(text, DURATION_SIZE, "%" PRId64 "%c", seconds / units[i].seconds, units[i].name);
    return text;
}
