/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch becomes rows, in one transaction. Each function binds one row in column order. */
#include "mgmtd/store_private.h"

#include <string.h>

#define LATELY_S 60 /* more than anybody waits for what explains an end */

static int put_server(struct store *store, const struct server_row *server)
{
    struct row row = row_begin(store, PUT_SERVER);

    row_int(&row, server->id);
    row_text(&row, server->name);
    row_text(&row, server->spool_name);
    return row_end(&row);
}

/* END_NONE is no reason at all. */
static int64_t reason_number(enum end_reason reason)
{
    return reason == END_NONE ? BATCH_NONE : (int64_t)reason;
}

static int put_run(struct store *store, const struct run_row *run)
{
    struct row row = row_begin(store, PUT_RUN);

    row_int(&row, run->id);
    row_int(&row, run->server);
    row_int(&row, run->pid);
    row_int(&row, run->daemon_start);
    row_int(&row, run->connected_at);
    row_int(&row, run->began);
    row_int(&row, run->ended);
    row_int(&row, reason_number(run->end_reason));
    row_exact(&row, run->spool);
    return row_end(&row);
}

/* NULL where it says nothing that the user's name does not say. */
static const char *unless_same(const char *text, const char *user)
{
    return text && user && strcmp(text, user) == 0 ? NULL : text;
}

static int64_t last_moment(const struct session_row *session)
{
    return session->ended != BATCH_NONE && session->gone_by > session->ended ? session->gone_by
                                                                             : session->ended;
}

static int end_running(struct store *store, int64_t session)
{
    struct row row = row_begin(store, END_RUNNING);

    row_int(&row, session);
    return row_end(&row);
}

static int put_lately(struct store *store, const struct session_row *session)
{
    struct row row = row_begin(store, PUT_LATELY);

    row_int(&row, session->id);
    row_int(&row, session->ended);
    row_int(&row, session->ended_boot_ms);
    return row_end(&row);
}

static int put_session(struct store *store, const struct session_row *session)
{
    struct row row = row_begin(store, PUT_SESSION);
    const char *user = session->user ? session->user : "";
    int rc;

    row_int(&row, session->id);
    row_int(&row, session->run);
    row_word(&row, WORD_USER, user);
    row_int(&row, session->started);
    row_int(&row, session->ended);
    row_int(&row, session->gone_by);
    row_int(&row, store_span(store, session->started, last_moment(session)));
    row_int(&row, reason_number(session->end_reason));
    row_int(&row, session->from_client);
    row_int(&row, session->to_client);
    row_word(&row, WORD_PROFILE, session->profile);
    row_word(&row, WORD_CHOSEN_BY, session->chosen_by);
    row_int(&row, session->fell_back);
    row_client(&row, session->program, session->platform);
    row_word(&row, WORD_ADDRESS, session->real);
    row_int(&row, session->real_port);
    row_word(&row, WORD_ADDRESS, session->vpn4);
    row_word(&row, WORD_ADDRESS, session->vpn6);
    /* To tell open sessions apart; of ended ones they would only take room. */
    row_int(&row, session->ended == BATCH_NONE ? session->cid : BATCH_NONE);
    row_int(&row, session->ended == BATCH_NONE ? session->number : BATCH_NONE);
    row_int(&row, session->handshake);
    row_text(&row, unless_same(session->typed, user));
    row_text(&row, unless_same(session->common_name, user));
    row_text(&row, session->routes);
    rc = row_end(&row);
    if (rc == SQLITE_OK && session->ended != BATCH_NONE)
        rc = end_running(store, session->id);
    if (rc == SQLITE_OK && session->ended != BATCH_NONE && session->lately)
        rc = put_lately(store, session);
    return rc;
}

static int put_running(struct store *store, const struct running_row *running)
{
    struct row row = row_begin(store, PUT_RUNNING);

    row_int(&row, running->session);
    row_int(&row, running->last_seen);
    row_int(&row, running->from_client);
    row_int(&row, running->to_client);
    row_int(&row, running->counted_at);
    row_int(&row, running->epoch_from);
    row_int(&row, running->epoch_to);
    row_int(&row, running->bucket);
    row_int(&row, running->base_from);
    row_int(&row, running->base_to);
    row_int(&row, running->base_at);
    return row_end(&row);
}

/* (kind, address, since, session) */
static int end_held(struct store *store, enum store_statement statement,
                    const struct held_row *held)
{
    struct row row = row_begin(store, statement);

    row_int(&row, held->kind);
    row_word(&row, WORD_ADDRESS, held->address);
    row_int(&row, held->since);
    row_int(&row, held->session);
    return row_end(&row);
}

static int put_held_before(struct store *store, const struct held_row *held)
{
    struct row row = row_begin(store, PUT_HELD_BEFORE);

    row_int(&row, held->session);
    row_int(&row, held->kind);
    row_word(&row, WORD_ADDRESS, held->address);
    row_int(&row, held->since);
    row_int(&row, held->until);
    return row_end(&row);
}

static int put_held(struct store *store, const struct held_row *held)
{
    bool ended = held->until != BATCH_NONE;
    struct row row;
    int rc = SQLITE_OK;

    if (held->address == NULL)
        return SQLITE_OK;
    if (ended)
        rc = end_held(store, END_HELD_OPEN, held);
    if (rc == SQLITE_OK && (!ended || sqlite3_changes(store->db) == 0))
        rc = end_held(store, END_HELD_ANY, held);
    if (rc != SQLITE_OK || held->never)
        return rc;
    row = row_begin(store, PUT_HELD);
    row_int(&row, held->kind);
    row_word(&row, WORD_ADDRESS, held->address);
    row_int(&row, store_span(store, held->since, held->until));
    row_int(&row, held->since);
    row_int(&row, held->session);
    row_int(&row, held->until);
    rc = row_end(&row);
    if (rc == SQLITE_OK && held->before_end && ended)
        rc = put_held_before(store, held);
    return rc;
}

/* Bytes are added up: none are taken away. */
static int64_t at_least_0(int64_t bytes)
{
    return bytes > 0 ? bytes : 0;
}

static int put_bytes(struct store *store, enum store_statement statement,
                     const struct traffic_row *traffic)
{
    struct row row = row_begin(store, statement);

    row_int(&row, traffic->bucket);
    row_int(&row, traffic->session);
    row_int(&row, at_least_0(traffic->from_client));
    row_int(&row, at_least_0(traffic->to_client));
    if (statement == PUT_TRAFFIC)
        row_int(&row, traffic->since);
    return row_end(&row);
}

static int put_traffic(struct store *store, const struct traffic_row *traffic)
{
    int rc = put_bytes(store, PUT_TRAFFIC, traffic);

    if (rc == SQLITE_OK)
        rc = put_bytes(store, PUT_USAGE_DAY, traffic);
    if (rc == SQLITE_OK)
        rc = put_bytes(store, PUT_USAGE_HOUR, traffic);
    return rc;
}

static int put_refusal(struct store *store, const struct refusal_row *refusal)
{
    struct row row = row_begin(store, PUT_REFUSAL);

    row_int(&row, refusal->id);
    row_int(&row, refusal->at);
    row_int(&row, refusal->server);
    row_text(&row, refusal->user);
    row_text(&row, unless_same(refusal->typed, refusal->user));
    row_text(&row, refusal->common_name);
    row_text(&row, refusal->wanted);
    row_text(&row, refusal->reason);
    row_text(&row, refusal->real);
    row_int(&row, refusal->real_port);
    return row_end(&row);
}

static int put_gap(struct store *store, const struct gap_row *gap)
{
    struct row row = row_begin(store, PUT_GAP);

    row_int(&row, gap->id);
    row_int(&row, gap->kind);
    row_int(&row, gap->server);
    row_int(&row, gap->began);
    row_int(&row, gap->ended);
    row_int(&row, gap->covered);
    row_int(&row, gap->count);
    row_text(&row, gap->reason);
    return row_end(&row);
}

static int put_position(struct store *store, const struct position_row *position)
{
    bool gone = position->position == BATCH_NONE;
    struct row row = row_begin(store, gone ? END_POSITION : PUT_POSITION);

    row_exact(&row, position->file);
    if (!gone) {
        row_int(&row, position->run);
        row_int(&row, position->position);
        row_int(&row, position->alive_at);
    }
    return row_end(&row);
}

static int put_back(struct store *store, const struct batch *batch)
{
    static const struct {
        enum store_statement statement;
        bool wants_by;
    } steps[] = {
        {PUT_BACK_HELD, false},
        {PUT_BACK_BEFORE, true},
        {PUT_BACK_HELD_ANEW, false},
        {PUT_BACK_GAPS, false},
    };
    int rc = SQLITE_OK;

    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct row row = row_begin(store, steps[i].statement);

        if (steps[i].statement != PUT_BACK_HELD_ANEW)
            row_int(&row, batch->back_to);
        if (steps[i].wants_by)
            row_int(&row, batch->back_by);
        rc = row_end(&row);
    }
    return rc;
}

static int end_lately(struct store *store, const struct batch *batch)
{
    struct row row = row_begin(store, END_LATELY);

    row_int(&row, batch->alive_at - LATELY_S);
    return row_end(&row);
}

static int put_recorder(struct store *store, const struct batch *batch)
{
    struct row row = row_begin(store, PUT_RECORDER);

    row_int(&row, batch->alive_at);
    row_int(&row, batch->stopped);
    row_int(&row, store->bucket_s);
    row_int(&row, batch->id);
    row_int(&row, batch->clock_right);
    row_int(&row, batch->clock_since);
    return row_end(&row);
}

/* Every row of one kind, until one fails. */
#define PUT_ALL(store, rc, table, put)                                          \
    do {                                                                        \
        for (size_t row_i = 0; (rc) == SQLITE_OK && row_i < (table).n; row_i++) \
            (rc) = put(store, &(table).rows[row_i]);                            \
    } while (0)

static int put_batch(struct store *store, const struct batch *batch)
{
    int rc = SQLITE_OK;

    PUT_ALL(store, rc, batch->servers, put_server);
    PUT_ALL(store, rc, batch->runs, put_run);
    /* Before the sessions: of those that end, no row stays. */
    PUT_ALL(store, rc, batch->running, put_running);
    PUT_ALL(store, rc, batch->sessions, put_session);
    if (rc == SQLITE_OK && batch->back_by != 0)
        rc = put_back(store, batch);
    PUT_ALL(store, rc, batch->held, put_held);
    PUT_ALL(store, rc, batch->traffic, put_traffic);
    PUT_ALL(store, rc, batch->refusals, put_refusal);
    PUT_ALL(store, rc, batch->gaps, put_gap);
    PUT_ALL(store, rc, batch->positions, put_position);
    if (rc == SQLITE_OK && batch->alive_at != BATCH_NONE)
        rc = end_lately(store, batch);
    if (rc == SQLITE_OK)
        rc = put_recorder(store, batch);
    return rc;
}

/* SQLITE_ROW: it is the last one written; SQLITE_OK: it is not. */
static int is_written(struct store *store, const struct batch *batch)
{
    sqlite3_stmt *statement = store->statements[GET_BATCH];
    int rc = sqlite3_step(statement);
    bool same = rc == SQLITE_ROW && sqlite3_column_int64(statement, 0) == batch->id;

    sqlite3_reset(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rc;
    return same ? SQLITE_ROW : SQLITE_OK;
}

enum store_result store_write(struct store *store, const struct batch *batch)
{
    int rc = store_run(store, DO_BEGIN);
    bool written = false;

    if (rc == SQLITE_OK) {
        rc = is_written(store, batch);
        written = rc == SQLITE_ROW;
        if (rc == SQLITE_OK)
            rc = put_batch(store, batch);
        rc = store_finish(store, written ? SQLITE_OK : rc);
        if (rc == SQLITE_OK && !written && store->syncs_commits)
            store->is_synced = true;
    }
    return store_settle(store, rc, "write");
}
