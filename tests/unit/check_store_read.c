/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tests/unit/store_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char told[4096];

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
    size_t n = strlen(told);
    va_list args;

    va_start(args, format);
    vsnprintf(told + n, sizeof(told) - n, format, args);
    va_end(args);
}

static bool on_server(void *arg, const struct server_row *row)
{
    (void)arg;
    tell("server %d %s %s\n", (int)row->id, row->name, row->spool_name ? row->spool_name : "-");
    return true;
}

static bool on_run(void *arg, const struct run_row *row)
{
    (void)arg;
    tell("run %d of %d, pid %s, %s\n", (int)row->id, (int)row->server,
         row->pid == BATCH_NONE ? "not known" : "known",
         row->ended == BATCH_NONE ? "runs" : "ended");
    return true;
}

static bool on_session(void *arg, const struct session_row *row)
{
    (void)arg;
    ck_assert_int_eq(row->ended, BATCH_NONE);
    ck_assert_int_eq(row->fell_back, 1);
    ck_assert_int_eq(row->real_port, 40000);
    ck_assert_int_eq(row->cid, 12);
    ck_assert_int_eq(row->number, 3);
    ck_assert_int_eq(row->handshake, 1);
    ck_assert_int_eq(row->end_reason, END_NONE);
    tell("session %d of run %d since %d: %s (%s, %s) %s by %s, %s on %s, %s, %s, %s\n",
         (int)row->id, (int)row->run, (int)row->started, row->user, row->typed, row->common_name,
         row->profile, row->chosen_by, row->program, row->platform, row->real, row->vpn4,
         row->vpn6);
    return true;
}

static bool on_lately(void *arg, const struct session_row *row)
{
    (void)arg;
    ck_assert(row->lately);
    tell("session %d of run %d ended at %d (%s): %s\n", (int)row->id, (int)row->run,
         (int)row->ended, row->ended_boot_ms == 5000 ? "5 s" : "not known", row->user);
    return true;
}

static bool on_running(void *arg, const struct running_row *row)
{
    (void)arg;
    tell("running %d: %d, %s; epoch %d, %d; bucket %d: %d, %d at %d\n", (int)row->session,
         (int)row->from_client, row->to_client == BATCH_NONE ? "not known" : "known",
         (int)row->epoch_from, (int)row->epoch_to, (int)row->bucket, (int)row->base_from,
         (int)row->base_to, (int)row->base_at);
    return true;
}

static bool on_held(void *arg, const struct held_row *row)
{
    (void)arg;
    tell("%d holds %d %s since %d\n", (int)row->session, (int)row->kind, row->address,
         (int)row->since);
    return true;
}

static bool on_gap(void *arg, const struct gap_row *row)
{
    (void)arg;
    tell("gap %d of %d at %s since %d: %s\n", (int)row->id, (int)row->kind,
         row->server == BATCH_NONE ? "all" : "one", (int)row->began, row->reason);
    return true;
}

static bool on_position(void *arg, const struct position_row *row)
{
    (void)arg;
    tell("%s of %d at %d, alive at %d\n", row->file, (int)row->run, (int)row->position,
         (int)row->alive_at);
    return true;
}

static bool refuse(void *arg, const struct session_row *row)
{
    (void)arg;
    (void)row;
    return false;
}

static const struct store_reader listener = {.server = on_server,
                                             .run = on_run,
                                             .session = on_session,
                                             .lately = on_lately,
                                             .running = on_running,
                                             .held = on_held,
                                             .gap = on_gap,
                                             .position = on_position};

/* An open session with everything, one that ended, and what belongs to them. */
static void write_some(void)
{
    struct batch *batch = first_batch();
    struct session_row open = session_of(1, "alice"), ended = session_of(2, "bob");
    struct running_row running = running_of(1);
    struct gap_row over = {1, 1, T0, T0 + 5, BATCH_NONE, GAP_NOT_WATCHED, true, "over"};
    struct gap_row lasts = {2, BATCH_NONE, T0, BATCH_NONE, 7, GAP_OVERLOAD, false, "lasts"};
    struct run_row read = run_of(2, 1), unread = run_of(3, 1);
    struct position_row position = {"x.spool", 3, 77, T0 + 5};
    struct held_row held;

    open.typed = "alice+full";
    open.common_name = "cn";
    open.profile = "full";
    open.chosen_by = "menu";
    open.program = "prog";
    open.platform = "plat";
    open.real = "192.0.2.1";
    open.vpn4 = "10.8.0.2";
    open.vpn6 = "fd00::2";
    open.fell_back = 1;
    open.real_port = 40000;
    open.cid = 12;
    open.number = 3;
    open.handshake = 1;
    ended.ended_boot_ms = 5000;
    ended.lately = true;
    ended.ended = read.ended = unread.ended = T0 + 1;
    running.from_client = 5;
    running.to_client = BATCH_NONE;
    running.epoch_from = 1;
    running.epoch_to = 2;
    running.base_from = 3;
    running.base_to = 4;
    ck_assert(batch_run(batch, &read) && batch_run(batch, &unread));
    ck_assert(batch_session(batch, &open) && batch_session(batch, &ended));
    ck_assert(batch_running(batch, &running) && batch_position(batch, &position));
    ck_assert(batch_gap(batch, &over) && batch_gap(batch, &lasts));
    held = held_of(&open, HELD_VPN, "10.8.0.2");
    ck_assert(batch_held(batch, &held));
    held = held_of(&ended, HELD_VPN, "10.8.0.3");
    ck_assert(batch_held(batch, &held));
    batch->stopped = true;
    write_batch(batch);
}

START_TEST(what_was_open_is_read_back_and_nothing_else)
{
    struct store_state state = {0};

    told[0] = '\0';
    store_open_it();
    write_some();
    store_close_it();
    store_open_it();
    ck_assert_int_eq(store_read(store, &listener, &state), STORE_OK);
    ck_assert_str_eq(told, "server 1 campus -\n"
                           "run 1 of 1, pid not known, runs\n"
                           "run 3 of 1, pid not known, ended\n"
                           "session 1 of run 1 since 1700000000: alice (alice+full, cn) full by "
                           "menu, prog on plat, 192.0.2.1, 10.8.0.2, fd00::2\n"
                           "session 2 of run 1 ended at 1700000001 (5 s): bob\n"
                           "running 1: 5, not known; epoch 1, 2; bucket 1699999800: 3, 4 at "
                           "1700000000\n"
                           "1 holds 0 10.8.0.2 since 1700000000\n"
                           "gap 2 of 4 at all since 1700000000: lasts\n"
                           "x.spool of 3 at 77, alive at 1700000005\n");
    ck_assert_int_eq(state.next_server, 2);
    ck_assert_int_eq(state.next_run, 4);
    ck_assert_int_eq(state.next_session, 3);
    ck_assert_int_eq(state.next_refusal, 1);
    ck_assert_int_eq(state.next_gap, 3);
    ck_assert_int_eq(state.alive_at, T0);
    ck_assert(state.stopped);
}
END_TEST

/* Nothing that comes later explains it. */
START_TEST(what_ended_a_minute_ago_is_not_read_back)
{
    struct store_state state = {0};
    struct batch *batch;

    store_open_it();
    write_some();
    batch = batch_new();
    batch->alive_at = T0 + 61;
    write_batch(batch);
    told[0] = '\0';
    ck_assert_int_eq(store_read(store, &listener, &state), STORE_OK);
    ck_assert_ptr_nonnull(strstr(told, "bob"));
    batch = batch_new();
    batch->alive_at = T0 + 62;
    write_batch(batch);
    told[0] = '\0';
    ck_assert_int_eq(store_read(store, &listener, &state), STORE_OK);
    ck_assert_ptr_null(strstr(told, "bob"));
    ck_assert_str_eq(asked("SELECT count(*) FROM ended_lately"), "0\n");
}
END_TEST

START_TEST(a_new_database_has_nothing_to_read)
{
    struct store_state state = {0};

    told[0] = '\0';
    store_open_it();
    ck_assert_int_eq(store_read(store, &listener, &state), STORE_OK);
    ck_assert_str_eq(told, "");
    ck_assert_int_eq(state.next_session, 1);
    ck_assert_int_eq(state.alive_at, BATCH_NONE);
    ck_assert(!state.stopped);
}
END_TEST

START_TEST(a_reader_that_has_enough_ends_the_reading)
{
    struct store_reader picky = listener;
    struct store_state state = {0};

    store_open_it();
    write_some();
    picky.session = refuse;
    told[0] = '\0';
    ck_assert_int_eq(store_read(store, &picky, &state), STORE_FAILED);
    ck_assert_ptr_null(strstr(told, "running"));
    told[0] = '\0';
    ck_assert_int_eq(store_read(store, &listener, &state), STORE_OK);
    ck_assert_ptr_nonnull(strstr(told, "running"));
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("store_read");
    TCase *tests = tcase_create("store_read");

    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_add_test(tests, what_was_open_is_read_back_and_nothing_else);
    tcase_add_test(tests, what_ended_a_minute_ago_is_not_read_back);
    tcase_add_test(tests, a_new_database_has_nothing_to_read);
    tcase_add_test(tests, a_reader_that_has_enough_ends_the_reading);
    suite_add_tcase(suite, tests);
    return suite;
}
