/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drawings: what is more is longer, what is little is seen, what is not known is marked. */
#include "tests/unit/unit.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/bars.h"
#include "helpdesk/fold.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))
#define FULL         "\xe2\x96\x88"
#define HALF         "\xe2\x96\x8c"
#define EIGHTH       "\xe2\x96\x8f"
#define NOON         1795176000 /* 2026-11-20T12:00:00Z */

/* ── bars ── */

static const struct {
    int64_t value, most;
    size_t width;
    const char *blocks, *ascii;
} bars[] = {
    {0, 100, 4, "", ""},
    {BARS_UNKNOWN, 100, 4, "", ""},
    {100, 100, 4, FULL FULL FULL FULL, "####"},
    {50, 100, 4, FULL FULL, "##"},
    {62, 100, 4, FULL FULL HALF, "###"},
    {1, 1000000, 4, EIGHTH, "."},
    {999999, 1000000, 4, FULL FULL FULL FULL, "####"},
    {200, 100, 4, FULL FULL FULL FULL, "####"},
    {INT64_MAX, INT64_MAX, 2, FULL FULL, "##"},
    {5, 0, 4, "", ""},
    {5, 5, 0, "", ""},
};

START_TEST(a_bar_is_as_long_as_its_share)
{
    char text[BARS_SIZE];

    ck_assert_str_eq(bars_bar(bars[_i].value, bars[_i].most, bars[_i].width, true, text),
                     bars[_i].blocks);
    ck_assert_str_eq(bars_bar(bars[_i].value, bars[_i].most, bars[_i].width, false, text),
                     bars[_i].ascii);
}
END_TEST

START_TEST(more_is_never_shorter_and_never_wider_than_there_is_room)
{
    char text[BARS_SIZE];
    size_t width = (size_t)_i * 33 + 1;

    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    for (int blocks = 0; blocks < 2; blocks++) {
        size_t before = 0;

        for (int64_t value = 0; value <= 5000; value++) {
            size_t length = strlen(bars_bar(value, 5000, width, blocks == 1, text));

            ck_assert_uint_le(before, length);
            ck_assert_uint_le(fold_width(text), width);
            ck_assert_int_eq(length > 0, value > 0);
            before = length;
        }
    }
    ck_assert_uint_eq(fold_width(bars_bar(1, 1, 5000, true, text)), BARS_MAX_WIDTH);
}
END_TEST

/* ── traffic over time ── */

static const char *drawn(const int64_t *bytes, size_t n, int64_t step_s, size_t width,
                         size_t height, bool blocks)
{
    static char kept[20000];
    struct bars_series series = {.start = NOON, .step_s = step_s, .bytes = bytes, .n = n};
    struct bars_layout layout = {
        .width = width, .height = height, .blocks = blocks, .zone = zone_utc};
    char *text = bars_over_time(&series, &layout);

    ck_assert_ptr_nonnull(text);
    ck_assert_uint_lt(strlen(text), sizeof(kept));
    strcpy(kept, text);
    free(text);
    return kept;
}

START_TEST(traffic_is_drawn_as_rates_with_its_times)
{
    static const int64_t bytes[] = {0,      307200, 614400, 1228800,      921600,
                                    307200, 3,      0,      BARS_UNKNOWN, 0};

    ck_assert_str_eq(
        drawn(bytes, 10, 300, 33, 2, true),
        " 4.0 KiB/s \xe2\x94\x82      \xe2\x96\x88\xe2\x96\x88\xe2\x96\x84\xe2\x96\x84"
        "          \n"
        "           \xe2\x94\x82  \xe2\x96\x84\xe2\x96\x84" FULL FULL FULL FULL FULL FULL
        "\xe2\x96\x84\xe2\x96\x84\xe2\x96\x81\xe2\x96\x81  ??  \n"
        "         0 \xe2\x94\x94\xe2\x94\xac\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
        "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\xac\xe2\x94\x80"
        "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
        "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\n"
        "            12:00   12:20\n");
    ck_assert_str_eq(drawn(bytes, 10, 300, 33, 2, false), " 4.0 KiB/s |      ##::          \n"
                                                          "           |  ::######::..  ??  \n"
                                                          "         0 ++-------+-----------\n"
                                                          "            12:00   12:20\n");
}
END_TEST

START_TEST(more_than_a_day_has_dates)
{
    static const int64_t bytes[30] = {3600};

    ck_assert_ptr_nonnull(strstr(drawn(bytes, 24, 3600, 80, 3, false), "12:00   16:00"));
    ck_assert_ptr_nonnull(strstr(drawn(bytes, 25, 3600, 80, 3, false), "11-20 12:00"));
}
END_TEST

START_TEST(steps_that_share_a_column_are_averaged)
{
    int64_t bytes[1000];
    const char *text;

    for (size_t i = 0; i < 1000; i++)
        bytes[i] = i % 2 == 0 ? BARS_UNKNOWN : 1024 * 300;
    text = drawn(bytes, 1000, 300, 80, 1, false);
    ck_assert_msg(strncmp(text, " 1.0 KiB/s |####", 16) == 0, "%s", text);
    ck_assert_ptr_null(strchr(text, '?'));
}
END_TEST

/* Whatever the numbers: every line fits, there are as many as asked for, nothing is lost. */
START_TEST(every_drawing_fits_and_shows_what_is_there)
{
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    srand(7);
    for (int round = 0; round < 400; round++) {
        static int64_t bytes[700];
        size_t n = 1 + (size_t)(rand() % 700);
        size_t width = 40 + (size_t)(rand() % 200);
        size_t height = 1 + (size_t)(rand() % 8);
        bool blocks = rand() % 2 == 0;
        char copy[20000];
        size_t lines = 0;
        bool is_flat = true;

        for (size_t i = 0; i < n; i++) {
            bytes[i] =
                rand() % 3 == 0 ? BARS_UNKNOWN : (int64_t)rand() * (rand() % 3) << rand() % 31;
            is_flat = is_flat && bytes[i] <= 0;
        }
        strcpy(copy, drawn(bytes, n, 1 + rand() % 3600, width, height, blocks));
        for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"), lines++)
            ck_assert_msg(fold_width(line) <= width, "%zu: %s", width, line);
        ck_assert_uint_eq(lines, height + 2);
        ck_assert_int_eq(is_flat, strstr(drawn(bytes, n, 60, width, height, blocks), "/s") == NULL);
    }
}
END_TEST

START_TEST(nothing_at_all_is_no_drawing)
{
    static const int64_t bytes[] = {0, 0, 0};

    ck_assert_str_eq(drawn(bytes, 0, 300, 80, 3, true), "");
    ck_assert_str_eq(drawn(bytes, 3, 300, 33, 1, false), "           |                  \n"
                                                         "         0 ++-----------+-----\n"
                                                         "            12:00       12:10\n");
}
END_TEST

START_TEST(blocks_are_for_locales_that_have_them)
{
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    ck_assert(bars_has_blocks());
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C"));
    ck_assert(!bars_has_blocks());
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("bars");
    TCase *tests = tcase_create("bars");

    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, a_bar_is_as_long_as_its_share, 0, COUNT(bars));
    tcase_add_loop_test(tests, more_is_never_shorter_and_never_wider_than_there_is_room, 0, 4);
    tcase_add_test(tests, traffic_is_drawn_as_rates_with_its_times);
    tcase_add_test(tests, more_than_a_day_has_dates);
    tcase_add_test(tests, steps_that_share_a_column_are_averaged);
    tcase_add_test(tests, every_drawing_fits_and_shows_what_is_there);
    tcase_add_test(tests, nothing_at_all_is_no_drawing);
    tcase_add_test(tests, blocks_are_for_locales_that_have_them);
    suite_add_tcase(suite, tests);
    return suite;
}
