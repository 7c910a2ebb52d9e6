/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a width: nothing lost, nothing too wide, no character cut in two. */
#include "tests/unit/unit.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/fold.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *text;
    size_t width;
    const char *folded;
} cases[] = {
    {"", 20, ""},
    {"short", 20, "short"},
    {"exactly twenty bytes", 20, "exactly twenty bytes"},
    {"exactly twenty bytes and more", 20, "exactly twenty bytes\nand more"},
    {"twenty-one bytes are o", 21, "twenty-one bytes are\no"},
    {"one two three four five six", 20, "one two three four\nfive six"},
    {"abcdefghijklmnopqrstuvwxyz", 20, "abcdefghijklmnopqrst\nuvwxyz"},
    {"ab abcdefghijklmnopqrstuvwxyz", 20, "ab\nabcdefghijklmnopqrst\nuvwxyz"},
    {"too narrow is not narrower than twenty", 3, "too narrow is not\nnarrower than twenty"},
    {"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc fits it", 20,
     "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc fits it"},
    {"\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba"
     "\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba",
     20,
     "\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba\xba\xe4\xba"
     "\xba\xe4\xba\xba\xe4\xba\xba\n\xe4\xba\xba"},
};

START_TEST(text_is_folded_between_words_where_it_can_be)
{
    char *folded = NULL;

    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    folded = fold_text(cases[_i].text, cases[_i].width);
    ck_assert_pstr_eq(folded, cases[_i].folded);
    free(folded);
}
END_TEST

START_TEST(a_width_counts_columns_not_bytes)
{
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    ck_assert_uint_eq(fold_width(""), 0);
    ck_assert_uint_eq(fold_width("abc"), 3);
    ck_assert_uint_eq(fold_width("\xc3\xbc"), 1);
    ck_assert_uint_eq(fold_width("\xe4\xba\xba"), 2);
    ck_assert_uint_eq(fold_width("e\xcc\x81"), 1); /* an accent of its own takes no column */
    ck_assert_uint_eq(fold_width("\xff\xfe"), 2);
}
END_TEST

/* Every line of what was folded is narrow enough, and together they are the text again. */
static void check_folded(const char *text, size_t width)
{
    char *folded = fold_text(text, width);
    const char *from = text;

    ck_assert_ptr_nonnull(folded);
    for (char *line = folded; line;) {
        char *newline = strchr(line, '\n');

        if (newline)
            *newline = '\0';
        ck_assert_uint_le(fold_width(line), width);
        from += strncmp(from, line, strlen(line)) != 0 && *from == ' ';
        ck_assert_msg(strncmp(from, line, strlen(line)) == 0, "\"%s\" at \"%s\"", text, line);
        from += strlen(line);
        line = newline ? newline + 1 : NULL;
    }
    ck_assert(strspn(from, " ") == strlen(from));
    free(folded);
}

START_TEST(nothing_but_blanks_is_lost_and_no_line_is_too_wide)
{
    static const char *const pieces[] = {"a", "bc", " ", "\xc3\xbc", "\xe4\xba\xba", "\xff", "-"};

    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    srand(20261122);
    for (int round = 0; round < 20000; round++) {
        char text[400] = "";

        for (int k = rand() % 100; k > 0; k--)
            strcat(text, pieces[(size_t)rand() % N(pieces)]);
        check_folded(text, 20 + (size_t)rand() % 40);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("fold");
    TCase *tests = tcase_create("fold");

    tcase_add_loop_test(tests, text_is_folded_between_words_where_it_can_be, 0, (int)N(cases));
    tcase_add_test(tests, a_width_counts_columns_not_bytes);
    tcase_add_test(tests, nothing_but_blanks_is_lost_and_no_line_is_too_wide);
    suite_add_tcase(suite, tests);
    return suite;
}
