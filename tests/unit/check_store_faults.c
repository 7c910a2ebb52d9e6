/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that SQLite makes of the system, and allocations, fail once, and once with all
 * that follow: of each kind the first five and ever fewer of those after them, or with
 * FAULT_STEP=1 in the environment every one; FAULT_FROM=1 to 4 with FAULT_STEP=4 are every one
 * in four parts. Whatever was being done, the database is then as it was before or as it is after,
 * by itself and as it would be found after a crash, and trying again works.
 */
#include "tests/unit/unit.h"

#include "mgmtd/store_private.h"
#include "tests/unit/faulty.h"
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    enum faulty_kind kind;
    int code;
    const char *name;
} faults[] = {
    {FAULTY_WRITE, SQLITE_IOERR_WRITE, "write"},
    {FAULTY_WRITE, SQLITE_FULL, "write (full)"},
    {FAULTY_SYNC, 0, "sync"},
    {FAULTY_READ, 0, "read"},
    {FAULTY_TRUNCATE, 0, "truncate"},
    {FAULTY_LOCK, SQLITE_BUSY, "lock (busy)"},
    {FAULTY_LOCK, SQLITE_IOERR_LOCK, "lock"},
    {FAULTY_SHM, 0, "shared memory"},
    {FAULTY_OPEN, 0, "open"},
    {FAULTY_MALLOC, 0, "malloc"},
};

#define N_FAULTS ((int)(sizeof(faults) / sizeof(faults[0])))

/* ── what is in a database ── */

/* A number for all rows of all tables, and that all is in order. */
static uint64_t contents(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *tables = NULL;
    uint64_t sum = 14695981039346656037u;

    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT format('SELECT * FROM \"%w\"', name) FROM "
                                        "sqlite_schema WHERE type = 'table' ORDER BY name",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        sqlite3_stmt *rows = NULL;

        ck_assert_int_eq(
            sqlite3_prepare_v2(db, (const char *)sqlite3_column_text(tables, 0), -1, &rows, NULL),
            SQLITE_OK);
        while (sqlite3_step(rows) == SQLITE_ROW)
            for (int i = 0; i < sqlite3_column_count(rows); i++) {
                const char *text = (const char *)sqlite3_column_text(rows, i);

                for (const char *at = text ? text : "-"; *at; at++)
                    sum = (sum ^ (unsigned char)*at) * 1099511628211u;
                sum = sum * 31 + 7;
            }
        sqlite3_finalize(rows);
    }
    sqlite3_finalize(tables);
    sqlite3_close(db);
    ck_assert_str_eq(asked_of(path, "PRAGMA integrity_check"), "ok\n");
    return sum;
}

/* FROM becomes TO; where there is no FROM, there is no TO. */
static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "r"), *out;
    size_t n;

    unlink(to);
    if (in == NULL)
        return;
    out = fopen(to, "w");
    ck_assert_ptr_nonnull(out);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}

static const char *side(const char *path, const char *ending)
{
    static char file[4][250];
    static int i;

    i = (i + 1) % 4;
    snprintf(file[i], sizeof(file[i]), "%s%s", path, ending);
    return file[i];
}

/* The same of a copy of the files, as they would be found after a crash. */
static uint64_t contents_after_crash(void)
{
    char copy[200];

    snprintf(copy, sizeof(copy), "%s.crash", store_path);
    unlink(side(copy, "-shm"));
    copy_file(store_path, copy);
    copy_file(side(store_path, "-wal"), side(copy, "-wal"));
    return contents(copy);
}

/* ── a history, and what is done to it ── */

static void fill(struct batch *batch, int first, int n)
{
    for (int i = first; i < first + n; i++) {
        struct session_row session;
        struct running_row running = running_of(i);
        struct traffic_row traffic = {T0 - T0 % 300, i, 10, 20, BATCH_NONE};
        struct held_row held;
        char user[20], address[20];

        snprintf(user, sizeof(user), "user%d", i);
        snprintf(address, sizeof(address), "10.8.0.%d", i);
        session = session_of(i, user);
        session.vpn4 = address;
        if (i % 2)
            session.ended = T0 + i;
        held = held_of(&session, HELD_VPN, address);
        ck_assert(batch_running(batch, &running) && batch_session(batch, &session) &&
                  batch_held(batch, &held) && batch_traffic(batch, &traffic));
    }
}

static struct batch *history(void)
{
    struct batch *batch = first_batch();

    batch->id = 1;
    fill(batch, 1, 60);
    return batch;
}

/* New rows, rows that change and rows that go. */
static struct batch *next(void)
{
    struct batch *batch = first_batch();
    struct position_row position = {"x.spool", 1, 99, BATCH_NONE};
    struct gap_row gap = {1, 1, T0, T0, BATCH_NONE, GAP_NOT_WATCHED, false, "x"};
    struct refusal_row refusal = refusal_of(1, "dave");

    batch->id = 2;
    fill(batch, 50, 25);
    ck_assert(batch_position(batch, &position) && batch_gap(batch, &gap) &&
              batch_refusal(batch, &refusal));
    return batch;
}

static struct batch *next_batch;

static enum store_result do_write(void)
{
    return store_write(store, next_batch);
}

static enum store_result do_prune(void)
{
    static const struct retention retention = {10, 10, 10};
    bool more;

    return store_prune(store, &retention, T0 + 500000, &more);
}

static enum store_result do_checkpoint(void)
{
    return store_checkpoint(store) ? STORE_OK : STORE_FAILED;
}

static enum store_result do_close(void)
{
    store_close_it();
    return STORE_OK;
}

static enum store_result do_open(void)
{
    if (store)
        return STORE_OK;
    return store_open(&store, store_path, 300, &store_log);
}

static enum store_result do_read(void)
{
    static const struct store_reader nobody;
    struct store_state state;

    return store_read(store, &nobody, &state);
}

static const struct {
    const char *name;
    enum store_result (*run)(void);
    bool opened, empty; /* whether it wants a store, and whether without any history */
} operations[] = {
    {"write", do_write, true, false},
    {"prune", do_prune, true, false},
    {"checkpoint", do_checkpoint, true, false},
    {"close", do_close, true, false},
    {"read", do_read, true, false},
    {"open", do_open, false, false},
    {"create", do_open, false, true},
};

#define N_OPERATIONS ((int)(sizeof(operations) / sizeof(operations[0])))

/* The state before the operation, ready for it. */
static void prepare(int operation)
{
    store_close_it();
    store_logged[0] = '\0';
    unlink(side(store_path, "-wal"));
    unlink(side(store_path, "-shm"));
    unlink(side(store_path, "-journal"));
    copy_file(side(store_folder, "/base"), store_path);
    if (operations[operation].empty) {
        unlink(store_path);
        return;
    }
    store_open_it();
    if (operations[operation].run != do_write) { /* something in the WAL */
        next_batch->id = 3;
        ck_assert_int_eq(store_write(store, next_batch), STORE_OK);
        next_batch->id = 2;
    }
    if (!operations[operation].opened)
        store_close_it();
}

static void make_base(void)
{
    store_open_it();
    write_batch(history());
    store_close_it();
    copy_file(store_path, side(store_folder, "/base"));
    next_batch = next();
}

/* Runs the operation with a fault at the n-th call; false if there was no n-th call. */
static bool try_at(int operation, int fault, int n, bool lasting, uint64_t before, uint64_t after)
{
    enum store_result result;
    uint64_t is;

    prepare(operation);
    faulty_arm(faults[fault].kind, n, faults[fault].code, lasting);
    result = operations[operation].run();
    if (!faulty_disarm()) {
        ck_assert_int_eq(result, STORE_OK);
        return false;
    }
    ck_assert_msg(result != STORE_DAMAGED && result != STORE_FOREIGN && result != STORE_NEWER,
                  "%s\n%s", store_result_text(result), store_logged);
    if (!operations[operation].empty) {
        is = contents_after_crash();
        ck_assert_msg(is == before || is == after, "after a crash it is neither");
        is = contents(store_path);
        ck_assert_msg(is == before || is == after, "it is neither as before nor as after");
        if (result == STORE_OK && operations[operation].run != do_close)
            ck_assert_msg(is == after, "it said that all is well");
    }
    if (n % 2 && store != NULL) { /* another start of the daemon */
        store_close_it();
        store_open_it();
    }
    if (store != NULL || operations[operation].run == do_open)
        ck_assert_msg(operations[operation].run() == STORE_OK, "it does not work again:\n%s",
                      store_logged);
    ck_assert(contents(store_path) == after || operations[operation].run == do_prune);
    return true;
}

static int setting(const char *name, int usual)
{
    const char *text = getenv(name);

    return text ? atoi(text) : usual;
}

static void every_call(int operation, int fault, bool lasting, uint64_t before, uint64_t after)
{
    int n = setting("FAULT_FROM", 1);
    int step = setting("FAULT_STEP", 0); /* 1: every one of them, which takes long */

    while (try_at(operation, fault, n, lasting, before, after)) {
        n += step > 0 ? step : 1 + n / 5; /* the first, then ever fewer */
        ck_assert_int_lt(n, 50000);
    }
}

START_TEST(a_fault_anywhere_leaves_all_or_nothing_and_the_next_try_works)
{
    int operation = _i % N_OPERATIONS;
    int fault = _i / N_OPERATIONS;
    uint64_t before = 0, after;

    make_base();
    prepare(operation);
    if (!operations[operation].empty)
        before = contents(store_path);
    ck_assert_int_eq(operations[operation].run(), STORE_OK);
    after = contents(store_path);
    every_call(operation, fault, false, before, after);
    every_call(operation, fault, true, before, after);
    batch_free(next_batch);
}
END_TEST

/* How far: a write that has to be synced fails where a sync fails. */
static bool write_syncs(void)
{
    enum store_result result;

    next_batch->id++;
    faulty_arm(FAULTY_SYNC, 1, 0, false);
    result = store_write(store, next_batch);
    if (!faulty_disarm())
        return false;
    ck_assert_int_eq(result, STORE_FAILED);
    ck_assert_int_eq(store_write(store, next_batch), STORE_OK);
    return true;
}

START_TEST(while_a_reader_stays_each_commit_is_synced_so_that_the_spool_can_be_freed)
{
    sqlite3 *reader = NULL;

    make_base();
    prepare(0);
    ck_assert(store_checkpoint(store));
    write_syncs(); /* the first after a checkpoint begins the WAL anew */
    ck_assert(!write_syncs());
    ck_assert_int_eq(sqlite3_open_v2(store_path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM server", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert(!write_syncs());
    ck_assert(!store_checkpoint(store));
    for (int i = 0; i < 3; i++) {
        ck_assert(write_syncs());
        ck_assert(store_checkpoint(store));
    }
    sqlite3_close(reader);
    ck_assert(store_checkpoint(store));
    ck_assert(store_is_copied(store));
    write_syncs();
    ck_assert(!write_syncs());
    batch_free(next_batch);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("store_faults");
    TCase *tests = tcase_create("store_faults");

    tcase_add_checked_fixture(tests, faulty_install, NULL);
    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_fault_anywhere_leaves_all_or_nothing_and_the_next_try_works, 0,
                        N_OPERATIONS * N_FAULTS);
    tcase_add_test(tests,
                   while_a_reader_stays_each_commit_is_synced_so_that_the_spool_can_be_freed);
    suite_add_tcase(suite, tests);
    return suite;
}
