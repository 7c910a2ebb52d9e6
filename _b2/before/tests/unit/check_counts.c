/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mgmtd/counts.h"

#include "mgmtd/ending.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

#define BUCKET 300

static struct counts counts;
static struct counts_delta deltas[2];

static void report(enum counts_source source, int64_t from, int64_t to, int64_t at)
{
    counts_report(&counts, source, from, to, at, BUCKET, &deltas[0]);
}

START_TEST(totals_follow_the_counter)
{
    counts_begin(&counts, 1000, BUCKET);
    ck_assert_int_eq(counts.from, COUNTS_NONE);
    report(COUNTS_BYTECOUNT, 10, 20, 1010);
    report(COUNTS_BYTECOUNT, 11, 25, 1020);
    ck_assert_int_eq(counts.from, 11);
    ck_assert_int_eq(counts.to, 25);
    ck_assert_int_eq(counts.at, 1020);
}
END_TEST

START_TEST(a_counter_that_fell_adds_to_what_it_had_reached)
{
    counts_begin(&counts, 1000, BUCKET);
    report(COUNTS_BYTECOUNT, 100, 200, 1010);
    report(COUNTS_BYTECOUNT, 5, 300, 1020);
    report(COUNTS_BYTECOUNT, 6, 301, 1030);
    ck_assert_int_eq(counts.from, 106);
    ck_assert_int_eq(counts.to, 501);
}
END_TEST

START_TEST(two_sources_that_differ_are_no_falling_counter)
{
    counts_begin(&counts, 1000, BUCKET);
    for (int i = 0; i < 10; i++) {
        report(COUNTS_STATUS, 5000 + i, 6000 + i, 1000 + 2 * i);
        report(COUNTS_BYTECOUNT, 50 + i, 60 + i, 1001 + 2 * i);
    }
    ck_assert_int_eq(counts.from, 5009);
    ck_assert_int_eq(counts.to, 6009);
}
END_TEST

START_TEST(sums_stop_at_the_greatest_number)
{
    counts_begin(&counts, 1000, BUCKET);
    report(COUNTS_BYTECOUNT, INT64_MAX, INT64_MAX - 1, 1010);
    report(COUNTS_BYTECOUNT, 7, 1, 1020);
    ck_assert_int_eq(counts.from, INT64_MAX);
    ck_assert_int_eq(counts.to, INT64_MAX);
    report(COUNTS_BYTECOUNT, -1, 5, 1030);
    ck_assert_int_eq(counts.at, 1020);
}
END_TEST

START_TEST(final_counts_that_are_less_take_nothing_away)
{
    counts_begin(&counts, 1000, BUCKET);
    report(COUNTS_STATUS, 5000, 100, 1010);
    counts_finish(&counts, 30, 140, 1020, BUCKET, deltas);
    ck_assert_int_eq(counts.from, 5000);
    ck_assert_int_eq(counts.to, 140);
}
END_TEST

START_TEST(what_was_never_told_stays_unknown)
{
    counts_begin(&counts, 1000, BUCKET);
    counts_finish(&counts, COUNTS_NONE, COUNTS_NONE, 9000, BUCKET, deltas);
    ck_assert_int_eq(counts.from, COUNTS_NONE);
    ck_assert(!deltas[0].any && !deltas[1].any);
}
END_TEST

START_TEST(bytes_that_nobody_counted_for_long_say_since_when)
{
    counts_begin(&counts, 1000, BUCKET);
    report(COUNTS_BYTECOUNT, 10, 10, 1100);
    report(COUNTS_BYTECOUNT, 50, 60, 5000);
    ck_assert(deltas[0].any && deltas[0].bucket == 900 && deltas[0].from == 10);
    ck_assert_int_eq(deltas[0].since, COUNTS_NONE);
    counts_finish(&counts, 51, 61, 5010, BUCKET, deltas);
    ck_assert(!deltas[0].any && deltas[1].any);
    ck_assert_int_eq(deltas[1].bucket, 4800);
    ck_assert_int_eq(deltas[1].from, 41);
    ck_assert_int_eq(deltas[1].since, 1100);
}
END_TEST

/* Whatever is reported when, also by a clock that is set: the buckets add up to the totals. */
START_TEST(the_buckets_add_up_to_the_totals)
{
    srand(5);
    for (int round = 0; round < 2000; round++) {
        int64_t from = 0, to = 0, at = 10000, raw_from = 0, raw_to = 0;

        counts_begin(&counts, at, BUCKET);
        for (int i = 0; i < 30; i++) {
            at += rand() % 20 ? rand() % 400 : -(rand() % 5000);
            raw_from = rand() % 10 ? raw_from + rand() % 1000 : rand() % 10;
            raw_to = rand() % 10 ? raw_to + rand() % 1000 : rand() % 10;
            report(rand() % 2, raw_from, raw_to, at);
            ck_assert(deltas[0].from >= 0 && deltas[0].to >= 0);
            from += deltas[0].any ? deltas[0].from : 0;
            to += deltas[0].any ? deltas[0].to : 0;
        }
        counts_finish(&counts, rand() % 2 ? raw_from : COUNTS_NONE, raw_to, at, BUCKET, deltas);
        for (int i = 0; i < 2; i++) {
            from += deltas[i].any ? deltas[i].from : 0;
            to += deltas[i].any ? deltas[i].to : 0;
        }
        ck_assert_int_eq(from, counts.from);
        ck_assert_int_eq(to, counts.to);
    }
}
END_TEST

START_TEST(silence_is_half_a_minute_and_three_reports_without_a_byte)
{
    static const struct {
        struct ending_quiet quiet;
        enum end_reason reason;
    } table[] = {
        {{500, 500, 30000, 3}, END_SILENT},       {{BATCH_NONE, 500, 30000, 3}, END_SILENT},
        {{0, 500, 30000, 3}, END_SILENT}, /* the kernel's counts were forgotten */
        {{501, 500, 90000, 9}, END_DISCONNECTED}, {{500, 500, 29999, 3}, END_DISCONNECTED},
        {{500, 500, 90000, 2}, END_DISCONNECTED}, {{500, BATCH_NONE, 90000, 9}, END_DISCONNECTED},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_int_eq(ending_of_disconnect(&table[i].quiet), table[i].reason);
}
END_TEST

START_TEST(who_ends_with_the_server_went_with_it)
{
    static const struct {
        enum end_reason reason, of_run;
        int64_t ended, last, gone_by;
        enum end_reason expected;
    } table[] = {
        {END_DISCONNECTED, END_SERVER_STOP, 100, 100, 101, END_SERVER_STOP},
        {END_DISCONNECTED, END_SERVER_RESTART, 99, 101, 104, END_SERVER_RESTART},
        {END_SILENT, END_SERVER_STOP, 100, 100, 101, END_SERVER_STOP},
        {END_DISCONNECTED, END_SERVER_STOP, 97, 100, 101, END_DISCONNECTED},
        {END_DISCONNECTED, END_SERVER_STOP, 100, 100, 200, END_DISCONNECTED},
        {END_DISCONNECTED, END_SERVER_STOP, 102, 102, 101, END_DISCONNECTED},
        {END_DISCONNECTED, END_SERVER_DIED, 100, 100, 101, END_DISCONNECTED},
        {END_REPLACED, END_SERVER_STOP, 100, 100, 101, END_REPLACED},
        {END_VANISHED, END_SERVER_STOP, 100, 100, 101, END_VANISHED},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_int_eq(ending_with_run(table[i].reason, table[i].ended, table[i].last,
                                         table[i].gone_by, table[i].of_run),
                         table[i].expected);
}
END_TEST

START_TEST(a_session_is_replaced_in_the_act_alone)
{
    ck_assert(ending_is_replaced(END_DISCONNECTED, 1000, 1000));
    ck_assert(ending_is_replaced(END_SILENT, 1000, 1400));
    ck_assert(!ending_is_replaced(END_DISCONNECTED, 1000, 2000));
    ck_assert(!ending_is_replaced(END_DISCONNECTED, 1000, 999));
    ck_assert(!ending_is_replaced(END_VANISHED, 1000, 1000));
    ck_assert(!ending_is_replaced(END_DISCONNECTED, BATCH_NONE, 1000));
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("counts");
    TCase *tcase = tcase_create("counts");

    tcase_add_test(tcase, totals_follow_the_counter);
    tcase_add_test(tcase, a_counter_that_fell_adds_to_what_it_had_reached);
    tcase_add_test(tcase, two_sources_that_differ_are_no_falling_counter);
    tcase_add_test(tcase, sums_stop_at_the_greatest_number);
    tcase_add_test(tcase, final_counts_that_are_less_take_nothing_away);
    tcase_add_test(tcase, what_was_never_told_stays_unknown);
    tcase_add_test(tcase, bytes_that_nobody_counted_for_long_say_since_when);
    tcase_add_test(tcase, the_buckets_add_up_to_the_totals);
    tcase_add_test(tcase, silence_is_half_a_minute_and_three_reports_without_a_byte);
    tcase_add_test(tcase, who_ends_with_the_server_went_with_it);
    tcase_add_test(tcase, a_session_is_replaced_in_the_act_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
