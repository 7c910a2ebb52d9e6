/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Brings databases of every earlier version up, through the real steps and two made up ones. */
#include "tests/unit/unit.h"

#include "mgmtd/store_private.h"
#include "sql/sql.h"
#include "tests/unit/faulty.h"
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_STEPS 40

static const char *steps[MAX_STEPS + 1];
static size_t n_real, n_steps;
static char texts[2][600];

/* A column and a table with rows made of old ones; then an index, and a table goes. */
static void set_up(void)
{
    const char *const *real = sql_steps(&n_real);

    store_set_up();
    memcpy(steps, real, n_real * sizeof(steps[0]));
    snprintf(texts[0], sizeof(texts[0]),
             "ALTER TABLE session ADD COLUMN note TEXT;"
             "UPDATE session SET note = 'old';"
             "CREATE TABLE names (name TEXT) STRICT;"
             "INSERT INTO names SELECT name FROM user;"
             "PRAGMA user_version = %zu;",
             n_real + 1);
    snprintf(texts[1], sizeof(texts[1]),
             "CREATE INDEX session_by_note ON session (note);"
             "CREATE TABLE more AS SELECT * FROM names; DROP TABLE names;"
             "PRAGMA user_version = %zu;",
             n_real + 2);
    steps[n_real] = texts[0];
    steps[n_real + 1] = texts[1];
    n_steps = n_real + 2;
}

static enum store_result upgrade(size_t n)
{
    struct store_schema schema = {.steps = steps, .n_steps = n, .views = sql_find("views")};
    enum store_result result = STORE_FAILED;
    sqlite3 *db = NULL;

    if (sqlite3_open(store_path, &db) == SQLITE_OK) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        result = store_upgrade(db, &schema, &store_log);
    }
    sqlite3_close(db);
    return result;
}

/* A database with a session, of version `n`; n = 0: no file. */
static void make_version(size_t n)
{
    shell("rm -f %s*", store_path);
    if (n == 0)
        return;
    ck_assert_int_eq(upgrade(n), STORE_OK);
    do_sql(store_path, "INSERT INTO user VALUES (1, 'alice');"
                       "INSERT INTO session (id, run, user, started, span) VALUES (1, 1, 1, 5, 8)");
}

static const char *const everything =
    "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";

START_TEST(a_database_of_any_earlier_version_becomes_like_a_new_one_and_keeps_its_rows)
{
    char *fresh;

    make_version(0);
    ck_assert_int_eq(upgrade(n_steps), STORE_OK);
    fresh = strdup(asked(everything));
    for (size_t version = 0; version <= n_steps; version++) {
        make_version(version);
        ck_assert_int_eq(upgrade(n_steps), STORE_OK);
        ck_assert_str_eq(asked(everything), fresh);
        if (version > 0)
            ck_assert_str_eq(asked("SELECT session.id, session.started FROM sessions "
                                   "JOIN session ON session.id = sessions.session"),
                             "1|5\n");
        ck_assert_int_eq(atoi(asked("PRAGMA user_version")), (int)n_steps);
    }
    free(fresh);
}
END_TEST

START_TEST(sessions_from_before_routes_had_versions_say_nothing_of_them)
{
    make_version(1);
    ck_assert_int_eq(upgrade(n_real), STORE_OK);
    ck_assert_str_eq(asked("SELECT session, user, routes FROM sessions"), "1|alice|-\n");
}
END_TEST

START_TEST(a_spool_from_before_says_nothing_of_when_its_server_lived)
{
    make_version(3);
    do_sql(store_path, "INSERT INTO spool_position VALUES ('x.spool', 1, 77)");
    ck_assert_int_eq(upgrade(n_real), STORE_OK);
    ck_assert_str_eq(asked("SELECT file, run, position, alive_at FROM spool_position"),
                     "x.spool|1|77|-\n");
}
END_TEST

START_TEST(many_clients_from_before_are_pruned_too)
{
    struct retention none = {0, 0, 0};
    bool more = true;

    make_version(4);
    do_sql(store_path, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)"
                       "INSERT INTO client SELECT i, 'mallory ' || i, 'any' FROM n;"
                       "UPDATE session SET client = 2000");
    ck_assert_int_eq(upgrade(n_real), STORE_OK);
    store_open_it();
    while (more)
        ck_assert_int_eq(store_prune(store, &none, T0, &more), STORE_OK);
    ck_assert_str_eq(asked("SELECT count(*), max(id) FROM client"), "1001|2000\n");
}
END_TEST

START_TEST(each_step_is_told)
{
    make_version(n_real);
    store_logged[0] = '\0';
    ck_assert_int_eq(upgrade(n_steps), STORE_OK);
    for (size_t i = n_real; i < n_steps; i++) {
        char line[100];

        snprintf(line, sizeof(line), "notice store: schema brought from version %zu to %zu\n", i,
                 i + 1);
        ck_assert_ptr_nonnull(strstr(store_logged, line));
    }
}
END_TEST

START_TEST(a_step_that_fails_or_does_not_say_its_number_leaves_the_version_before_it)
{
    static const char *const wrong[] = {
        "CREATE TABLE half (a); CREATE TABLE user (b); PRAGMA user_version = 5;",
        "CREATE TABLE half (a);", "CREATE TABLE half (a); PRAGMA user_version = 99;"};

    make_version(n_real);
    steps[n_real] = wrong[_i];
    ck_assert_int_eq(upgrade(n_real + 1), STORE_FAILED);
    ck_assert_int_eq(atoi(asked("PRAGMA user_version")), (int)n_real);
    ck_assert_str_eq(asked("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), "0\n");
    ck_assert_str_eq(asked("SELECT user FROM sessions"), "alice\n");
}
END_TEST

START_TEST(an_older_program_refuses_what_a_newer_one_made)
{
    make_version(n_real);
    ck_assert_int_eq(upgrade(n_steps), STORE_OK);
    ck_assert_int_eq(upgrade(n_real), STORE_NEWER);
    ck_assert_int_eq(atoi(asked("PRAGMA user_version")), (int)n_steps);
}
END_TEST

/* The tables of a version are all there, or none of them. */
static void assert_whole(void)
{
    size_t version = (size_t)atoi(asked("PRAGMA user_version"));
    char expected[20];

    ck_assert(version >= n_real && version <= n_steps);
    snprintf(expected, sizeof(expected), "%d|%d|%d|%d\n", version > n_real, version == n_real + 1,
             version == n_steps, version == n_steps);
    ck_assert_str_eq(asked("SELECT (SELECT count(*) FROM pragma_table_info('session') "
                           "WHERE name = 'note'), sum(name = 'names'), sum(name = 'more'), "
                           "sum(name = 'session_by_note') FROM sqlite_schema"),
                     expected);
    ck_assert_str_eq(asked("PRAGMA integrity_check"), "ok\n");
    ck_assert_str_eq(asked("SELECT id, started FROM session"), "1|5\n");
}

START_TEST(an_upgrade_that_is_cut_anywhere_leaves_one_version_whole_and_goes_on_later)
{
    static const struct {
        enum faulty_kind kind;
        int code;
    } faults[] = {{FAULTY_WRITE, SQLITE_IOERR_WRITE},
                  {FAULTY_WRITE, SQLITE_FULL},
                  {FAULTY_SYNC, 0},
                  {FAULTY_READ, 0},
                  {FAULTY_MALLOC, 0}};
    bool struck = true;

    for (int n = 1; struck; n += 1 + n / 12) {
        make_version(n_real);
        faulty_arm(faults[_i].kind, n, faults[_i].code, true);
        upgrade(n_steps);
        struck = faulty_disarm();
        assert_whole();
        ck_assert_int_eq(upgrade(n_steps), STORE_OK);
        assert_whole();
        ck_assert_int_eq(atoi(asked("PRAGMA user_version")), (int)n_steps);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("store_upgrade");
    TCase *tests = tcase_create("store_upgrade");

    tcase_add_checked_fixture(tests, faulty_install, NULL);
    tcase_add_checked_fixture(tests, set_up, store_tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests,
                   a_database_of_any_earlier_version_becomes_like_a_new_one_and_keeps_its_rows);
    tcase_add_test(tests, sessions_from_before_routes_had_versions_say_nothing_of_them);
    tcase_add_test(tests, a_spool_from_before_says_nothing_of_when_its_server_lived);
    tcase_add_test(tests, many_clients_from_before_are_pruned_too);
    tcase_add_test(tests, each_step_is_told);
    tcase_add_loop_test(
        tests, a_step_that_fails_or_does_not_say_its_number_leaves_the_version_before_it, 0, 3);
    tcase_add_test(tests, an_older_program_refuses_what_a_newer_one_made);
    tcase_add_loop_test(
        tests, an_upgrade_that_is_cut_anywhere_leaves_one_version_whole_and_goes_on_later, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
