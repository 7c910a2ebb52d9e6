/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the database read-only and hands out its statements. */
#include "config.h"

#include "helpdesk/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/history_trouble.h"
#include "sql/sql.h"

#define BUSY_MS        5000
#define MAX_STATEMENTS 64

struct kept {
    const char *name;
    sqlite3_stmt *statement;
};

struct history {
    sqlite3 *db;
    char *path;
    struct kept kept[MAX_STATEMENTS];
    size_t n_kept;
    history_tally_fn *add;
    void *add_arg;
    enum history_trouble trouble; /* the first */
    char why[HISTORY_WHY_SIZE];
};

static void tally_step(sqlite3_context *context, int n, sqlite3_value **values)
{
    const struct history *history = sqlite3_user_data(context);

    if (n == 3 && history->add)
        history->add(history->add_arg, sqlite3_value_int64(values[0]),
                     sqlite3_value_int64(values[1]), sqlite3_value_int64(values[2]));
}

static void tally_end(sqlite3_context *context)
{
    sqlite3_result_null(context);
}

/* What must be so before anything is read; none of it is kept in the file. */
static int configure(struct history *history)
{
    sqlite3 *db = history->db;
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
    };
    int rc = sqlite3_extended_result_codes(db, 1);

    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(options) / sizeof(options[0]); i++)
        rc = sqlite3_db_config(db, options[i].option, options[i].value, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db, "tally", 3, SQLITE_UTF8 | SQLITE_DIRECTONLY, history, NULL,
                                     tally_step, tally_end);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql_find("history.configure"), NULL, NULL, NULL);
    return rc;
}

static void fail(struct history *history, int rc)
{
    if (history->trouble == HISTORY_FINE)
        history->trouble = history_explain_code(rc, history->db, history->path, history->why);
}

/* The first column of the first row. */
static bool get(struct history *history, const char *name, int64_t *value)
{
    sqlite3_stmt *statement = history_statement(history, name);

    if (!statement || !history_row(history, statement))
        return false;
    *value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return true;
}

/* Whose it is, and whether this version can read it. */
static bool identify(struct history *history)
{
    int64_t application = 0, version = 0, tables = 0;
    size_t n_steps = 0;

    sql_steps(&n_steps);
    if (!get(history, "schema.application-id", &application) ||
        !get(history, "schema.user-version", &version) || !get(history, "schema.tables", &tables))
        return false;
    if (application == 0 && version == 0 && tables == 0)
        history->trouble = HISTORY_EMPTY;
    else if (application != SQL_APPLICATION_ID)
        history->trouble = HISTORY_FOREIGN;
    else if (version < (int64_t)n_steps)
        history->trouble = HISTORY_OLDER;
    else if (version > (int64_t)n_steps)
        history->trouble = HISTORY_NEWER;
    if (history->trouble != HISTORY_FINE)
        history_explain(history->trouble, history->path, NULL, history->why);
    return history->trouble == HISTORY_FINE;
}

static bool open_database(struct history *history)
{
    char *path = history_plain_path(history->path);
    int rc = SQLITE_NOMEM;

    if (path)
        rc = sqlite3_open_v2(path, &history->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    free(path);
    if (rc == SQLITE_OK)
        rc = configure(history);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(history->db, sql_find("history.begin"), NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        fail(history, rc);
    return rc == SQLITE_OK && identify(history);
}

struct history *history_open(const char *path, enum history_trouble *trouble,
                             char why[HISTORY_WHY_SIZE])
{
    struct history *history = calloc(1, sizeof(*history));

    if (history)
        history->path = strdup(path);
    if (!history || !history->path) {
        *trouble = history_explain(HISTORY_NO_MEMORY, path, NULL, why);
        history_close(history);
        return NULL;
    }
    history->trouble = history_look_at_file(path, history->why);
    if (history->trouble == HISTORY_FINE && open_database(history)) {
        *trouble = HISTORY_FINE;
        return history;
    }
    *trouble = history_trouble(history, why);
    history_close(history);
    return NULL;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    for (size_t i = 0; i < history->n_kept; i++)
        sqlite3_finalize(history->kept[i].statement);
    sqlite3_close(history->db);
    free(history->path);
    free(history);
}

sqlite3_stmt *history_statement(struct history *history, const char *name)
{
    struct kept *kept = NULL;
    int rc = SQLITE_NOMEM;

    for (size_t i = 0; i < history->n_kept; i++) {
        if (strcmp(history->kept[i].name, name) != 0)
            continue;
        sqlite3_reset(history->kept[i].statement);
        sqlite3_clear_bindings(history->kept[i].statement);
        return history->kept[i].statement;
    }
    if (history->n_kept < MAX_STATEMENTS) {
        kept = &history->kept[history->n_kept];
        rc = sqlite3_prepare_v2(history->db, sql_find(name), -1, &kept->statement, NULL);
    }
    if (rc != SQLITE_OK) {
        fail(history, rc);
        return NULL;
    }
    kept->name = name;
    history->n_kept++;
    return kept->statement;
}

bool history_row(struct history *history, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail(history, rc);
    return rc == SQLITE_ROW;
}

void history_set_tally(struct history *history, history_tally_fn *add, void *arg)
{
    history->add = add;
    history->add_arg = arg;
}

void history_bind_list(sqlite3_stmt *statement, int at, const int64_t *numbers, size_t n)
{
    char list[HISTORY_LIST * 21 + 3] = "[";
    size_t length = 1;

    for (size_t i = 0; i < n && i < HISTORY_LIST; i++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%" PRId64,
                                   i > 0 ? "," : "", numbers[i]);
    list[length++] = ']';
    sqlite3_bind_text(statement, at, list, (int)length, SQLITE_TRANSIENT);
}

enum history_trouble history_trouble(const struct history *history, char why[HISTORY_WHY_SIZE])
{
    memcpy(why, history->why, HISTORY_WHY_SIZE);
    return history->trouble;
}
