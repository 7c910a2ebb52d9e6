/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the store share. Results here are SQLite's until store_settle(). */
#ifndef BYWAY_MGMTD_STORE_PRIVATE_H
#define BYWAY_MGMTD_STORE_PRIVATE_H

#include "lib/log.h"
#include "mgmtd/store.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ── statements ── in the order of their names in store_statements.c */

enum store_statement {
    DO_BEGIN,
    DO_COMMIT,
    DO_ROLLBACK,
    GET_SPANS,
    GET_BATCH,
    PUT_SERVER,
    PUT_RUN,
    PUT_SESSION,
    PUT_RUNNING,
    END_RUNNING,
    PUT_LATELY,
    END_LATELY,
    PUT_HELD,
    END_HELD_OPEN,
    END_HELD_ANY,
    PUT_HELD_BEFORE,
    PUT_BACK_HELD,
    PUT_BACK_BEFORE,
    PUT_BACK_HELD_ANEW,
    PUT_BACK_GAPS,
    PUT_TRAFFIC,
    PUT_USAGE_DAY,
    PUT_USAGE_HOUR,
    PUT_REFUSAL,
    PUT_GAP,
    PUT_POSITION,
    END_POSITION,
    PUT_RECORDER,
    FIND_USER, /* the words' in pairs: find, add */
    ADD_USER,
    FIND_PROFILE,
    ADD_PROFILE,
    FIND_CHOSEN_BY,
    ADD_CHOSEN_BY,
    FIND_ADDRESS,
    ADD_ADDRESS,
    FIND_CLIENT,
    ADD_CLIENT,
    READ_SERVERS,
    READ_RUNS,
    READ_SESSIONS,
    READ_LATELY,
    READ_RUNNING,
    READ_HELD,
    READ_GAPS,
    READ_POSITIONS,
    READ_STATE,
    PRUNE_TRAFFIC,
    PRUNE_USAGE_DAY,
    PRUNE_USAGE_HOUR,
    PRUNE_REFUSALS,
    PRUNE_REFUSAL_ADDRESSES,
    PRUNE_GAPS,
    PRUNE_RUNS,
    PRUNE_SCAN,
    PRUNE_POINTER,
    PRUNE_POINTER_SET,
    PRUNE_HELD,
    PRUNE_HELD_WITHIN,
    PRUNE_BEFORE,
    PRUNE_BEFORE_GONE,
    PRUNE_REAL_GONE,
    PRUNE_SESSION_GONE,
    PRUNE_RUNNING_GONE,
    PRUNE_ADDRESS_GONE,
    PRUNE_USERS,
    PRUNE_USERS_END,
    PRUNE_CLIENTS,
    PRUNE_CLIENTS_END,
    N_STATEMENTS
};

/* ── words ── numbers of texts, from a bounded memory or the database (store_words.c) */

enum word_kind { WORD_USER, WORD_PROFILE, WORD_CHOSEN_BY, WORD_ADDRESS, WORD_CLIENT, N_WORD_KINDS };

struct words;

struct words *words_new(void); /* NULL when memory is out */
void words_free(struct words *words);
/* After a rollback: forgets all of them. */
void words_forget(struct words *words);
/* One that was deleted; the two texts of a client with a newline in between. */
void words_forget_one(struct words *words, enum word_kind kind, const char *text);

/* ── retention ── where a pass stands (store_prune.c) */

struct prune {
    size_t stage;
    int class; /* within a scan of sessions: the class, and the last one looked at */
    int64_t started, ended, id;
    bool in_class;
    int64_t word; /* within the users, within the clients */
};

/* What a step does its work with. */
struct prune_step {
    struct store *store;
    struct prune *at;
    int64_t cutoff; /* older is to go */
    int64_t budget; /* rows that may still be looked at in this step */
};

/* What is known of the clock (store_prune_clock.c); a time of 0 or less: none. */
struct prune_clock {
    bool is_read, told;
    int64_t latest;      /* the latest time that was believed; INT64_MIN: none */
    int64_t since, last; /* of times that are far ahead of it */
    int64_t stored;      /* as of when this is in the database */
};

/* *believed: what is older than retention says before `now` may go. */
int prune_believes_clock(struct store *store, int64_t now, struct prune_clock *clock,
                         bool *believed);

/*
 * Real addresses of sessions that ended before the cutoff, and such sessions themselves.
 * SQLITE_OK with a budget left: all of them are gone.
 */
int prune_real_addresses(struct prune_step *step);
int prune_sessions(struct prune_step *step);

/* How far earlier passes came with one kind of thing; INT64_MIN: there was none. */
int prune_pointer(struct store *store, const char *kind, int class, int64_t *up_to);
int prune_set_pointer(struct store *store, const char *kind, int class, int64_t up_to);

/* ── the store ── */

#define SPAN_CLASSES 8 /* of ended intervals */
#define SPAN_OPEN    8

struct store {
    sqlite3 *db;
    int lock;   /* descriptor of the side file that keeps a second daemon out; -1 */
    char *path; /* of the database */
    const struct log *log;
    int64_t bucket_s;
    bool syncs_commits; /* a reader keeps the WAL from being copied back */
    bool is_moved;      /* another file than this one is at `path`, or none */
    bool is_synced;     /* something was committed since, and nothing that was not synced */
    int64_t longest[SPAN_CLASSES];
    struct words *words;
    struct prune prune;
    struct prune_clock clock;
    int64_t alive_at; /* when the database was opened; INT64_MIN: none */
    sqlite3_stmt *statements[N_STATEMENTS];
};

/* SQLITE_OK or an error; logged. */
int store_prepare(struct store *store);
void store_finalize(struct store *store);

/* The one place that tells what an error of SQLite means. */
enum store_result store_result_of(int rc);
/* The same, and logs it with what was being done ("write"). */
enum store_result store_settle(struct store *store, int rc, const char *doing);

/* Runs a statement that returns no row. */
int store_run(struct store *store, enum store_statement statement);
/* Ends a transaction: commits where `rc` is SQLITE_OK; everything is as before otherwise. */
int store_finish(struct store *store, int rc);

/* The class of an interval; `until` BATCH_NONE: SPAN_OPEN. */
int store_span(const struct store *store, int64_t since, int64_t until);

/* ── one row ── values in the order of the parameters; the first error is kept */

struct row {
    struct store *store;
    sqlite3_stmt *statement;
    int column;
    int rc;
};

struct row row_begin(struct store *store, enum store_statement statement);
void row_int(struct row *row, int64_t value);     /* BATCH_NONE: NULL */
void row_text(struct row *row, const char *text); /* NULL: NULL */
void row_exact(struct row *row, const char *text);
void row_word(struct row *row, enum word_kind kind, const char *text);
void row_client(struct row *row, const char *program, const char *platform);
/* Runs it: SQLITE_OK or an error. */
int row_end(struct row *row);

/*
 * `text` as it may stand in the database: itself, or `scratch` with what is not printable
 * replaced and cut to STORE_TEXT_MAX.
 */
const char *store_printable(const char *text, char scratch[STORE_TEXT_MAX + 5]);

/* Binds the number of a word to the row's next parameter. `second`: a client's platform. */
void words_bind(struct words *words, struct row *row, enum word_kind kind, const char *text,
                const char *second);

/* ── the schema ── */

struct store_schema {
    const char *const *steps; /* each ends with PRAGMA user_version = its number */
    size_t n_steps;
    const char *views;
};

/* Says whose database it is, and brings it up to the last step, then makes the views. */
enum store_result store_upgrade(sqlite3 *db, const struct store_schema *schema,
                                const struct log *log);
/* ── the lock ── */

/* Taken: a descriptor, to be closed. Else -1 and errno (EWOULDBLOCK: another has it). */
int store_lock(const char *path);
/* True if the lock's side file is there: a daemon of ours had this database. */
bool store_lock_exists(const char *path);

#endif
