/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "lib/duration.h"

#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static const struct {
    const char *text;
    int64_t seconds;
} good[] = {
    {"0s", 0},
    {"1s", 1},
    {"10s", 10},
    {"5m", 300},
    {"6h", 21600},
    {"90d", 90 * 86400},
    {"1y", 31536000},
    {"007m", 7 * 60},
    {"99999999s", 99999999},
    {"366d", 366 * 86400},
    {"99999999y", 99999999 * INT64_C(31536000)},
};

START_TEST(a_number_and_a_unit_are_a_duration)
{
    int64_t seconds = -1;

    ck_assert(duration_parse(good[_i].text, &seconds));
    ck_assert_int_eq(seconds, good[_i].seconds);
}
END_TEST

static const char *const bad[] = {
    "",     "s",          "10",    "10S",   " 10s",       "10s ",
    "10 s", "-1s",        "+1s",   "1.5h",  "1h30m",      "10ss",
    "10w",  "100000000s", "0x10s", "10s\n", "10\xc2\xb5", "999999999999999999999999999999y",
};

START_TEST(any_other_text_is_no_duration)
{
    int64_t seconds = -1;

    ck_assert(!duration_parse(bad[_i], &seconds));
    ck_assert_int_eq(seconds, -1);
}
END_TEST

static const struct {
    int64_t seconds;
    const char *text;
} written[] = {
    {0, "0s"},
    {1, "1s"},
    {60, "1m"},
    {90, "90s"},
    {300, "5m"},
    {3600, "1h"},
    {5400, "90m"},
    {86400, "1d"},
    {90 * 86400, "90d"},
    {31536000, "1y"},
    {31536000 + 86400, "366d"},
    {31536001, "31536001s"},
    {INT64_MAX, "9223372036854775807s"},
};

START_TEST(a_duration_is_written_in_the_largest_unit_that_fits)
{
    char text[DURATION_SIZE];

    ck_assert_str_eq(duration_format(written[_i].seconds, text), written[_i].text);
}
END_TEST

START_TEST(what_is_written_is_read_as_the_same)
{
    for (int64_t seconds = 0; seconds < 400 * 86400; seconds = seconds * 7 / 5 + 1) {
        char text[DURATION_SIZE];
        int64_t again = -1;

        ck_assert(duration_parse(duration_format(seconds, text), &again));
        ck_assert_int_eq(again, seconds);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("duration");
    TCase *tests = tcase_create("duration");

    tcase_add_loop_test(tests, a_number_and_a_unit_are_a_duration, 0, COUNT(good));
    tcase_add_loop_test(tests, any_other_text_is_no_duration, 0, COUNT(bad));
    tcase_add_loop_test(tests, a_duration_is_written_in_the_largest_unit_that_fits, 0,
                        COUNT(written));
    tcase_add_test(tests, what_is_written_is_read_as_the_same);
    suite_add_tcase(suite, tests);
    return suite;
}
