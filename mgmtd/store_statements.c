/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's statements: where their text is, and how one of them is filled in and run. */
#include "mgmtd/store_private.h"

#include "lib/utf8.h"
#include "sql/sql.h"

#include <string.h>

static const char *const names[N_STATEMENTS] = {
    [DO_BEGIN] = "record.begin",
    [DO_COMMIT] = "record.commit",
    [DO_ROLLBACK] = "record.rollback",
    [GET_SPANS] = "record.spans",
    [GET_BATCH] = "record.recorder-batch",
    [PUT_SERVER] = "record.server",
    [PUT_RUN] = "record.run",
    [PUT_SESSION] = "record.session",
    [PUT_RUNNING] = "record.running",
    [END_RUNNING] = "record.running-end",
    [PUT_LATELY] = "record.lately",
    [END_LATELY] = "record.lately-over",
    [PUT_HELD] = "record.held",
    [END_HELD_OPEN] = "record.held-open",
    [END_HELD_ANY] = "record.held-any",
    [PUT_HELD_BEFORE] = "record.held-before",
    [PUT_BACK_HELD] = "record.put-back-held",
    [PUT_BACK_BEFORE] = "record.put-back-before",
    [PUT_BACK_HELD_ANEW] = "record.put-back-held-anew",
    [PUT_BACK_GAPS] = "record.put-back-gaps",
    [PUT_TRAFFIC] = "record.traffic",
    [PUT_USAGE_DAY] = "record.usage-day",
    [PUT_USAGE_HOUR] = "record.usage-hour",
    [PUT_REFUSAL] = "record.refusal",
    [PUT_GAP] = "record.gap",
    [PUT_POSITION] = "record.position",
    [END_POSITION] = "record.position-end",
    [PUT_RECORDER] = "record.recorder",
    [FIND_USER] = "words.user-find",
    [ADD_USER] = "words.user-add",
    [FIND_PROFILE] = "words.profile-find",
    [ADD_PROFILE] = "words.profile-add",
    [FIND_CHOSEN_BY] = "words.chosen-by-find",
    [ADD_CHOSEN_BY] = "words.chosen-by-add",
    [FIND_ADDRESS] = "words.address-find",
    [ADD_ADDRESS] = "words.address-add",
    [FIND_CLIENT] = "words.client-find",
    [ADD_CLIENT] = "words.client-add",
    [READ_SERVERS] = "resume.servers",
    [READ_RUNS] = "resume.runs",
    [READ_SESSIONS] = "resume.sessions",
    [READ_LATELY] = "resume.lately",
    [READ_RUNNING] = "resume.running",
    [READ_HELD] = "resume.held",
    [READ_GAPS] = "resume.gaps",
    [READ_POSITIONS] = "resume.positions",
    [READ_STATE] = "resume.state",
    [PRUNE_TRAFFIC] = "prune.traffic",
    [PRUNE_USAGE_DAY] = "prune.usage-day",
    [PRUNE_USAGE_HOUR] = "prune.usage-hour",
    [PRUNE_REFUSALS] = "prune.refusals",
    [PRUNE_REFUSAL_ADDRESSES] = "prune.refusal-addresses",
    [PRUNE_GAPS] = "prune.gaps",
    [PRUNE_RUNS] = "prune.runs",
    [PRUNE_SCAN] = "prune.scan",
    [PRUNE_POINTER] = "prune.pointer",
    [PRUNE_POINTER_SET] = "prune.pointer-set",
    [PRUNE_HELD] = "prune.held",
    [PRUNE_HELD_WITHIN] = "prune.held-within",
    [PRUNE_BEFORE] = "prune.before",
    [PRUNE_BEFORE_GONE] = "prune.before-gone",
    [PRUNE_REAL_GONE] = "prune.real-gone",
    [PRUNE_SESSION_GONE] = "prune.session-gone",
    [PRUNE_RUNNING_GONE] = "prune.running-gone",
    [PRUNE_ADDRESS_GONE] = "prune.address-gone",
    [PRUNE_USERS] = "prune.users",
    [PRUNE_USERS_END] = "prune.users-end",
    [PRUNE_CLIENTS] = "prune.clients",
    [PRUNE_CLIENTS_END] = "prune.clients-end",
};

int store_prepare(struct store *store)
{
    for (int i = 0; i < N_STATEMENTS; i++) {
        int rc = sqlite3_prepare_v3(store->db, sql_find(names[i]), -1, SQLITE_PREPARE_PERSISTENT,
                                    &store->statements[i], NULL);

        if (rc != SQLITE_OK) {
            log_write(store->log, LOG_LEVEL_DEBUG, "store", "%s: %s", names[i],
                      sqlite3_errmsg(store->db));
            return rc;
        }
    }
    return SQLITE_OK;
}

void store_finalize(struct store *store)
{
    for (int i = 0; i < N_STATEMENTS; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
}

struct row row_begin(struct store *store, enum store_statement statement)
{
    return (struct row){.store = store, .statement = store->statements[statement]};
}

static void keep(struct row *row, int rc)
{
    if (row->rc == SQLITE_OK)
        row->rc = rc;
}

void row_int(struct row *row, int64_t value)
{
    row->column++;
    if (value == BATCH_NONE)
        keep(row, sqlite3_bind_null(row->statement, row->column));
    else
        keep(row, sqlite3_bind_int64(row->statement, row->column, value));
}

void row_exact(struct row *row, const char *text)
{
    keep(row, sqlite3_bind_text(row->statement, ++row->column, text, -1, SQLITE_STATIC));
}

static bool is_plain(const char *text)
{
    size_t n = 0;

    while (text[n] >= ' ' && text[n] <= '~' && n <= STORE_TEXT_MAX)
        n++;
    return text[n] == '\0';
}

const char *store_printable(const char *text, char scratch[STORE_TEXT_MAX + 5])
{
    size_t n;

    if (is_plain(text))
        return text;
    n = utf8_cut(text, strnlen(text, STORE_TEXT_MAX + 4), STORE_TEXT_MAX);
    memcpy(scratch, text, n);
    scratch[n] = '\0';
    log_make_printable(scratch);
    return scratch;
}

void row_text(struct row *row, const char *text)
{
    char scratch[STORE_TEXT_MAX + 5];
    const char *safe = text ? store_printable(text, scratch) : NULL;

    keep(row, sqlite3_bind_text(row->statement, ++row->column, safe, -1,
                                safe == scratch ? SQLITE_TRANSIENT : SQLITE_STATIC));
}

void row_word(struct row *row, enum word_kind kind, const char *text)
{
    words_bind(row->store->words, row, kind, text, NULL);
}

void row_client(struct row *row, const char *program, const char *platform)
{
    if (program == NULL && platform == NULL)
        words_bind(row->store->words, row, WORD_CLIENT, NULL, NULL);
    else
        words_bind(row->store->words, row, WORD_CLIENT, program ? program : "",
                   platform ? platform : "");
}

int row_end(struct row *row)
{
    int reset;

    if (row->rc == SQLITE_OK) {
        int rc = sqlite3_step(row->statement);

        row->rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
    }
    reset = sqlite3_reset(row->statement);
    sqlite3_clear_bindings(row->statement);
    return row->rc != SQLITE_OK ? row->rc : reset;
}

int store_run(struct store *store, enum store_statement statement)
{
    struct row row = row_begin(store, statement);

    return row_end(&row);
}

int store_finish(struct store *store, int rc)
{
    if (rc == SQLITE_OK)
        rc = store_run(store, DO_COMMIT);
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(store->db))
        store_run(store, DO_ROLLBACK);
    if (rc != SQLITE_OK)
        words_forget(store->words);
    return rc;
}

int store_span(const struct store *store, int64_t since, int64_t until)
{
    int class = 0;

    if (until == BATCH_NONE)
        return SPAN_OPEN;
    /* Times are of this world: their difference fits. */
    while (class < SPAN_CLASSES - 1 && until > since && until - since > store->longest[class])
        class ++;
    return class;
}
