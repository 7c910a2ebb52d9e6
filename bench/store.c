/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast the recorder's database takes rows, and how large it grows, next to what
 * SQLite does bare: one prepared insert into one plain table, in one transaction.
 *
 *   store-bench FOLDER size N 4|dual    bytes a session, by table, as recorded live
 *   store-bench FOLDER sessions N       a backlog: beginnings and ends a second
 *   store-bench FOLDER counters N       N open sessions whose counts all change
 *   store-bench FOLDER prune N          how long the steps of retention take
 */
#include <config.h>

#include "mgmtd/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BEGAN    1700000000
#define USERS    20000
#define POOL     8192  /* VPN addresses */
#define PER_USER 4     /* places a user connects from */
#define ONLINE   4000  /* sessions open at a time */
#define A_BATCH  200   /* sessions that begin between two commits, live */
#define BACKLOG  20000 /* sessions a commit when a spool is read */

static uint64_t seed = 88172645463325252u;

static uint64_t dice(uint64_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % sides;
}

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "store-bench: %s failed\n", what);
    exit(1);
}

static char path[1000];
static const struct log to_stderr = {.sink = log_to_stderr, .max_level = LOG_LEVEL_NOTICE};

static struct store *open_new(const char *folder)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    struct store *store;

    for (size_t i = 0; i < 4; i++) {
        char file[1010];

        snprintf(path, sizeof(path), "%s/bench.db", folder);
        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        unlink(file);
    }
    must(store_open(&store, path, 300, &to_stderr) == STORE_OK, "store_open");
    return store;
}

/* ── sessions ── */

struct person {
    char user[24], real[24], vpn4[24], vpn6[40];
    const char *profile, *chosen_by, *program, *platform;
};

static void make_up(struct person *person, bool dual)
{
    static const char *const profiles[] = {"campus", "campus", "campus", "library", "full"};
    static const char *const chosen[] = {"default", "username-suffix", "menu"};
    static const char *const programs[] = {"OpenVPN 2.6.14", "OpenVPN GUI 11.50",
                                           "net.tunnelblick.tunnelblick 4.0.1", "OC30Android"};
    static const char *const platforms[] = {"linux", "win", "mac", "android"};
    uint64_t user = dice(USERS), place = dice(3) ? 0 : dice(PER_USER), vpn = dice(POOL);
    uint64_t home = (user * PER_USER + place) * 2654435761u;
    size_t client = user % 4;

    snprintf(person->user, sizeof(person->user), "user%05" PRIu64, user);
    snprintf(person->real, sizeof(person->real), "%u.%u.%u.%u", 11 + (unsigned)(home >> 24) % 200,
             (unsigned)(home >> 16) % 256, (unsigned)(home >> 8) % 256, (unsigned)home % 256);
    snprintf(person->vpn4, sizeof(person->vpn4), "10.8.%u.%u", (unsigned)vpn / 256,
             (unsigned)vpn % 256);
    person->vpn6[0] = '\0';
    if (dual)
        snprintf(person->vpn6, sizeof(person->vpn6), "2001:db8:8::%x", (unsigned)vpn + 0x1000);
    person->profile = profiles[dice(5)];
    person->chosen_by = chosen[person->profile == profiles[0] ? 0 : dice(3)];
    person->program = programs[client];
    person->platform = platforms[client];
}

static void put_held(struct batch *batch, const struct session_row *session, enum held_kind kind,
                     const char *address)
{
    struct held_row row = {.kind = kind,
                           .session = session->id,
                           .since = session->started,
                           .until = session->ended,
                           .address = address};

    if (address)
        must(batch_held(batch, &row), "batch_held");
}

static void put_session(struct batch *batch, const struct session_row *session)
{
    must(batch_session(batch, session), "batch_session");
    put_held(batch, session, HELD_VPN, session->vpn4);
    put_held(batch, session, HELD_VPN, session->vpn6);
    put_held(batch, session, HELD_REAL, session->real);
}

static struct session_row begin(int64_t id, int64_t started, const struct person *person)
{
    return (struct session_row){.id = id,
                                .run = 1,
                                .started = started,
                                .ended = BATCH_NONE,
                                .gone_by = BATCH_NONE,
                                .from_client = BATCH_NONE,
                                .to_client = BATCH_NONE,
                                .fell_back = 0,
                                .real_port = 1024 + (int64_t)dice(64000),
                                .cid = id - 1,
                                .number = id,
                                .handshake = (int64_t)dice(3),
                                .user = person->user,
                                .profile = person->profile,
                                .chosen_by = person->chosen_by,
                                .program = person->program,
                                .platform = person->platform,
                                .real = person->real,
                                .vpn4 = person->vpn4,
                                .vpn6 = person->vpn6[0] ? person->vpn6 : NULL};
}

static void end(struct session_row *session, int64_t ended)
{
    session->ended = ended;
    session->end_reason = END_DISCONNECTED;
    session->from_client = (int64_t)dice(20000000) * (dice(20) == 0 ? 50 : 1);
    session->to_client = session->from_client * (1 + (int64_t)dice(10));
}

/* Five minutes to eight hours, the short ones more often. */
static int64_t duration(void)
{
    return 300 << dice(7) << 0 | (int64_t)dice(300);
}

static struct batch *batch_with_server(void)
{
    struct batch *batch = batch_new();
    struct server_row server = {.id = 1, .name = "campus"};
    struct run_row run = {1, 1, 77, BEGAN, BEGAN, BEGAN, BATCH_NONE, END_NONE, "campus.spool"};

    must(batch && batch_server(batch, &server) && batch_run(batch, &run), "batch");
    batch->alive_at = BEGAN;
    return batch;
}

static void write_it(struct store *store, struct batch *batch)
{
    must(store_write(store, batch) == STORE_OK, "store_write");
    batch_free(batch);
}

static double bytes_of(const char *table)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    double bytes = 0;

    must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK, "open");
    must(sqlite3_prepare_v2(db, "SELECT sum(pgsize) FROM dbstat WHERE name = ?1", -1, &statement,
                            NULL) == SQLITE_OK,
         "dbstat");
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        bytes = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return bytes;
}

static void show_sizes(double n)
{
    static const char *const tables[] = {"session",
                                         "session_by_user",
                                         "session_by_span",
                                         "held",
                                         "held_now",
                                         "address",
                                         "sqlite_autoindex_address_1",
                                         "user",
                                         "sqlite_autoindex_user_1",
                                         "running"};
    struct stat st;

    stat(path, &st);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        printf("  %-28s %6.1f bytes a session\n", tables[i], bytes_of(tables[i]) / n);
    printf("  %-28s %6.1f bytes a session\n", "the file", (double)st.st_size / n);
}

/* Sessions begin one after another and end when their time has come, as a daemon sees it. */
static void live(struct store *store, int64_t n, bool dual)
{
    struct slot {
        struct session_row session;
        struct person person;
        int64_t ends;
    } *slots = calloc(ONLINE, sizeof(*slots));
    struct batch *batch = batch_with_server();
    int64_t clock = BEGAN;
    int64_t per_batch = n > 2000000 ? BACKLOG : A_BATCH; /* the layout is the same, sooner */

    must(slots != NULL, "calloc");
    for (int64_t id = 1; id <= n; id++) {
        size_t tries = 0;
        struct slot *slot;

        do { /* time goes on until a place is free */
            slot = &slots[dice(ONLINE)];
            if (++tries % 64 == 0)
                clock++;
        } while (slot->session.id != 0 && slot->ends > clock);
        if (slot->session.id != 0) {
            end(&slot->session, slot->ends);
            put_session(batch, &slot->session);
        }
        make_up(&slot->person, dual);
        slot->session = begin(id, clock, &slot->person);
        slot->ends = clock + duration();
        put_session(batch, &slot->session);
        if (id % per_batch == 0) {
            write_it(store, batch);
            batch = batch_with_server();
            if (id % (per_batch * 10) == 0)
                store_checkpoint(store);
        }
    }
    write_it(store, batch);
    free(slots);
}

static int size(const char *folder, int64_t n, bool dual)
{
    struct store *store = open_new(folder);
    double began = now_s();

    live(store, n, dual);
    store_close(store);
    printf("%" PRId64 " sessions, %s, recorded live in %.1f s:\n", n, dual ? "dual stack" : "IPv4",
           now_s() - began);
    show_sizes((double)n);
    return 0;
}

/* ── speed ── */

static double bare_rows(const char *folder, int64_t n)
{
    sqlite3 *db;
    sqlite3_stmt *insert;
    double began;

    snprintf(path, sizeof(path), "%s/bare.db", folder);
    unlink(path);
    must(sqlite3_open(path, &db) == SQLITE_OK, "open");
    sqlite3_exec(
        db,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t (id INTEGER "
        "PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER, e TEXT, f TEXT)",
        NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", -1, &insert, NULL);
    began = now_s();
    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    for (int64_t i = 1; i <= n; i++) {
        for (int k = 1; k <= 5; k++)
            sqlite3_bind_int64(insert, k, k == 1 ? i : BEGAN + i * k);
        sqlite3_bind_text(insert, 6, "user01234", -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 7, "10.8.3.1", -1, SQLITE_STATIC);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    began = now_s() - began;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    unlink(path);
    return (double)n / began;
}

static int sessions(const char *folder, int64_t n)
{
    double bare = bare_rows(folder, n), spent = 0, checkpoints = 0, cpu = 0, started;
    struct store *store = open_new(folder);
    struct person *people = calloc(BACKLOG, sizeof(*people));

    must(people != NULL, "calloc");
    for (int64_t id = 1; id <= n;) {
        struct batch *batch = batch_with_server();

        for (int64_t i = 0; i < BACKLOG && id <= n; i++, id++) {
            struct session_row session;

            make_up(&people[i], true);
            session = begin(id, BEGAN + id, &people[i]);
            end(&session, session.started + duration());
            put_session(batch, &session);
        }
        started = now_s();
        cpu -= cpu_s();
        write_it(store, batch);
        cpu += cpu_s();
        spent += now_s() - started;
        started = now_s();
        store_checkpoint(store);
        checkpoints += now_s() - started;
    }
    printf("%" PRId64 " ended sessions with three addresses each, %d a transaction:\n"
           "  store_write        %9.0f sessions a second, %9.0f rows a second (%.2f s, %.2f s of "
           "CPU)\n"
           "  store_checkpoint   %9.2f s in all\n"
           "  SQLite, bare       %9.0f rows a second\n",
           n, BACKLOG, (double)n / spent, 4 * (double)n / spent, spent, cpu, checkpoints, bare);
    store_close(store);
    free(people);
    return 0;
}

static double bare_updates(const char *folder, int64_t n, int rounds)
{
    sqlite3 *db;
    sqlite3_stmt *update;
    double began;

    snprintf(path, sizeof(path), "%s/bare.db", folder);
    unlink(path);
    must(sqlite3_open(path, &db) == SQLITE_OK, "open");
    sqlite3_exec(
        db,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t (id INTEGER "
        "PRIMARY KEY, seen INTEGER, up INTEGER, down INTEGER)",
        NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO t VALUES (?1, ?2, ?3, ?4)", -1, &update, NULL);
    began = now_s();
    for (int round = 0; round < rounds; round++) {
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (int64_t i = 1; i <= n; i++) {
            for (int k = 1; k <= 4; k++)
                sqlite3_bind_int64(update, k, k == 1 ? i : 1000000 * i + round);
            sqlite3_step(update);
            sqlite3_reset(update);
        }
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
    began = now_s() - began;
    sqlite3_finalize(update);
    sqlite3_close(db);
    unlink(path);
    return began / rounds;
}

/* A round: every open session's counts, and in each 30th the traffic of its bucket. */
static struct batch *counts(int64_t n, int round, bool bucket_ends)
{
    struct batch *batch = batch_new();

    must(batch != NULL, "batch_new");
    for (int64_t id = 1; id <= n; id++) {
        int64_t bytes = id * 1000 + round * 50000;
        struct running_row running = {.session = id,
                                      .last_seen = BEGAN + round * 10,
                                      .from_client = bytes,
                                      .to_client = bytes * 3,
                                      .counted_at = BEGAN + round * 10,
                                      .bucket = BEGAN - BEGAN % 300,
                                      .base_from = id * 1000,
                                      .base_to = id * 3000,
                                      .base_at = BEGAN};
        struct traffic_row traffic = {BEGAN - BEGAN % 300 + round * 300, id, bytes, bytes * 3,
                                      BATCH_NONE};

        must(batch_running(batch, &running) && (!bucket_ends || batch_traffic(batch, &traffic)),
             "batch");
    }
    return batch;
}

static int counters(const char *folder, int64_t n)
{
    enum { ROUNDS = 10 };
    double bare = bare_updates(folder, n, ROUNDS), plain = 0, with_traffic = 0, cpu = 0;
    struct store *store = open_new(folder);
    struct batch *batch = batch_with_server();
    struct person person;

    for (int64_t id = 1; id <= n; id++) {
        struct session_row session;

        make_up(&person, true);
        session = begin(id, BEGAN, &person);
        put_session(batch, &session);
    }
    write_it(store, batch);
    write_it(store, counts(n, 0, false));
    store_checkpoint(store);
    for (int round = 1; round <= 2 * ROUNDS; round++) {
        double started, cpu_before;

        batch = counts(n, round, round > ROUNDS);
        started = now_s();
        cpu_before = cpu_s();
        write_it(store, batch);
        store_checkpoint(store);
        *(round > ROUNDS ? &with_traffic : &plain) += now_s() - started;
        cpu += round > ROUNDS ? 0 : cpu_s() - cpu_before;
    }
    printf("%" PRId64 " running rows changed, one transaction and its checkpoint:\n"
           "  store_write        %9.1f ms (%.2f %% of a core, every 10 s), %9.0f rows a second\n"
           "  with traffic       %9.1f ms (each adds to bucket, day and hour)\n"
           "  SQLite, bare       %9.1f ms (one upsert into one table, without checkpoint)\n",
           n, plain / ROUNDS * 1000, cpu / ROUNDS * 10, (double)n * ROUNDS / plain,
           with_traffic / ROUNDS * 1000, bare * 1000);
    store_close(store);
    return 0;
}

/* ── retention ── */

static int prune(const char *folder, int64_t n)
{
    struct retention retention = {30 * 86400, 60 * 86400, 30 * 86400};
    struct store *store = open_new(folder);
    struct person *people = calloc(BACKLOG, sizeof(*people));
    double worst[2] = {0}, spent[2] = {0}, began; /* of the processor's time */
    int64_t steps[2] = {0};

    must(people != NULL, "calloc");
    for (int64_t id = 1; id <= n;) { /* 100 days */
        struct batch *batch = batch_with_server();

        for (int64_t i = 0; i < BACKLOG && id <= n; i++, id++) {
            struct session_row session;
            struct traffic_row traffic;

            make_up(&people[i], true);
            session = begin(id, BEGAN + id * 8640000 / n, &people[i]);
            end(&session, session.started + duration());
            put_session(batch, &session);
            traffic = (struct traffic_row){session.started - session.started % 300, id, 1000, 2000,
                                           BATCH_NONE};
            must(batch_traffic(batch, &traffic), "batch_traffic");
        }
        write_it(store, batch);
        store_checkpoint(store);
    }
    for (int pass = 0; pass < 2; pass++) {
        bool more = true;

        while (more) {
            began = cpu_s();
            must(store_prune(store, &retention, BEGAN + (100 + pass) * 86400, &more) == STORE_OK,
                 "store_prune");
            began = cpu_s() - began;
            worst[pass] = began > worst[pass] ? began : worst[pass];
            spent[pass] += began;
            if (++steps[pass] % 100 == 0)
                store_checkpoint(store);
        }
    }
    printf("%" PRId64 " sessions of 100 days; real addresses and traffic kept for 30 days, "
           "sessions for 60:\n"
           "  the first pass     %8" PRId64 " steps, %6.2f ms of CPU each, the longest %6.2f ms\n"
           "  a day later        %8" PRId64 " steps, %6.2f ms of CPU each, the longest %6.2f ms\n",
           n, steps[0], spent[0] / (double)steps[0] * 1000, worst[0] * 1000, steps[1],
           spent[1] / (double)steps[1] * 1000, worst[1] * 1000);
    store_close(store);
    free(people);
    return 0;
}

int main(int argc, char **argv)
{
    int64_t n = argc > 3 ? strtoll(argv[3], NULL, 10) : 0;

    if (n > 0 && strcmp(argv[2], "size") == 0 && argc > 4)
        return size(argv[1], n, strcmp(argv[4], "dual") == 0);
    if (n > 0 && strcmp(argv[2], "sessions") == 0)
        return sessions(argv[1], n);
    if (n > 0 && strcmp(argv[2], "counters") == 0)
        return counters(argv[1], n);
    if (n > 0 && strcmp(argv[2], "prune") == 0)
        return prune(argv[1], n);
    fprintf(stderr,
            "usage: store-bench FOLDER size N 4|dual | sessions N | counters N | prune N\n");
    return 2;
}
