/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tests/unit/store_fixture.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ── what is written is there ── */

START_TEST(a_session_is_written_whole_and_found_under_its_words)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(7, "alice");

    session.ended = T0 + 600;
    session.end_reason = END_DISCONNECTED;
    session.from_client = 5000000000;
    session.to_client = 0;
    session.profile = "campus";
    session.chosen_by = "default";
    session.routes = "journals@1700000000";
    session.fell_back = 0;
    session.program = "OpenVPN 2.6";
    session.platform = "linux";
    session.real = "192.0.2.1";
    session.real_port = 40000;
    session.vpn4 = "10.8.0.2";
    session.vpn6 = "fd00::2";
    session.cid = 0;
    session.number = 3;
    session.handshake = 1;
    session.typed = "alice+full";
    session.common_name = "alice";
    ck_assert(batch_session(batch, &session));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT * FROM session"),
                     "7|1|1|1700000000|1700000600|-|0|1|5000000000|0|1|1|0|1|1|40000|2|3|-|-|1|"
                     "alice+full|-|journals@1700000000\n");
    ck_assert_str_eq(asked("SELECT text FROM address ORDER BY id"),
                     "192.0.2.1\n10.8.0.2\nfd00::2\n");
    ck_assert_str_eq(asked("SELECT name FROM user"), "alice\n");
    ck_assert_str_eq(asked("SELECT program, platform FROM client"), "OpenVPN 2.6|linux\n");
    ck_assert_str_eq(asked("SELECT alive_at, stopped, bucket_s FROM recorder"),
                     "1700000000|0|300\n");
}
END_TEST

START_TEST(what_is_not_known_is_null_and_a_session_without_a_name_has_the_empty_one)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, NULL);

    ck_assert(batch_session(batch, &session));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT * FROM session"),
                     "1|1|1|1700000000|-|-|8|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-|-\n");
    ck_assert_str_eq(asked("SELECT '<' || name || '>' FROM user"), "<>\n");
}
END_TEST

START_TEST(a_row_replaces_the_one_of_its_number)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct gap_row gap = {.id = 1,
                          .kind = GAP_NOT_WATCHED,
                          .server = 1,
                          .began = T0,
                          .ended = BATCH_NONE,
                          .count = BATCH_NONE,
                          .reason = "refused"};
    struct run_row run = run_of(1, 1);

    ck_assert(batch_session(batch, &session) && batch_gap(batch, &gap));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT span, ended FROM session"), "8|-\n");
    session.ended = T0 + 901;
    session.gone_by = T0 + 3601;
    session.profile = "full";
    gap.ended = T0 + 5;
    run.ended = T0 + 9;
    run.end_reason = END_SERVER_DIED;
    batch = batch_new();
    ck_assert(batch_run(batch, &run) && batch_session(batch, &session) && batch_gap(batch, &gap));
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT span, ended, gone_by, profile.name FROM session JOIN profile"),
                     "2|1700000901|1700003601|full\n");
    ck_assert_str_eq(asked("SELECT * FROM gap"), "1|1|1|1700000000|1700000005|0|-|refused\n");
    ck_assert_str_eq(asked("SELECT ended, end_reason FROM server_run"), "1700000009|7\n");
    ck_assert_str_eq(asked("SELECT alive_at FROM recorder"), "1700000000\n");
}
END_TEST

START_TEST(running_counts_are_replaced_and_gone_when_the_session_ends)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct running_row running = running_of(1);

    running.from_client = 10;
    running.to_client = BATCH_NONE;
    ck_assert(batch_session(batch, &session) && batch_running(batch, &running));
    running.from_client = INT64_MAX;
    ck_assert(batch_running(batch, &running));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT from_client, to_client FROM running"),
                     "9223372036854775807|-\n");
    session.ended = T0;
    batch = batch_new();
    ck_assert(batch_running(batch, &running) && batch_session(batch, &session));
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT count(*) FROM running"), "0\n");
}
END_TEST

START_TEST(an_interval_is_in_the_class_of_its_length)
{
    static const struct {
        int64_t length;
        int class;
    } cases[] = {{-5, 0},    {0, 0},     {900, 0},    {901, 1},    {3600, 1},    {3601, 2},
                 {14400, 2}, {57600, 3}, {230400, 4}, {921600, 5}, {3686400, 6}, {3686401, 7}};
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct held_row held;
    char expected[40];

    session.ended = T0 + cases[_i].length;
    held = held_of(&session, HELD_VPN, "10.8.0.2");
    ck_assert(batch_session(batch, &session) && batch_held(batch, &held));
    store_open_it();
    write_batch(batch);
    snprintf(expected, sizeof(expected), "%d|%d\n", cases[_i].class, cases[_i].class);
    ck_assert_str_eq(asked("SELECT session.span, held.span FROM session JOIN held"), expected);
}
END_TEST

START_TEST(an_address_given_up_replaces_the_one_taken_up)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct held_row vpn = held_of(&session, HELD_VPN, "10.8.0.2");
    struct held_row real = held_of(&session, HELD_REAL, "192.0.2.1");

    ck_assert(batch_held(batch, &vpn) && batch_held(batch, &real) && batch_held(batch, &vpn));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT kind, span, since, until FROM held"),
                     "0|8|1700000000|-\n1|8|1700000000|-\n");
    real.until = T0 + 60;
    real.before_end = true;
    vpn.until = T0 + 1000;
    batch = batch_new();
    ck_assert(batch_held(batch, &real) && batch_held(batch, &vpn));
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT kind, span, since, until FROM held"),
                     "0|1|1700000000|1700001000\n1|0|1700000000|1700000060\n");
    ck_assert_str_eq(asked("SELECT session, kind, text, since, until FROM held_before "
                           "JOIN address ON address.id = address"),
                     "1|1|192.0.2.1|1700000000|1700000060\n");
    /* An end that is corrected, and one that was none. */
    vpn.until = T0 + 100;
    batch = batch_new();
    ck_assert(batch_held(batch, &vpn));
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT span, until FROM held WHERE kind = 0"), "0|1700000100\n");
    vpn.until = BATCH_NONE;
    batch = batch_new();
    ck_assert(batch_held(batch, &vpn));
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT span, until FROM held WHERE kind = 0"), "8|-\n");
}
END_TEST

START_TEST(traffic_adds_up_in_its_bucket_day_and_hour)
{
    static const struct traffic_row rows[] = {{T0 - T0 % 300, 1, 10, 1, BATCH_NONE},
                                              {T0 - T0 % 300, 1, 5, 2, T0 - 900},
                                              {T0 - T0 % 300, 1, 0, 0, BATCH_NONE},
                                              {T0 - T0 % 300 + 300, 1, 7, 7, BATCH_NONE},
                                              {T0 - T0 % 300, 2, 100, 100, BATCH_NONE}};
    struct batch *batch = first_batch();
    struct session_row one = session_of(1, "alice"), two = session_of(2, "bob");

    two.profile = "full";
    ck_assert(batch_session(batch, &one) && batch_session(batch, &two));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert(batch_traffic(batch, &rows[i]));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT * FROM traffic"), "1699999800|1|15|3|1699999100\n"
                                                     "1699999800|2|100|100|-\n"
                                                     "1700000100|1|7|7|-\n");
    ck_assert_str_eq(asked("SELECT * FROM usage_day"), "19675|1|1|0|22|10\n19675|2|1|1|100|100\n");
    ck_assert_str_eq(asked("SELECT * FROM usage_hour"), "472222|1|0|22|10\n472222|1|1|100|100\n");
}
END_TEST

START_TEST(counters_near_the_end_of_numbers_stay_there)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct traffic_row traffic = {T0 - T0 % 300, 1, INT64_MAX, -5, BATCH_NONE};

    ck_assert(batch_session(batch, &session));
    for (int i = 0; i < 3; i++)
        ck_assert(batch_traffic(batch, &traffic));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT from_client, to_client FROM traffic"),
                     "9223372036854775807|0\n");
    ck_assert_str_eq(asked("SELECT from_client, to_client FROM usage_day"),
                     "9223372036854775807|0\n");
}
END_TEST

START_TEST(a_batch_is_written_once_however_often_it_is_tried)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct traffic_row traffic = {T0 - T0 % 300, 1, 10, 10, BATCH_NONE};

    ck_assert(batch_session(batch, &session) && batch_traffic(batch, &traffic));
    store_open_it();
    ck_assert_int_eq(store_write(store, batch), STORE_OK);
    store_close_it();
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT from_client FROM traffic"), "10\n");
}
END_TEST

START_TEST(positions_are_kept_until_the_file_is_gone)
{
    struct position_row position = {"campus-1-2.spool", 1, 4096, T0};
    struct batch *batch = first_batch();

    ck_assert(batch_position(batch, &position));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT * FROM spool_position"), "campus-1-2.spool|1|4096|1700000000\n");
    position.position = BATCH_NONE;
    batch = batch_new();
    ck_assert(batch_position(batch, &position));
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT * FROM spool_position"), "");
}
END_TEST

/* ── text from outside ── */

START_TEST(every_text_is_printable_utf8_of_bounded_length_in_the_database)
{
    static const struct {
        const char *sent, *kept;
    } cases[] = {{"a\nb", "a?b"},
                 {"\x1b[2J", "?[2J"},
                 {"\xff\xfe", "??"},
                 {"Zo\xc3\xab", "Zo\xc3\xab"},
                 {"\xe2\x80\xae", "?"},
                 {"\xc2\x9b", "?"},
                 {"'; DROP TABLE user; --", "'; DROP TABLE user; --"}};
    const char *sent = cases[_i].sent, *kept = cases[_i].kept;
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, sent);
    struct refusal_row refusal = refusal_of(1, sent);
    struct gap_row gap = {.id = 1, .kind = GAP_NOT_WATCHED, .reason = sent};
    char expected[200];

    session.typed = session.common_name = "other";
    session.profile = session.chosen_by = session.program = session.platform = session.real = sent;
    refusal.typed = "other";
    refusal.common_name = refusal.wanted = refusal.reason = refusal.real = sent;
    ck_assert(batch_session(batch, &session) && batch_refusal(batch, &refusal) &&
              batch_gap(batch, &gap));
    store_open_it();
    write_batch(batch);
    snprintf(expected, sizeof(expected), "%s|%s|%s|%s|%s|%s\n", kept, kept, kept, kept, kept, kept);
    ck_assert_str_eq(
        asked("SELECT user.name, profile.name, chosen_by.name, program, platform, text "
              "FROM user, profile, chosen_by, client, address"),
        expected);
    snprintf(expected, sizeof(expected), "%s|%s|%s|%s|%s\n", kept, kept, kept, kept, kept);
    ck_assert_str_eq(asked("SELECT user, common_name, wanted, reason, real FROM refusal"),
                     expected);
    snprintf(expected, sizeof(expected), "%s\n", kept);
    ck_assert_str_eq(asked("SELECT reason FROM gap"), expected);
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
    char name[3000];
    struct batch *batch = first_batch();
    struct session_row session;

    memset(name, '\0', sizeof(name));
    name[0] = 'x'; /* so that the cut falls within a character */
    for (size_t i = 1; i + 2 < sizeof(name); i += 2)
        memcpy(name + i, "\xc3\xab", 2);
    session = session_of(1, name);
    ck_assert(batch_session(batch, &session));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT length(CAST(name AS BLOB)), length(name) FROM user"),
                     "499|250\n");
}
END_TEST

START_TEST(names_that_become_the_same_are_one_word)
{
    struct batch *batch = first_batch();
    struct session_row one = session_of(1, "a\nb"), two = session_of(2, "a\x1b"
                                                                        "b");

    ck_assert(batch_session(batch, &one) && batch_session(batch, &two));
    store_open_it();
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT name FROM user"), "a?b\n");
    ck_assert_str_eq(asked("SELECT id, user FROM session"), "1|1\n2|1\n");
}
END_TEST

START_TEST(more_words_than_are_remembered_keep_their_numbers)
{
    enum { USERS = 40000 };
    struct batch *batch = first_batch();
    char name[32];

    store_open_it();
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < USERS; i++) {
            struct session_row session;

            snprintf(name, sizeof(name), "user-%d", i);
            session = session_of(1 + round * USERS + i, name);
            ck_assert(batch_session(batch, &session));
        }
    write_batch(batch);
    ck_assert_str_eq(asked("SELECT count(*) FROM user"), "40000\n");
    ck_assert_str_eq(asked("SELECT count(*) FROM session JOIN user ON user.id = session.user "
                           "WHERE name = 'user-' || ((session.id - 1) % 40000)"),
                     "80000\n");
}
END_TEST

/* ── the file ── */

START_TEST(the_file_has_our_mark_mode_and_journal)
{
    struct stat st;
    char side[200];

    store_open_it();
    ck_assert_str_eq(asked("PRAGMA application_id"), "1113151297\n");
    ck_assert_str_eq(asked("PRAGMA user_version"), "6\n");
    ck_assert_str_eq(asked("PRAGMA journal_mode"), "wal\n");
    for (int i = 0; i < 4; i++) {
        snprintf(side, sizeof(side), "%s%s", store_path,
                 (const char *const[]){"", "-wal", "-shm", ".lock"}[i]);
        ck_assert_int_eq(stat(side, &st), 0);
        ck_assert_msg((st.st_mode & 07777) == (i == 3 ? 0600 : 0640), "%s: %o", side, st.st_mode);
    }
}
END_TEST

START_TEST(after_it_is_closed_a_reader_who_cannot_write_opens_it_still)
{
    struct stat st;
    char side[200];

    store_open_it();
    write_batch(first_batch());
    store_close_it();
    snprintf(side, sizeof(side), "%s-wal", store_path);
    ck_assert_int_eq(stat(side, &st), 0);
    ck_assert_int_eq(st.st_size, 0); /* all of it is in the database */
    ck_assert_str_eq(asked("SELECT name FROM server"), "campus\n");
}
END_TEST

START_TEST(a_checkpoint_says_whether_all_is_in_the_database_file)
{
    sqlite3 *reader = NULL;

    store_open_it();
    write_batch(first_batch());
    ck_assert(store_checkpoint(store));
    ck_assert_int_eq(sqlite3_open_v2(store_path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM server", NULL, NULL, NULL),
                     SQLITE_OK);
    write_batch(first_batch());
    ck_assert(!store_checkpoint(store)); /* the reader needs the state before */
    ck_assert(!store_is_copied(store));
    write_batch(first_batch());         /* and does not keep the writer from going on */
    ck_assert(store_checkpoint(store)); /* what it wrote is on the disk */
    ck_assert(!store_is_copied(store));
    sqlite3_close(reader);
    ck_assert(store_checkpoint(store));
    ck_assert(store_is_copied(store));
    ck_assert(store_checkpoint(store));
}
END_TEST

START_TEST(a_database_that_was_moved_away_is_told_once_and_still_written)
{
    const char *told;
    char moved[200];

    snprintf(moved, sizeof(moved), "%s.old", store_path);
    store_open_it();
    write_batch(first_batch());
    ck_assert(store_checkpoint(store));
    ck_assert_ptr_null(strstr(store_logged, "was moved"));
    ck_assert_int_eq(rename(store_path, moved), 0);
    for (int i = 0; i < 2; i++) {
        write_batch(first_batch());
        ck_assert(store_checkpoint(store));
    }
    told = strstr(store_logged, "was moved, removed or replaced");
    ck_assert_ptr_nonnull(told);
    ck_assert_ptr_null(strstr(told + 1, "was moved"));
    ck_assert_int_eq(rename(moved, store_path), 0);
    ck_assert(store_checkpoint(store));
    ck_assert_int_eq(remove(store_path), 0);
    store_logged[0] = '\0';
    ck_assert(store_checkpoint(store));
    ck_assert_ptr_nonnull(strstr(store_logged, "was moved, removed or replaced"));
}
END_TEST

static void add_write_tests(TCase *tests)
{
    tcase_add_test(tests, a_session_is_written_whole_and_found_under_its_words);
    tcase_add_test(tests, what_is_not_known_is_null_and_a_session_without_a_name_has_the_empty_one);
    tcase_add_test(tests, a_row_replaces_the_one_of_its_number);
    tcase_add_test(tests, running_counts_are_replaced_and_gone_when_the_session_ends);
    tcase_add_loop_test(tests, an_interval_is_in_the_class_of_its_length, 0, 12);
    tcase_add_test(tests, an_address_given_up_replaces_the_one_taken_up);
    tcase_add_test(tests, traffic_adds_up_in_its_bucket_day_and_hour);
    tcase_add_test(tests, counters_near_the_end_of_numbers_stay_there);
    tcase_add_test(tests, a_batch_is_written_once_however_often_it_is_tried);
    tcase_add_test(tests, positions_are_kept_until_the_file_is_gone);
    tcase_add_loop_test(tests, every_text_is_printable_utf8_of_bounded_length_in_the_database, 0,
                        7);
    tcase_add_test(tests, a_long_text_is_cut_between_characters);
    tcase_add_test(tests, names_that_become_the_same_are_one_word);
    tcase_add_test(tests, more_words_than_are_remembered_keep_their_numbers);
}

Suite *unit_suite(void)
{
    Suite *suite = suite_create("store");
    TCase *tests = tcase_create("store");

    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_set_timeout(tests, 30);
    add_write_tests(tests);
    tcase_add_test(tests, the_file_has_our_mark_mode_and_journal);
    tcase_add_test(tests, after_it_is_closed_a_reader_who_cannot_write_opens_it_still);
    tcase_add_test(tests, a_checkpoint_says_whether_all_is_in_the_database_file);
    tcase_add_test(tests, a_database_that_was_moved_away_is_told_once_and_still_written);
    suite_add_tcase(suite, tests);
    return suite;
}
