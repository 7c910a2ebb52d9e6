/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon-bench BYWAY-MGMTD live SESSIONS [SECONDS]
 * daemon-bench BYWAY-MGMTD backlog RECORDS
 *
 * The real daemon before a simulated world (tests/sim), in real time.
 *
 * live: so many clients are connected to two servers (OpenVPN 2.6 and 2.7, with the plugin)
 * and each is reported every 10 s. How much of a core the daemon needs, how much memory, how
 * long it takes from a line on the socket to the row in the database, and how long what was
 * said lay unread: beside it, what a reader needs for a `status 3` that does nothing else.
 *
 * backlog: so many spool records wait when the daemon starts. How long until all are in
 * the database.
 *
 * Beside each, what SQLite does bare with the same rows: the same tables and pragmas,
 * prepared statements, transactions of the same size, nothing else.
 */
#include "config.h"

#include "tests/sim/gate.h"
#include "tests/sim/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_S  10
#define SAMPLES     200 /* sessions whose counts are looked for in the database */
#define LOOK_MS     10
#define MAX_DELAYS  200000
#define BATCH_ROWS  10000 /* of the bare inserts */
#define PER_SESSION 4     /* records: connected, two addresses, disconnected */
#define PER_FILE    200000

static const struct sim_server_spec servers[] = {
    {.name = "one", .daemon = "one", .weight = 1, .management = true, .certificates = true},
    {.name = "two",
     .daemon = "two",
     .weight = 1,
     .management = true,
     .v2_7 = true,
     .certificates = true},
};
#define SERVERS (sizeof servers / sizeof *servers)

/* Everybody comes within seconds, and stays for an hour on average. */
static const struct sim_tempo tempo = {
    .session = 3600 * 1000,
    .away = 5000,
    .handshake = 500,
    .retry = 1000,
    .silence = 120000,
    .refused_stay = 5000,
    .move = 3600 * 1000,
    .restart = (int64_t)1000 * 3600 * 1000,
    .down = 1000,
};

struct bench {
    struct keeper keeper;
    struct world *world;
    struct gates *gates;
};

static void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void live(struct bench *bench, int64_t ms)
{
    int64_t until = clock_us(CLOCK_MONOTONIC) + ms * 1000;

    do {
        world_advance(bench->world, clock_us(CLOCK_REALTIME) / 1000);
        gates_turn(bench->gates, 2);
    } while (clock_us(CLOCK_MONOTONIC) < until);
}

/* ── SQLite bare ── */

static void execute(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "daemon-bench: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(2);
    }
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fprintf(stderr, "daemon-bench: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(2);
    }
    return statement;
}

static sqlite3 *open_bare(const struct bench *bench, const sqlite3 *like)
{
    char path[160];
    sqlite3 *db;
    sqlite3_stmt *tables;

    snprintf(path, sizeof path, "%s/bare.db", bench->keeper.database_folder);
    unlink(path);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        give_up(path);
    execute(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
    tables =
        prepare((sqlite3 *)like, "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND type IN "
                                 "('table', 'index') AND name NOT LIKE 'sqlite_%' "
                                 "ORDER BY type DESC, rowid");
    while (sqlite3_step(tables) == SQLITE_ROW)
        execute(db, (const char *)sqlite3_column_text(tables, 0));
    sqlite3_finalize(tables);
    return db;
}

/* Copies one table in transactions of BATCH_ROWS; the rows. */
static int64_t copy_table(sqlite3 *from, sqlite3 *to, const char *table)
{
    char sql[400];
    sqlite3_stmt *read, *write;
    int64_t rows = 0;
    int columns;

    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", table);
    read = prepare(from, sql);
    columns = sqlite3_column_count(read);
    snprintf(sql, sizeof sql, "INSERT INTO \"%s\" VALUES (?", table);
    for (int i = 1; i < columns; i++)
        strcat(sql, ", ?");
    strcat(sql, ")");
    write = prepare(to, sql);
    execute(to, "BEGIN");
    while (sqlite3_step(read) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++)
            sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));
        if (sqlite3_step(write) != SQLITE_DONE)
            give_up(sqlite3_errmsg(to));
        sqlite3_reset(write);
        if (++rows % BATCH_ROWS == 0)
            execute(to, "COMMIT; BEGIN");
    }
    execute(to, "COMMIT");
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    return rows;
}

/* The microseconds that it takes to write all rows of a database once more; *rows says how many. */
static int64_t copy_bare(const struct bench *bench, sqlite3 *from, int64_t *rows)
{
    sqlite3 *to = open_bare(bench, from);
    sqlite3_stmt *tables = prepare(from, "SELECT name FROM sqlite_master WHERE type = 'table' AND "
                                         "name NOT LIKE 'sqlite_%' ORDER BY rowid");
    int64_t began = clock_us(CLOCK_MONOTONIC);

    *rows = 0;
    while (sqlite3_step(tables) == SQLITE_ROW)
        *rows += copy_table(from, to, (const char *)sqlite3_column_text(tables, 0));
    sqlite3_finalize(tables);
    sqlite3_close(to);
    return clock_us(CLOCK_MONOTONIC) - began;
}

/* Of a core: one transaction a second that updates a tenth of the sessions' counts. */
static double update_bare(const struct bench *bench, sqlite3 *from, unsigned sessions)
{
    sqlite3 *db = open_bare(bench, from);
    sqlite3_stmt *write;
    unsigned each = sessions / INTERVAL_S, session = 0;
    int64_t began;

    copy_table(from, db, "running");
    write = prepare(db, "UPDATE running SET last_seen = ?, from_client = ?, to_client = ?, "
                        "counted_at = ? WHERE session = ?");
    began = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    for (int second = 0; second < INTERVAL_S; second++) {
        execute(db, "BEGIN");
        for (unsigned i = 0; i < each; i++) {
            sqlite3_bind_int64(write, 1, 1795000000 + second);
            sqlite3_bind_int64(write, 2, (sqlite3_int64)session * 1000 + second);
            sqlite3_bind_int64(write, 3, (sqlite3_int64)session * 9000 + second);
            sqlite3_bind_int64(write, 4, 1795000000 + second);
            sqlite3_bind_int64(write, 5, 1 + session++ % sessions);
            if (sqlite3_step(write) != SQLITE_DONE)
                give_up(sqlite3_errmsg(db));
            sqlite3_reset(write);
        }
        execute(db, "COMMIT");
    }
    began = clock_us(CLOCK_PROCESS_CPUTIME_ID) - began;
    sqlite3_finalize(write);
    sqlite3_close(db);
    return (double)began / 1e6 / INTERVAL_S;
}

/* ── from line to row ── */

struct sample {
    uint32_t session; /* of the ledger */
    int64_t row;
    int64_t told_at, seen_at; /* milliseconds; the last that was told and that was found */
    uint64_t told;
};

struct delays {
    sqlite3 *db;
    sqlite3_stmt *look;
    struct sample samples[SAMPLES];
    unsigned n;
    int64_t *ms;
    size_t n_ms;
};

static void choose_samples(struct bench *bench, struct delays *delays)
{
    sqlite3_stmt *find = prepare(delays->db, "SELECT s.id FROM session s JOIN server_run r ON "
                                             "r.id = s.run WHERE s.number = ? AND r.spool = ?");
    const struct ledger *ledger = &bench->world->ledger;
    uint32_t step = ledger->n_sessions / SAMPLES + 1;

    for (uint32_t i = 0; i < ledger->n_sessions && delays->n < SAMPLES; i += step) {
        struct sample *sample = &delays->samples[delays->n];

        sqlite3_bind_int64(find, 1, ledger->sessions[i].number);
        sqlite3_bind_text(find, 2, ledger->runs[ledger->sessions[i].run].spool, -1, SQLITE_STATIC);
        if (sqlite3_step(find) == SQLITE_ROW) {
            *sample = (struct sample){.session = i, .row = sqlite3_column_int64(find, 0)};
            delays->n++;
        }
        sqlite3_reset(find);
    }
    sqlite3_finalize(find);
}

/* What was told last, and whether the database has it by now. */
static void look(struct bench *bench, struct delays *delays)
{
    for (unsigned i = 0; i < delays->n; i++) {
        struct sample *sample = &delays->samples[i];
        const struct sim_session *session = &bench->world->ledger.sessions[sample->session];
        int64_t now = clock_us(CLOCK_REALTIME) / 1000;

        if (session->end != SIM_OPEN)
            continue;
        if (sample->seen_at == sample->told_at && session->told_at != sample->told_at) {
            sample->told_at = session->told_at;
            sample->told = session->told.from_client;
        }
        if (sample->seen_at == sample->told_at)
            continue;
        sqlite3_bind_int64(delays->look, 1, sample->row);
        if (sqlite3_step(delays->look) == SQLITE_ROW &&
            (uint64_t)sqlite3_column_int64(delays->look, 0) >= sample->told) {
            if (sample->seen_at != 0 && delays->n_ms < MAX_DELAYS)
                delays->ms[delays->n_ms++] = now - sample->told_at;
            sample->seen_at = sample->told_at;
        }
        sqlite3_reset(delays->look);
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void measure_delays(struct bench *bench, struct delays *delays, int64_t ms)
{
    int64_t until = clock_us(CLOCK_MONOTONIC) + ms * 1000;

    while (clock_us(CLOCK_MONOTONIC) < until) {
        live(bench, LOOK_MS);
        look(bench, delays);
    }
    qsort(delays->ms, delays->n_ms, sizeof *delays->ms, by_size);
}

/* ── live sessions ── */

/* Until the end of the reply to `status 3`. */
static void only_read(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static char bytes[1 << 20];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ssize_t n;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        write(fd, "status 3\n", 9) != 9)
        give_up(path);
    do
        n = read(fd, bytes, sizeof bytes);
    while (n > 0 && (n < 5 || memcmp(bytes + n - 5, "END\r\n", 5) != 0));
    _exit(n > 0 ? 0 : 1);
}

/* How long a `status 3` of all servers lies unread before readers that do nothing else. */
static int64_t read_bare(struct bench *bench)
{
    char path[108];
    int status;

    live(bench, 100);
    gates_take_count(bench->gates);
    for (size_t i = 0; i < SERVERS; i++) {
        snprintf(path, sizeof path, "%s/%s.sock", bench->keeper.folder, servers[i].name);
        if (fork() == 0)
            only_read(path);
    }
    for (size_t ended = 0; ended < SERVERS;) {
        live(bench, 2);
        while (waitpid(-1, &status, WNOHANG) > 0) {
            ended++;
            if (status != 0)
                give_up("a bare reader");
        }
    }
    return gates_take_count(bench->gates).unread_us;
}

static void run_live(struct bench *bench, unsigned sessions, unsigned seconds)
{
    struct delays delays = {.ms = calloc(MAX_DELAYS, sizeof *delays.ms)};
    struct gates_count count;
    int64_t began, worked;
    double share, bare;
    long memory;

    live(bench, 3000);
    keeper_start(&bench->keeper);
    live(bench, 30000 + sessions / 5); /* everybody is there, and the first status is through */
    if (sqlite3_open_v2(bench->keeper.database, &delays.db, SQLITE_OPEN_READONLY, NULL) !=
        SQLITE_OK)
        give_up(bench->keeper.database);
    sqlite3_busy_timeout(delays.db, 1000);
    delays.look = prepare(delays.db, "SELECT from_client FROM running WHERE session = ?");
    choose_samples(bench, &delays);
    gates_take_count(bench->gates);
    began = clock_us(CLOCK_MONOTONIC);
    worked = keeper_work_us(&bench->keeper);
    measure_delays(bench, &delays, (int64_t)seconds * 1000);
    began = clock_us(CLOCK_MONOTONIC) - began;
    worked = keeper_work_us(&bench->keeper) - worked;
    memory = keeper_memory_kb(&bench->keeper);
    count = gates_take_count(bench->gates);
    share = (double)worked / (double)began;
    keeper_end(&bench->keeper, SIGTERM);
    bare = update_bare(bench, delays.db, sessions);
    printf(
        "%u live sessions: %.1f %% of a core (SQLite bare %.1f %%), %.1f MiB, %.0f KiB/s read;\n",
        sessions, 100 * share, 100 * bare, (double)memory / 1024,
        (double)count.bytes / 1024 / ((double)began / 1e6));
    printf("    unread in a socket for %.1f ms at most, since it was said %.1f ms (a reader that "
           "does nothing else: %.1f);\n",
           (double)count.in_socket_us / 1000, (double)count.unread_us / 1000,
           (double)read_bare(bench) / 1000);
    if (delays.n_ms > 0)
        printf("    from line to row: median %" PRId64 " ms, p99 %" PRId64 " ms, most %" PRId64
               " ms (%zu measured on %u sessions)\n",
               delays.ms[delays.n_ms / 2], delays.ms[delays.n_ms * 99 / 100],
               delays.ms[delays.n_ms - 1], delays.n_ms, delays.n);
    sqlite3_finalize(delays.look);
    sqlite3_close(delays.db);
    free(delays.ms);
}

/* ── a backlog ── */

static struct spool_writer *new_spool(int spool_dir, unsigned n, int64_t now)
{
    struct spool_record first = spool_record_make(SPOOL_SERVER);
    struct spool_writer *writer;

    first.daemon = "one";
    first.pid = 1000 + (int)n;
    first.start = now - 100000 + n;
    first.plugin = "0.1.0";
    writer = spool_writer_open(spool_dir, &first);
    if (!writer)
        give_up("spool");
    spool_writer_set_cap(writer, INT64_MAX);
    return writer;
}

static void append(struct spool_writer *writer, struct spool_record *record, int64_t at)
{
    record->at = at;
    record->boot_ms = at * 1000;
    if (!spool_writer_append(writer, record))
        give_up("spool");
}

static void one_session(struct spool_writer *writer, unsigned n, int64_t number, int64_t at)
{
    struct spool_record record = spool_record_make(SPOOL_CONNECTED);
    char user[32], real[32], vpn4[32], vpn6[48];

    snprintf(user, sizeof user, "user%05u", n * 7 % 20000);
    snprintf(real, sizeof real, "198.18.%u.%u", n >> 8 & 255, n & 255);
    snprintf(vpn4, sizeof vpn4, "10.8.%u.%u", n >> 8 & 255, n & 255);
    snprintf(vpn6, sizeof vpn6, "fd00:8::%x", 1 + (n & 0xffff));
    record.session = number;
    record.since = at - 1;
    record.user = record.typed = record.cn = user;
    record.profile = n % 4 ? "campus" : "full";
    record.by = n % 4 ? "default" : "username-suffix";
    record.real = real;
    record.port = 1024 + n % 60000;
    record.vpn4 = vpn4;
    record.vpn6 = vpn6;
    record.client = "2.6.14";
    record.platform = n % 3 ? "linux" : "win";
    append(writer, &record, at);
    record = spool_record_make(SPOOL_ADDRESS);
    record.session = number;
    record.change = "add";
    record.address = vpn4;
    append(writer, &record, at);
    record.address = vpn6;
    append(writer, &record, at);
    record = spool_record_make(SPOOL_DISCONNECTED);
    record.session = number;
    record.from_client = 3000 + (int64_t)n * 977;
    record.to_client = 4000 + (int64_t)n * 9770;
    record.duration = 10;
    record.real = real;
    record.port = 1024 + n % 60000;
    append(writer, &record, at + 9);
}

static void fill_spool(const struct bench *bench, unsigned records)
{
    int spool_dir = open(bench->keeper.spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t now = clock_us(CLOCK_REALTIME) / 1000000;
    struct spool_writer *writer = NULL;
    int64_t number = 0;

    for (unsigned n = 0; n < records / PER_SESSION; n++) {
        if (n % (PER_FILE / PER_SESSION) == 0) {
            spool_writer_close(writer);
            writer = new_spool(spool_dir, n, now);
            number = 0;
        }
        one_session(writer, n, ++number, now - 90000 + n / 10);
    }
    spool_writer_close(writer);
    close(spool_dir);
}

static int64_t count_closed(const struct bench *bench)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;
    int64_t n = 0;

    if (sqlite3_open_v2(bench->keeper.database, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT max(id) FROM session", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return n;
}

static void run_backlog(struct bench *bench, unsigned records)
{
    int64_t sessions = records / PER_SESSION, began, took, worked, bare_took, rows;
    sqlite3 *db;
    long memory;

    fill_spool(bench, records);
    began = clock_us(CLOCK_MONOTONIC);
    keeper_start(&bench->keeper);
    do
        usleep(20000);
    while (count_closed(bench) < sessions);
    took = clock_us(CLOCK_MONOTONIC) - began;
    worked = keeper_work_us(&bench->keeper);
    memory = keeper_memory_kb(&bench->keeper);
    keeper_end(&bench->keeper, SIGTERM);
    if (sqlite3_open_v2(bench->keeper.database, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        give_up(bench->keeper.database);
    bare_took = copy_bare(bench, db, &rows);
    printf(
        "backlog of %u records: %.2f s (%.2f s of work), %.0f records/s; %.0f rows/s, SQLite bare "
        "%.0f rows/s; %.1f MiB\n",
        records, (double)took / 1e6, (double)worked / 1e6, (double)records / ((double)took / 1e6),
        (double)rows / ((double)took / 1e6), (double)rows / ((double)bare_took / 1e6),
        (double)memory / 1024);
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    int64_t begin = clock_us(CLOCK_REALTIME) / 1000;
    bool is_live = argc >= 4 && strcmp(argv[2], "live") == 0;
    struct sim_settings settings = {
        .seed = 1,
        .servers = servers,
        .n_servers = SERVERS,
        .tempo = &tempo,
        .begin = begin,
        .boot = begin - clock_us(CLOCK_BOOTTIME) / 1000,
    };
    struct bench bench = {.keeper.program = argc >= 4 ? argv[1] : NULL};
    unsigned n = argc >= 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

    if (n == 0 || (!is_live && strcmp(argv[2], "backlog") != 0)) {
        fprintf(stderr, "usage: daemon-bench BYWAY-MGMTD live SESSIONS [SECONDS]\n"
                        "       daemon-bench BYWAY-MGMTD backlog RECORDS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    settings.clients = n;
    keeper_set_up(&bench.keeper, servers, SERVERS, "bytecount-interval 10s\n");
    settings.spool_dir = open(bench.keeper.spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (is_live) {
        bench.world = world_new(&settings);
        bench.gates = gates_new(bench.world, bench.keeper.folder);
        run_live(&bench, n, argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 60);
        gates_free(bench.gates);
        world_free(bench.world);
    } else {
        run_backlog(&bench, n);
    }
    close(settings.spool_dir);
    keeper_tear_down(&bench.keeper);
    return 0;
}
