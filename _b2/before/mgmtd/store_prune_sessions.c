/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention of sessions and of the real addresses in them. Sessions are looked at class by
 * class of their length, in the order in which they began: what began a class's length
 * before the cutoff has ended in any case, so a pointer keeps the next pass from looking
 * at it again. Open sessions are in a class of their own and never looked at.
 */
#include "mgmtd/store_private.h"

#define SESSIONS 100 /* read at a time */

struct ended_session {
    int64_t id, started, ended, last; /* last: the latest possible end */
    int64_t real, vpn4, vpn6;         /* 0: none */
    int class;
};

/* ── the scan ── */

/* The next sessions of the class, at most SESSIONS and the budget; *n of them. */
static int read_sessions(struct prune_step *step, struct ended_session *sessions, size_t *n)
{
    sqlite3_stmt *statement = step->store->statements[PRUNE_SCAN];
    struct row row = row_begin(step->store, PRUNE_SCAN);
    int rc = SQLITE_DONE;

    *n = 0;
    row_int(&row, step->at->class);
    row_int(&row, step->cutoff);
    row_int(&row, step->at->started);
    row_int(&row, step->at->ended);
    row_int(&row, step->at->id);
    row_int(&row, step->budget < SESSIONS ? step->budget : SESSIONS);
    if (row.rc != SQLITE_OK)
        return row.rc;
    while (*n < SESSIONS && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        sessions[(*n)++] = (struct ended_session){.id = sqlite3_column_int64(statement, 0),
                                                  .started = sqlite3_column_int64(statement, 1),
                                                  .ended = sqlite3_column_int64(statement, 2),
                                                  .last = sqlite3_column_int64(statement, 3),
                                                  .real = sqlite3_column_int64(statement, 4),
                                                  .vpn4 = sqlite3_column_int64(statement, 5),
                                                  .vpn6 = sqlite3_column_int64(statement, 6),
                                                  .class = step->at->class};
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Goes on behind the last one that was read, or with the next class. */
static void advance(struct prune *at, const struct ended_session *sessions, size_t n)
{
    if (n == 0) {
        at->class ++;
        at->in_class = false;
        return;
    }
    at->started = sessions[n - 1].started;
    at->ended = sessions[n - 1].ended;
    at->id = sessions[n - 1].id;
}

/* Where the scan of a class begins: what began before `up_to` was dealt with earlier. */
static int begin_class(struct prune_step *step, const char *kind)
{
    int64_t up_to = INT64_MIN;
    int rc = kind ? prune_pointer(step->store, kind, step->at->class, &up_to) : SQLITE_OK;

    if (up_to > step->cutoff) /* of a clock that was wrong, or of a shorter retention */
        up_to = INT64_MIN;
    step->at->started = up_to > INT64_MIN ? up_to : INT64_MIN + 1; /* the least is NULL */
    step->at->ended = INT64_MIN + 1;
    step->at->id = 0;
    step->at->in_class = true;
    return rc;
}

/* The class is done: all that began a class's length before the cutoff. */
static int end_class(struct prune_step *step, const char *kind)
{
    int64_t longest = step->store->longest[step->at->class];

    return kind ? prune_set_pointer(step->store, kind, step->at->class, step->cutoff - longest)
                : SQLITE_OK;
}

typedef int prune_one(struct prune_step *step, const struct ended_session *session);

/* Some sessions of the class the step is at. */
static int scan_some(struct prune_step *step, const char *kind, prune_one *one)
{
    struct ended_session sessions[SESSIONS];
    size_t n = 0;
    int rc = step->at->in_class ? SQLITE_OK : begin_class(step, kind);

    if (rc == SQLITE_OK)
        rc = read_sessions(step, sessions, &n);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        if (sessions[i].last < step->cutoff)
            rc = one(step, &sessions[i]);
    step->budget -= (int64_t)n;
    if (rc == SQLITE_OK && n == 0)
        rc = end_class(step, kind);
    if (rc == SQLITE_OK)
        advance(step->at, sessions, n);
    return rc;
}

static int scan(struct prune_step *step, const char *kind, prune_one *one)
{
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK && step->budget > 0 && step->at->class < SPAN_CLASSES)
        rc = scan_some(step, kind, one);
    return rc;
}

/* ── what is done with one ── */

/* A word of an address that nothing refers to any more. */
static int drop_address(struct store *store, int64_t address)
{
    sqlite3_stmt *statement = store->statements[PRUNE_ADDRESS_GONE];
    struct row row = row_begin(store, PRUNE_ADDRESS_GONE);
    int rc;

    row_int(&row, address);
    rc = row.rc == SQLITE_OK ? sqlite3_step(statement) : row.rc;
    if (rc == SQLITE_ROW) {
        words_forget_one(store->words, WORD_ADDRESS,
                         (const char *)sqlite3_column_text(statement, 0));
        rc = sqlite3_step(statement);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* What the session held of one address until its end. */
static int drop_held(struct store *store, const struct ended_session *session, enum held_kind kind,
                     int64_t address)
{
    struct row row;
    int rc;

    if (address == 0)
        return SQLITE_OK;
    for (int whole = 1; whole >= 0; whole--) {
        row = row_begin(store, whole ? PRUNE_HELD : PRUNE_HELD_WITHIN);
        row_int(&row, kind);
        row_int(&row, address);
        row_int(&row, session->id);
        row_int(&row, whole ? session->class : session->started);
        row_int(&row, whole ? session->started : session->last);
        rc = row_end(&row);
        if (rc != SQLITE_OK)
            return rc;
        if (sqlite3_changes(store->db) > 0)
            break;
    }
    return drop_address(store, address);
}

/* Addresses a session gave up before its end, as held_before has them. */
static int drop_before(struct store *store, const struct ended_session *session, int first_kind)
{
    sqlite3_stmt *statement = store->statements[PRUNE_BEFORE];
    struct row row = row_begin(store, PRUNE_BEFORE);
    int rc;

    row_int(&row, session->id);
    row_int(&row, first_kind);
    if (row.rc != SQLITE_OK)
        return row.rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct ended_session before = {.id = session->id,
                                       .class = -1, /* not known */
                                       .started = sqlite3_column_int64(statement, 2),
                                       .last = sqlite3_column_int64(statement, 2)};

        rc = drop_held(store, &before, (enum held_kind)sqlite3_column_int(statement, 0),
                       sqlite3_column_int64(statement, 1));
        if (rc != SQLITE_OK)
            break;
    }
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE)
        return rc;
    row = row_begin(store, PRUNE_BEFORE_GONE);
    row_int(&row, session->id);
    row_int(&row, first_kind);
    return row_end(&row);
}

static int run_for(struct store *store, enum store_statement statement, int64_t session)
{
    struct row row = row_begin(store, statement);

    row_int(&row, session);
    return row_end(&row);
}

static int drop_real(struct prune_step *step, const struct ended_session *session)
{
    struct store *store = step->store;
    int rc = drop_before(store, session, HELD_REAL);

    if (rc == SQLITE_OK)
        rc = drop_held(store, session, HELD_REAL, session->real);
    if (rc == SQLITE_OK && session->real != 0)
        rc = run_for(store, PRUNE_REAL_GONE, session->id);
    return rc;
}

static int drop_session(struct prune_step *step, const struct ended_session *session)
{
    struct store *store = step->store;
    int rc = drop_before(store, session, HELD_VPN);

    if (rc == SQLITE_OK)
        rc = drop_held(store, session, HELD_REAL, session->real);
    if (rc == SQLITE_OK)
        rc = drop_held(store, session, HELD_VPN, session->vpn4);
    if (rc == SQLITE_OK)
        rc = drop_held(store, session, HELD_VPN, session->vpn6);
    if (rc == SQLITE_OK)
        rc = run_for(store, PRUNE_RUNNING_GONE, session->id);
    if (rc == SQLITE_OK)
        rc = run_for(store, PRUNE_SESSION_GONE, session->id);
    step->budget -= 3; /* one that goes takes longer than one that is looked at */
    return rc;
}

int prune_real_addresses(struct prune_step *step)
{
    return scan(step, "real-addresses", drop_real);
}

int prune_sessions(struct prune_step *step)
{
    return scan(step, NULL, drop_session);
}
