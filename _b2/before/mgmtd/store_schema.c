/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose database it is, and the steps that bring its schema up. Each step is one
 * transaction that ends with its number as user_version, so one that is interrupted
 * leaves the version before it. The views are made anew when their text has changed.
 */
#include "mgmtd/store_private.h"

#include "lib/names.h"
#include "sql/sql.h"

#include <inttypes.h>

/* The first column of the first row; *value is left alone if there is none. */
static int get(sqlite3 *db, const char *name, int64_t *value)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql_find(name), -1, &statement, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW)
            *value = sqlite3_column_int64(statement, 0);
        rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    sqlite3_finalize(statement);
    return rc;
}

static int execute(sqlite3 *db, const char *name)
{
    return sqlite3_exec(db, sql_find(name), NULL, NULL, NULL);
}

/* Commits where `rc` is SQLITE_OK, or puts everything back. */
static int finish(sqlite3 *db, int rc)
{
    if (rc == SQLITE_OK)
        rc = execute(db, "record.commit");
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
        execute(db, "record.rollback");
    return rc;
}

/* One step; SQLITE_ERROR also where it does not say that it is step `number`. */
static int take_step(sqlite3 *db, const char *text, int64_t number)
{
    int64_t version = 0;
    int rc = execute(db, "record.begin");

    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = get(db, "schema.user-version", &version);
    if (rc == SQLITE_OK && version != number)
        rc = SQLITE_ERROR;
    return finish(db, rc);
}

/* SQLITE_OK and how many steps it has already, or who else it belongs to. */
static int identify(sqlite3 *db, const struct store_schema *schema, int64_t *version,
                    enum store_result *result)
{
    int64_t application = 0, tables = 0;
    int rc = get(db, "schema.application-id", &application);

    if (rc == SQLITE_OK)
        rc = get(db, "schema.user-version", version);
    if (rc == SQLITE_OK)
        rc = get(db, "schema.tables", &tables);
    if (rc != SQLITE_OK)
        return rc;
    if (application == SQL_APPLICATION_ID)
        *result = *version > (int64_t)schema->n_steps ? STORE_NEWER : STORE_OK;
    else
        *result = application == 0 && *version == 0 && tables == 0 ? STORE_OK : STORE_FOREIGN;
    return SQLITE_OK;
}

static int put_views_hash(sqlite3 *db, int64_t hash)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql_find("schema.views-made"), -1, &statement, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, 1, hash);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(db);
    sqlite3_finalize(statement);
    return rc;
}

static int make_views(sqlite3 *db, const char *text)
{
    int64_t wanted = (int64_t)names_hash(text, false), made = 0;
    int rc = get(db, "schema.views-hash", &made);

    if (rc != SQLITE_OK || made == wanted)
        return rc;
    rc = execute(db, "record.begin");
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = put_views_hash(db, wanted);
    return finish(db, rc);
}

static int bring_up(sqlite3 *db, const struct store_schema *schema, int64_t version,
                    const struct log *log)
{
    int rc = execute(db, "open");

    for (int64_t i = version; rc == SQLITE_OK && i < (int64_t)schema->n_steps; i++) {
        rc = take_step(db, schema->steps[i], i + 1);
        if (rc == SQLITE_OK && version > 0)
            log_write(log, LOG_LEVEL_NOTICE, "store",
                      "schema brought from version %" PRId64 " to %" PRId64, i, i + 1);
    }
    return rc == SQLITE_OK ? make_views(db, schema->views) : rc;
}

enum store_result store_upgrade(sqlite3 *db, const struct store_schema *schema,
                                const struct log *log)
{
    const char *path = sqlite3_db_filename(db, "main");
    enum store_result result = STORE_OK;
    int64_t version = 0;
    int rc = identify(db, schema, &version, &result);

    if (rc == SQLITE_OK && result == STORE_OK)
        rc = bring_up(db, schema, version, log);
    if (rc != SQLITE_OK) {
        result = store_result_of(rc);
        log_write(log, LOG_LEVEL_ERROR, "store", "%s: cannot open: %s: %s", path,
                  sqlite3_errmsg(db), store_result_text(result));
    } else if (result != STORE_OK) {
        log_write(log, LOG_LEVEL_ERROR, "store", "%s (schema version %" PRId64 "): %s", path,
                  version, store_result_text(result));
    }
    return result;
}
