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

static const struct {
    const char *text;
    int64_t bytes; /* -1: none */
} typed[] = {
    {"0", 0},
    {"500000", 500000},
    {"500M", 500 * 1048576},
    {"500 MiB", 500 * 1048576},
    {"500mb", 500000000},
    {"1.5G", 1610612736},
    {"1.5 GB", 1500000000},
    {"2k", 2048},
    {"12B", 12},
    {"3T", INT64_C(3) << 40},
    {"7E", INT64_C(7) << 60},
    {"0.5", 0},
    {"", -1},
    {"M", -1},
    {"-1M", -1},
    {"1.M", -1},
    {".5M", -1},
    {"1,5M", -1},
    {"5 apples", -1},
    {"5MM", -1},
    {"5ib", -1},
    {"8E", -1},
    {"99999999999999999999999999999999999999", -1},
    {"1e9", -1},
    {"0x10", -1},
    {"nan", -1},
    {"5M\x1b", -1},
};

START_TEST(a_size_is_read_with_its_unit)
{
    int64_t bytes = -1;

    ck_assert_int_eq(human_read_bytes(typed[_i].text, &bytes), typed[_i].bytes >= 0);
    ck_assert_int_eq(bytes, typed[_i].bytes);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("human");
    TCase *tests = tcase_create("human");

    tcase_add_loop_test(tests, bytes_have_three_digits_and_a_unit, 0, COUNT(sizes));
    tcase_add_loop_test(tests, durations_have_their_two_largest_units, 0, COUNT(lengths));
    tcase_add_loop_test(tests, a_size_is_read_with_its_unit, 0, COUNT(typed));
    suite_add_tcase(suite, tests);
    return suite;
}
