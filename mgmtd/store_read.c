/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was open when the daemon left, row by row. Columns as sql/resume.sql has them. */
#include "mgmtd/store_private.h"

static int64_t number(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? BATCH_NONE
                                                           : sqlite3_column_int64(row, column);
}

static const char *text(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static enum end_reason reason(sqlite3_stmt *row, int column)
{
    return (enum end_reason)sqlite3_column_int(row, column);
}

static bool tell_server(sqlite3_stmt *row, const struct store_reader *reader)
{
    const struct server_row server = {
        .id = number(row, 0), .name = text(row, 1), .spool_name = text(row, 2)};

    return reader->server == NULL || reader->server(reader->arg, &server);
}

static bool tell_run(sqlite3_stmt *row, const struct store_reader *reader)
{
    const struct run_row run = {.id = number(row, 0),
                                .server = number(row, 1),
                                .pid = number(row, 2),
                                .daemon_start = number(row, 3),
                                .connected_at = number(row, 4),
                                .began = number(row, 5),
                                .ended = number(row, 6),
                                .end_reason = reason(row, 7),
                                .spool = text(row, 8)};

    return reader->run == NULL || reader->run(reader->arg, &run);
}

static struct session_row session_of(sqlite3_stmt *row)
{
    return (struct session_row){.id = number(row, 0),
                                .run = number(row, 1),
                                .started = number(row, 2),
                                .ended = number(row, 3),
                                .gone_by = number(row, 4),
                                .from_client = number(row, 5),
                                .to_client = number(row, 6),
                                .fell_back = number(row, 7),
                                .real_port = number(row, 8),
                                .cid = number(row, 9),
                                .number = number(row, 10),
                                .handshake = number(row, 11),
                                .end_reason = reason(row, 12),
                                .user = text(row, 13),
                                .typed = text(row, 14),
                                .common_name = text(row, 15),
                                .profile = text(row, 16),
                                .chosen_by = text(row, 17),
                                .program = text(row, 18),
                                .platform = text(row, 19),
                                .real = text(row, 20),
                                .vpn4 = text(row, 21),
                                .vpn6 = text(row, 22),
                                .routes = text(row, 23),
                                .ended_boot_ms = BATCH_NONE};
}

static bool tell_session(sqlite3_stmt *row, const struct store_reader *reader)
{
    const struct session_row session = session_of(row);

    return reader->session == NULL || reader->session(reader->arg, &session);
}

static bool tell_lately(sqlite3_stmt *row, const struct store_reader *reader)
{
    struct session_row session = session_of(row);

    session.lately = true;
    session.ended_boot_ms = number(row, 24);
    return reader->lately == NULL || reader->lately(reader->arg, &session);
}

static bool tell_running(sqlite3_stmt *row, const struct store_reader *reader)
{
    const struct running_row running = {.session = number(row, 0),
                                        .last_seen = number(row, 1),
                                        .from_client = number(row, 2),
                                        .to_client = number(row, 3),
                                        .counted_at = number(row, 4),
                                        .epoch_from = number(row, 5),
                                        .epoch_to = number(row, 6),
                                        .bucket = number(row, 7),
                                        .base_from = number(row, 8),
                                        .base_to = number(row, 9),
                                        .base_at = number(row, 10)};

    return reader->running == NULL || reader->running(reader->arg, &running);
}

static bool tell_held(sqlite3_stmt *row, const struct store_reader *reader)
{
    const struct held_row held = {.kind = (enum held_kind)sqlite3_column_int(row, 0),
                                  .session = number(row, 1),
                                  .since = number(row, 2),
                                  .until = number(row, 3),
                                  .address = text(row, 4)};

    return reader->held == NULL || reader->held(reader->arg, &held);
}

static bool tell_gap(sqlite3_stmt *row, const struct store_reader *reader)
{
    const struct gap_row gap = {.id = number(row, 0),
                                .server = number(row, 1),
                                .began = number(row, 2),
                                .ended = number(row, 3),
                                .count = number(row, 4),
                                .kind = (enum gap_kind)sqlite3_column_int(row, 5),
                                .covered = sqlite3_column_int(row, 6) != 0,
                                .reason = text(row, 7)};

    return reader->gap == NULL || reader->gap(reader->arg, &gap);
}

static bool tell_position(sqlite3_stmt *row, const struct store_reader *reader)
{
    const struct position_row position = {.file = text(row, 0),
                                          .run = number(row, 1),
                                          .position = number(row, 2),
                                          .alive_at = number(row, 3)};

    return reader->position == NULL || reader->position(reader->arg, &position);
}

/* In the order in which one refers to the other. */
static const struct {
    enum store_statement statement;
    bool (*tell)(sqlite3_stmt *row, const struct store_reader *reader);
} parts[] = {
    {READ_SERVERS, tell_server}, {READ_RUNS, tell_run},           {READ_SESSIONS, tell_session},
    {READ_LATELY, tell_lately},  {READ_RUNNING, tell_running},    {READ_HELD, tell_held},
    {READ_GAPS, tell_gap},       {READ_POSITIONS, tell_position},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

/* SQLITE_DONE: all of it; SQLITE_ABORT: the reader had enough. */
static int read_part(struct store *store, size_t part, const struct store_reader *reader)
{
    sqlite3_stmt *statement = store->statements[parts[part].statement];
    int rc;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        if (!parts[part].tell(statement, reader)) {
            rc = SQLITE_ABORT;
            break;
        }
    sqlite3_reset(statement);
    return rc;
}

static int read_state(struct store *store, struct store_state *state)
{
    sqlite3_stmt *row = store->statements[READ_STATE];
    int rc = sqlite3_step(row);

    if (rc == SQLITE_ROW)
        *state = (struct store_state){.next_server = number(row, 0),
                                      .next_run = number(row, 1),
                                      .next_session = number(row, 2),
                                      .next_refusal = number(row, 3),
                                      .next_gap = number(row, 4),
                                      .alive_at = number(row, 5),
                                      .stopped = sqlite3_column_int(row, 6) != 0,
                                      .clock_right = number(row, 7),
                                      .clock_since = number(row, 8)};
    sqlite3_reset(row);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

enum store_result store_read(struct store *store, const struct store_reader *reader,
                             struct store_state *state)
{
    int rc = read_state(store, state);

    for (size_t i = 0; rc == SQLITE_OK && i < N_PARTS; i++) {
        rc = read_part(store, i, reader);
        rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    return rc == SQLITE_ABORT ? STORE_FAILED : store_settle(store, rc, "read");
}
