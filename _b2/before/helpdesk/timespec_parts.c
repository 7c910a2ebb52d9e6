/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes a time apart. Each reader looks whether the rest of the text begins with what it
 * knows; they are tried in the order of their table, so a longer form stands before what
 * it could be mistaken for.
 */
#include "config.h"

#include "helpdesk/timespec_parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

#define FIRST_YEAR 1970
#define LAST_YEAR  9999
#define NO_YEAR    (-4) /* a leap year */
#define QUOTED     60   /* bytes of what was typed, in an error */

struct reader {
    const char *at;
    const struct timespec_context *context;
    struct timespec_parts *parts;
    char *error;
};

/* What a reader says: this is not mine; I took it; it is mine, and wrong (the error says how). */
enum took { TOOK_NOTHING, TOOK_IT, TOOK_WRONG };

static enum took wrong(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static enum took wrong(struct reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reader->error, TIMESPEC_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return TOOK_WRONG;
}

/* ── pieces ── */

/* A number of `least` to `most` digits and no more: its length, or 0. */
static size_t number(const char *text, size_t least, size_t most, int *value)
{
    size_t n = strspn(text, "0123456789");

    if (n < least || n > most)
        return 0;
    *value = 0;
    for (size_t i = 0; i < n; i++)
        *value = *value * 10 + (text[i] - '0');
    return n;
}

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

/* Which of the names the text begins with, from 0, or -1; three letters are enough. */
static int find_name(const char *text, const char *const *names, int n, size_t *length)
{
    *length = timespec_letters(text);
    for (int i = 0; i < n; i++)
        if (timespec_is_word(text, *length, names[i], 3))
            return i;
    return -1;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap);
}

/* `year` NO_YEAR: none was given, and February has 29 days. */
static enum took take_date(struct reader *reader, size_t n, int year, int month, int day)
{
    struct timespec_parts *parts = reader->parts;

    if (parts->day != TIMESPEC_NO_DAY)
        return wrong(reader, "there are two dates in it");
    if (year != NO_YEAR && (year < FIRST_YEAR || year > LAST_YEAR))
        return wrong(reader, "the year %d is not between %d and %d", year, FIRST_YEAR, LAST_YEAR);
    if (month < 1 || month > 12)
        return wrong(reader, "there is no month %d", month);
    if (day < 1 || day > days_in_month(year, month)) {
        if (year == NO_YEAR)
            return wrong(reader, "there is no %d %s", day, months[month - 1]);
        return wrong(reader, "there is no %d %s %d, that month has %d days", day, months[month - 1],
                     year, days_in_month(year, month));
    }
    parts->day = year == NO_YEAR ? TIMESPEC_NO_YEAR : TIMESPEC_DATE;
    parts->wall.year = year;
    parts->wall.month = month;
    parts->wall.day = day;
    reader->at += n;
    return TOOK_IT;
}

static enum took take_clock(struct reader *reader, size_t n, int hour, int minute, int second)
{
    struct timespec_parts *parts = reader->parts;

    if (parts->has_clock)
        return wrong(reader, "there are two times of day in it");
    if (hour > 23)
        return wrong(reader, "there is no hour %d: they go from 0 to 23", hour);
    if (minute > 59)
        return wrong(reader, "there is no minute %d: they go from 0 to 59", minute);
    if (second > 60) /* 60 is a leap second */
        return wrong(reader, "there is no second %d: they go from 0 to 59", second);
    parts->has_clock = true;
    parts->has_seconds = second >= 0;
    parts->wall.hour = hour;
    parts->wall.minute = minute;
    parts->wall.second = second >= 0 ? second : 0;
    reader->at += n;
    return TOOK_IT;
}

static enum took take_base(struct reader *reader, size_t n, enum timespec_base base,
                           int64_t seconds)
{
    if (reader->parts->has_base)
        return wrong(reader, "there are two times in it");
    reader->parts->has_base = true;
    reader->parts->base = base;
    reader->parts->seconds = seconds;
    reader->at += n;
    return TOOK_IT;
}

/* ── dates ── */

/* 2026-11-20, 2026/11/20 */
static enum took read_year_first(struct reader *reader)
{
    const char *at = reader->at;
    int year, month, day;
    size_t n = number(at, 4, 4, &year);
    size_t more;

    if (n == 0 || (at[n] != '-' && at[n] != '/'))
        return TOOK_NOTHING;
    more = number(at + n + 1, 1, 2, &month);
    if (more == 0 || at[n + 1 + more] != at[n])
        return TOOK_NOTHING;
    n += 1 + more;
    more = number(at + n + 1, 1, 2, &day);
    return more > 0 ? take_date(reader, n + 1 + more, year, month, day) : TOOK_NOTHING;
}

/* 20261120, 20261120T130507 */
static enum took read_compact(struct reader *reader)
{
    size_t digits = strspn(reader->at, "0123456789");
    const char *clock = reader->at + 9;
    int year, month, day, hour, minute, second = -1;
    enum took took;

    if (digits != 8 || sscanf(reader->at, "%4d%2d%2d", &year, &month, &day) != 3)
        return TOOK_NOTHING;
    took = take_date(reader, digits, year, month, day);
    if (took != TOOK_IT || (clock[-1] != 'T' && clock[-1] != 't'))
        return took;
    digits = strspn(clock, "0123456789");
    if (digits == 4)
        sscanf(clock, "%2d%2d", &hour, &minute);
    else if (digits == 6)
        sscanf(clock, "%2d%2d%2d", &hour, &minute, &second);
    else
        return TOOK_IT;
    return take_clock(reader, 1 + digits, hour, minute, second);
}

/* 20.11.2026; 11/20/2026 could be either order, so it is refused */
static enum took read_day_first(struct reader *reader)
{
    const char *at = reader->at;
    int day, month, year;
    size_t n = number(at, 1, 2, &day);
    size_t more;
    char mark = at[n];

    if (n == 0 || (mark != '.' && mark != '/' && mark != '-'))
        return TOOK_NOTHING;
    more = number(at + n + 1, 1, 2, &month);
    if (more == 0 || at[n + 1 + more] != mark)
        return TOOK_NOTHING;
    n += 1 + more;
    more = number(at + n + 1, 4, 4, &year);
    if (more == 0)
        return TOOK_NOTHING;
    if (mark != '.')
        return wrong(reader, "which number is the month? Write it as %04d-MM-DD", year);
    return take_date(reader, n + 1 + more, year, month, day);
}

/* What stands between the words of a date: blanks, a comma, '-' or '/'. */
static size_t between(const char *text)
{
    return *text == '-' || *text == '/' ? 1 : timespec_blanks(text);
}

/* A year behind a day and a month; its length with what is before it, or 0. */
static size_t year_behind(const char *text, int *year)
{
    size_t gap = between(text);
    size_t n = gap > 0 ? number(text + gap, 4, 4, year) : 0;

    return n > 0 ? gap + n : 0;
}

/* 20 Nov 2026, 20/Nov/2026:13:05:07 as web servers log it, 20-Nov-2026, 20 Nov */
static enum took read_day_and_month(struct reader *reader)
{
    const char *at = reader->at;
    int day, month, year = NO_YEAR;
    size_t n = number(at, 1, 2, &day);
    size_t length;
    enum took took;

    if (n == 0)
        return TOOK_NOTHING;
    n += between(at + n);
    month = find_name(at + n, months, 12, &length);
    if (month < 0)
        return TOOK_NOTHING;
    n += length;
    n += year_behind(at + n, &year);
    took = take_date(reader, n, year, month + 1, day);
    if (took == TOOK_IT && *reader->at == ':')
        reader->at++;
    return took;
}

/* Nov 20 2026, November 20th, 2026, Nov 20 */
static enum took read_month_and_day(struct reader *reader)
{
    const char *at = reader->at;
    int day, year = NO_YEAR;
    size_t n, more;
    int month = find_name(at, months, 12, &n);

    if (month < 0)
        return TOOK_NOTHING;
    n += between(at + n);
    more = number(at + n, 1, 2, &day);
    if (more == 0)
        return TOOK_NOTHING;
    n += more;
    if (timespec_letters(at + n) == 2 && !isdigit((unsigned char)at[n + 2]) && at[n + 2] != ':')
        n += 2;
    n += year_behind(at + n, &year);
    return take_date(reader, n, year, month + 1, day);
}

/* The year at the end of Fri Nov 20 13:05:07 UTC 2026, as date(1) writes it */
static enum took read_late_year(struct reader *reader)
{
    struct timespec_parts *parts = reader->parts;
    int year;
    size_t n = number(reader->at, 4, 4, &year);

    if (n == 0 || parts->day != TIMESPEC_NO_YEAR)
        return TOOK_NOTHING;
    parts->day = TIMESPEC_NO_DAY;
    return take_date(reader, n, year, parts->wall.month, parts->wall.day);
}

/* ── times of day ── */

/* What "am" and "pm" do to an hour from 1 to 12: the length of the word, or 0. */
static size_t read_half(const char *text, int *hour)
{
    size_t blanks = strspn(text, " ");
    size_t n = timespec_letters(text + blanks);
    bool is_pm = timespec_is_word(text + blanks, n, "pm", 2);

    if ((!is_pm && !timespec_is_word(text + blanks, n, "am", 2)) || *hour < 1 || *hour > 12)
        return 0;
    *hour = *hour % 12 + (is_pm ? 12 : 0);
    return blanks + n;
}

/* 13:05, 13:05:07, 13:05:07.123, 1:05 pm, 1pm */
static enum took read_clock(struct reader *reader)
{
    const char *at = reader->at;
    int hour, minute = 0, second = -1;
    size_t n = number(at, 1, 2, &hour);
    size_t more = n > 0 && at[n] == ':' ? number(at + n + 1, 2, 2, &minute) : 0;
    size_t half;

    if (n == 0 || (at[n] == ':' && more == 0))
        return TOOK_NOTHING;
    n += more > 0 ? 1 + more : 0;
    if (more > 0 && at[n] == ':' && number(at + n + 1, 2, 2, &second) > 0) {
        n += 3;
        if (at[n] == '.' || at[n] == ',')
            n += strspn(at + n + 1, "0123456789") > 0 ? 1 + strspn(at + n + 1, "0123456789") : 0;
    }
    half = read_half(at + n, &hour);
    if (more == 0 && half == 0)
        return TOOK_NOTHING;
    return take_clock(reader, n + half, hour, minute, second);
}

/* ── what stands for itself ── */

/* @1763643900, with a fraction or without */
static enum took read_epoch(struct reader *reader)
{
    const char *at = reader->at + 1;
    size_t n = strspn(at, "0123456789");
    size_t whole = n;
    int64_t seconds = 0;

    if (*reader->at != '@')
        return TOOK_NOTHING;
    if (n == 0 || n > 11)
        return wrong(reader, "behind the @ stand the seconds since 1970, like @1763643900");
    for (size_t i = 0; i < whole; i++)
        seconds = seconds * 10 + (at[i] - '0');
    if (at[n] == '.')
        n += 1 + strspn(at + n + 1, "0123456789");
    return take_base(reader, 1 + n, TIMESPEC_EPOCH, seconds);
}

/* 1763643900: what else could it be? But then again, it could be a typo. */
static enum took read_bare_epoch(struct reader *reader)
{
    size_t n = strspn(reader->at, "0123456789");

    if (n == 10)
        return wrong(reader, "if it is seconds since 1970, write @%.10s", reader->at);
    if (n == 13)
        return wrong(reader, "if it is milliseconds since 1970, write @%.10s", reader->at);
    return TOOK_NOTHING;
}

/* -2h, 2 hours ago, 30d */
static enum took read_ago(struct reader *reader)
{
    bool has_minus = *reader->at == '-';
    int64_t seconds = 0;
    size_t n = timespec_scan_duration(reader->at + has_minus, &seconds);
    size_t blanks;

    if (n == 0)
        return TOOK_NOTHING;
    n += has_minus;
    blanks = strspn(reader->at + n, " ");
    if (timespec_is_word(reader->at + n + blanks, timespec_letters(reader->at + n + blanks), "ago",
                         3))
        n += blanks + 3;
    return take_base(reader, n, TIMESPEC_AGO, seconds);
}

/* ── words ── */

static enum took take_days(struct reader *reader, size_t n, int days)
{
    if (reader->parts->day != TIMESPEC_NO_DAY)
        return wrong(reader, "there are two dates in it");
    reader->parts->day = TIMESPEC_DAYS;
    reader->parts->days = days;
    reader->at += n;
    return TOOK_IT;
}

static enum took read_word(struct reader *reader)
{
    static const struct {
        const char *word;
        int days;
    } days[] = {{"today", 0}, {"yesterday", 1}, {"tomorrow", -1}};
    size_t n = timespec_letters(reader->at);

    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
        if (timespec_is_word(reader->at, n, days[i].word, strlen(days[i].word)))
            return take_days(reader, n, days[i].days);
    if (timespec_is_word(reader->at, n, "now", 3))
        return take_base(reader, n, TIMESPEC_AGO, 0);
    if (timespec_is_word(reader->at, n, "noon", 4))
        return take_clock(reader, n, 12, 0, -1);
    if (timespec_is_word(reader->at, n, "at", 2) || timespec_is_word(reader->at, n, "on", 2)) {
        reader->at += n;
        return TOOK_IT;
    }
    return TOOK_NOTHING;
}

static enum took read_weekday(struct reader *reader)
{
    size_t n;
    int weekday = find_name(reader->at, weekdays, 7, &n);

    if (weekday < 0)
        return TOOK_NOTHING;
    if (reader->parts->weekday >= 0)
        return wrong(reader, "there are two days of the week in it");
    reader->parts->weekday = weekday;
    reader->at += n + (reader->at[n] == '.');
    return TOOK_IT;
}

/* The T of 2026-11-20T13:05 */
static enum took read_t(struct reader *reader)
{
    bool is_it = (*reader->at == 'T' || *reader->at == 't') &&
                 isdigit((unsigned char)reader->at[1]) && reader->parts->day == TIMESPEC_DATE;

    reader->at += is_it;
    return is_it ? TOOK_IT : TOOK_NOTHING;
}

static enum took read_zone(struct reader *reader)
{
    size_t n = timespec_read_zone(reader->at, reader->context, reader->parts);

    if (n == 0)
        return TOOK_NOTHING;
    if (reader->parts->has_zone)
        return wrong(reader, "there are two time zones in it");
    reader->parts->has_zone = true;
    reader->at += n;
    return TOOK_IT;
}

/* "(CET)" behind an offset, as in mail */
static enum took read_comment(struct reader *reader)
{
    const char *end = *reader->at == '(' ? strchr(reader->at, ')') : NULL;

    if (!end || !reader->parts->has_zone)
        return TOOK_NOTHING;
    reader->at = end + 1;
    return TOOK_IT;
}

typedef enum took read_part(struct reader *reader);

static read_part *const readers[] = {
    read_epoch,         read_t,       read_year_first, read_compact,   read_day_first,
    read_day_and_month, read_clock,   read_ago,        read_word,      read_month_and_day,
    read_weekday,       read_comment, read_zone,       read_late_year, read_bare_epoch,
};

#define N_READERS (sizeof(readers) / sizeof(readers[0]))

static bool read_next(struct reader *reader)
{
    for (size_t i = 0; i < N_READERS; i++) {
        enum took took = readers[i](reader);

        if (took != TOOK_NOTHING)
            return took == TOOK_IT;
    }
    if (reader->parts->has_clock && timespec_letters(reader->at) > 0)
        wrong(reader, "the time zone \"%.*s\" is not known here; write +0100 or Europe/Berlin",
              QUOTED, reader->at);
    else
        wrong(reader, "\"%.*s\" is no part of a time that is understood", QUOTED, reader->at);
    return false;
}

/* What cannot stand together. */
static bool check_whole(struct reader *reader)
{
    const struct timespec_parts *parts = reader->parts;
    bool has_wall = parts->day != TIMESPEC_NO_DAY || parts->has_clock || parts->weekday >= 0;

    if (parts->has_base && has_wall)
        wrong(reader, "a date or a time of day does not go with the rest");
    else if (!parts->has_base && !has_wall)
        wrong(reader, "there is neither a date nor a time of day in it");
    else if (parts->weekday >= 0 && parts->day == TIMESPEC_DAYS)
        wrong(reader, "there are two days in it");
    else
        return true;
    return false;
}

bool timespec_read_parts(const char *text, const struct timespec_context *context,
                         struct timespec_parts *parts, char error[TIMESPEC_ERROR_SIZE])
{
    struct reader reader = {.at = text, .context = context, .parts = parts, .error = error};
    bool ok = true;

    *parts = (struct timespec_parts){.weekday = -1, .zone = *context->zone};
    for (reader.at += timespec_blanks(reader.at); ok && *reader.at != '\0';
         reader.at += timespec_blanks(reader.at))
        ok = read_next(&reader);
    ok = ok && check_whole(&reader);
    log_make_printable(error);
    return ok;
}
