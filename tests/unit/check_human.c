/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "helpdesk/human.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static const struct {
    int64_t bytes;
    const char *text;
} sizes[] = {
    {0, "0 B"},
    {1, "1 B"},
    {1023, "1023 B"},
    {1024, "1.0 KiB"},
    {1300, "1.3 KiB"},
    {102348, "99.9 KiB"},
    {102349, "100 KiB"},
    {1048000, "1023 KiB"},
    {1048064, "1.0 MiB"},
    {1048576, "1.0 MiB"},
    {1300000000, "1.2 GiB"},
    {INT64_C(123) << 30, "123 GiB"},
    {INT64_C(5) << 40, "5.0 TiB"},
    {INT64_C(7) << 50, "7.0 PiB"},
    {INT64_MAX, "8.0 EiB"},
    {INT64_MIN, "-8.0 EiB"},
    {-2048, "-2.0 KiB"},
};

START_TEST(bytes_have_three_digits_and_a_unit)
{
    char text[HUMAN_SIZE];

    ck_assert_str_eq(human_bytes(sizes[_i].bytes, text), sizes[_i].text);
}
END_TEST

static const struct {
    int64_t seconds;
    const char *text;
} lengths[] = {
    {0, "0s"},
    {59, "59s"},
    {60, "1m 00s"},
    {725, "12m 05s"},
    {3599, "59m 59s"},
    {3600, "1h 00m"},
    {11159, "3h 05m"},
    {86399, "23h 59m"},
    {86400, "1d 00h"},
    {97199, "1d 02h"},
    {34560000, "400d 00h"},
    {-90, "-1m 30s"},
    {INT64_MAX, "106751991167300d 15h"},
    {INT64_MIN, "-106751991167300d 15h"},
};

START_TEST(durations_have_their_two_largest_units)
{
    char text[HUMAN_SIZE];

    ck_assert_str_eq(human_duration(lengths[_i].seconds, text), lengths[_i].text);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("human");
    TCase *tests = tcase_create("human");

    tcase_add_loop_test(tests, bytes_have_three_digits_and_a_unit, 0, COUNT(sizes));
    tcase_add_loop_test(tests, durations_have_their_two_largest_units, 0, COUNT(lengths));
    suite_add_tcase(suite, tests);
    return suite;
}
