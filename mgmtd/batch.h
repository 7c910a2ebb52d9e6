/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the recorder hands the store: the rows that changed, as plain data, to be written
 * in one transaction. A batch is never changed once it is handed over, so it can be tried
 * again until the database takes it. Row numbers (runs, sessions, gaps, refusals, servers)
 * are the recorder's; words (users, profiles, addresses, …) are numbered by the store.
 *
 * The tables and their columns are described in sql/step-*.sql. Strings that are not
 * known are NULL, numbers BATCH_NONE. Strings live in the batch's arena.
 */
#ifndef BYWAY_MGMTD_BATCH_H
#define BYWAY_MGMTD_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATCH_NONE INT64_MIN

/* As in the table end_reason. */
enum end_reason {
    END_NONE, /* open */
    END_DISCONNECTED,
    END_SILENT,
    END_REPLACED,
    END_VANISHED,
    END_SERVER_RESTART,
    END_SERVER_STOP,
    END_SERVER_DIED,
    END_GONE,
    END_LOST_SIGHT
};

/* As in the table gap_kind. */
enum gap_kind { GAP_NOT_WATCHED = 1, GAP_SPOOL_LOST, GAP_SPOOL_DAMAGED, GAP_OVERLOAD, GAP_CLOCK };

enum held_kind { HELD_VPN, HELD_REAL };

struct server_row {
    int64_t id;
    const char *name;
    const char *spool_name;
};

struct run_row {
    int64_t id, server, pid, daemon_start, connected_at, began, ended;
    enum end_reason end_reason;
    const char *spool;
};

/* The whole row, as it is now; it replaces the one there is. */
struct session_row {
    int64_t id, run, started, ended, gone_by, from_client, to_client;
    int64_t fell_back, real_port, cid, number, handshake;
    int64_t ended_boot_ms; /* CLOCK_BOOTTIME of its end; read again and written where `lately` */
    bool lately;           /* it ended, and what comes may say why */
    enum end_reason end_reason;
    const char *user, *typed, *common_name, *profile, *chosen_by;
    const char *program, *platform;
    const char *real, *vpn4, *vpn6;
    const char *routes;
};

/* Written while its session is open; the store deletes it when `ended` of the session is set. */
struct running_row {
    int64_t session, last_seen, from_client, to_client, counted_at, epoch_from, epoch_to;
    int64_t bucket, base_from, base_to, base_at;
};

/*
 * An address taken up (until BATCH_NONE) or given up; the second replaces the first. `since`
 * is not before `started` of the session. Every address in a session's row is held, too.
 */
struct held_row {
    enum held_kind kind;
    bool before_end; /* given up while the session went on: goes to held_before too */
    bool never;      /* it was not: the row goes */
    int64_t session, since, until;
    const char *address;
};

/* Added to what the bucket, the day and the hour of that session have. */
struct traffic_row {
    int64_t bucket, session, from_client, to_client, since;
};

struct refusal_row {
    int64_t id, at, server, real_port;
    const char *user, *typed, *common_name, *wanted, *reason, *real;
};

struct gap_row {
    int64_t id, server, began, ended, count;
    enum gap_kind kind;
    bool covered;
    const char *reason;
};

/* position BATCH_NONE: the file is gone, the row too. */
struct position_row {
    const char *file;
    int64_t run, position;
    int64_t alive_at; /* all of it was read, and its server lived */
};

/* Rows of one kind, in the order they are to be written. */
#define BATCH_ROWS(type) \
    struct {             \
        type *rows;      \
        size_t n, room;  \
    }

struct batch {
    int64_t id; /* at random: the store writes no batch twice */
    struct arena *arena;
    BATCH_ROWS(struct server_row) servers;
    BATCH_ROWS(struct run_row) runs;
    BATCH_ROWS(struct session_row) sessions;
    BATCH_ROWS(struct held_row) held;
    BATCH_ROWS(struct running_row) running;
    BATCH_ROWS(struct traffic_row) traffic;
    BATCH_ROWS(struct refusal_row) refusals;
    BATCH_ROWS(struct gap_row) gaps;
    BATCH_ROWS(struct position_row) positions;
    int64_t alive_at; /* of the table recorder, as the next */
    bool stopped;
    int64_t clock_right, clock_since;
    int64_t back_to, back_by; /* the clock was put back; 0: it was not */
};

struct batch *batch_new(void);
void batch_free(struct batch *batch); /* NULL is harmless */

/*
 * Each copies the row and its strings; a row of the same number that is there already is
 * not looked for. False when memory is out: the batch is as before.
 *
 * Strings are made printable (valid UTF-8, no control characters, STORE_TEXT_MAX bytes)
 * when they are written, but for names of files. `typed` and `common_name` that equal
 * `user` become NULL then.
 */
bool batch_server(struct batch *batch, const struct server_row *row);
bool batch_run(struct batch *batch, const struct run_row *row);
bool batch_session(struct batch *batch, const struct session_row *row);
bool batch_held(struct batch *batch, const struct held_row *row);
bool batch_running(struct batch *batch, const struct running_row *row);
bool batch_traffic(struct batch *batch, const struct traffic_row *row);
bool batch_refusal(struct batch *batch, const struct refusal_row *row);
bool batch_gap(struct batch *batch, const struct gap_row *row);
bool batch_position(struct batch *batch, const struct position_row *row);

/*
 * The clock was put back by so many seconds, to `now`: what stands in the database of open
 * sessions, and is not in rows of this batch, follows; gaps that reach into the future end now.
 */
void batch_put_back(struct batch *batch, int64_t now, int64_t by);

#endif
