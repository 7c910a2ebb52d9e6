/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who had an address: short histories, written by the daemon's own store, and their answers. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "helpdesk/who.h"
#include "helpdesk/who_text.h"
#include "tests/unit/store_fixture.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))
#define POOL         "10.8.3.7"
#define HOUR         3600
#define NOW          (T0 + 100 * HOUR)

/* ── histories ── */

/* The daemon lives at NOW; more is added before it is written. */
static struct batch *new_batch(void)
{
    struct batch *batch = first_batch();

    batch->alive_at = NOW;
    return batch;
}

/* What a test says of a session: it had POOL, and 203.0.113.9, from its beginning to its end. */
struct had {
    const char *user;
    int64_t from, to, gone_by; /* seconds after T0; to -1: open */
    int64_t last_seen;         /* of an open one */
};
#define HAD(who, since, until)                        \
    {                                                 \
        .user = (who), .from = (since), .to = (until) \
    }
#define GONE(who, since, until, by)                                    \
    {                                                                  \
        .user = (who), .from = (since), .to = (until), .gone_by = (by) \
    }
#define OPEN(who, since, seen)                                        \
    {                                                                 \
        .user = (who), .from = (since), .to = -1, .last_seen = (seen) \
    }

static void add_at(struct batch *batch, const struct session_row *session, const char *address)
{
    struct held_row vpn = held_of(session, HELD_VPN, address);
    struct held_row real = held_of(session, HELD_REAL, "203.0.113.9");

    ck_assert(batch_session(batch, session) && batch_held(batch, &vpn) && batch_held(batch, &real));
}

static void add_ended(struct batch *batch, const struct session_row *session)
{
    add_at(batch, session, POOL);
}

static void add_had(struct batch *batch, int64_t id, const struct had *had)
{
    struct session_row session = session_of(id, had->user);
    struct running_row running = running_of(id);

    session.started = T0 + had->from;
    session.vpn4 = POOL;
    session.real = "203.0.113.9";
    session.real_port = 51234;
    if (had->to >= 0) {
        session.ended = T0 + had->to;
        session.end_reason = had->gone_by ? END_GONE : END_DISCONNECTED;
        session.gone_by = had->gone_by ? T0 + had->gone_by : BATCH_NONE;
    } else {
        running.last_seen = T0 + had->last_seen;
        ck_assert(batch_running(batch, &running));
    }
    add_ended(batch, &session);
}

static void write_history(const struct had *had, int n)
{
    struct batch *batch = new_batch();

    for (int i = 0; i < n; i++)
        add_had(batch, i + 1, &had[i]);
    write_batch(batch);
}

static void add_gap(struct batch *batch, int64_t began, int64_t ended, bool covered)
{
    struct gap_row gap = {.id = began,
                          .kind = GAP_NOT_WATCHED,
                          .server = 1,
                          .began = T0 + began,
                          .ended = ended < 0 ? BATCH_NONE : T0 + ended,
                          .covered = covered,
                          .count = BATCH_NONE,
                          .reason = "connection refused"};

    ck_assert(batch_gap(batch, &gap));
}

/* ── questions ── */

static struct who_question question;
static struct who_answer answer;

static void ask(const char *address, int64_t at, int64_t within)
{
    char why[HISTORY_WHY_SIZE];
    enum history_trouble trouble;
    struct history *history = history_open(store_path, &trouble, why);

    ck_assert_msg(history != NULL, "%s", why);
    question.address = address;
    question.asked = question.asked_to = T0 + at;
    question.from = T0 + at - within;
    question.to = T0 + at + within;
    if (question.now == 0)
        question.now = NOW;
    who_free(&answer);
    ck_assert(who_ask(history, &question, &answer));
    history_close(history);
}

/* "certain: alice certain yes; bob shared no". */
static const char *told(void)
{
    static const char *const verdicts[] = {"nobody", "unknown", "certain", "possible", "several"};
    static const char *const at[] = {"no", "maybe", "yes"};
    static char text[2000];
    size_t n = (size_t)snprintf(text, sizeof(text), "%s", verdicts[answer.verdict]);

    for (size_t i = 0; i < answer.n; i++) {
        const struct who_candidate *candidate = &answer.candidates[i];

        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s %s %s", i == 0 ? ":" : ";",
                              candidate->user, who_certainty_word(candidate),
                              at[candidate->at_time]);
    }
    return text;
}

static const char *told_of(const char *address, int64_t at, int64_t within)
{
    ask(address, at, within);
    return told();
}

static const char *asked_at(int64_t at)
{
    return told_of(POOL, at, 120);
}

static void set_up(void)
{
    store_set_up();
    store_open_it();
    question = (struct who_question){0};
}

static void tear_down(void)
{
    who_free(&answer);
    store_tear_down();
}

/* ── who it was ── */

START_TEST(who_held_it_then_is_certain)
{
    static const struct had had[] = {HAD("alice", HOUR, 3 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(asked_at(2 * HOUR), "certain: alice certain yes");
    ck_assert_str_eq(answer.candidates[0].server, "campus");
    ck_assert_str_eq(answer.candidates[0].real, "203.0.113.9");
    ck_assert_int_eq(answer.candidates[0].started, T0 + HOUR);
    ck_assert_int_eq(answer.candidates[0].ended, T0 + 3 * HOUR);
}
END_TEST

START_TEST(what_counts_is_overlap_to_the_second)
{
    static const struct had had[] = {HAD("alice", HOUR, 3 * HOUR)};
    static const struct {
        int64_t at;
        const char *told;
    } table[] = {
        {HOUR - 121, "nobody"},
        {HOUR - 120, "certain: alice certain no"},
        {HOUR - 1, "certain: alice certain no"},
        {HOUR, "certain: alice certain yes"},
        {3 * HOUR, "certain: alice certain yes"},
        {3 * HOUR + 1, "certain: alice certain no"},
        {3 * HOUR + 120, "certain: alice certain no"},
        {3 * HOUR + 121, "nobody"},
    };

    write_history(had, COUNT(had));
    for (int i = 0; i < COUNT(table); i++)
        ck_assert_str_eq(asked_at(table[i].at), table[i].told);
}
END_TEST

START_TEST(two_in_the_window_are_both_named)
{
    static const struct had had[] = {HAD("alice", HOUR, 2 * HOUR),
                                     HAD("bob", 2 * HOUR + 30, 3 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(asked_at(2 * HOUR), "several: alice shared yes; bob shared no");
    ck_assert_str_eq(told_of(POOL, 2 * HOUR, 10), "certain: alice certain yes");
    ck_assert_str_eq(told_of(POOL, 2 * HOUR + 15, 5), "nobody");
}
END_TEST

START_TEST(one_person_who_came_back_is_one_person)
{
    static const struct had had[] = {HAD("alice", HOUR, 2 * HOUR),
                                     HAD("alice", 2 * HOUR + 30, 3 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(asked_at(2 * HOUR), "certain: alice certain yes; alice certain no");
}
END_TEST

START_TEST(sessions_of_every_length_are_found)
{
    static const int64_t lengths[] = {0,     1,     900,    901,    3600,    3601,    14400,
                                      57600, 57601, 230401, 921601, 3686400, 3686401, 90000000};

    for (int i = 0; i < COUNT(lengths); i++) {
        const struct had had = HAD("alice", 0, lengths[i]);
        struct batch *batch = new_batch();

        add_had(batch, 1, &had);
        write_batch(batch);
        question.now = T0 + lengths[i] + HOUR;
        ck_assert_str_ne(told_of(POOL, 0, 0), "nobody");
        ck_assert_str_ne(told_of(POOL, lengths[i], 0), "nobody");
        ck_assert_int_eq(answer.n, 1);
        ask(POOL, lengths[i] + 1, 0);
        ck_assert_int_eq(answer.n, 0);
        ask(POOL, -1, 0);
        ck_assert_int_eq(answer.n, 0);
    }
}
END_TEST

START_TEST(nobody_has_an_address_that_was_never_given)
{
    static const struct had had[] = {HAD("alice", HOUR, 3 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(told_of("10.8.3.8", 2 * HOUR, 120), "nobody");
    ck_assert_str_eq(told_of("10.8.3.7' OR '1'='1", 2 * HOUR, 120), "nobody");
}
END_TEST

START_TEST(who_has_no_name_is_not_named)
{
    static const struct had had[] = {HAD("", HOUR, 2 * HOUR), HAD("", 2 * HOUR, 3 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(asked_at(HOUR + 300), "possible:  nameless yes");
    ck_assert_str_eq(asked_at(2 * HOUR), "several:  shared yes;  shared yes");
}
END_TEST

/* ── ends that nobody saw ── */

START_TEST(after_it_was_last_seen_it_is_only_possible)
{
    static const struct had had[] = {GONE("alice", HOUR, 2 * HOUR, 3 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(asked_at(2 * HOUR), "certain: alice certain yes");
    ck_assert_str_eq(asked_at(2 * HOUR + 121), "possible: alice end-not-seen maybe");
    ck_assert_str_eq(asked_at(3 * HOUR + 120), "possible: alice end-not-seen no");
    ck_assert_str_eq(asked_at(3 * HOUR + 121), "nobody");
}
END_TEST

START_TEST(an_open_session_is_certain_only_until_it_was_last_seen)
{
    static const struct had had[] = {OPEN("alice", HOUR, 2 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(asked_at(2 * HOUR), "certain: alice certain yes");
    ck_assert_str_eq(asked_at(2 * HOUR + 121), "possible: alice end-not-seen maybe");
    ck_assert_str_eq(asked_at(90 * HOUR), "possible: alice end-not-seen maybe");
}
END_TEST

START_TEST(an_end_that_was_not_seen_leaves_two_possible)
{
    static const struct had had[] = {GONE("alice", HOUR, 2 * HOUR, 3 * HOUR),
                                     HAD("bob", 2 * HOUR + 1800, 4 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(asked_at(2 * HOUR + 2400),
                     "several: alice end-not-seen maybe; bob shared yes");
    ck_assert_str_eq(asked_at(3 * HOUR + 300), "certain: bob certain yes");
}
END_TEST

/* ── times when nobody recorded ── */

START_TEST(where_nobody_recorded_nothing_is_certain)
{
    static const struct had had = HAD("alice", HOUR, 5 * HOUR);
    struct batch *batch = new_batch();

    add_had(batch, 1, &had);
    add_gap(batch, 2 * HOUR, 3 * HOUR, false);
    add_gap(batch, 4 * HOUR, 4 * HOUR + 600, true);
    add_gap(batch, 7 * HOUR, 8 * HOUR, false);
    write_batch(batch);
    ck_assert_str_eq(asked_at(2 * HOUR - 121), "certain: alice certain yes");
    ck_assert_str_eq(asked_at(2 * HOUR + 60), "possible: alice unwatched yes");
    ck_assert_str_eq(asked_at(3 * HOUR + 120), "possible: alice unwatched yes");
    ck_assert_str_eq(asked_at(4 * HOUR + 60), "certain: alice certain yes");
    ck_assert_str_eq(asked_at(6 * HOUR), "nobody");
    ck_assert_str_eq(asked_at(7 * HOUR), "unknown");
    ck_assert_str_eq(answer.gaps[0].reason, "connection refused");
}
END_TEST

START_TEST(a_daemon_that_does_not_run_knows_nothing_of_later)
{
    static const struct had had[] = {HAD("alice", HOUR, 5 * HOUR)};

    write_history(had, COUNT(had));
    question.now = NOW + 10 * HOUR;
    ck_assert_str_eq(asked_at(2 * HOUR), "certain: alice certain yes");
    ck_assert_str_eq(asked_at(90 * HOUR), "nobody");
    ck_assert_str_eq(asked_at(101 * HOUR), "unknown");
    ck_assert_int_eq(answer.gaps[0].kind, WHO_GAP_STOPPED);
}
END_TEST

START_TEST(a_daemon_that_was_last_alive_in_the_future_is_not_taken_to_live)
{
    static const struct had had[] = {HAD("alice", HOUR, 5 * HOUR)};

    write_history(had, COUNT(had));
    question.now = NOW - HOUR;
    ck_assert_str_eq(asked_at(6 * HOUR), "unknown");
    ck_assert_str_eq(asked_at(2 * HOUR), "possible: alice unwatched yes");
    ck_assert_int_eq(answer.gaps[0].kind, WHO_GAP_STOPPED);
}
END_TEST

START_TEST(a_start_in_1970_does_not_put_a_server_on_record)
{
    static const struct had had[] = {HAD("alice", HOUR, 5 * HOUR)};

    write_history(had, COUNT(had));
    do_sql(store_path, "INSERT INTO server_run (id, server, began, ended) VALUES (77, 1, 40, 50)");
    ck_assert_str_eq(told_of(POOL, 20, 60), "nobody");
    ck_assert_str_eq(told_of(POOL, -100, 60), "unknown");
}
END_TEST

START_TEST(a_gap_that_lasts_is_none_where_the_spool_is_read)
{
    static const struct had had = HAD("alice", HOUR, 5 * HOUR);
    struct batch *batch = new_batch();
    struct run_row run = run_of(1, 1);

    add_had(batch, 1, &had);
    add_gap(batch, 2 * HOUR, -1, false);
    run.spool = "campus-1.spool";
    ck_assert(batch_run(batch, &run));
    write_batch(batch);
    ck_assert_str_eq(asked_at(3 * HOUR), "certain: alice certain yes");
    do_sql(store_path, "UPDATE server_run SET spool = NULL");
    ck_assert_str_eq(asked_at(3 * HOUR), "possible: alice unwatched yes");
}
END_TEST

START_TEST(what_was_deleted_is_not_nobody)
{
    static const struct had had[] = {HAD("alice", HOUR, 5 * HOUR)};

    write_history(had, COUNT(had));
    do_sql(store_path, "INSERT INTO pruned VALUES ('sessions', 0, 1700007200)");
    ck_assert_str_eq(asked_at(2 * HOUR + 121), "certain: alice certain yes");
    ck_assert_str_eq(asked_at(2 * HOUR), "possible: alice unwatched yes");
    ck_assert_str_eq(asked_at(-HOUR), "unknown");
    ck_assert_int_eq(answer.gaps[0].kind, WHO_GAP_DELETED);
}
END_TEST

START_TEST(another_server_has_its_own_holders)
{
    static const struct had alice = HAD("alice", HOUR, 3 * HOUR);
    struct server_row server = {.id = 2, .name = "annex"};
    struct run_row run = run_of(2, 2);
    struct session_row session = session_of(2, "bob");
    struct batch *batch = new_batch();

    session.run = 2;
    session.ended = T0 + 3 * HOUR;
    session.vpn4 = POOL;
    ck_assert(batch_server(batch, &server) && batch_run(batch, &run));
    add_had(batch, 1, &alice);
    add_ended(batch, &session);
    write_batch(batch);
    ck_assert_str_eq(asked_at(2 * HOUR), "several: bob shared yes; alice shared yes");
    question.server = "annex";
    ck_assert_str_eq(asked_at(2 * HOUR), "certain: bob certain yes");
}
END_TEST

/* Bob's server, whose addresses are 10.9.0.0/16: as many as say what its pool is like. */
static void add_annex(struct batch *batch, int n)
{
    struct server_row server = {.id = 2, .name = "annex"};
    struct run_row run = run_of(2, 2);

    ck_assert(batch_server(batch, &server) && batch_run(batch, &run));
    for (int i = 0; i < n; i++) {
        struct session_row session = session_of(100 + i, "bob");
        char address[24];

        snprintf(address, sizeof(address), "10.9.%d.9", i);
        session.run = 2;
        session.ended = T0 + HOUR;
        session.vpn4 = address;
        add_at(batch, &session, address);
    }
}

/* Alice on the other server for four hours, in which nobody watches the annex for one. */
static void write_alice_and_annex(int n)
{
    static const struct had had = HAD("alice", HOUR, 5 * HOUR);
    struct batch *batch = new_batch();
    struct gap_row gap = {.id = 1,
                          .kind = GAP_NOT_WATCHED,
                          .server = 2,
                          .began = T0 + 2 * HOUR,
                          .ended = T0 + 3 * HOUR,
                          .count = BATCH_NONE};

    add_had(batch, 1, &had);
    add_annex(batch, n);
    ck_assert(batch_gap(batch, &gap));
    write_batch(batch);
}

START_TEST(a_gap_of_a_server_with_other_addresses_does_not_matter)
{
    write_alice_and_annex(30);
    ck_assert_str_eq(asked_at(2 * HOUR + 600), "certain: alice certain yes");
    ck_assert_str_eq(told_of("10.9.3.3", 2 * HOUR + 600, 120), "unknown");
    /* It may be anybody's real address, and an address that no server is known to have. */
    ck_assert_str_eq(told_of("203.0.113.9", 2 * HOUR + 600, 120), "possible: alice unwatched yes");
    ck_assert_str_eq(told_of("10.77.0.1", 2 * HOUR + 600, 120), "unknown");
    /* Whoever asks for that server by name may know of more addresses of it. */
    question.server = "annex";
    ck_assert_str_eq(told_of(POOL, 2 * HOUR + 600, 120), "unknown");
    ck_assert_str_eq(told_of(POOL, 4 * HOUR, 120), "nobody");
}
END_TEST

START_TEST(a_server_of_which_little_is_known_may_have_any_address)
{
    write_alice_and_annex(3);
    ck_assert_str_eq(asked_at(2 * HOUR + 600), "possible: alice unwatched yes");
}
END_TEST

START_TEST(before_a_server_was_on_record_nobody_knows)
{
    static const struct had had[] = {HAD("alice", HOUR, 5 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(told_of(POOL, 20, 60), "nobody");
    ck_assert_str_eq(told_of(POOL, -100, 60), "unknown");
    ck_assert_int_eq(answer.gaps[0].kind, WHO_GAP_BEFORE);
    ck_assert_str_eq(told_of(POOL, -40, 60), "nobody");
}
END_TEST

/* ── real addresses ── */

START_TEST(a_real_address_is_found_and_marked)
{
    static const struct had had[] = {HAD("alice", HOUR, 3 * HOUR), HAD("bob", 5 * HOUR, 6 * HOUR)};

    write_history(had, COUNT(had));
    ck_assert_str_eq(told_of("203.0.113.9", 2 * HOUR, 120), "certain: alice certain yes");
    ck_assert(answer.candidates[0].is_real);
    ck_assert_int_eq(answer.candidates[0].real_port, 51234);
    question.real_only = true;
    ck_assert_str_eq(told_of(POOL, 2 * HOUR, 120), "nobody");
}
END_TEST

/* From 198.51.100.1 to 198.51.100.2, between 2:00 and 2:10, unseen. */
START_TEST(a_client_that_moved_was_at_one_of_two_addresses)
{
    struct session_row session = session_of(1, "alice");
    struct held_row left, taken;
    struct batch *batch = new_batch();

    session.started = T0 + HOUR;
    session.ended = T0 + 3 * HOUR;
    session.real = "198.51.100.2";
    left = held_of(&session, HELD_REAL, "198.51.100.1");
    left.until = T0 + 2 * HOUR + 600;
    left.before_end = true;
    taken = held_of(&session, HELD_REAL, "198.51.100.2");
    taken.since = T0 + 2 * HOUR;
    ck_assert(batch_session(batch, &session) && batch_held(batch, &left) &&
              batch_held(batch, &taken));
    write_batch(batch);
    ck_assert_str_eq(told_of("198.51.100.1", HOUR, 60), "certain: alice certain yes");
    ck_assert_str_eq(told_of("198.51.100.1", 2 * HOUR + 300, 60), "possible: alice moved maybe");
    ck_assert_str_eq(told_of("198.51.100.2", 2 * HOUR + 300, 60), "possible: alice moved maybe");
    ck_assert_str_eq(told_of("198.51.100.2", 2 * HOUR + 700, 60), "certain: alice certain yes");
    ck_assert_str_eq(told_of("198.51.100.2", 2 * HOUR - 90, 60), "nobody");
}
END_TEST

/* ── bytes ── */

static void add_bytes(struct batch *batch, int64_t bucket, int64_t from, int64_t to)
{
    struct traffic_row row = {bucket, 1, from, to, BATCH_NONE};

    ck_assert(batch_traffic(batch, &row));
}

START_TEST(bytes_are_those_of_the_buckets_that_the_window_touches)
{
    static const struct had had = HAD("alice", 0, 3 * HOUR);
    int64_t first = T0 - T0 % 300;
    struct session_row session = session_of(1, "alice");
    struct batch *batch = new_batch();

    session.ended = T0 + had.to;
    session.from_client = 1111;
    session.to_client = 2222;
    add_ended(batch, &session);
    add_bytes(batch, first, 1, 2);
    add_bytes(batch, first + 300, 10, 20);
    add_bytes(batch, first + 600, 100, 200);
    add_bytes(batch, first + 900, 1000, 2000);
    write_batch(batch);
    ask(POOL, first + 450 - T0, 10);
    ck_assert_int_eq(answer.candidates[0].in_window.upload, 10);
    ck_assert_int_eq(answer.candidates[0].in_window.from, first + 300);
    ck_assert_int_eq(answer.candidates[0].in_window.until, first + 600);
    ask(POOL, first + 600 - T0, 120);
    ck_assert_int_eq(answer.candidates[0].in_window.upload, 110);
    ck_assert_int_eq(answer.candidates[0].in_window.download, 220);
    ck_assert_int_eq(answer.candidates[0].in_all.upload, 1111);
    ask(POOL, 2 * HOUR, 120);
    ck_assert_int_eq(answer.candidates[0].in_window.upload, 0);
}
END_TEST

START_TEST(bytes_of_an_open_session_count_too)
{
    struct session_row session = session_of(1, "alice");
    struct running_row running = running_of(1);
    struct held_row held;
    struct batch *batch = new_batch();

    session.vpn4 = POOL;
    held = held_of(&session, HELD_VPN, POOL);
    running.from_client = 1500;
    running.to_client = 900;
    running.base_from = 1000;
    running.base_to = 800;
    running.bucket = running.base_at = T0 - T0 % 300 + 300;
    running.counted_at = running.last_seen = running.bucket + 100;
    add_bytes(batch, T0 - T0 % 300, 1000, 800);
    ck_assert(batch_session(batch, &session) && batch_running(batch, &running) &&
              batch_held(batch, &held));
    write_batch(batch);
    ask(POOL, running.bucket + 50 - T0, 10);
    ck_assert_int_eq(answer.candidates[0].in_window.upload, 500);
    ck_assert_int_eq(answer.candidates[0].in_window.download, 100);
    ck_assert_int_eq(answer.candidates[0].in_all.upload, 1500);
}
END_TEST

START_TEST(bytes_that_are_not_known_are_not_0)
{
    static const struct had had[] = {HAD("alice", HOUR, 3 * HOUR)};

    write_history(had, COUNT(had));
    ask(POOL, 2 * HOUR, 120);
    ck_assert_int_eq(answer.candidates[0].in_window.upload, WHO_NONE);
    ck_assert_int_eq(answer.candidates[0].in_all.download, WHO_NONE);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("who");
    TCase *tcase = tcase_create("who");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, who_held_it_then_is_certain);
    tcase_add_test(tcase, what_counts_is_overlap_to_the_second);
    tcase_add_test(tcase, two_in_the_window_are_both_named);
    tcase_add_test(tcase, one_person_who_came_back_is_one_person);
    tcase_add_test(tcase, sessions_of_every_length_are_found);
    tcase_add_test(tcase, nobody_has_an_address_that_was_never_given);
    tcase_add_test(tcase, who_has_no_name_is_not_named);
    tcase_add_test(tcase, after_it_was_last_seen_it_is_only_possible);
    tcase_add_test(tcase, an_open_session_is_certain_only_until_it_was_last_seen);
    tcase_add_test(tcase, an_end_that_was_not_seen_leaves_two_possible);
    tcase_add_test(tcase, where_nobody_recorded_nothing_is_certain);
    tcase_add_test(tcase, a_daemon_that_does_not_run_knows_nothing_of_later);
    tcase_add_test(tcase, a_daemon_that_was_last_alive_in_the_future_is_not_taken_to_live);
    tcase_add_test(tcase, a_start_in_1970_does_not_put_a_server_on_record);
    tcase_add_test(tcase, a_gap_that_lasts_is_none_where_the_spool_is_read);
    tcase_add_test(tcase, what_was_deleted_is_not_nobody);
    tcase_add_test(tcase, another_server_has_its_own_holders);
    tcase_add_test(tcase, a_gap_of_a_server_with_other_addresses_does_not_matter);
    tcase_add_test(tcase, a_server_of_which_little_is_known_may_have_any_address);
    tcase_add_test(tcase, before_a_server_was_on_record_nobody_knows);
    tcase_add_test(tcase, a_real_address_is_found_and_marked);
    tcase_add_test(tcase, a_client_that_moved_was_at_one_of_two_addresses);
    tcase_add_test(tcase, bytes_are_those_of_the_buckets_that_the_window_touches);
    tcase_add_test(tcase, bytes_of_an_open_session_count_too);
    tcase_add_test(tcase, bytes_that_are_not_known_are_not_0);
    suite_add_tcase(suite, tcase);
    return suite;
}
