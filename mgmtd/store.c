/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens and closes the recorder's database, and tells what SQLite's results mean. */
#include <config.h>

#include "mgmtd/store_private.h"

#include "sql/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *store_result_text(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return "in order";
    case STORE_BUSY:
        return "it is in use by another program; tried again soon";
    case STORE_FULL:
        return "there is no space left; tried again later";
    case STORE_FAILED:
        return "it cannot be read or written now; tried again later";
    case STORE_DAMAGED:
        return "it is damaged; it has to be set aside, or a backup put in its place";
    case STORE_NEWER:
        return "a newer version of Byway made it; install that version";
    case STORE_FOREIGN:
        return "it is not a database of Byway; name another file";
    }
    return "?";
}

enum store_result store_result_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
        return STORE_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STORE_BUSY;
    case SQLITE_FULL:
        return STORE_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STORE_DAMAGED;
    default:
        return STORE_FAILED;
    }
}

enum store_result store_settle(struct store *store, int rc, const char *doing)
{
    enum store_result result = store_result_of(rc);
    bool told = store->db && sqlite3_extended_errcode(store->db) == rc;

    if (result != STORE_OK)
        log_write(store->log, result == STORE_BUSY ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, "store",
                  "%s: cannot %s: %s: %s", store->path, doing,
                  told ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc), store_result_text(result));
    return result;
}

/* ── opening ── */

/* What must be so before anything is read; none of it is kept in the file. */
static int configure(sqlite3 *db)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_FKEY, 0},
    };
    int persist = 1;
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(options) / sizeof(options[0]); i++)
        rc = sqlite3_db_config(db, options[i].option, options[i].value, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(db, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_file_control(db, NULL, SQLITE_FCNTL_PERSIST_WAL, &persist);
    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(db, 1);
    return rc;
}

/* True if `path` begins like a database, or is empty or not there. */
static bool looks_like_sqlite(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof(magic)];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof(head));

    if (fd >= 0)
        close(fd);
    return n <= 0 || (n == (ssize_t)sizeof(head) && memcmp(head, magic, sizeof(head)) == 0);
}

/* Makes the file, so that its mode is ours; SQLite gives its side files the same. */
static int make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/*
 * The lock, then the file. A file that is no database is another program's, unless our
 * lock's file lies beside it: then it was ours, and is damaged.
 */
static enum store_result take(struct store *store)
{
    int error;

    if (!looks_like_sqlite(store->path) && !store_lock_exists(store->path)) {
        log_write(store->log, LOG_LEVEL_ERROR, "store", "%s: %s", store->path,
                  store_result_text(STORE_FOREIGN));
        return STORE_FOREIGN;
    }
    store->lock = store_lock(store->path);
    if (store->lock < 0 && errno == EWOULDBLOCK) {
        log_write(store->log, LOG_LEVEL_ERROR, "store", "%s: another byway-mgmtd writes it",
                  store->path);
        return STORE_BUSY;
    }
    error = store->lock < 0 ? errno : make_file(store->path);
    if (error == 0)
        return STORE_OK;
    log_write(store->log, LOG_LEVEL_ERROR, "store",
              "%s: cannot be opened: %s (the daemon must be able to write it and its folder)",
              store->path, strerror(error));
    return error == ENOSPC || error == EDQUOT ? STORE_FULL : STORE_FAILED;
}

/* The lengths of the classes, as the table has them. */
static int read_spans(struct store *store)
{
    sqlite3_stmt *statement = store->statements[GET_SPANS];
    int n = 0, rc;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && n < SPAN_CLASSES)
        store->longest[n++] = sqlite3_column_int64(statement, 1);
    sqlite3_reset(statement);
    if (rc == SQLITE_DONE || rc == SQLITE_ROW)
        rc = n == SPAN_CLASSES ? SQLITE_OK : SQLITE_CORRUPT;
    return rc;
}

/* When the last daemon lived. */
static int read_alive(struct store *store)
{
    sqlite3_stmt *statement = store->statements[READ_STATE];
    int rc = sqlite3_step(statement);

    store->alive_at = INT64_MIN;
    if (rc == SQLITE_ROW && sqlite3_column_type(statement, 5) != SQLITE_NULL)
        store->alive_at = sqlite3_column_int64(statement, 5);
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* From the schema to the last statement. */
static enum store_result make_ready(struct store *store)
{
    size_t n;
    const char *const *steps = sql_steps(&n);
    struct store_schema schema = {.steps = steps, .n_steps = n, .views = sql_find("views")};
    enum store_result result = store_upgrade(store->db, &schema, store->log);
    int rc;

    if (result != STORE_OK)
        return result;
    rc = sqlite3_exec(store->db, sql_find("look_over"), NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = store_prepare(store);
    if (rc == SQLITE_OK)
        rc = read_spans(store);
    if (rc == SQLITE_OK)
        rc = read_alive(store);
    return store_settle(store, rc, "open");
}

static enum store_result open_file(struct store *store)
{
    int rc =
        sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK)
        rc = configure(store->db);
    if (rc != SQLITE_OK)
        return store_settle(store, rc, "open");
    return make_ready(store);
}

enum store_result store_open(struct store **store, const char *path, int64_t bucket_s,
                             const struct log *log)
{
    struct store *made = calloc(1, sizeof(*made));
    enum store_result result = STORE_FAILED;

    *store = NULL;
    if (made == NULL)
        return STORE_FAILED;
    made->lock = -1;
    made->log = log;
    made->bucket_s = bucket_s;
    made->path = strdup(path);
    made->words = words_new();
    if (made->path && made->words)
        result = take(made);
    if (result == STORE_OK)
        result = open_file(made);
    if (result == STORE_OK)
        *store = made;
    else
        store_close(made);
    return result;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_finalize(store);
    sqlite3_close(store->db);
    if (store->lock >= 0)
        close(store->lock);
    words_free(store->words);
    free(store->path);
    free(store);
}

void store_tell_uncopied(const struct store *store, int64_t minutes)
{
    log_write(store->log, LOG_LEVEL_WARNING, "store",
              "%s-wal could not be copied back for %" PRId64 " minutes, so it grows: most likely a "
              "reader has kept a transaction open; end it (\"fuser -v %s\" names the processes)",
              store->path, minutes, store->path);
}

bool store_is_copied(const struct store *store)
{
    return !store->syncs_commits;
}

/* From the next commit on. What was committed before is synced with the first of them. */
static int sync_commits(struct store *store, bool at_once)
{
    int rc = SQLITE_OK;

    if (at_once == store->syncs_commits)
        return SQLITE_OK;
    rc = sqlite3_exec(store->db, sql_find(at_once ? "sync.at-once" : "sync.later"), NULL, NULL,
                      NULL);
    if (rc == SQLITE_OK) {
        store->syncs_commits = at_once;
        store->is_synced = false;
    }
    return rc;
}

/* It would go on for ever, into a file that nobody looks at. */
static void look_where_it_is(struct store *store)
{
    int is_moved = 0;

    if (sqlite3_file_control(store->db, NULL, SQLITE_FCNTL_HAS_MOVED, &is_moved) != SQLITE_OK)
        return;
    if (is_moved && !store->is_moved)
        log_write(store->log, LOG_LEVEL_ERROR, "store",
                  "%s was moved, removed or replaced by another file; what is recorded still goes "
                  "into the one that was there. Stop the daemon, put the right one in its place "
                  "(for another one than before, remove %s-wal and -shm), and start it again",
                  store->path, store->path);
    store->is_moved = is_moved;
}

bool store_checkpoint(struct store *store)
{
    int in_wal = 0, copied = 0;
    int rc =
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &copied);
    bool all = rc == SQLITE_OK && in_wal == copied;

    look_where_it_is(store);
    if (rc == SQLITE_OK)
        rc = sync_commits(store, !all);
    if (rc != SQLITE_OK)
        store_settle(store, rc, "checkpoint");
    return all || (rc == SQLITE_OK && store->is_synced);
}
