/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Alice's session is open, Bob's ended seen, Carol's unseen; Carol held Bob's address after him. */
static void make_history(void)
{
    struct batch *batch = first_batch();
    struct session_row alice = session_of(1, "alice"), bob = session_of(2, "bob"),
                       carol = session_of(3, "carol");
    struct running_row running = running_of(1);
    struct traffic_row traffic = {T0 - T0 % 300, 1, 1000, 2000, BATCH_NONE};
    struct refusal_row refusal = refusal_of(1, "dave");
    struct gap_row gap = {1, BATCH_NONE, T0, T0 + 900, BATCH_NONE, GAP_NOT_WATCHED, true, "off"};
    struct held_row held;

    alice.vpn4 = bob.vpn4 = "10.8.0.2";
    carol.vpn4 = "10.8.0.3";
    alice.started = T0 - 60;
    alice.typed = "alice+full";
    alice.profile = "full";
    alice.routes = "journals@1700000000";
    bob.ended = T0 + 600;
    bob.end_reason = END_DISCONNECTED;
    bob.from_client = 5;
    carol.ended = T0 + 100;
    carol.gone_by = T0 + 700;
    carol.end_reason = END_GONE;
    running.from_client = 77;
    refusal.wanted = "full";
    refusal.reason = "it is for staff";
    ck_assert(batch_session(batch, &alice) && batch_session(batch, &bob) &&
              batch_session(batch, &carol) && batch_running(batch, &running) &&
              batch_traffic(batch, &traffic) && batch_refusal(batch, &refusal) &&
              batch_gap(batch, &gap));
    held = held_of(&alice, HELD_VPN, "10.8.0.2");
    ck_assert(batch_held(batch, &held));
    held = held_of(&bob, HELD_VPN, "10.8.0.2");
    ck_assert(batch_held(batch, &held));
    held = held_of(&carol, HELD_VPN, "10.8.0.3");
    ck_assert(batch_held(batch, &held));
    store_open_it();
    write_batch(batch);
}

START_TEST(a_session_says_how_sure_its_end_is)
{
    make_history();
    ck_assert_str_eq(
        asked("SELECT session, user, typed, \"end\", certainty, from_client, ended_utc, "
              "gone_by_utc FROM sessions ORDER BY session"),
        "1|alice|alice+full|open|still open when last looked at|77|-|-\n"
        "2|bob|bob|disconnected|the end was seen|5|2023-11-14 22:23:20|-\n"
        "3|carol|carol|gone|the end was not seen|-|2023-11-14 22:15:00|"
        "2023-11-14 22:25:00\n");
    ck_assert_str_eq(asked("SELECT session FROM open_sessions"), "1\n");
}
END_TEST

START_TEST(two_holders_of_one_address_are_both_seen)
{
    make_history();
    ck_assert_str_eq(asked("SELECT user, since_utc, until_utc, certainty FROM holders "
                           "WHERE address = '10.8.0.2' ORDER BY since"),
                     "alice|2023-11-14 22:12:20|-|still held when last looked at\n"
                     "bob|2023-11-14 22:13:20|2023-11-14 22:23:20|the end was seen\n");
    ck_assert_str_eq(asked("SELECT user, until_utc, certainty FROM holders "
                           "WHERE address = '10.8.0.3'"),
                     "carol|2023-11-14 22:25:00|the end was not seen\n");
}
END_TEST

START_TEST(local_times_are_those_of_who_asks)
{
    make_history();
    setenv("TZ", "America/Toronto", 1);
    ck_assert_str_eq(asked("SELECT started_utc, started_local FROM sessions WHERE session = 2"),
                     "2023-11-14 22:13:20|2023-11-14 17:13:20\n");
}
END_TEST

START_TEST(a_session_whose_run_is_gone_is_still_shown)
{
    make_history();
    store_close_it();
    do_sql(store_path, "DELETE FROM server_run");
    ck_assert_str_eq(asked("SELECT count(*), count(server) FROM sessions"), "3|0\n");
    ck_assert_str_eq(asked("SELECT count(*) FROM holders"), "3\n");
}
END_TEST

START_TEST(a_name_an_address_and_what_is_open_are_found_by_index)
{
    static const char *const questions[] = {
        "SELECT * FROM sessions WHERE user = 'alice'",
        "SELECT * FROM holders WHERE address = '10.8.0.2'",
        "SELECT * FROM open_sessions",
        "SELECT * FROM sessions WHERE session = 7",
        "SELECT * FROM traffic_over_time WHERE session = 1 AND bucket >= 5",
    };
    char plan[400];

    store_open_it();
    snprintf(plan, sizeof(plan), "EXPLAIN QUERY PLAN %s", questions[_i]);
    ck_assert_msg(strstr(asked(plan), "SCAN") == NULL, "%s\n%s", questions[_i], asked(plan));
}
END_TEST

START_TEST(changed_views_are_made_anew_at_the_next_opening)
{
    store_open_it();
    store_close_it();
    do_sql(store_path, "DROP VIEW sessions; CREATE VIEW sessions AS SELECT 1; "
                       "UPDATE views SET hash = 1");
    store_open_it();
    ck_assert_str_eq(asked("SELECT count(*) FROM sessions"), "0\n");
}
END_TEST

/* ── sql/README ── */

/* The next indented question of the text, up to its semicolon; NULL at the end. */
static char *next_question(FILE *readme)
{
    static char question[4000];
    char line[400];

    question[0] = '\0';
    while (fgets(line, sizeof(line), readme)) {
        if (question[0] == '\0' && strncmp(line, "    SELECT ", 11) != 0)
            continue;
        strcat(question, line);
        if (strchr(line, ';'))
            return question;
    }
    ck_assert_str_eq(question, "");
    return NULL;
}

START_TEST(every_question_of_the_readme_has_an_answer)
{
    FILE *readme = fopen(SQL_README, "r");
    const char *question;
    int n = 0;

    setenv("TZ", "UTC", 1);
    make_history();
    ck_assert_ptr_nonnull(readme);
    while ((question = next_question(readme)) != NULL) {
        ck_assert_msg(asked(question)[0] != '\0', "no answer:\n%s", question);
        n++;
    }
    fclose(readme);
    ck_assert_int_ge(n, 10);
}
END_TEST

START_TEST(the_readme_names_every_view)
{
    char *views, *name, *save = NULL;
    char command[600];

    store_open_it();
    views = strdup(asked("SELECT name FROM sqlite_schema WHERE type = 'view'"));
    for (name = strtok_r(views, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
        snprintf(command, sizeof(command), "grep -q '^    %s  ' '%s'", name, SQL_README);
        ck_assert_msg(system(command) == 0, "%s is not in it", name);
    }
    free(views);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("views");
    TCase *tests = tcase_create("views");

    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_add_test(tests, a_session_says_how_sure_its_end_is);
    tcase_add_test(tests, two_holders_of_one_address_are_both_seen);
    tcase_add_test(tests, local_times_are_those_of_who_asks);
    tcase_add_test(tests, a_session_whose_run_is_gone_is_still_shown);
    tcase_add_loop_test(tests, a_name_an_address_and_what_is_open_are_found_by_index, 0, 5);
    tcase_add_test(tests, changed_views_are_made_anew_at_the_next_opening);
    tcase_add_test(tests, every_question_of_the_readme_has_an_answer);
    tcase_add_test(tests, the_readme_names_every_view);
    suite_add_tcase(suite, tests);
    return suite;
}
