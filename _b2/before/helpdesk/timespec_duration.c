/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths of time in the words of people. */
#include "config.h"

#include "helpdesk/timespec_parts.h"

#include <string.h>
#include <strings.h>

#include "lib/duration.h"

#define MAX_DIGITS 8 /* what comes of it is far from overflowing */

static const struct {
    const char *word;
    size_t least; /* letters that do */
    int64_t seconds;
} units[] = {
    {"seconds", 1, 1},
    {"secs", 3, 1},
    {"minutes", 1, DURATION_MINUTE},
    {"mins", 3, DURATION_MINUTE},
    {"hours", 1, DURATION_HOUR},
    {"hrs", 2, DURATION_HOUR},
    {"days", 1, DURATION_DAY},
    {"weeks", 1, 7 * (int64_t)DURATION_DAY},
    {"years", 1, DURATION_YEAR},
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

size_t timespec_blanks(const char *text)
{
    return strspn(text, " \t,");
}

size_t timespec_letters(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

bool timespec_is_word(const char *text, size_t n, const char *word, size_t least)
{
    return n >= least && n <= strlen(word) && strncasecmp(text, word, n) == 0;
}

static int64_t unit_seconds(const char *text, size_t n)
{
    for (size_t i = 0; i < N_UNITS; i++)
        if (timespec_is_word(text, n, units[i].word, units[i].least))
            return units[i].seconds;
    return 0;
}

/* "30m", "2 hours", "an hour": one number and its unit. */
static size_t scan_one(const char *text, int64_t *seconds)
{
    size_t digits = strspn(text, "0123456789");
    size_t letters = timespec_letters(text);
    int64_t number = 0;
    size_t at = digits;

    if (digits == 0 && (timespec_is_word(text, letters, "an", 1))) {
        number = 1;
        at = letters;
        if (text[at] != ' ')
            return 0;
    } else if (digits == 0 || digits > MAX_DIGITS) {
        return 0;
    }
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    at += strspn(text + at, " ");
    letters = timespec_letters(text + at);
    *seconds = unit_seconds(text + at, letters);
    if (*seconds == 0)
        return 0;
    *seconds *= number;
    return at + letters;
}

size_t timespec_scan_duration(const char *text, int64_t *seconds)
{
    size_t end = 0;
    int64_t one = 0;

    *seconds = 0;
    for (size_t at = 0, n = 0; (n = scan_one(text + at, &one)) > 0;) {
        *seconds += one;
        end = at + n;
        at = end + timespec_blanks(text + end);
        if (end > TIMESPEC_ERROR_SIZE)
            return 0;
    }
    return end;
}

bool timespec_read_duration(const char *text, int64_t *seconds)
{
    size_t before = timespec_blanks(text);
    int64_t sum = 0;
    size_t n = timespec_scan_duration(text + before, &sum);

    if (n == 0 || text[before + n + timespec_blanks(text + before + n)] != '\0')
        return false;
    *seconds = sum;
    return true;
}
