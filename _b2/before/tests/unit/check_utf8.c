/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "lib/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The oracle: how RFC 3629 encodes a code point; 0 bytes for what is none. */
static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c >= 0xd800 && c <= 0xdfff)
        return 0;
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

START_TEST(every_character_is_known_and_its_beginnings_are_not)
{
    size_t known = 0;

    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[4];
        size_t n = encode(c, text);

        known += n > 0;
        for (size_t k = 0; k <= n; k++)
            if (utf8_character(text, k) != (k == n ? n : 0))
                ck_abort_msg("%zu bytes of U+%04X", k, (unsigned)c);
        if (n > 0 && utf8_code_point(text, n) != c)
            ck_abort_msg("U+%04X became U+%04X", (unsigned)c, (unsigned)utf8_code_point(text, n));
    }
    ck_assert_uint_eq(known, 0x110000 - 0x800);
}
END_TEST

START_TEST(nothing_else_of_up_to_three_bytes_is_a_character)
{
    size_t known[4] = {0};

    for (uint32_t i = 0; i < 1u << 24; i++) {
        char text[3] = {(char)(i >> 16), (char)(i >> 8), (char)i};
        size_t n = utf8_character(text, 3);

        if (n == 3)
            known[3]++;
        else if (n == 2 && text[2] == 0)
            known[2]++;
        else if (n == 1 && text[1] == 0 && text[2] == 0)
            known[1]++;
    }
    ck_assert_uint_eq(known[1], 0x80);
    ck_assert_uint_eq(known[2], 0x800 - 0x80);
    ck_assert_uint_eq(known[3], 0x10000 - 0x800 - 0x800);
}
END_TEST

START_TEST(forbidden_forms_are_not_valid)
{
    static const char *const bad[] = {
        "\xc0\x80",         "\xc1\xbf",     "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80", "\xff",         "\x80",         "a\xe2\x82",
        "\xe2\x28\xa1",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!utf8_valid(bad[i], strlen(bad[i])), "number %zu", i);
    ck_assert(utf8_valid("", 0));
    ck_assert(utf8_valid("caf\xc3\xa9 \xf0\x9f\x98\x80", 10));
}
END_TEST

START_TEST(a_cut_never_splits_a_character)
{
    const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xff\xc3";
    const size_t n = sizeof text - 1;
    /* how many bytes are kept of each maximum */
    static const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 12, 13, 13};

    for (size_t max = 0; max < sizeof kept / sizeof *kept; max++)
        ck_assert_uint_eq(utf8_cut(text, n, max), kept[max]);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tests = tcase_create("utf8");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_character_is_known_and_its_beginnings_are_not);
    tcase_add_test(tests, nothing_else_of_up_to_three_bytes_is_a_character);
    tcase_add_test(tests, forbidden_forms_are_not_valid);
    tcase_add_test(tests, a_cut_never_splits_a_character);
    return suite;
}
