/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "sql/sql.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

/* Stands for the helpdesk's own function. */
static void do_nothing(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)context;
    (void)n;
    (void)values;
}

static void make(void)
{
    size_t n;
    const char *const *steps = sql_steps(&n);

    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_create_function(db, "tally", 3, SQLITE_UTF8, NULL, do_nothing, NULL, NULL),
        SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(sqlite3_exec(db, steps[i], NULL, NULL, NULL) == SQLITE_OK, "%s",
                      sqlite3_errmsg(db));
    ck_assert_msg(sqlite3_exec(db, sql_find("views"), NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
}

static void drop(void)
{
    sqlite3_close(db);
}

START_TEST(every_statement_is_one_that_the_schema_can_run)
{
    for (const struct sql_statement *at = sql_statements; at->name; at++) {
        const char *text = at->text;

        if (!strchr(at->name, '.'))
            continue; /* a whole file: run elsewhere */
        while (*text) {
            sqlite3_stmt *statement = NULL;

            ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &statement, &text) == SQLITE_OK,
                          "%s: %s", at->name, sqlite3_errmsg(db));
            ck_assert_msg(statement || !*text, "%s has nothing in it", at->name);
            sqlite3_finalize(statement);
            while (isspace((unsigned char)*text))
                text++;
        }
    }
}
END_TEST

START_TEST(no_two_statements_have_one_name)
{
    for (const struct sql_statement *at = sql_statements; at->name; at++)
        ck_assert_msg(sql_find(at->name) == at->text, "%s", at->name);
    ck_assert_ptr_null(sql_find("record.nonsense"));
}
END_TEST

START_TEST(text_arrives_as_it_was_written)
{
    /* Quotes, backslashes, bytes above 127 and comments of a whole file. */
    ck_assert_ptr_nonnull(strstr(sql_find("step-001"), "-- ── words ── each stands once"));
    ck_assert_ptr_nonnull(strstr(sql_find("step-001"), "'the same user connected anew, which"));
    ck_assert_str_eq(sql_find("words.user-find"), "SELECT id FROM user WHERE name = ?1;\n");
    ck_assert_ptr_null(strstr(sql_find("record.session"), "--"));
}
END_TEST

START_TEST(the_steps_are_numbered_without_a_hole_and_each_says_its_number)
{
    size_t n;
    const char *const *steps = sql_steps(&n);

    ck_assert_uint_ge(n, 1);
    for (size_t i = 0; i < n; i++) {
        char last[60];

        snprintf(last, sizeof(last), "\nPRAGMA user_version = %zu;\n", i + 1);
        ck_assert_msg(strstr(steps[i], last) != NULL, "step %zu", i + 1);
    }
    ck_assert_ptr_null(steps[n]);
}
END_TEST

START_TEST(what_is_looked_over_at_open_is_every_table_and_every_index)
{
    const char *text = sql_find("look_over");
    sqlite3_stmt *names = NULL;

    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT name FROM sqlite_schema WHERE type = 'table' OR "
                                        "(type = 'index' AND sql IS NOT NULL)",
                                        -1, &names, NULL),
                     SQLITE_OK);
    while (sqlite3_step(names) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(names, 0);

        ck_assert_msg(strstr(text, name) != NULL, "%s is not", name);
    }
    sqlite3_finalize(names);
}
END_TEST

START_TEST(looking_over_reads_the_ends_of_a_table_and_not_all_of_it)
{
    const char *text = sql_find("look_over");

    while (*text) {
        sqlite3_stmt *statement = NULL, *plan = NULL;
        char question[300];

        ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &statement, &text), SQLITE_OK);
        while (isspace((unsigned char)*text))
            text++;
        snprintf(question, sizeof(question), "EXPLAIN QUERY PLAN SELECT%s",
                 strstr(sqlite3_sql(statement), "SELECT") + 6);
        ck_assert_int_eq(sqlite3_prepare_v2(db, question, -1, &plan, NULL), SQLITE_OK);
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(plan, 3);

            /* Tables of one row apart. */
            ck_assert_msg(strncmp(step, "SEARCH ", 7) == 0 || strcmp(step, "SCAN recorder") == 0 ||
                              strcmp(step, "SCAN views") == 0,
                          "%s: %s", question, step);
        }
        sqlite3_finalize(plan);
        sqlite3_finalize(statement);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("sql");
    TCase *tests = tcase_create("sql");

    tcase_add_checked_fixture(tests, make, drop);
    tcase_add_test(tests, every_statement_is_one_that_the_schema_can_run);
    tcase_add_test(tests, no_two_statements_have_one_name);
    tcase_add_test(tests, text_arrives_as_it_was_written);
    tcase_add_test(tests, the_steps_are_numbered_without_a_hole_and_each_says_its_number);
    tcase_add_test(tests, what_is_looked_over_at_open_is_every_table_and_every_index);
    tcase_add_test(tests, looking_over_reads_the_ends_of_a_table_and_not_all_of_it);
    suite_add_tcase(suite, tests);
    return suite;
}
