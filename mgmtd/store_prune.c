/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention. A pass goes through the stages in their order; a step does as much of the
 * stage it is at as its budget of rows allows, in one transaction, and remembers where it
 * stands. A step that fails is taken again.
 */
#include "mgmtd/store_private.h"

#include <string.h>

#define ROWS  100 /* a step; a few milliseconds (bench/RESULTS.md) */
#define WORDS 250 /* numbers of users or clients a step */

/* ── pointers ── */

int prune_pointer(struct store *store, const char *kind, int class, int64_t *up_to)
{
    sqlite3_stmt *statement = store->statements[PRUNE_POINTER];
    struct row row = row_begin(store, PRUNE_POINTER);
    int rc;

    *up_to = INT64_MIN;
    row_text(&row, kind);
    row_int(&row, class);
    rc = row.rc == SQLITE_OK ? sqlite3_step(statement) : row.rc;
    if (rc == SQLITE_ROW)
        *up_to = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int prune_set_pointer(struct store *store, const char *kind, int class, int64_t up_to)
{
    struct row row = row_begin(store, PRUNE_POINTER_SET);

    row_text(&row, kind);
    row_int(&row, class);
    row_int(&row, up_to);
    return row_end(&row);
}

/* ── stages ── each leaves of the budget what it did not need */

/* (cutoff, rows, from) */
static int run_limited(struct prune_step *step, enum store_statement statement, int64_t from)
{
    struct row row = row_begin(step->store, statement);
    int rc;

    row_int(&row, step->cutoff);
    row_int(&row, step->budget);
    if (from != BATCH_NONE)
        row_int(&row, from);
    rc = row_end(&row);
    if (rc == SQLITE_OK)
        step->budget -= sqlite3_changes(step->store->db);
    return rc;
}

static int prune_traffic(struct prune_step *step)
{
    return run_limited(step, PRUNE_TRAFFIC, BATCH_NONE);
}

static int prune_usage_day(struct prune_step *step)
{
    return run_limited(step, PRUNE_USAGE_DAY, BATCH_NONE);
}

static int prune_usage_hour(struct prune_step *step)
{
    return run_limited(step, PRUNE_USAGE_HOUR, BATCH_NONE);
}

static int prune_refusals(struct prune_step *step)
{
    return run_limited(step, PRUNE_REFUSALS, BATCH_NONE);
}

/* A pointer that is beyond the cutoff is of a clock that was wrong, or of a shorter retention. */
static int prune_refusal_addresses(struct prune_step *step)
{
    static const char kind[] = "refusal-addresses";
    int64_t from;
    int rc = prune_pointer(step->store, kind, 0, &from);

    if (rc == SQLITE_OK)
        rc = run_limited(step, PRUNE_REFUSAL_ADDRESSES, from > step->cutoff || from < 0 ? 0 : from);
    if (rc == SQLITE_OK && step->budget > 0)
        rc = prune_set_pointer(step->store, kind, 0, step->cutoff);
    return rc;
}

static int prune_gaps(struct prune_step *step)
{
    return run_limited(step, PRUNE_GAPS, BATCH_NONE);
}

static int prune_runs(struct prune_step *step)
{
    return run_limited(step, PRUNE_RUNS, BATCH_NONE);
}

/* Deletes words of a range and forgets their numbers. `row`: what deletes them, filled in. */
static int drop_words(struct row *row, enum word_kind kind)
{
    int rc = row->rc;

    if (rc != SQLITE_OK)
        return rc;
    while ((rc = sqlite3_step(row->statement)) == SQLITE_ROW)
        words_forget_one(row->store->words, kind,
                         (const char *)sqlite3_column_text(row->statement, 0));
    sqlite3_reset(row->statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Behind the range; nothing is left of the budget if there are more words. */
static int pass_words(struct prune_step *step, enum store_statement end)
{
    sqlite3_stmt *statement = step->store->statements[end];
    int rc = sqlite3_step(statement);

    step->at->word += WORDS;
    if (rc == SQLITE_ROW && step->at->word <= sqlite3_column_int64(statement, 0))
        step->budget = 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int prune_users(struct prune_step *step)
{
    static const char kind[] = "sessions";
    struct row row = row_begin(step->store, PRUNE_USERS);
    int64_t latest = step->cutoff;
    int rc = prune_pointer(step->store, kind, 0, &latest);

    row_int(&row, step->at->word);
    row_int(&row, step->at->word + WORDS);
    row_int(&row, step->cutoff);
    row_int(&row, latest > step->cutoff ? latest : step->cutoff);
    if (rc == SQLITE_OK)
        rc = drop_words(&row, WORD_USER);
    if (rc == SQLITE_OK && latest < step->cutoff)
        rc = prune_set_pointer(step->store, kind, 0, step->cutoff);
    return rc == SQLITE_OK ? pass_words(step, PRUNE_USERS_END) : rc;
}

static int prune_clients(struct prune_step *step)
{
    struct row row = row_begin(step->store, PRUNE_CLIENTS);
    int rc;

    row_int(&row, step->at->word);
    row_int(&row, step->at->word + WORDS);
    rc = drop_words(&row, WORD_CLIENT);
    return rc == SQLITE_OK ? pass_words(step, PRUNE_CLIENTS_END) : rc;
}

/* ── a pass ── */

enum prune_what { OF_REAL_ADDRESSES, OF_TRAFFIC, OF_SESSIONS };

static const struct {
    int (*run)(struct prune_step *step);
    enum prune_what what;
} stages[] = {
    {prune_real_addresses, OF_REAL_ADDRESSES},
    {prune_refusal_addresses, OF_REAL_ADDRESSES},
    {prune_traffic, OF_TRAFFIC},
    {prune_usage_day, OF_SESSIONS},
    {prune_usage_hour, OF_SESSIONS},
    {prune_sessions, OF_SESSIONS},
    {prune_users, OF_SESSIONS},
    {prune_clients, OF_SESSIONS},
    {prune_runs, OF_SESSIONS},
    {prune_refusals, OF_SESSIONS},
    {prune_gaps, OF_SESSIONS},
};

#define N_STAGES (sizeof(stages) / sizeof(stages[0]))

static int64_t before(int64_t now, int64_t seconds)
{
    return seconds == BATCH_NONE ? BATCH_NONE : now - seconds;
}

/* BATCH_NONE: nothing goes. Nothing is kept longer than its session. */
static int64_t cutoff_of(const struct retention *retention, enum prune_what what, int64_t now)
{
    int64_t sessions = before(now, retention->sessions);
    int64_t own = sessions;

    if (what == OF_REAL_ADDRESSES)
        own = before(now, retention->real_addresses);
    if (what == OF_TRAFFIC)
        own = before(now, retention->traffic);
    return own > sessions ? own : sessions; /* BATCH_NONE is the least number */
}

/* One stage; on to the next where it left something of the budget. */
static int run_stage(struct prune_step *step, const struct retention *retention, int64_t now)
{
    int rc = SQLITE_OK;

    step->cutoff = cutoff_of(retention, stages[step->at->stage].what, now);
    if (step->cutoff != BATCH_NONE)
        rc = stages[step->at->stage].run(step);
    if (rc == SQLITE_OK && step->budget > 0)
        *step->at = (struct prune){.stage = step->at->stage + 1};
    return rc;
}

enum store_result store_prune(struct store *store, const struct retention *retention, int64_t now,
                              bool *more)
{
    struct prune at = store->prune;
    struct prune_clock clock = store->clock;
    struct prune_step step = {.store = store, .at = &at, .budget = ROWS};
    bool believed = false;
    int rc = store_run(store, DO_BEGIN);

    *more = true;
    if (rc == SQLITE_OK) {
        rc = prune_believes_clock(store, now, &clock, &believed);
        while (rc == SQLITE_OK && believed && at.stage < N_STAGES && step.budget > 0)
            rc = run_stage(&step, retention, now);
        rc = store_finish(store, rc);
    }
    if (rc == SQLITE_OK) {
        store->clock = clock;
        *more = believed && at.stage < N_STAGES;
        store->prune = *more ? at : (struct prune){0};
    }
    return store_settle(store, rc, "prune");
}
