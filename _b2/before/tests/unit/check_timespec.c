/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as people type them, in several zones, and what is said about the doubtful ones. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helpdesk/timespec.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* The present of the tests: a Friday, 14:30:15 in Berlin. */
#define NOW "2026-11-20T13:30:15Z"

static int64_t utc(const char *iso)
{
    struct tm tm = {0};

    ck_assert_ptr_nonnull(strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &tm));
    return timegm(&tm);
}

static struct zone named(const char *name)
{
    struct zone zone = zone_utc;

    if (strcmp(name, "UTC") != 0 && !zone_find(&zone, name))
        unit_skip("the system has no time zones (Debian: tzdata)");
    return zone;
}

static bool read_at(const char *text, const char *zone_name, const char *now,
                    struct timespec_when *when, char *error)
{
    struct zone zone = named(zone_name);
    struct timespec_context context = {.now = utc(now), .zone = &zone};

    return timespec_read(text, &context, when, error);
}

static const char *iso(int64_t epoch)
{
    static char text[ZONE_STAMP_SIZE];

    return zone_iso(&zone_utc, epoch, text);
}

/* ── what is read ── */

static const struct {
    const char *zone, *text, *first, *last; /* last NULL: as first */
} good[] = {
    /* ISO 8601 and what is near it */
    {"UTC", "2026-11-20T13:05:07Z", "2026-11-20T13:05:07Z", NULL},
    {"Europe/Berlin", "2026-11-20T13:05:07Z", "2026-11-20T13:05:07Z", NULL},
    {"Europe/Berlin", "2026-11-20t13:05:07z", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "2026-11-20T13:05:07+01:00", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "2026-11-20T13:05:07.999+01:00", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "2026-11-20T13:05:07,5-0330", "2026-11-20T16:35:07Z", NULL},
    {"UTC", "20261120T130507Z", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "20261120T1305", "2026-11-20T13:05:00Z", "2026-11-20T13:05:59Z"},
    {"UTC", "20261120", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z"},
    {"Europe/Berlin", "2026-11-20 13:05", "2026-11-20T12:05:00Z", "2026-11-20T12:05:59Z"},
    {"Europe/Berlin", "2026-11-20 13:05:07", "2026-11-20T12:05:07Z", NULL},
    {"Europe/Berlin", "2026-07-20 13:05:07", "2026-07-20T11:05:07Z", NULL},
    {"Europe/Berlin", "2026-11-20", "2026-11-19T23:00:00Z", "2026-11-20T22:59:59Z"},
    {"Europe/Berlin", "2026/11/20 9:05", "2026-11-20T08:05:00Z", "2026-11-20T08:05:59Z"},
    {"Europe/Berlin", "  2026-11-20 ,  13:05:07  ", "2026-11-20T12:05:07Z", NULL},
    {"Europe/Berlin", "13:05:07 2026-11-20", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "2026-11-20 at 13:05:07", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29T23:59:59Z"},
    {"UTC", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", NULL},
    /* zones */
    {"America/New_York", "2026-11-20 13:05:07 UTC", "2026-11-20T13:05:07Z", NULL},
    {"America/New_York", "2026-11-20 13:05:07 utc", "2026-11-20T13:05:07Z", NULL},
    {"America/New_York", "2026-11-20 13:05:07 GMT", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "2026-11-20 13:05:07 +0200", "2026-11-20T11:05:07Z", NULL},
    {"UTC", "2026-11-20 13:05:07 +2", "2026-11-20T11:05:07Z", NULL},
    {"UTC", "2026-11-20 13:05:07 UTC+2", "2026-11-20T11:05:07Z", NULL},
    {"UTC", "2026-11-20 13:05:07 GMT-5:30", "2026-11-20T18:35:07Z", NULL},
    {"UTC", "2026-11-20 13:05:07 Europe/Berlin", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "2026-11-20 13:05:07 europe/berlin", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "2026-07-20 13:05:07 america/argentina/buenos_aires", "2026-07-20T16:05:07Z", NULL},
    {"UTC", "2026-07-20 13:05:07 CEST", "2026-07-20T11:05:07Z", NULL},
    {"UTC", "2026-11-20 13:05:07 EST", "2026-11-20T18:05:07Z", NULL},
    {"UTC", "2026-07-20 13:05:07 PDT", "2026-07-20T20:05:07Z", NULL},
    {"Asia/Shanghai", "2026-11-20 13:05:07 CST", "2026-11-20T05:05:07Z", NULL},
    {"America/Chicago", "2026-11-20 13:05:07 CST", "2026-11-20T19:05:07Z", NULL},
    {"Asia/Kolkata", "2026-11-20 13:05:07 IST", "2026-11-20T07:35:07Z", NULL},
    {"Asia/Kathmandu", "2026-11-20 13:05:07", "2026-11-20T07:20:07Z", NULL},
    {"Pacific/Marquesas", "2026-11-20 13:05:07", "2026-11-20T22:35:07Z", NULL},
    {"Pacific/Kiritimati", "2026-11-20", "2026-11-19T10:00:00Z", "2026-11-20T09:59:59Z"},
    /* logs, mail, and other habits */
    {"UTC", "Fri, 20 Nov 2026 13:05:07 +0100", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "Fri, 20 Nov 2026 13:05:07 +0100 (CET)", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "Fri, 20 Nov 2026 13:05:07 -0500 (Eastern Standard Time)", "2026-11-20T18:05:07Z",
     NULL},
    {"UTC", "20/Nov/2026:13:05:07 +0100", "2026-11-20T12:05:07Z", NULL},
    {"UTC", "20-Nov-2026 13:05:07", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "Fri Nov 20 13:05:07 UTC 2026", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "November 20th, 2026, 1:05 pm", "2026-11-20T13:05:00Z", "2026-11-20T13:05:59Z"},
    {"UTC", "20.11.2026 13:05:07", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "1.2.2026", "2026-02-01T00:00:00Z", "2026-02-01T23:59:59Z"},
    {"UTC", "Nov 20 13:05:07", "2026-11-20T13:05:07Z", NULL},
    {"UTC", "Nov 21 13:05:07", "2025-11-21T13:05:07Z", NULL},
    {"UTC", "29 feb", "2024-02-29T00:00:00Z", "2024-02-29T23:59:59Z"},
    {"UTC", "Sat 21 Nov 2026 00:00:01", "2026-11-21T00:00:01Z", NULL},
    /* today, and before */
    {"UTC", "13:05", "2026-11-20T13:05:00Z", "2026-11-20T13:05:59Z"},
    {"Europe/Berlin", "13:05", "2026-11-20T12:05:00Z", "2026-11-20T12:05:59Z"},
    {"Europe/Berlin", "13:05 UTC", "2026-11-20T13:05:00Z", "2026-11-20T13:05:59Z"},
    {"Pacific/Kiritimati", "00:05", "2026-11-20T10:05:00Z", "2026-11-20T10:05:59Z"},
    {"UTC", "1:05pm", "2026-11-20T13:05:00Z", "2026-11-20T13:05:59Z"},
    {"UTC", "1 PM", "2026-11-20T13:00:00Z", "2026-11-20T13:00:59Z"},
    {"UTC", "12:05 am", "2026-11-20T00:05:00Z", "2026-11-20T00:05:59Z"},
    {"UTC", "12 pm", "2026-11-20T12:00:00Z", "2026-11-20T12:00:59Z"},
    {"UTC", "noon", "2026-11-20T12:00:00Z", "2026-11-20T12:00:59Z"},
    {"UTC", "today", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z"},
    {"Europe/Berlin", "yesterday", "2026-11-18T23:00:00Z", "2026-11-19T22:59:59Z"},
    {"Europe/Berlin", "yesterday 14:00", "2026-11-19T13:00:00Z", "2026-11-19T13:00:59Z"},
    {"Europe/Berlin", "Yesterday at 2pm", "2026-11-19T13:00:00Z", "2026-11-19T13:00:59Z"},
    {"Europe/Berlin", "14:00 yesterday", "2026-11-19T13:00:00Z", "2026-11-19T13:00:59Z"},
    {"UTC", "tomorrow", "2026-11-21T00:00:00Z", "2026-11-21T23:59:59Z"},
    {"UTC", "monday 9:00", "2026-11-16T09:00:00Z", "2026-11-16T09:00:59Z"},
    {"UTC", "mon 9:00", "2026-11-16T09:00:00Z", "2026-11-16T09:00:59Z"},
    {"UTC", "friday 9:00", "2026-11-20T09:00:00Z", "2026-11-20T09:00:59Z"},
    {"UTC", "friday 19:00", "2026-11-13T19:00:00Z", "2026-11-13T19:00:59Z"},
    {"UTC", "friday", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z"},
    {"UTC", "saturday", "2026-11-14T00:00:00Z", "2026-11-14T23:59:59Z"},
    /* ago */
    {"UTC", "now", NOW, NULL},
    {"Europe/Berlin", "-2h", "2026-11-20T11:30:15Z", NULL},
    {"UTC", "2h", "2026-11-20T11:30:15Z", NULL},
    {"UTC", "2h ago", "2026-11-20T11:30:15Z", NULL},
    {"UTC", "2 hours ago", "2026-11-20T11:30:15Z", NULL},
    {"UTC", "an hour ago", "2026-11-20T12:30:15Z", NULL},
    {"UTC", "-1h30m", "2026-11-20T12:00:15Z", NULL},
    {"UTC", "1 day, 2 hours ago", "2026-11-19T11:30:15Z", NULL},
    {"UTC", "90s", "2026-11-20T13:28:45Z", NULL},
    {"UTC", "5 min ago", "2026-11-20T13:25:15Z", NULL},
    {"UTC", "30d", "2026-10-21T13:30:15Z", NULL},
    {"Europe/Berlin", "30d", "2026-10-21T13:30:15Z", NULL},
    {"UTC", "2w", "2026-11-06T13:30:15Z", NULL},
    {"UTC", "@1763643900", "2025-11-20T13:05:00Z", NULL},
    {"America/New_York", "@1763643900.75", "2025-11-20T13:05:00Z", NULL},
    {"UTC", "@0", "1970-01-01T00:00:00Z", NULL},
    /* the ends of what 32 bits hold, and before and after */
    {"UTC", "1970-01-01 00:00:00", "1970-01-01T00:00:00Z", NULL},
    {"Europe/Berlin", "1970-01-01 00:00:00", "1969-12-31T23:00:00Z", NULL},
    {"America/New_York", "1970-01-01 00:00:00", "1970-01-01T05:00:00Z", NULL},
    {"Africa/Monrovia", "1971-06-01 00:00:00", "1971-06-01T00:44:30Z", NULL},
    {"UTC", "2038-01-19T03:14:07Z", "2038-01-19T03:14:07Z", NULL},
    {"UTC", "2038-01-19T03:14:08Z", "2038-01-19T03:14:08Z", NULL},
    {"Europe/Berlin", "2050-07-01 12:00:00", "2050-07-01T10:00:00Z", NULL},
    {"UTC", "@4294967296", "2106-02-07T06:28:16Z", NULL},
    /* days that are not 24 hours long, or do not begin at midnight */
    {"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"},
    {"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"},
    {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T01:59:59Z"},
    {"America/Sao_Paulo", "2018-11-03", "2018-11-03T03:00:00Z", "2018-11-04T02:59:59Z"},
    {"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z"},
    {"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", "2026-10-04T12:59:59Z"},
};

START_TEST(a_time_names_its_first_and_its_last_second)
{
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";
    bool ok = read_at(good[_i].text, good[_i].zone, NOW, &when, error);

    ck_assert_msg(ok, "%s: %s", good[_i].text, error);
    ck_assert_msg(when.epoch == utc(good[_i].first), "%s: begins %s", good[_i].text,
                  iso(when.epoch));
    ck_assert_msg(when.last == utc(good[_i].last ? good[_i].last : good[_i].first), "%s: ends %s",
                  good[_i].text, iso(when.last));
    ck_assert_msg(!when.is_doubtful, "%s: %s", good[_i].text, when.note);
}
END_TEST

/* ── what is refused ── */

static const struct {
    const char *text, *why; /* a part of the error */
} bad[] = {
    {"", "neither a date nor a time"},
    {"   ", "neither a date nor a time"},
    {"UTC", "neither a date nor a time"},
    {"2026-02-30", "there is no 30 February 2026, that month has 28 days"},
    {"2024-02-30 13:05", "there is no 30 February 2024, that month has 29 days"},
    {"30 Feb", "there is no 30 February"},
    {"2100-02-29", "there is no 29 February 2100"},
    {"2026-13-01", "there is no month 13"},
    {"2026-00-01", "there is no month 0"},
    {"2026-11-00", "there is no 0 November 2026"},
    {"2026-11-31", "there is no 31 November 2026"},
    {"20261131", "there is no 31 November 2026"},
    {"31.11.2026", "there is no 31 November 2026"},
    {"1969-12-31", "the year 1969"},
    {"0000-01-01", "the year 0"},
    {"2026-11-20 24:00", "there is no hour 24"},
    {"25:05", "there is no hour 25"},
    {"13:60", "there is no minute 60"},
    {"13:05:61", "there is no second 61"},
    {"20261120T250000", "there is no hour 25"},
    {"13:5", "\"13:5\" is no part"},
    {"13:05pm", "time zone \"pm\""},
    {"11/20/2026", "which number is the month"},
    {"20/11/2026 13:05", "write it as 2026-MM-DD"},
    {"1763643900", "write @1763643900"},
    {"1763643900123", "write @1763643900"},
    {"@", "seconds since 1970"},
    {"@12x", "\"x\""},
    {"@-5", "seconds since 1970"},
    {"@999999999999", "seconds since 1970"},
    {"13:05 14:05", "two times of day"},
    {"2026-11-20 2026-11-21", "two dates"},
    {"today yesterday", "two dates"},
    {"13:05 UTC CET", "two time zones"},
    {"monday tuesday", "two days of the week"},
    {"monday yesterday", "two days"},
    {"2h now", "two times"},
    {"2h 13:05", "does not go with the rest"},
    {"Thu, 20 Nov 2026", "is not on that day of the week"},
    {"13:05 Europe/Belrin", "time zone \"Europe/Belrin\""},
    {"13:05 BST", "time zone \"BST\""},
    {"13:05 +25:00", "\"+25:00\""},
    {"13:05 right/Europe/Berlin", "time zone"},
    {"13:05 ../../../etc/passwd", "\"../../../etc/passwd\""},
    {"13:05 /etc/localtime", "\"/etc/localtime\""},
    {"2 months ago", "\"2 months ago\""},
    {"last week", "\"last week\""},
    {"+2h", "\"+2h\""},
    {"-2", NULL},
    {"soon", "\"soon\""},
    {"999999999d", "is no part"},
    {"99999999y", NULL},
    {"2026-11-20 13:05 \x1b[2J", "?[2J"},
    {"\xe2\x80\xae", "?"},
};

START_TEST(what_is_no_time_is_refused_with_a_reason)
{
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";
    bool ok = read_at(bad[_i].text, "Europe/Berlin", NOW, &when, error);

    ck_assert_msg(!ok, "%s: %s", bad[_i].text, iso(when.epoch));
    ck_assert_msg(error[0] == '"', "%s", error);
    if (bad[_i].why)
        ck_assert_msg(strcasestr(error, bad[_i].why) != NULL, "%s: %s", bad[_i].text, error);
    ck_assert_ptr_null(strchr(error, '\x1b'));
}
END_TEST

START_TEST(a_text_without_end_is_refused)
{
    char text[5001];
    char error[TIMESPEC_ERROR_SIZE] = "";
    struct timespec_when when;

    memset(text, ' ', sizeof(text) - 1);
    memcpy(text + sizeof(text) - 4, "now", 4);
    ck_assert(!read_at(text, "UTC", NOW, &when, error));
    ck_assert_ptr_nonnull(strstr(error, "too long"));
}
END_TEST

/* ── what is doubtful ── */

static const struct {
    const char *zone, *text, *taken, *says;
    const char *other; /* which the note says in quotes, and what that is */
    const char *other_is;
} doubtful[] = {
    {"Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00Z", "CEST (+0200)",
     "2026-10-25 02:30 +0100", "2026-10-25T01:30:00Z"},
    {"Europe/Berlin", "2026-10-25 02:30:59", "2026-10-25T00:30:59Z", "twice",
     "2026-10-25 02:30:59 +0100", "2026-10-25T01:30:59Z"},
    {"UTC", "2026-10-25 02:30 Europe/Berlin", "2026-10-25T00:30:00Z", "Europe/Berlin",
     "2026-10-25 02:30 +0100", "2026-10-25T01:30:00Z"},
    {"Europe/Berlin", "2026-10-25 02:00", "2026-10-25T00:00:00Z", "twice", "2026-10-25 02:00 +0100",
     "2026-10-25T01:00:00Z"},
    {"Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25T00:59:59Z", "twice",
     "2026-10-25 02:59:59 +0100", "2026-10-25T01:59:59Z"},
    {"America/New_York", "2026-11-01 01:30", "2026-11-01T05:30:00Z", "EDT (-0400)",
     "2026-11-01 01:30 -0500", "2026-11-01T06:30:00Z"},
    {"America/St_Johns", "2026-11-01 01:30", "2026-11-01T04:00:00Z", "NDT (-0230)",
     "2026-11-01 01:30 -0330", "2026-11-01T05:00:00Z"},
    {"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45:00Z", "+1100",
     "2026-04-05 01:45 +1030", "2026-04-04T15:15:00Z"},
    {"America/Havana", "2026-11-01 00:30", "2026-11-01T04:30:00Z", "twice",
     "2026-11-01 00:30 -0500", "2026-11-01T05:30:00Z"},
    {"Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:30:00Z",
     "2026-03-29 03:30:00 CEST (+0200)", "2026-03-29 02:30 +0200", "2026-03-29T00:30:00Z"},
    {"Europe/Berlin", "2026-03-29 02:00", "2026-03-29T01:00:00Z", "never showed 02:00",
     "2026-03-29 02:00 +0200", "2026-03-29T00:00:00Z"},
    {"Europe/Berlin", "2026-03-29 02:59:59", "2026-03-29T01:59:59Z", "never",
     "2026-03-29 02:59:59 +0200", "2026-03-29T00:59:59Z"},
    {"America/Sao_Paulo", "2018-11-04 00:30", "2018-11-04T03:30:00Z", "never",
     "2018-11-04 00:30 -0200", "2018-11-04T02:30:00Z"},
    {"Pacific/Apia", "2011-12-30 12:00", "2011-12-30T22:00:00Z", "never", "2011-12-30 12:00 +1400",
     "2011-12-29T22:00:00Z"},
    {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "no such day", NULL, NULL},
    {"Europe/Berlin", "2026-07-20 13:05 CET", "2026-07-20T12:05:00Z",
     "Europe/Berlin had CEST (+0200)", NULL, NULL},
    {"Europe/Berlin", "2026-07-20 13:05 EST", "2026-07-20T18:05:00Z",
     "America/New_York had EDT (-0400)", NULL, NULL},
    {"Europe/Berlin", "2026-11-20 13:05 CEST", "2026-11-20T11:05:00Z",
     "Europe/Berlin had CET (+0100)", NULL, NULL},
};

START_TEST(a_doubtful_time_is_said_to_be_so_and_how_to_name_the_other)
{
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";
    bool ok = read_at(doubtful[_i].text, doubtful[_i].zone, "2027-01-01T00:00:00Z", &when, error);

    ck_assert_msg(ok, "%s", error);
    ck_assert_msg(when.epoch == utc(doubtful[_i].taken), "%s: %s", doubtful[_i].text,
                  iso(when.epoch));
    ck_assert(when.is_doubtful);
    ck_assert_msg(strstr(when.note, doubtful[_i].says) != NULL, "%s", when.note);
    if (doubtful[_i].other) {
        ck_assert_msg(strstr(when.note, doubtful[_i].other) != NULL, "%s", when.note);
        ck_assert(read_at(doubtful[_i].other, doubtful[_i].zone, NOW, &when, error));
        ck_assert_msg(when.epoch == utc(doubtful[_i].other_is), "%s: %s", doubtful[_i].other,
                      iso(when.epoch));
        ck_assert(!when.is_doubtful);
    }
}
END_TEST

START_TEST(an_abbreviation_decides_which_of_two_was_meant)
{
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";

    ck_assert(read_at("2026-10-25 02:30 CEST", "Europe/Berlin", NOW, &when, error));
    ck_assert_int_eq(when.epoch, utc("2026-10-25T00:30:00Z"));
    ck_assert(!when.is_doubtful);
    ck_assert(read_at("2026-10-25 02:30 CET", "Europe/Berlin", NOW, &when, error));
    ck_assert_int_eq(when.epoch, utc("2026-10-25T01:30:00Z"));
    ck_assert(!when.is_doubtful);
}
END_TEST

static const struct {
    const char *text, *says; /* NULL: nothing */
} futures[] = {
    {"now", NULL},
    {"today", NULL},
    {"13:30", NULL},
    {"13:30:16", "in 1 min."},
    {"13:45", "in 15 min."},
    {"15:45", "in 2 h 14 min."},
    {"2027-11-20", "in 364 days."},
    {"tomorrow", "in 10 h 29 min."},
    {"@1800000000", "in the future"},
};

START_TEST(a_time_in_the_future_is_said_to_be_so)
{
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";

    ck_assert(read_at(futures[_i].text, "UTC", NOW, &when, error));
    ck_assert_int_eq(when.in_future, futures[_i].says != NULL);
    if (futures[_i].says)
        ck_assert_msg(strstr(when.note, futures[_i].says) != NULL, "%s", when.note);
    else
        ck_assert_str_eq(when.note, "");
}
END_TEST

START_TEST(a_year_that_was_not_given_is_said)
{
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";

    ck_assert(read_at("Nov 21 13:05", "UTC", NOW, &when, error));
    ck_assert_str_eq(when.note, "No year was given: taken is 2025.");
}
END_TEST

START_TEST(the_zone_of_the_result_is_the_typed_one_or_the_callers)
{
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";
    char text[ZONE_TEXT_SIZE];

    ck_assert(read_at("13:05", "Europe/Berlin", NOW, &when, error));
    ck_assert_str_eq(zone_text(&when.zone, when.epoch, text), "CET (+0100)");
    ck_assert(read_at("13:05 +0200", "Europe/Berlin", NOW, &when, error));
    ck_assert_str_eq(zone_text(&when.zone, when.epoch, text), "+0200");
    ck_assert(read_at("13:05 Z", "Europe/Berlin", NOW, &when, error));
    ck_assert_str_eq(zone_text(&when.zone, when.epoch, text), "UTC");
    ck_assert(read_at("-2h", "America/Sao_Paulo", NOW, &when, error));
    ck_assert_str_eq(zone_text(&when.zone, when.epoch, text), "America/Sao_Paulo (-0300)");
}
END_TEST

/* ── the oracle: what the C library says of a moment must lead back to it ── */

static const char *const zones[] = {
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Marquesas",
};

/* Every day, and every half hour around a change of the clocks. */
START_TEST(every_moment_is_found_again_by_what_the_wall_showed)
{
    int64_t last = utc("2040-01-01T00:00:00Z");
    struct zone zone = named(zones[_i]);

    setenv("TZ", zones[_i], 1);
    zone = zone_local();

    for (int64_t at = utc("1999-06-01T00:00:00Z"), step = 0; at < last; at += step) {
        struct timespec_context context = {.now = last, .zone = &zone};
        struct timespec_when when;
        char text[ZONE_STAMP_SIZE], error[TIMESPEC_ERROR_SIZE] = "";
        int64_t epochs[2];
        struct zone_time wall = zone_at(&zone, at);
        int times = zone_epochs(&zone, &wall, epochs);
        bool is_change = zone_at(&zone, at + 86400).offset != zone_at(&zone, at - 86400).offset;

        step = is_change ? 1740 : 86400 + 1234;
        ck_assert_msg(times > 0 && (epochs[0] == at || (times == 2 && epochs[1] == at)),
                      "%lld in %s", (long long)at, zones[_i]);
        ck_assert(times == 1 || epochs[0] < epochs[1]);
        ck_assert(timespec_read(zone_iso(&zone, at, text), &context, &when, error));
        ck_assert_int_eq(when.epoch, at);
        if (at % 5 != 0)
            continue;
        ck_assert(timespec_read(zone_stamp(&zone, at, text), &context, &when, error));
        ck_assert_int_eq(when.epoch, epochs[0]);
        ck_assert_int_eq(when.is_doubtful, times == 2);
    }
}
END_TEST

START_TEST(looking_into_another_zone_leaves_the_local_one)
{
    struct zone local, elsewhere = named("Asia/Tokyo");

    setenv("TZ", "America/New_York", 1);
    local = zone_local();
    ck_assert_int_eq(zone_at(&elsewhere, 1763643900).hour, 22);
    ck_assert_int_eq(zone_at(&local, 1763643900).hour, 8);
    ck_assert_str_eq(local.name, "America/New_York");
    ck_assert_str_eq(getenv("TZ"), "America/New_York");
    unsetenv("TZ");
    zone_at(&elsewhere, 1763643900);
    ck_assert_ptr_null(getenv("TZ"));
    setenv("TZ", "", 1);
    local = zone_local();
    ck_assert_str_eq(local.name, "UTC");
}
END_TEST

/* ── durations ── */

static const struct {
    const char *text;
    int64_t seconds; /* -1: none */
} durations[] = {
    {"2m", 120},
    {"90s", 90},
    {"1h30m", 5400},
    {"1h 30m", 5400},
    {"2 hours", 7200},
    {"1 day 12h", 129600},
    {"1 day, 12 hours", 129600},
    {"an hour", 3600},
    {"0s", 0},
    {"2w", 1209600},
    {"1y", 31536000},
    {" 5min ", 300},
    {"", -1},
    {"2", -1},
    {"m", -1},
    {"2x", -1},
    {"-2m", -1},
    {"2m3", -1},
    {"1h-30m", -1},
    {"1.5h", -1},
    {"999999999s", -1},
    {"1 month", -1},
    {"2m\x1b", -1},
    {"a", -1},
    {"99999999s", 99999999},
};

START_TEST(a_duration_is_a_sum_of_numbers_with_units)
{
    int64_t seconds = -1;

    ck_assert_int_eq(timespec_read_duration(durations[_i].text, &seconds),
                     durations[_i].seconds >= 0);
    ck_assert_int_eq(seconds, durations[_i].seconds);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("timespec");
    TCase *tests = tcase_create("timespec");

    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, a_time_names_its_first_and_its_last_second, 0, COUNT(good));
    tcase_add_loop_test(tests, what_is_no_time_is_refused_with_a_reason, 0, COUNT(bad));
    tcase_add_test(tests, a_text_without_end_is_refused);
    tcase_add_loop_test(tests, a_doubtful_time_is_said_to_be_so_and_how_to_name_the_other, 0,
                        COUNT(doubtful));
    tcase_add_test(tests, an_abbreviation_decides_which_of_two_was_meant);
    tcase_add_loop_test(tests, a_time_in_the_future_is_said_to_be_so, 0, COUNT(futures));
    tcase_add_test(tests, a_year_that_was_not_given_is_said);
    tcase_add_test(tests, the_zone_of_the_result_is_the_typed_one_or_the_callers);
    tcase_add_loop_test(tests, every_moment_is_found_again_by_what_the_wall_showed, 0,
                        COUNT(zones));
    tcase_add_test(tests, looking_into_another_zone_leaves_the_local_one);
    tcase_add_loop_test(tests, a_duration_is_a_sum_of_numbers_with_units, 0, COUNT(durations));
    suite_add_tcase(suite, tests);
    return suite;
}
