/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every scenario of tests/scenario: as it stands, with management input cut everywhere,
 * with the spool looked at when any number of its bytes is there, and with the daemon
 * killed between any two steps, in steps of one session at a time. The rows are always the same.
 * SCENARIO=name runs one, SCENARIO_SHOW=1 shows its rows, SCENARIO_EVERY=1 tears at every byte.
 */
#include "tests/unit/scenario.h"
#include "tests/unit/unit.h"

#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static glob_t scenarios; /* freed by nobody */
static const char *paths[200];

static const struct scenario_way whole = {.kill_at = -1, .tear_at = -1};

static bool says(const char *path, const char *word)
{
    char line[200] = "";
    FILE *in = fopen(path, "r");

    ck_assert(in && fgets(line, sizeof line, in));
    fclose(in);
    return strstr(line, word) != NULL;
}

/* Gaps differ where the daemon was killed, and only there. */
static void expect_same(const char *path, const struct scenario_way *way, const char *why)
{
    struct scenario_result result = scenario_run(path, way);

    if (way->kill_at >= 0 || way->tear_and_kill) {
        scenario_without(result.shown, "gap not-watched");
        scenario_without(result.expected, "gap not-watched");
    }
    if (strcmp(result.shown, result.expected) != 0)
        ck_abort_msg("%s, %s %ld/%ld:\n%s-- expected:\n%s", path, why, way->kill_at, way->tear_at,
                     result.shown, result.expected);
    scenario_free(&result);
}

START_TEST(the_rows_are_the_expected_ones)
{
    const char *path = paths[_i];
    struct scenario_result result = scenario_run(path, &whole);

    if (getenv("SCENARIO_SHOW"))
        fprintf(stderr, "== %s\n%s", path, result.shown);
    if (strcmp(result.shown, result.expected) != 0)
        ck_abort_msg("%s:\n%s-- expected:\n%s", path, result.shown, result.expected);
    scenario_free(&result);
}
END_TEST

START_TEST(however_management_input_is_cut_the_rows_are_the_same)
{
    const char *path = paths[_i];

    if (strstr(path, "/spool-"))
        return; /* no management in it */
    for (size_t chunk = 1; chunk <= 7; chunk += 3)
        expect_same(path, &(struct scenario_way){.chunk = chunk, .kill_at = -1, .tear_at = -1},
                    "cut");
    srand(3);
    for (int round = 0; round < 8; round++)
        expect_same(path, &(struct scenario_way){.chunk = SIZE_MAX, .kill_at = -1, .tear_at = -1},
                    "cut at random");
}
END_TEST

START_TEST(whenever_the_spool_is_read_the_rows_are_the_same)
{
    const char *path = paths[_i];
    struct scenario_result result = scenario_run(path, &whole);
    long step = getenv("SCENARIO_EVERY") ? 1 : 1 + result.spooled / 25;

    scenario_free(&result);
    if (says(path, "timing"))
        return;
    for (long at = 1; at < result.spooled; at += step) {
        struct scenario_way way = {.kill_at = -1, .tear_at = at};

        expect_same(path, &way, "torn");
        way.tear_and_kill = true;
        if (!says(path, "never-killed"))
            expect_same(path, &way, "torn and killed");
    }
}
END_TEST

START_TEST(whenever_the_daemon_is_killed_the_rows_are_the_same)
{
    const char *path = paths[_i];
    struct scenario_result result = scenario_run(path, &whole);

    scenario_free(&result);
    if (says(path, "never-killed"))
        return;
    for (long at = 0; at < result.moments; at++)
        expect_same(path, &(struct scenario_way){.kill_at = at, .tear_at = -1}, "killed");
}
END_TEST

/* Whatever is told or read between two steps. */
START_TEST(however_small_the_steps_are_the_rows_are_the_same)
{
    const char *path = paths[_i];
    struct scenario_way way = {.kill_at = -1, .tear_at = -1, .step = 1};
    struct scenario_result result = scenario_run(path, &way);
    long moments = says(path, "never-killed") ? 0 : result.moments;

    scenario_free(&result);
    expect_same(path, &way, "in steps");
    for (way.kill_at = 0; way.kill_at < moments; way.kill_at++)
        expect_same(path, &way, "in steps and killed");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("recorder");
    TCase *tcase = tcase_create("scenarios");
    const char *only = getenv("SCENARIO");
    int n = 0;

    if (glob(SCENARIOS "/*.txt", 0, NULL, &scenarios) != 0)
        abort();
    for (size_t i = 0; i < scenarios.gl_pathc && n < (int)(sizeof paths / sizeof *paths); i++)
        if (!only || strstr(scenarios.gl_pathv[i], only))
            paths[n++] = scenarios.gl_pathv[i];
    tcase_set_timeout(tcase, getenv("SCENARIO_EVERY") ? 600 : 60);
    tcase_add_loop_test(tcase, the_rows_are_the_expected_ones, 0, n);
    tcase_add_loop_test(tcase, however_management_input_is_cut_the_rows_are_the_same, 0, n);
    tcase_add_loop_test(tcase, whenever_the_spool_is_read_the_rows_are_the_same, 0, n);
    tcase_add_loop_test(tcase, whenever_the_daemon_is_killed_the_rows_are_the_same, 0, n);
    tcase_add_loop_test(tcase, however_small_the_steps_are_the_rows_are_the_same, 0, n);
    suite_add_tcase(suite, tcase);
    return suite;
}
