/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention, beside an oracle: the same history in a copy of the database, and plain
 * statements that say what has to be left of it.
 */
#include "tests/unit/unit.h"

#include "sql/sql.h"
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY ((int64_t)86400)

static const struct retention for_ever = {BATCH_NONE, BATCH_NONE, BATCH_NONE};

static unsigned chance;

static int64_t dice(int64_t sides)
{
    return rand_r(&chance) % sides;
}

/* Prunes until there is nothing more; the number of steps. */
static int prune_all(const struct retention *retention, int64_t now)
{
    bool more = true;
    int steps = 0;

    while (more) {
        ck_assert_int_eq(store_prune(store, retention, now, &more), STORE_OK);
        ck_assert_int_lt(++steps, 100000);
    }
    return steps;
}

/* As many clients as stay in any case, each with its number; after store_open_it(). */
static void put_usual_clients(int n)
{
    char sql[200];

    snprintf(sql, sizeof(sql),
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO client SELECT i, 'usual ' || i, 'any' FROM n",
             n);
    do_sql(store_path, sql);
}

/* ── a history ── */

static void put_held(struct batch *batch, const struct session_row *session, enum held_kind kind,
                     const char *address, int64_t since, int64_t until)
{
    struct held_row held = {.kind = kind,
                            .before_end = until != BATCH_NONE && until != session->ended,
                            .session = session->id,
                            .since = since,
                            .until = until,
                            .address = address};

    ck_assert(batch_held(batch, &held));
}

/* One session of forty days: long, short, open, seen to end or not, roaming or not. */
static void put_random_session(struct batch *batch, int64_t id)
{
    static const int64_t longest[] = {60, 900, 7200, 86400, 86400 * 12};
    char user[24], real[24], vpn4[24], vpn6[24], program[24];
    struct session_row session;
    struct traffic_row traffic;
    int64_t moved = BATCH_NONE, last;

    snprintf(user, sizeof(user), "user%d", (int)dice(40));
    snprintf(real, sizeof(real), "192.0.2.%d", (int)dice(60));
    snprintf(vpn4, sizeof(vpn4), "10.8.0.%d", (int)dice(60));
    snprintf(vpn6, sizeof(vpn6), "fd00::%d", (int)dice(60));
    snprintf(program, sizeof(program), "3.%d", (int)dice(400));
    session = session_of(id, user);
    session.program = dice(10) ? program : NULL;
    session.platform = session.program ? "linux" : NULL;
    session.started = T0 + dice(40 * DAY);
    if (dice(20) > 0) {
        session.ended = session.started + dice(longest[dice(5)]);
        session.end_reason = END_DISCONNECTED;
        if (dice(4) == 0)
            session.gone_by = session.ended + dice(2 * DAY);
    }
    session.vpn4 = dice(10) ? vpn4 : NULL;
    session.vpn6 = dice(2) ? vpn6 : NULL;
    session.real = dice(10) ? real : NULL;
    session.real_port = session.real ? 4000 : BATCH_NONE;
    last = session.gone_by > session.ended ? session.gone_by : session.ended;
    if (session.vpn4)
        put_held(batch, &session, HELD_VPN, vpn4, session.started, last);
    if (session.vpn6)
        put_held(batch, &session, HELD_VPN, vpn6, session.started, last);
    if (session.real && dice(3) == 0 && session.ended > session.started + 1) {
        char earlier[24];

        snprintf(earlier, sizeof(earlier), "198.51.100.%d", (int)dice(20));
        moved = session.started + 1 + dice(session.ended - session.started - 1);
        put_held(batch, &session, HELD_REAL, earlier, session.started, moved);
    }
    if (session.real)
        put_held(batch, &session, HELD_REAL, real, moved != BATCH_NONE ? moved : session.started,
                 last);
    ck_assert(batch_session(batch, &session));
    traffic = (struct traffic_row){session.started - session.started % 300, id, dice(1000),
                                   dice(1000), BATCH_NONE};
    ck_assert(batch_traffic(batch, &traffic));
}

static void make_history(int64_t sessions)
{
    struct batch *batch = first_batch();

    for (int64_t id = 1; id <= sessions; id++)
        put_random_session(batch, id);
    for (int64_t id = 1; id <= sessions / 4; id++) {
        struct refusal_row refusal = refusal_of(id, "somebody");
        struct gap_row gap = {id,
                              dice(2) ? 1 : BATCH_NONE,
                              T0 + dice(40 * DAY),
                              BATCH_NONE,
                              BATCH_NONE,
                              GAP_NOT_WATCHED,
                              false,
                              "gone"};

        refusal.at = T0 + dice(40 * DAY);
        refusal.real = dice(5) ? "203.0.113.9" : NULL;
        refusal.real_port = dice(5) ? 1194 : BATCH_NONE;
        if (dice(5))
            gap.ended = gap.began + dice(5 * DAY);
        ck_assert(batch_refusal(batch, &refusal) && batch_gap(batch, &gap));
    }
    store_open_it();
    put_usual_clients(950);
    write_batch(batch);
}

/* ── the oracle ── */

static char before_path[180];

static void keep_copy(void)
{
    char sql[300];

    snprintf(before_path, sizeof(before_path), "%s.before", store_path);
    unlink(before_path);
    snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", before_path);
    do_sql(store_path, sql);
}

/* The same question to the copy, whose views name what is to be left, and to the database. */
static void assert_same(const char *left, const char *is)
{
    char *expected = strdup(asked_of(before_path, left));
    const char *found = asked(is);

    ck_assert_msg(strcmp(expected, found) == 0, "%s\nexpected: %.300s\nfound: %.300s", is, expected,
                  found);
    free(expected);
}

static int64_t cutoff(int64_t now, int64_t seconds)
{
    return seconds == BATCH_NONE ? -1 : now - seconds;
}

static void make_oracle(const struct retention *retention, int64_t now)
{
    int64_t sessions = cutoff(now, retention->sessions);
    int64_t real = cutoff(now, retention->real_addresses);
    int64_t traffic = cutoff(now, retention->traffic);
    char sql[3000];

    real = real > sessions ? real : sessions;
    traffic = traffic > sessions ? traffic : sessions;
    snprintf(sql, sizeof(sql),
             "DROP VIEW IF EXISTS stays; DROP VIEW IF EXISTS keeps_real;"
             "DROP VIEW IF EXISTS held_stays; DROP VIEW IF EXISTS limits;"
             "CREATE VIEW limits AS SELECT %lld AS sessions, %lld AS real, %lld AS traffic;"
             "CREATE VIEW stays AS SELECT * FROM session, limits WHERE ended IS NULL OR"
             "  max(ended, coalesce(gone_by, ended)) >= sessions;"
             "CREATE VIEW keeps_real AS SELECT * FROM session, limits WHERE ended IS NULL OR"
             "  max(ended, coalesce(gone_by, ended)) >= limits.real;"
             "CREATE VIEW held_stays AS SELECT * FROM held WHERE"
             "  (kind = 0 AND session IN (SELECT id FROM stays)) OR"
             "  (kind = 1 AND session IN (SELECT id FROM keeps_real));",
             (long long)sessions, (long long)real, (long long)traffic);
    do_sql(before_path, sql);
}

static void assert_left_is_right(void)
{
    static const struct {
        const char *left, *is;
    } questions[] = {
        {"SELECT id, user, started, ended, vpn4, vpn6 FROM stays ORDER BY id",
         "SELECT id, user, started, ended, vpn4, vpn6 FROM session ORDER BY id"},
        {"SELECT id, real, real_port FROM keeps_real WHERE real IS NOT NULL ORDER BY id",
         "SELECT id, real, real_port FROM session WHERE real IS NOT NULL OR real_port IS NOT NULL "
         "ORDER BY id"},
        {"SELECT sum(kind), sum(address * (session + 7) * (since - 1690000000) % 1000003), count(*)"
         " FROM held_stays",
         "SELECT sum(kind), sum(address * (session + 7) * (since - 1690000000) % 1000003), count(*)"
         " FROM held"},
        {"SELECT * FROM held_before WHERE (kind = 0 AND session IN (SELECT id FROM stays)) OR "
         "(kind = 1 AND session IN (SELECT id FROM keeps_real)) ORDER BY session, kind, address, "
         "since",
         "SELECT * FROM held_before ORDER BY session, kind, address, since"},
        {"SELECT id, text FROM address WHERE id IN (SELECT address FROM held_stays) ORDER BY id",
         "SELECT id, text FROM address ORDER BY id"},
        {"SELECT id, name FROM user WHERE id IN (SELECT user FROM stays) OR id IN (SELECT user "
         "FROM "
         "usage_day, limits WHERE day >= sessions / 86400) ORDER BY id",
         "SELECT id, name FROM user ORDER BY id"},
        {"SELECT id, program, platform FROM client WHERE id <= 1000 OR id IN (SELECT client FROM "
         "stays) ORDER BY id",
         "SELECT id, program, platform FROM client ORDER BY id"},
        {"SELECT bucket, session, from_client FROM traffic, limits "
         "WHERE bucket >= limits.traffic ORDER BY bucket, session",
         "SELECT bucket, session, from_client FROM traffic ORDER BY bucket, session"},
        {"SELECT count(*), sum(from_client) FROM usage_day, limits WHERE day >= sessions / 86400",
         "SELECT count(*), sum(from_client) FROM usage_day"},
        {"SELECT count(*), sum(from_client) FROM usage_hour, limits WHERE hour >= sessions / 3600",
         "SELECT count(*), sum(from_client) FROM usage_hour"},
        {"SELECT refusal.id, iif(at < limits.real, NULL, refusal.real), iif(at < limits.real, "
         "NULL, "
         "real_port) FROM refusal, limits WHERE at >= sessions ORDER BY refusal.id",
         "SELECT id, real, real_port FROM refusal ORDER BY id"},
        {"SELECT id FROM gap, limits WHERE ended IS NULL OR ended >= sessions ORDER BY id",
         "SELECT id FROM gap ORDER BY id"}};

    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        assert_same(questions[i].left, questions[i].is);
}

/* ── tests ── */

START_TEST(what_is_left_is_what_retention_says_whatever_the_history)
{
    /* Each is kept for so many days; -1: for ever. */
    static const int days[][3] = {{10, 20, 5}, {20, 20, 20}, {30, 5, 40}, {-1, 12, -1}, {7, -1, -1},
                                  {0, 0, 0},   {-1, -1, 3},  {1, 39, 2},  {-1, -1, -1}};
    int64_t now = T0 + 40 * DAY;
    struct retention retention;

    chance = (unsigned)_i + 1;
    retention.real_addresses = days[_i][0] < 0 ? BATCH_NONE : days[_i][0] * DAY;
    retention.sessions = days[_i][1] < 0 ? BATCH_NONE : days[_i][1] * DAY;
    retention.traffic = days[_i][2] < 0 ? BATCH_NONE : days[_i][2] * DAY;
    make_history(1500);
    keep_copy();
    make_oracle(&retention, now);
    prune_all(&retention, now);
    assert_left_is_right();
    /* As days go by, passes go on from where the last ones came to. */
    for (int day = 1; day <= 15; day += 2) {
        int64_t later = now + day * DAY + dice(DAY);

        make_oracle(&retention, later);
        prune_all(&retention, later);
        assert_left_is_right();
    }
}
END_TEST

START_TEST(a_longer_retention_or_a_clock_that_was_ahead_leaves_nothing_behind)
{
    struct retention retention = {10 * DAY, 30 * DAY, 10 * DAY};
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct refusal_row refusal = refusal_of(1, "bob");

    store_open_it();
    write_batch(batch);
    prune_all(&retention, T0 + 4000 * DAY); /* nothing is there, but the pointers move */
    batch = first_batch();
    session.started = T0;
    session.ended = T0 + 100;
    session.real = refusal.real = "192.0.2.1";
    ck_assert(batch_session(batch, &session) && batch_refusal(batch, &refusal));
    put_held(batch, &session, HELD_REAL, "192.0.2.1", T0, T0 + 100);
    write_batch(batch);
    prune_all(&retention, T0 + 9 * DAY);
    ck_assert_str_eq(asked("SELECT count(real) FROM session"), "1\n");
    prune_all(&retention, T0 + 11 * DAY);
    ck_assert_str_eq(asked("SELECT count(*), count(real) FROM session"), "1|0\n");
    ck_assert_str_eq(asked("SELECT count(*), count(real) FROM refusal"), "1|0\n");
    ck_assert_str_eq(asked("SELECT count(*) FROM held"), "0\n");
    ck_assert_str_eq(asked("SELECT count(*) FROM address"), "0\n");
}
END_TEST

START_TEST(an_open_session_is_never_pruned_nor_what_it_holds)
{
    struct retention none = {0, 0, 0};
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");
    struct running_row running = running_of(1);

    session.real = "192.0.2.1";
    session.vpn4 = "10.8.0.2";
    put_held(batch, &session, HELD_REAL, "192.0.2.1", T0, BATCH_NONE);
    put_held(batch, &session, HELD_VPN, "10.8.0.2", T0, BATCH_NONE);
    ck_assert(batch_session(batch, &session) && batch_running(batch, &running));
    store_open_it();
    write_batch(batch);
    prune_all(&none, T0 + 10000 * DAY);
    ck_assert_str_eq(asked("SELECT session.id, user.name, a.text, b.text, last_seen FROM session "
                           "JOIN user ON user.id = session.user JOIN address a ON a.id = real "
                           "JOIN address b ON b.id = vpn4 JOIN running"),
                     "1|alice|192.0.2.1|10.8.0.2|1700000000\n");
    ck_assert_str_eq(asked("SELECT count(*) FROM held"), "2\n");
    ck_assert_str_eq(asked("SELECT count(*) FROM server_run"), "1\n");
}
END_TEST

START_TEST(words_that_were_pruned_get_new_numbers_when_they_come_again)
{
    struct retention none = {0, 0, 0};

    store_open_it();
    put_usual_clients(1000);
    for (int round = 0; round < 3; round++) {
        struct batch *batch = first_batch();

        for (int i = 1; i <= 50; i++) {
            struct session_row session;
            char user[20];

            snprintf(user, sizeof(user), "user%d", (i + 20 * round) % 60);
            session = session_of(i, user);
            session.started = T0 + round * DAY;
            session.ended = session.started + 1;
            session.vpn4 = session.program = session.platform = user;
            put_held(batch, &session, HELD_VPN, user, session.started, session.ended);
            ck_assert(batch_session(batch, &session));
        }
        write_batch(batch);
        ck_assert_str_eq(asked("SELECT count(*) FROM session JOIN user ON user.id = session.user "
                               "JOIN address ON address.id = vpn4 AND address.text = user.name "
                               "JOIN client ON client.id = session.client "
                               "AND program = user.name AND platform = user.name"),
                         "50\n");
        prune_all(&none, T0 + round * DAY + 100000);
        ck_assert_str_eq(asked("SELECT (SELECT count(*) FROM user), (SELECT count(*) FROM address),"
                               " (SELECT count(*) FROM client)"),
                         "0|0|1000\n");
    }
}
END_TEST

/* Each with another text, twice as long as is kept; every tenth has not ended. */
static void put_hostile_sessions(int n)
{
    struct batch *batch = first_batch();
    char program[2 * STORE_TEXT_MAX + 1];

    memset(program, 'x', sizeof(program));
    for (int i = 1; i <= n; i++) {
        struct session_row session = session_of(i, "mallory");

        snprintf(program, 11, "%010d", i);
        program[10] = 'x';
        program[sizeof(program) - 1] = '\0';
        session.program = session.platform = program;
        session.ended = i % 10 ? session.started + 1 : BATCH_NONE;
        ck_assert(batch_session(batch, &session));
    }
    write_batch(batch);
}

START_TEST(a_client_that_says_something_else_at_each_login_fills_nothing_for_ever)
{
    struct retention none = {0, 0, 0};
    bool more = true;
    int left = 5000;

    store_open_it();
    put_hostile_sessions(left);
    ck_assert_str_eq(asked("SELECT count(*), max(length(program)), max(length(platform)) "
                           "FROM client"),
                     "5000|500|500\n");
    while (more) {
        int before = left;

        ck_assert_int_eq(store_prune(store, &none, T0 + DAY, &more), STORE_OK);
        left = atoi(asked("SELECT count(*) FROM client"));
        ck_assert_int_le(before - left, 250);
    }
    ck_assert_str_eq(asked("SELECT count(*), sum(id > 1000) FROM client"), "1400|400\n");
    ck_assert_str_eq(asked("SELECT count(*) FROM session JOIN client ON client.id = client "
                           "AND CAST(program AS INTEGER) = session.id WHERE ended IS NULL"),
                     "500\n");
}
END_TEST

START_TEST(words_nobody_refers_to_are_found_by_index)
{
    static const char *const names[] = {"prune.users", "prune.clients", "prune.address-gone"};
    char question[900];

    store_open_it();
    snprintf(question, sizeof(question), "EXPLAIN QUERY PLAN %s", sql_find(names[_i]));
    ck_assert_msg(strstr(asked(question), "SCAN") == NULL, "%s\n%s", names[_i], asked(question));
}
END_TEST

START_TEST(a_server_run_stays_as_long_as_a_session_of_it_and_its_spool)
{
    struct retention none = {0, 0, 0};
    struct batch *batch = first_batch();
    struct run_row ended = run_of(2, 1), unread = run_of(3, 1), later = run_of(4, 1);
    struct position_row position = {"x.spool", 3, 10, BATCH_NONE};
    struct session_row open = session_of(1, "alice");

    ended.ended = unread.ended = T0 - 10;
    later.ended = T0 + 10; /* the open session could be of this one */
    ck_assert(batch_run(batch, &ended) && batch_run(batch, &unread) && batch_run(batch, &later));
    ck_assert(batch_position(batch, &position) && batch_session(batch, &open));
    store_open_it();
    write_batch(batch);
    prune_all(&none, T0 + 1000);
    ck_assert_str_eq(asked("SELECT id FROM server_run ORDER BY id"), "1\n3\n4\n");
}
END_TEST

/* A pass at that time where all is kept for a year: how many sessions are left. */
static const char *prune_at(int64_t now)
{
    static const struct retention year = {365 * DAY, 365 * DAY, 365 * DAY};

    prune_all(&year, now);
    return asked("SELECT count(*) FROM session");
}

static void open_old_history(void)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1, "alice");

    session.ended = session.started + 100;
    ck_assert(batch_session(batch, &session));
    batch->alive_at = T0 + DAY;
    store_open_it();
    write_batch(batch);
    store_close_it();
    store_open_it();
}

START_TEST(a_clock_that_is_years_ahead_deletes_nothing_unless_it_goes_on_for_a_week)
{
    int64_t ahead = T0 + 3000 * DAY;

    open_old_history();
    for (int64_t hours = 0; hours < 7 * 24; hours += 5) {
        ck_assert_str_eq(prune_at(ahead + hours * 3600), "1\n");
        if (hours % 25 == 0) { /* another start does not make it right */
            store_close_it();
            store_open_it();
        }
    }
    ck_assert_ptr_nonnull(strstr(store_logged, "the clock is 2999 days ahead"));
    ck_assert_str_eq(prune_at(ahead + 7 * DAY + 1), "0\n");
}
END_TEST

START_TEST(a_clock_that_was_ahead_and_is_put_right_is_believed_at_once)
{
    open_old_history();
    ck_assert_str_eq(prune_at(T0 + 3000 * DAY), "1\n");
    ck_assert_str_eq(prune_at(T0 + 2 * DAY), "1\n");
    for (int64_t day = 2; day < 360; day += 29)
        ck_assert_str_eq(prune_at(T0 + day * DAY), "1\n");
    ck_assert_str_eq(prune_at(T0 + 366 * DAY), "0\n");
}
END_TEST

START_TEST(a_clock_that_leaps_again_and_again_is_never_believed)
{
    open_old_history();
    for (int64_t leap = 1; leap < 40; leap++)
        ck_assert_str_eq(prune_at(T0 + leap * 500 * DAY), "1\n");
    ck_assert_str_eq(prune_at(0), "1\n");
    ck_assert_str_eq(prune_at(T0 + 500 * DAY), "1\n");
}
END_TEST

START_TEST(steps_are_small_and_the_pass_has_an_end)
{
    struct retention none = {0, 0, 0};

    make_history(4000);
    ck_assert_int_gt(prune_all(&none, T0 + 100 * DAY), 20);
    ck_assert_str_eq(asked("SELECT count(*) FROM session WHERE ended IS NOT NULL"), "0\n");
    ck_assert_int_le(prune_all(&none, T0 + 100 * DAY), 2); /* more clients than one looks at */
    ck_assert_int_eq(prune_all(&for_ever, T0 + 100 * DAY), 1);
}
END_TEST

START_TEST(a_step_that_finds_the_database_locked_is_taken_again)
{
    struct retention none = {0, 0, 0};
    sqlite3 *other = NULL;
    bool more;

    make_history(500);
    ck_assert_int_eq(store_prune(store, &none, T0 + 100 * DAY, &more), STORE_OK);
    ck_assert_int_eq(sqlite3_open(store_path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(store_prune(store, &none, T0 + 100 * DAY, &more), STORE_BUSY);
    ck_assert(more);
    ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    prune_all(&none, T0 + 100 * DAY);
    ck_assert_str_eq(asked("SELECT count(*) FROM session WHERE ended IS NOT NULL"), "0\n");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("store_prune");
    TCase *tests = tcase_create("store_prune");

    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, what_is_left_is_what_retention_says_whatever_the_history, 0, 9);
    tcase_add_test(tests, a_longer_retention_or_a_clock_that_was_ahead_leaves_nothing_behind);
    tcase_add_test(tests, an_open_session_is_never_pruned_nor_what_it_holds);
    tcase_add_test(tests, words_that_were_pruned_get_new_numbers_when_they_come_again);
    tcase_add_test(tests, a_client_that_says_something_else_at_each_login_fills_nothing_for_ever);
    tcase_add_loop_test(tests, words_nobody_refers_to_are_found_by_index, 0, 3);
    tcase_add_test(tests, a_server_run_stays_as_long_as_a_session_of_it_and_its_spool);
    tcase_add_test(tests, a_clock_that_is_years_ahead_deletes_nothing_unless_it_goes_on_for_a_week);
    tcase_add_test(tests, a_clock_that_was_ahead_and_is_put_right_is_believed_at_once);
    tcase_add_test(tests, a_clock_that_leaps_again_and_again_is_never_believed);
    tcase_add_test(tests, steps_are_small_and_the_pass_has_an_end);
    tcase_add_test(tests, a_step_that_finds_the_database_locked_is_taken_again);
    suite_add_tcase(suite, tests);
    return suite;
}
