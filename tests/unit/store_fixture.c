/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/store_fixture.h"

#include "tests/folder.h"
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char store_folder[128];
char store_path[160];
struct store *store;
char store_logged[16384];

static void capture(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    static const char *const levels[] = {"error", "warning", "notice", "debug"};
    size_t n = strlen(store_logged);

    (void)arg;
    snprintf(store_logged + n, sizeof(store_logged) - n, "%s %s: %s\n", levels[level], subsystem,
             text);
}

const struct log store_log = {.sink = capture, .max_level = LOG_LEVEL_DEBUG};

void store_set_up(void)
{
    const char *folder = getenv("TMPDIR"); /* to try another file system */

    snprintf(store_folder, sizeof(store_folder), "%s/byway-store-XXXXXX", folder ? folder : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(store_folder));
    snprintf(store_path, sizeof(store_path), "%s/sessions.db", store_folder);
    store_logged[0] = '\0';
}

void store_tear_down(void)
{
    store_close_it();
    ck_assert(folder_remove(store_folder));
}

void store_open_it(void)
{
    enum store_result result = store_open(&store, store_path, 300, &store_log);

    ck_assert_msg(result == STORE_OK, "%s\n%s", store_result_text(result), store_logged);
}

void store_close_it(void)
{
    store_close(store);
    store = NULL;
}

const char *asked_of(const char *path, const char *sql)
{
    static char answer[1 << 18];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    size_t n = 0;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    answer[0] = '\0';
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);

            n += (size_t)snprintf(answer + n, sizeof(answer) - n, "%s%s", text ? text : "-",
                                  i + 1 < sqlite3_column_count(statement) ? "|" : "\n");
            ck_assert_uint_lt(n, sizeof(answer));
        }
    ck_assert_msg(rc == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}

const char *asked(const char *sql)
{
    return asked_of(store_path, sql);
}

void do_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

struct session_row session_of(int64_t id, const char *user)
{
    return (struct session_row){.id = id,
                                .run = 1,
                                .started = T0,
                                .ended = BATCH_NONE,
                                .gone_by = BATCH_NONE,
                                .from_client = BATCH_NONE,
                                .to_client = BATCH_NONE,
                                .fell_back = BATCH_NONE,
                                .real_port = BATCH_NONE,
                                .cid = BATCH_NONE,
                                .number = BATCH_NONE,
                                .handshake = BATCH_NONE,
                                .user = user};
}

struct run_row run_of(int64_t id, int64_t server)
{
    return (struct run_row){.id = id,
                            .server = server,
                            .pid = BATCH_NONE,
                            .daemon_start = BATCH_NONE,
                            .connected_at = BATCH_NONE,
                            .began = T0 - 100,
                            .ended = BATCH_NONE};
}

struct refusal_row refusal_of(int64_t id, const char *user)
{
    return (struct refusal_row){
        .id = id, .at = T0, .server = 1, .real_port = BATCH_NONE, .user = user};
}

struct held_row held_of(const struct session_row *session, enum held_kind kind, const char *address)
{
    return (struct held_row){.kind = kind,
                             .session = session->id,
                             .since = session->started,
                             .until = session->gone_by > session->ended ? session->gone_by
                                                                        : session->ended,
                             .address = address};
}

struct running_row running_of(int64_t session)
{
    return (struct running_row){.session = session,
                                .last_seen = T0,
                                .counted_at = T0,
                                .bucket = T0 - T0 % 300,
                                .base_at = T0};
}

struct batch *first_batch(void)
{
    struct batch *batch = batch_new();
    struct server_row server = {.id = 1, .name = "campus"};
    struct run_row run = run_of(1, 1);

    ck_assert_ptr_nonnull(batch);
    ck_assert(batch_server(batch, &server) && batch_run(batch, &run));
    batch->alive_at = T0;
    return batch;
}

void write_batch(struct batch *batch)
{
    enum store_result result = store_write(store, batch);

    ck_assert_msg(result == STORE_OK, "%s\n%s", store_result_text(result), store_logged);
    batch_free(batch);
}

void shell(const char *format, ...)
{
    char command[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    ck_assert_msg(system(command) == 0, "%s", command);
}
