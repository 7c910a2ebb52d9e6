/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds a recorder's database against the ledger, session by session. What must be equal
 * must be equal to the byte and the second; where nobody could know (a server that was
 * killed, a gap) the database must stay between what was told and what was true.
 */
#ifndef BYWAY_TESTS_SIM_COMPARE_H
#define BYWAY_TESTS_SIM_COMPARE_H

#include "tests/sim/world.h"

#include <sqlite3.h>
#include <stdio.h>

struct compare_settings {
    const char *database;
    /* How long what was told may have been unconfirmed or unwritten when something broke off. */
    int64_t unsure_ms;
    int64_t bytecount_ms; /* the interval of running counts */
    int64_t bucket_s;
    int64_t late_s;    /* what is read so late still counts as seen when it was read */
    int64_t sure_from; /* whatever was told since then must be there; 0: as the above says */
    bool buckets;      /* hold the traffic of each bucket against the truth, too */
    FILE *report;
};

/* How far the database is from the truth, by what could be known. */
enum compare_class {
    COMPARE_EXACT,   /* the end was reported with its counts */
    COMPARE_TOLD,    /* the last count that was told is the last that could be known */
    COMPARE_LOOSE,   /* in a gap, or the server died */
    COMPARE_UNKNOWN, /* nobody ever told a count, and none is recorded */
    COMPARE_CLASSES
};

struct compare_result {
    uint64_t faults;
    uint64_t sessions, open, unseen; /* unseen: begun and ended while nobody could have noticed */
    struct {
        uint64_t sessions, wrong;
        uint64_t missing; /* bytes of both directions, where they are not wrong */
    } classes[COMPARE_CLASSES];
};

/* Prints what is wrong, and a summary, to settings->report. */
struct compare_result compare(struct world *world, const struct compare_settings *settings);

/* ── for its parts ── */

#define COMPARE_ENDS 10 /* rows of end_reason and 0, "open" */

struct compare_run {
    int64_t id, server, connected_at;
    char spool[96];
};

/* By what a row of `session` is found: the second it began, or of its first packet. */
struct compare_key {
    uint32_t server, user;
    int64_t second;
    uint32_t session;
};

/* A row of `session`, as far as it was matched. */
struct compare_row {
    int64_t id;
    uint32_t session; /* of the ledger */
    bool closed, has_bytes;
    int64_t from_client, to_client, base_from, base_to;
};

struct comparison {
    struct world *world;
    const struct compare_settings *settings;
    struct compare_result result;
    sqlite3 *db;
    uint32_t *server_of; /* row of `server` -> number of the world's; SIM_NONE: unknown */
    int64_t n_server_of;
    struct compare_run *runs; /* by id */
    size_t n_runs;
    struct compare_key *keys; /* of the ledger's sessions, in order */
    size_t n_keys;
    struct sim_blind *blinds; /* the ledger's, by server and then time */
    uint32_t *first_blind;    /* of each server, and one more */
    bool *matched;
    struct compare_row *rows; /* by id */
    size_t n_rows;
    uint64_t ends[SIM_ENDS][COMPARE_ENDS];
    uint64_t faults_of_kind[64];
};

/* One fault; the first few of a kind are printed. */
enum compare_fault {
    FAULT_DATABASE,
    FAULT_LOST,
    FAULT_INVENTED,
    FAULT_DOUBLED,
    FAULT_WHO,
    FAULT_BEGIN,
    FAULT_END,
    FAULT_REASON,
    FAULT_BYTES,
    FAULT_HELD,
    FAULT_TRAFFIC,
    FAULT_REFUSAL,
    FAULT_GAP,
    FAULT_KINDS
};
__attribute__((format(printf, 3, 4))) void
compare_fault(struct comparison *c, enum compare_fault kind, const char *format, ...);

/* Calls `row` for every row of the query. */
void compare_each(struct comparison *c, const char *sql,
                  void (*row)(struct comparison *c, sqlite3_stmt *row));

/* True if for some of `from` to `to` (milliseconds) nobody listened to that server. */
bool compare_is_blind(const struct comparison *c, unsigned server, int64_t from, int64_t to);

/* The matched row of that id, or NULL. */
struct compare_row *compare_find_row(const struct comparison *c, int64_t id);

void compare_session(struct comparison *c, sqlite3_stmt *row);
extern const char compare_session_sql[];
void compare_index_sessions(struct comparison *c);
void compare_lost(struct comparison *c);
void compare_addresses(struct comparison *c);
void compare_traffic(struct comparison *c);
void compare_refusals(struct comparison *c);
void compare_gaps(struct comparison *c);

#endif
