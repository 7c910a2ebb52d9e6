/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "helpdesk/tally.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#define KEYS 500

/* Keys as they come: numbers in a row, the beginnings of hours, anything. */
static int64_t key_of(int i)
{
    if (i % 3 == 0)
        return i;
    return i % 3 == 1 ? 1700000000 + (int64_t)i * 3600 : -(int64_t)i * 0x123456789ab;
}

START_TEST(what_is_added_under_a_number_is_its_sum)
{
    struct tally tally = {0};
    static int64_t upload[KEYS], download[KEYS];
    size_t used = 0;

    srandom(1);
    for (int n = 0; n < 20000; n++) {
        int i = (int)(random() % KEYS);
        int64_t up = random() % 1000, down = random() % 1000;

        used += upload[i] + download[i] == 0;
        upload[i] += up + 1;
        download[i] += down;
        ck_assert(tally_add(&tally, key_of(i), up + 1, down));
    }
    ck_assert_uint_eq(tally.n, used);
    for (size_t at = 0; at < tally.n; at++) {
        int i = 0;

        while (key_of(i) != tally.sums[at].key)
            i++;
        ck_assert_int_eq(tally.sums[at].upload, upload[i]);
        ck_assert_int_eq(tally.sums[at].download, download[i]);
    }
    tally_free(&tally);
}
END_TEST

START_TEST(sums_stop_at_what_a_number_holds)
{
    struct tally tally = {0};

    ck_assert(tally_add(&tally, 7, INT64_MAX, 5));
    ck_assert(tally_add(&tally, 7, INT64_MAX, -5));
    ck_assert(tally_add(&tally, INT64_MIN, INT64_MIN, INT64_MAX));
    ck_assert_uint_eq(tally.n, 2);
    ck_assert_int_eq(tally.sums[0].upload, INT64_MAX);
    ck_assert_int_eq(tally.sums[0].download, 5);
    ck_assert_int_eq(tally.sums[1].upload, 0);
    tally_free(&tally);
}
END_TEST

static void add_all(struct tally *tally, const int64_t (*rows)[3], size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert(tally_add(tally, rows[i][0], rows[i][1], rows[i][2]));
}

START_TEST(the_largest_upload_is_first_and_sums_of_nothing_are_left_out)
{
    static const int64_t rows[][3] = {{3, 0, 0}, {5, 10, 1}, {1, 10, 2}, {4, 0, 9}, {2, 10, 2}};
    static const int64_t order[] = {1, 2, 5, 4};
    struct tally tally = {0};

    add_all(&tally, rows, 5);
    tally_sort(&tally);
    tally_trim(&tally);
    ck_assert_uint_eq(tally.n, 4);
    for (size_t i = 0; i < tally.n; i++)
        ck_assert_int_eq(tally.sums[i].key, order[i]);
    tally_free(&tally);
}
END_TEST

START_TEST(times_are_in_order_and_keep_what_is_nothing_in_between)
{
    static const int64_t rows[][3] = {{30, 0, 1}, {10, 0, 0}, {50, 0, 0}, {20, 1, 0}, {25, 0, 0}};
    static const int64_t order[] = {20, 25, 30};
    struct tally tally = {0};

    add_all(&tally, rows, 5);
    tally_sort_by_key(&tally);
    tally_trim(&tally);
    ck_assert_uint_eq(tally.n, 3);
    for (size_t i = 0; i < tally.n; i++)
        ck_assert_int_eq(tally.sums[i].key, order[i]);
    tally_free(&tally);
    tally_sort(&tally);
    tally_trim(&tally);
    ck_assert_uint_eq(tally.n, 0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("tally");
    TCase *tests = tcase_create("tally");

    tcase_add_test(tests, what_is_added_under_a_number_is_its_sum);
    tcase_add_test(tests, sums_stop_at_what_a_number_holds);
    tcase_add_test(tests, the_largest_upload_is_first_and_sums_of_nothing_are_left_out);
    tcase_add_test(tests, times_are_in_order_and_keep_what_is_nothing_in_between);
    suite_add_tcase(suite, tests);
    return suite;
}
