/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers as tables, JSON and CSV: what they look like, and how large they may be. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "helpdesk/fold.h"
#include "tests/unit/output_fixture.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* ── forms ── */

START_TEST(a_table_has_human_units_and_the_zone_once)
{
    ck_assert_str_eq(
        answer(OUTPUT_TABLE, "alice", "2.6.12 linux"),
        "USER  ADDRESS       UP      RATE FROM                TO            FOR N OPEN BAR "
        "CLIENT\n"
        "alice 10.8.0.9 1.2 GiB 2.0 KiB/s 2026-11-20 12:00:00 still open 3h 05m 3 yes  "
        "\xe2\x96\x88\xe2\x96\x8c  2.6.12 linux\n"
        "Times: UTC.\n");
}
END_TEST

START_TEST(json_has_raw_numbers_iso_times_and_null)
{
    ck_assert_str_eq(answer(OUTPUT_JSON, "alice", "2.6.12 linux"),
                     "[\n  {\"user\": \"alice\", \"address\": \"10.8.0.9\", \"from_client\": "
                     "1300000000, \"rate\": 2048, \"started\": \"2026-11-20T12:00:00Z\", "
                     "\"ended\": null, \"seconds\": 11100, \"count\": 3, \"open\": true, "
                     "\"secret\": 7, \"client\": \"2.6.12 linux\"}\n]\n");
}
END_TEST

START_TEST(csv_has_a_line_of_keys_and_ends_lines_as_the_rfc_says)
{
    ck_assert_str_eq(answer(OUTPUT_CSV, "alice", "2.6.12 linux"),
                     "user,address,from_client,rate,started,ended,seconds,count,open,secret,client"
                     "\r\n"
                     "\"alice\",\"10.8.0.9\",1300000000,2048,2026-11-20T12:00:00Z,,11100,3,true,7,"
                     "\"2.6.12 linux\"\r\n");
}
END_TEST

START_TEST(without_a_header_each_time_has_its_offset)
{
    style.no_header = true;
    ck_assert_str_eq(answer(OUTPUT_TABLE, "alice", "x"),
                     "alice 10.8.0.9 1.2 GiB 2.0 KiB/s 2026-11-20 12:00:00 +0000 still open 3h 05m "
                     "3 yes \xe2\x96\x88\xe2\x96\x8c x\n");
    tear_down();
    set_up();
    style.no_header = true;
    ck_assert_ptr_null(strstr(answer(OUTPUT_CSV, "alice", "x"), "user"));
}
END_TEST

START_TEST(an_answer_without_rows_is_an_empty_array_or_a_header_or_nothing)
{
    static const struct {
        enum output_form form;
        const char *text;
    } forms[] = {{OUTPUT_JSON, "[]\n"}, {OUTPUT_TABLE, ""}, {OUTPUT_CSV, "user,address,"}};
    struct output *output = NULL;

    style.form = forms[_i].form;
    output = output_new(&style, output_columns, OUTPUT_COLUMNS);
    ck_assert(output_finish(output));
    ck_assert_uint_eq(output_rows(output), 0);
    output_free(output);
    end_of_output();
    ck_assert_uint_ge(n_written, strlen(forms[_i].text));
    ck_assert(strncmp(written, forms[_i].text, strlen(forms[_i].text)) == 0);
    if (forms[_i].form != OUTPUT_CSV)
        ck_assert_uint_eq(n_written, strlen(forms[_i].text));
}
END_TEST

/* ── times ── */

static const struct output_column times[] = {{.key = "at", .title = "AT", .kind = OUTPUT_TIME}};

static const char *show_times(enum output_form form, const char *zone, const int64_t *epochs,
                              size_t n)
{
    struct output *output = NULL;

    if (!zone_find(&style.zone, zone))
        unit_skip("the system has no time zones (Debian: tzdata)");
    style.form = form;
    output = output_new(&style, times, 1);
    for (size_t i = 0; i < n; i++)
        ck_assert(output_row(output, (struct output_value[]){output_number(epochs[i])}));
    ck_assert(output_finish(output));
    output_free(output);
    return end_of_output();
}

START_TEST(a_table_across_a_change_of_clocks_says_the_offset_of_each_time)
{
    const int64_t epochs[] = {1792888200, 1792891800, 1792895400};

    ck_assert_str_eq(show_times(OUTPUT_TABLE, "Europe/Berlin", epochs, 3),
                     "AT\n2026-10-25 02:30:00 +0200\n2026-10-25 02:30:00 +0100\n"
                     "2026-10-25 03:30:00 +0100\nTimes: Europe/Berlin.\n");
}
END_TEST

START_TEST(local_times_are_iso_times_with_their_offset)
{
    const int64_t epochs[] = {1792888200, 1792891800, -1};

    ck_assert_str_eq(show_times(OUTPUT_TABLE, "Europe/Berlin", epochs + 1, 1),
                     "AT\n2026-10-25 02:30:00\nTimes: CET (+0100).\n");
    tear_down();
    set_up();
    ck_assert_str_eq(show_times(OUTPUT_CSV, "Europe/Berlin", epochs, 3),
                     "at\r\n2026-10-25T02:30:00+02:00\r\n2026-10-25T02:30:00+01:00\r\n"
                     "1970-01-01T00:59:59+01:00\r\n");
}
END_TEST

START_TEST(a_value_that_is_not_known_is_so_in_every_kind)
{
    struct output_value values[OUTPUT_COLUMNS] = {{.is_known = false}};
    struct output *output = NULL;

    style.form = (enum output_form)_i;
    output = output_new(&style, output_columns, OUTPUT_COLUMNS);
    ck_assert(output_row(output, values));
    ck_assert(output_finish(output));
    output_free(output);
    end_of_output();
    if (style.form == OUTPUT_CSV)
        ck_assert_str_eq(strstr(written, "\r\n"), "\r\n,,,,,,,,,,\r\n");
    else if (style.form == OUTPUT_JSON)
        ck_assert_ptr_nonnull(strstr(written, "\"count\": null, \"open\": null"));
    else
        ck_assert_ptr_nonnull(strstr(written, "?        ? "));
}
END_TEST

/* ── the terminal ── */

START_TEST(a_table_is_no_wider_than_the_terminal_while_columns_can_be_spared)
{
    static const size_t widths[] = {78, 80, 90, 100, 110, 111, 120, 200};
    const char *text = NULL;

    style.width = widths[_i];
    text =
        answer(OUTPUT_TABLE, "alice", "OpenVPN GUI 11 with a long name, and Windows 10, and more");
    for (const char *line = text, *end = NULL; *line != '\0'; line = end + 1) {
        char copy[1000];

        end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        snprintf(copy, sizeof(copy), "%.*s", (int)(end - line), line);
        ck_assert_msg(fold_width(copy) <= widths[_i], "%zu: %s", widths[_i], text);
    }
    ck_assert_ptr_nonnull(strstr(text, "alice"));
    ck_assert_ptr_nonnull(strstr(text, "2026-11-20 12:00:00"));
    ck_assert_int_eq(strstr(text, "10.8.0.9") == NULL, strstr(text, "ADDRESS") == NULL);
    ck_assert_int_eq(strstr(text, "left out") == NULL, strstr(text, "RATE") != NULL);
}
END_TEST

START_TEST(columns_are_left_out_in_their_order)
{
    static const struct {
        size_t width;
        bool has_rate, has_address, has_duration;
    } cases[] = {{112, true, true, true},
                 {111, false, true, true},
                 {102, false, true, true},
                 {101, false, false, true},
                 {92, false, false, false}};
    const char *text = NULL;

    style.width = cases[_i].width;
    text = answer(OUTPUT_TABLE, "alice", "this is a client of about 30 l");
    ck_assert_msg((strstr(text, "RATE") != NULL) == cases[_i].has_rate, "%s", text);
    ck_assert_msg((strstr(text, "ADDRESS") != NULL) == cases[_i].has_address, "%s", text);
    ck_assert_msg((strstr(text, "FOR") != NULL) == cases[_i].has_duration, "%s", text);
}
END_TEST

START_TEST(colours_are_only_where_they_were_asked_for)
{
    static const struct output_column one[] = {{.key = "a", .title = "A", .kind = OUTPUT_TEXT}};
    struct output *output = NULL;

    style.form = OUTPUT_TABLE;
    style.colours = _i == 1;
    output = output_new(&style, one, 1);
    output_row(output,
               (struct output_value[]){output_marked(output_text("two people"), TABLE_BAD)});
    ck_assert(output_finish(output));
    output_free(output);
    ck_assert_int_eq(strchr(end_of_output(), '\x1b') != NULL, _i == 1);
}
END_TEST

/* ── size ── */

#ifdef __SANITIZE_ADDRESS__ /* which is slow, and keeps freed memory for a while */
#define MANY      100000
#define ALLOWANCE 65536 /* KiB; all rows of a table would take 150 MiB */
#else
#define MANY      1000000
#define ALLOWANCE 8192
#endif

START_TEST(a_million_rows_need_no_memory_of_their_own)
{
    struct rusage before, after;
    struct output *output = NULL;

    fclose(style.out);
    style.out = fopen("/dev/null", "w");
    style.form = (enum output_form)_i;
    output = output_new(&style, output_columns, OUTPUT_COLUMNS);
    for (int i = 0; i < 2 * OUTPUT_BLOCK; i++) /* what buffers and blocks need */
        put_row(output, "alice", "2.6.12 linux");
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < (style.form == OUTPUT_TABLE ? MANY / 10 : MANY); i++)
        put_row(output, "alice", "2.6.12 linux");
    getrusage(RUSAGE_SELF, &after);
    ck_assert(output_finish(output));
    output_free(output);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, ALLOWANCE);
}
END_TEST

START_TEST(a_row_that_cannot_be_written_ends_the_answer)
{
    struct output *output = NULL;
    bool ok = true;

    fclose(style.out);
    style.out = fopen("/dev/full", "w");
    style.form = OUTPUT_CSV;
    output = output_new(&style, times, 1);
    for (int i = 0; i < 100000 && ok; i++)
        ok = output_row(output, (struct output_value[]){output_number(NOON)});
    ck_assert(!ok);
    ck_assert_uint_lt(output_rows(output), 1000);
    output_free(output);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("output");
    TCase *tests = tcase_create("output");

    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_table_has_human_units_and_the_zone_once);
    tcase_add_test(tests, json_has_raw_numbers_iso_times_and_null);
    tcase_add_test(tests, csv_has_a_line_of_keys_and_ends_lines_as_the_rfc_says);
    tcase_add_test(tests, without_a_header_each_time_has_its_offset);
    tcase_add_loop_test(tests, an_answer_without_rows_is_an_empty_array_or_a_header_or_nothing, 0,
                        3);
    tcase_add_test(tests, a_table_across_a_change_of_clocks_says_the_offset_of_each_time);
    tcase_add_test(tests, local_times_are_iso_times_with_their_offset);
    tcase_add_loop_test(tests, a_value_that_is_not_known_is_so_in_every_kind, 0, 3);
    tcase_add_loop_test(tests, a_table_is_no_wider_than_the_terminal_while_columns_can_be_spared, 0,
                        8);
    tcase_add_loop_test(tests, columns_are_left_out_in_their_order, 0, 5);
    tcase_add_loop_test(tests, colours_are_only_where_they_were_asked_for, 0, 2);
    tcase_add_loop_test(tests, a_million_rows_need_no_memory_of_their_own, 0, 3);
    tcase_add_test(tests, a_row_that_cannot_be_written_ends_the_answer);
    suite_add_tcase(suite, tests);
    return suite;
}
