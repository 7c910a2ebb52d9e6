/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorder's database of any size, made in minutes, for measuring how fast questions are
 * answered; and the same sessions as they would stand in the obvious table.
 *
 *   history-bench make FILE SESSIONS      the daemon's schema
 *   history-bench obvious FILE SESSIONS   one table, and an index on the start
 *
 * 30,000 users with four real addresses each, two servers and three profiles; a /16 of VPN
 * addresses in turn, IPv6 for every third session; sessions of an hour and a half on average
 * over one year (three from 20 million sessions on), more by day than by night; 10,000 are
 * open; traffic of the last 31 days in buckets, all of it in sums. Every session follows from
 * its number, so rows can be made in the order in which each table is stored.
 */
#include <config.h>

#include "mgmtd/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define USERS    30011 /* a prime: everybody comes in turn, at all hours */
#define PLACES   4
#define POOL     65536
#define SERVERS  2
#define PROFILES 3
#define OPEN     10000
#define DAY      86400
#define BUCKET   300
#define COUNTED  31 /* so many days have buckets */
#define CLASSES  9
#define A_COMMIT 2000000

/* Numbers of the words: VPN addresses, then IPv6 ones, then real ones. */
#define VPN6 (1 + POOL)
#define REAL (1 + 2 * POOL)

static int64_t now, first_day, n_sessions, n_days, turn_s;
static int64_t starts_of_hour[25]; /* of a day, in thousandths */
static sqlite3 *db;

static const int64_t longest[CLASSES - 1] = {900,    3600,   14400,   57600,
                                             230400, 921600, 3686400, 9223372036};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "history-bench: %s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
    exit(1);
}

/* ── sessions ── */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void set_up_time(void)
{
    static const int weight[24] = {1, 1, 1, 1, 1, 2, 3, 6, 9, 10, 10, 9,
                                   9, 9, 9, 9, 8, 7, 7, 7, 6, 5,  3,  2};
    int64_t sum = 0, so_far = 0;

    now = time(NULL);
    n_days = n_sessions >= 20000000 ? 3 * 365 : 365;
    first_day = now / DAY - n_days;
    turn_s = n_days * DAY / (n_sessions / POOL + 1);
    for (int i = 0; i < 24; i++)
        sum += weight[i];
    for (int i = 0; i < 24; i++) {
        starts_of_hour[i] = so_far * 1000000 / sum;
        so_far += weight[i];
    }
    starts_of_hour[24] = 1000000;
}

/* In the order of their numbers; the last one is about now. */
static int64_t started(int64_t id)
{
    __int128 place = (__int128)(id - 1) * n_days * 1000000 / n_sessions;
    int64_t day = (int64_t)(place / 1000000), part = (int64_t)(place % 1000000);
    int64_t hour = 0, at = 0;

    while (starts_of_hour[hour + 1] <= part)
        hour++;
    at = hour * 3600 +
         (part - starts_of_hour[hour]) * 3600 / (starts_of_hour[hour + 1] - starts_of_hour[hour]);
    return (first_day + day) * DAY + at + now % DAY;
}

static bool is_open(int64_t id)
{
    return id > n_sessions - OPEN;
}

static int64_t ended(int64_t id)
{
    uint64_t dice = mix((uint64_t)id);
    int64_t begin = started(id), length = (300 << (dice % 7)) + (int64_t)(dice >> 8) % 300;

    if ((dice >> 20) % 500 == 0)
        length = DAY + (int64_t)(dice >> 30) % (4 * DAY);
    if (length > turn_s * 9 / 10)
        length = turn_s * 9 / 10;
    return begin + length < now ? begin + length : now - 1 > begin ? now - 1 : begin;
}

static int class_of(int64_t id)
{
    int64_t length = ended(id) - started(id);
    int class = 0;

    if (is_open(id))
        return CLASSES - 1;
    while (length > longest[class])
        class ++;
    return class;
}

static int64_t user_of(int64_t id)
{
    return 1 + id % USERS;
}

static int64_t real_of(int64_t id)
{
    return REAL + (user_of(id) - 1) * PLACES + (int64_t)(mix((uint64_t)id * 3) % 6) % PLACES;
}

static int64_t server_of(int64_t id)
{
    return 1 + (id >> 3) % SERVERS;
}

static int64_t profile_of(int64_t id)
{
    return 1 + (int64_t)(mix((uint64_t)id * 5) % 8) / 4 + (mix((uint64_t)id * 5) % 8 == 7);
}

static int64_t vpn4_of(int64_t id)
{
    return 1 + id % POOL;
}

static bool is_dual(int64_t id)
{
    return (id / POOL + id) % 3 == 0;
}

static int64_t upload_of(int64_t id)
{
    return (int64_t)(mix((uint64_t)id * 7) % 40000000);
}

/* ── rows ── */

static sqlite3_stmt *insert;
static int column;
static int64_t in_commit;

static void run(const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void begin_table(const char *name, int columns)
{
    char sql[300];
    int n = snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?", name);

    for (int i = 1; i < columns; i++)
        n += snprintf(sql + n, sizeof(sql) - (size_t)n, ", ?");
    snprintf(sql + n, sizeof(sql) - (size_t)n, ")");
    run("BEGIN");
    must(sqlite3_prepare_v2(db, sql, -1, &insert, NULL) == SQLITE_OK, sql);
    in_commit = 0;
    fprintf(stderr, "%s: %s\n", sqlite3_db_filename(db, "main"), name);
}

static void end_table(void)
{
    sqlite3_finalize(insert);
    run("COMMIT");
}

static void number(int64_t value)
{
    sqlite3_bind_int64(insert, ++column, value);
}

static void text(const char *value)
{
    sqlite3_bind_text(insert, ++column, value, -1, SQLITE_TRANSIENT);
}

static void null(void)
{
    sqlite3_bind_null(insert, ++column);
}

static void number_unless(bool unless, int64_t value)
{
    if (unless)
        null();
    else
        number(value);
}

static void end_row(void)
{
    must(sqlite3_step(insert) == SQLITE_DONE, "insert");
    sqlite3_reset(insert);
    column = 0;
    if (++in_commit % A_COMMIT == 0)
        run("COMMIT; BEGIN");
}

/* ── words ── */

static void address_text(int64_t id, char out[48])
{
    uint32_t n = (uint32_t)(id - 1) % POOL;

    if (id < VPN6)
        snprintf(out, 48, "10.8.%u.%u", n / 256, n % 256);
    else if (id < REAL)
        snprintf(out, 48, "2001:db8:8::1:%x", n);
    else {
        n = (uint32_t)(id - REAL) * 2654435761u & 0xffffff;
        snprintf(out, 48, "100.%u.%u.%u", n >> 16, n >> 8 & 255, n & 255);
    }
}

static void user_text(int64_t id, char out[48])
{
    snprintf(out, 48, "user%05" PRId64, id);
}

static const char *const profiles[] = {"campus", "library", "full"};
static const char *const programs[] = {"OpenVPN 2.6.14", "OpenVPN GUI 11.50", "Tunnelblick 4.0.1",
                                       "OC30Android"};

static void put_word(int64_t id, const char *word)
{
    number(id);
    text(word);
    end_row();
}

static void put_words(void)
{
    char word[48];

    begin_table("user", 2);
    for (int64_t id = 1; id <= USERS; id++) {
        user_text(id, word);
        put_word(id, word);
    }
    end_table();
    begin_table("address", 2);
    for (int64_t id = 1; id < REAL + USERS * PLACES; id++) {
        address_text(id, word);
        put_word(id, word);
    }
    end_table();
    begin_table("profile", 2);
    for (int64_t id = 1; id <= PROFILES; id++)
        put_word(id, profiles[id - 1]);
    end_table();
    run("INSERT INTO chosen_by VALUES (1, 'default'), (2, 'username-suffix')");
    begin_table("client", 3);
    for (int64_t id = 1; id <= 4; id++) {
        number(id);
        text(programs[id - 1]);
        text("linux");
        end_row();
    }
    end_table();
}

static void put_servers(void)
{
    char sql[500];

    run("INSERT INTO server VALUES (1, 'campus', NULL), (2, 'annex', NULL)");
    snprintf(sql, sizeof(sql),
             "INSERT INTO server_run VALUES (1, 1, 77, %" PRId64 ", %" PRId64 ", %" PRId64
             ", NULL, NULL, 'campus.spool'), (2, 2, 78, %" PRId64 ", %" PRId64 ", %" PRId64
             ", NULL, NULL, 'annex.spool');"
             "INSERT OR REPLACE INTO recorder VALUES (1, %" PRId64 ", 0, %d, 1)",
             first_day * DAY, first_day * DAY, first_day * DAY, first_day * DAY, first_day * DAY,
             first_day * DAY, now, BUCKET);
    run(sql);
}

/* ── sessions ── */

static void put_session(int64_t id)
{
    bool open = is_open(id);

    number(id);
    number(server_of(id)); /* the run */
    number(user_of(id));
    number(started(id));
    number_unless(open, ended(id));
    null(); /* gone_by */
    number(class_of(id));
    number_unless(open, 1);
    number_unless(open, upload_of(id));
    number_unless(open, upload_of(id) * 5);
    number(profile_of(id));
    number(profile_of(id) == 1 ? 1 : 2);
    null();
    number(1 + user_of(id) % 4);
    number(real_of(id));
    number(1024 + (int64_t)(mix((uint64_t)id) % 64000));
    number(vpn4_of(id));
    number_unless(!is_dual(id), VPN6 + vpn4_of(id) - 1);
    number(id % 100000);
    number(id);
    number(1);
    null(); /* typed */
    null(); /* common_name */
    null(); /* routes */
    end_row();
}

static void put_running(int64_t id)
{
    int64_t bucket = now - now % BUCKET;

    number(id);
    number(now);
    number(upload_of(id));
    number(upload_of(id) * 5);
    number(now);
    number(0);
    number(0);
    number(bucket);
    number(upload_of(id) * 9 / 10);
    number(upload_of(id) * 9 / 2);
    number(bucket);
    end_row();
}

static void put_sessions(void)
{
    begin_table("session", 24);
    for (int64_t id = 1; id <= n_sessions; id++)
        put_session(id);
    end_table();
    begin_table("running", 11);
    for (int64_t id = n_sessions - OPEN + 1; id <= n_sessions; id++)
        put_running(id);
    end_table();
}

/* ── held ── the sessions of one address after the other */

static void put_held(int kind, int64_t address, int class, int64_t id)
{
    number(kind);
    number(address);
    number(class);
    number(started(id));
    number(id);
    number_unless(is_open(id), ended(id));
    end_row();
}

/* Those of one address are few enough to be looked through once for each class. */
static void put_held_of(int kind, int64_t address, const int64_t *ids, int64_t n)
{
    static unsigned char *classes;
    static int64_t room;

    if (n > room) {
        room = n;
        classes = realloc(classes, (size_t)room);
        must(classes != NULL, "memory");
    }
    for (int64_t i = 0; i < n; i++)
        classes[i] = (unsigned char)class_of(ids[i]);
    for (int class = 0; class < CLASSES; class ++)
        for (int64_t i = 0; i < n; i++)
            if (classes[i] == class)
                put_held(kind, address, class, ids[i]);
}

static void put_vpn(int64_t *ids, int64_t base, bool ipv6)
{
    for (int64_t address = 0; address < POOL; address++) {
        int64_t n = 0;

        for (int64_t id = address == 0 ? POOL : address; id <= n_sessions; id += POOL)
            if (!ipv6 || is_dual(id))
                ids[n++] = id;
        put_held_of(0, base + vpn4_of(address) - 1, ids, n);
    }
}

static void put_real(int64_t *ids)
{
    for (int64_t user = 1; user <= USERS; user++)
        for (int64_t place = 0; place < PLACES; place++) {
            int64_t real = REAL + (user - 1) * PLACES + place, n = 0;

            for (int64_t id = user == 1 ? USERS : user - 1; id <= n_sessions; id += USERS)
                if (real_of(id) == real)
                    ids[n++] = id;
            put_held_of(1, real, ids, n);
        }
}

static void put_all_held(void)
{
    int64_t *ids = calloc((size_t)(n_sessions / USERS + 2), sizeof(*ids));

    must(ids != NULL, "memory");
    begin_table("held", 6);
    put_vpn(ids, 1, false);
    put_vpn(ids, VPN6, true);
    put_real(ids);
    end_table();
    free(ids);
}

/* ── traffic ── */

static void put_traffic(int64_t first, int64_t bucket)
{
    for (int64_t id = first; id <= n_sessions && started(id) < bucket + BUCKET; id++) {
        if (!is_open(id) && ended(id) < bucket)
            continue;
        number(bucket);
        number(id);
        number((int64_t)(mix((uint64_t)(id + bucket)) % 1000000));
        number((int64_t)(mix((uint64_t)(id + bucket)) % 5000000));
        null();
        end_row();
    }
}

/* Whoever began more than five days before a bucket is gone, but for the open ones. */
static void put_all_traffic(void)
{
    int64_t first = 1, last = now - now % BUCKET - BUCKET;

    begin_table("traffic", 5);
    for (int64_t bucket = last - COUNTED * DAY; bucket <= last; bucket += BUCKET) {
        while (started(first) < bucket - 5 * DAY && !is_open(first))
            first++;
        put_traffic(first, bucket);
    }
    end_table();
}

/* ── sums ── */

static int64_t of_day[USERS + 1][SERVERS + 1][PROFILES + 1];
static int64_t of_hour[24][SERVERS + 1][PROFILES + 1];

static void put_sum(int64_t when, int64_t user, int64_t server, int64_t profile, int64_t bytes)
{
    if (bytes == 0)
        return;
    number(when);
    if (user)
        number(user);
    number(server);
    number(profile);
    number(bytes);
    number(bytes * 5);
    end_row();
}

static int64_t next_day(int64_t id)
{
    int64_t day = started(id) / DAY;

    for (; id <= n_sessions && started(id) / DAY == day; id++)
        of_day[user_of(id)][server_of(id)][profile_of(id)] += upload_of(id);
    for (int64_t user = 1; user <= USERS; user++)
        for (int64_t server = 1; server <= SERVERS; server++)
            for (int64_t profile = 1; profile <= PROFILES; profile++)
                put_sum(day, user, server, profile, of_day[user][server][profile]);
    memset(of_day, 0, sizeof(of_day));
    return id;
}

static int64_t next_hours(int64_t id)
{
    int64_t day = started(id) / DAY;

    for (; id <= n_sessions && started(id) / DAY == day; id++)
        of_hour[started(id) / 3600 % 24][server_of(id)][profile_of(id)] += upload_of(id);
    for (int64_t hour = 0; hour < 24; hour++)
        for (int64_t server = 1; server <= SERVERS; server++)
            for (int64_t profile = 1; profile <= PROFILES; profile++)
                put_sum(day * 24 + hour, 0, server, profile, of_hour[hour][server][profile]);
    memset(of_hour, 0, sizeof(of_hour));
    return id;
}

static void put_sums(void)
{
    begin_table("usage_day", 6);
    for (int64_t id = 1; id <= n_sessions;)
        id = next_day(id);
    end_table();
    begin_table("usage_hour", 5);
    for (int64_t id = 1; id <= n_sessions;)
        id = next_hours(id);
    end_table();
}

/* ── databases ── */

static void remove_old(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".lock"};
    char file[1000];

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        unlink(file);
    }
}

static void open_fast(const char *path)
{
    must(sqlite3_open(path, &db) == SQLITE_OK, path);
    run("PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -262144; PRAGMA threads = 2");
}

/* The indexes of `session` are made when it is full. */
static char *take_indexes(void)
{
    sqlite3_stmt *row = NULL;
    char *again = sqlite3_mprintf("");
    char *drop = sqlite3_mprintf("");

    must(sqlite3_prepare_v2(db,
                            "SELECT sql, name FROM sqlite_schema WHERE type = 'index' "
                            "AND tbl_name = 'session' AND sql IS NOT NULL",
                            -1, &row, NULL) == SQLITE_OK,
         "indexes");
    while (sqlite3_step(row) == SQLITE_ROW) {
        again = sqlite3_mprintf("%z%s;", again, sqlite3_column_text(row, 0));
        drop = sqlite3_mprintf("%zDROP INDEX %s;", drop, sqlite3_column_text(row, 1));
    }
    sqlite3_finalize(row);
    run(drop);
    sqlite3_free(drop);
    return again;
}

static void make(const char *path)
{
    static const struct log to_stderr = {.sink = log_to_stderr, .max_level = LOG_LEVEL_NOTICE};
    struct store *store = NULL;
    char *indexes = NULL;

    must(store_open(&store, path, BUCKET, &to_stderr) == STORE_OK, "store_open");
    store_close(store);
    open_fast(path);
    indexes = take_indexes();
    put_words();
    put_servers();
    put_sessions();
    put_all_held();
    put_all_traffic();
    put_sums();
    fprintf(stderr, "indexes\n");
    run(indexes);
    sqlite3_free(indexes);
    run("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
    sqlite3_close(db);
}

static void put_obvious(int64_t id)
{
    char word[48];

    user_text(user_of(id), word);
    text(word);
    text(profiles[profile_of(id) - 1]);
    text(server_of(id) == 1 ? "campus" : "annex");
    address_text(real_of(id), word);
    text(word);
    address_text(vpn4_of(id), word);
    text(word);
    if (is_dual(id)) {
        address_text(VPN6 + vpn4_of(id) - 1, word);
        text(word);
    } else {
        null();
    }
    number(started(id));
    number_unless(is_open(id), ended(id));
    number(upload_of(id));
    number(upload_of(id) * 5);
    end_row();
}

static void obvious(const char *path)
{
    open_fast(path);
    run("CREATE TABLE sessions (user TEXT, profile TEXT, server TEXT, real TEXT, vpn4 TEXT,"
        " vpn6 TEXT, started INTEGER, ended INTEGER, upload INTEGER, download INTEGER)");
    begin_table("sessions", 10);
    for (int64_t id = 1; id <= n_sessions; id++)
        put_obvious(id);
    end_table();
    run("CREATE INDEX sessions_by_start ON sessions (started)");
    run("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    if (argc != 4 || (n_sessions = atoll(argv[3])) < 4 * OPEN ||
        (strcmp(argv[1], "make") != 0 && strcmp(argv[1], "obvious") != 0)) {
        fprintf(stderr, "usage: history-bench make|obvious FILE SESSIONS (from %d)\n", 4 * OPEN);
        return 2;
    }
    set_up_time();
    remove_old(argv[2]);
    if (strcmp(argv[1], "make") == 0)
        make(argv[2]);
    else
        obvious(argv[2]);
    return 0;
}
