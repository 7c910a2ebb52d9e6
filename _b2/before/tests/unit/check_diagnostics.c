/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "lib/diagnostics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(problems_are_kept_in_order_and_errors_counted)
{
    struct diagnostics *list = diagnostics_new();

    for (unsigned i = 0; i < 1000; i++)
        diagnostics_add(list, i % 3 ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR, "policy.conf", i,
                        "problem %u", i);
    ck_assert_uint_eq(diagnostics_count(list), 1000);
    ck_assert_uint_eq(diagnostics_errors(list), 334);
    for (unsigned i = 0; i < 1000; i++) {
        const struct diagnostic *problem = diagnostics_at(list, i);
        char text[32];

        snprintf(text, sizeof text, "problem %u", i);
        ck_assert_str_eq(problem->text, text);
        ck_assert_str_eq(problem->file, "policy.conf");
        ck_assert_uint_eq(problem->line, i);
        ck_assert_int_eq(problem->level, i % 3 ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR);
    }
    ck_assert_ptr_null(diagnostics_at(list, 1000));
    diagnostics_free(list);
    diagnostics_free(NULL);
}
END_TEST

START_TEST(a_problem_names_its_file_and_line_where_it_has_them)
{
    static const struct {
        enum diagnostic_level level;
        const char *file;
        unsigned line;
        const char *shown;
    } cases[] = {
        {DIAGNOSTIC_ERROR, "policy.conf", 12, "policy.conf:12: error: no \"ful\""},
        {DIAGNOSTIC_WARNING, "policy.conf", 12, "policy.conf:12: warning: no \"ful\""},
        {DIAGNOSTIC_ERROR, "policy.conf", 0, "policy.conf: error: no \"ful\""},
        {DIAGNOSTIC_ERROR, "", 0, "error: no \"ful\""},
        {DIAGNOSTIC_ERROR, NULL, 0, "error: no \"ful\""},
        {DIAGNOSTIC_ERROR, "a\nb", 1, "a?b:1: error: no \"ful\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diagnostics *list = diagnostics_new();
        char line[100];

        diagnostics_add(list, cases[i].level, cases[i].file, cases[i].line, "no \"%s\"", "ful");
        ck_assert_str_eq(diagnostic_format(diagnostics_at(list, 0), line, sizeof line),
                         cases[i].shown);
        diagnostics_free(list);
    }
}
END_TEST

START_TEST(a_problem_is_one_printable_line_of_bounded_length)
{
    struct diagnostics *list = diagnostics_new();
    char text[5000];
    char line[30];
    const struct diagnostic *problem;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "a\nb\x1b", 4);
    diagnostics_add(list, DIAGNOSTIC_ERROR, "f", 1, "%s", text);
    problem = diagnostics_at(list, 0);
    ck_assert_uint_eq(strlen(problem->text), 1000);
    ck_assert_int_eq(strncmp(problem->text, "a?b?xxx", 7), 0);
    diagnostic_format(problem, line, sizeof line);
    ck_assert_str_eq(line, "f:1: error: a?b?xxxxxxxxxxxxx");
    ck_assert_ptr_eq(diagnostic_format(problem, NULL, 0), NULL);
    diagnostics_free(list);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("diagnostics");
    TCase *tests = tcase_create("diagnostics");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, problems_are_kept_in_order_and_errors_counted);
    tcase_add_test(tests, a_problem_names_its_file_and_line_where_it_has_them);
    tcase_add_test(tests, a_problem_is_one_printable_line_of_bounded_length);
    return suite;
}
